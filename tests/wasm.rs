//! The boundary as JavaScript sees it, with the model that ships, in the wasm that ships; and the kernels' own tests.
//! `wasm-pack test` runs it in a page and in a worker.
#![cfg(target_arch = "wasm32")]

#[path = "kernels.rs"]
mod kernel_tests;

use js_sys::{Array, JSON, Object, Reflect, Uint8Array};
use litmus_text::wasm::WasmClassifier;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

const CONFIG: &[u8] = include_bytes!("../models/sentiment/config.json");
const TOKENIZER: &[u8] = include_bytes!("../models/sentiment/tokenizer.json");
const MODEL: &[u8] = include_bytes!("../models/sentiment/model.onnx");
const MANIFEST: &[u8] = include_bytes!("../models/sentiment/litmus.json");

fn load(files: &[(&str, &[u8])]) -> Result<WasmClassifier, JsValue> {
    let file = |name| match files.iter().find(|(file, _)| *file == name) {
        Some((_, bytes)) => Uint8Array::from(*bytes).into(),
        None => JsValue::UNDEFINED,
    };
    let classifier = WasmClassifier::new(file("config"), file("tokenizer"), file("model"), file("manifest"));
    answer(classifier.info()).map(|_| classifier)
}

/// What is asked, as `instance.ts` of the package writes it.
fn asked(value: &JsValue) -> JsValue {
    let json = JSON::stringify(value).unwrap().as_string().unwrap();
    Uint8Array::from(json.as_bytes()).into()
}

/// An answer, as `instance.ts` of the package reads it.
fn answer(json: JsValue) -> Result<JsValue, JsValue> {
    let value = JSON::parse(&json.as_string().unwrap()).unwrap();
    if value.is_object() && !get(&value, "code").is_undefined() { Err(value) } else { Ok(value) }
}

fn sentiment() -> WasmClassifier {
    load(&[("config", CONFIG), ("tokenizer", TOKENIZER), ("model", MODEL), ("manifest", MANIFEST)]).unwrap()
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap()
}

fn text(object: &JsValue, key: &str) -> String {
    get(object, key).as_string().unwrap()
}

fn number(object: &JsValue, key: &str) -> f64 {
    get(object, key).as_f64().unwrap()
}

fn predict(classifier: &WasmClassifier, texts: &[&str], options: JsValue) -> Result<Array, JsValue> {
    let texts: Array = texts.iter().map(|t| JsValue::from(*t)).collect();
    predict_values(classifier, texts.into(), options)
}

fn predict_values(classifier: &WasmClassifier, texts: JsValue, options: JsValue) -> Result<Array, JsValue> {
    let request = Object::new();
    for (key, value) in [("texts", texts), ("how", options), ("rows", 32.into())] {
        Reflect::set(&request, &key.into(), &value).unwrap();
    }
    let mut work = classifier.begin(asked(&request));
    loop {
        let progress = answer(work.progress())?;
        if number(&progress, "done") == number(&progress, "total") {
            return Ok(answer(work.finish())?.unchecked_into());
        }
        answer(work.step())?;
    }
}

fn code<T>(result: Result<T, JsValue>) -> String {
    let error = result.err().expect("it succeeded");
    assert!(!text(&error, "message").is_empty());
    text(&error, "code")
}

#[wasm_bindgen_test]
fn labels_opinions() {
    let classifier = sentiment();
    let texts = ["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"];
    let predictions = predict(&classifier, &texts, JsValue::UNDEFINED).unwrap();
    assert_eq!(predictions.length(), 2);
    let (good, bad) = (predictions.get(0), predictions.get(1));
    assert_eq!((text(&good, "label"), text(&bad, "label")), ("positive".into(), "negative".into()));
    let scores: Array = get(&good, "scores").unchecked_into();
    let sum: f64 = scores.iter().map(|s| number(&s, "score")).sum();
    assert!((sum - 1.0).abs() < 1e-5 && number(&good, "score") > 0.5, "{sum}");
    assert_eq!((get(&good, "truncated"), number(&good, "tokens")), (JsValue::FALSE, 9.0));
}

#[wasm_bindgen_test]
fn cuts_to_top_k_and_refuses_nonsense() {
    let classifier = sentiment();
    let top_k = |k: JsValue| {
        let options = Object::new();
        Reflect::set(&options, &"topK".into(), &k).unwrap();
        options.into()
    };
    let one = predict(&classifier, &["fine"], top_k(1.into())).unwrap().get(0);
    assert_eq!(get(&one, "scores").unchecked_into::<Array>().length(), 1);
    for bad in [0.into(), 1.5.into(), (-1).into(), "1".into(), JsValue::from(Object::new())] {
        assert_eq!(code(predict(&classifier, &["fine"], top_k(bad))), "invalid-input");
    }
}

#[wasm_bindgen_test]
fn offsets_are_those_of_the_javascript_string() {
    let tokens = answer(sentiment().tokenize(asked(&"👍🏽 good".into()))).unwrap();
    let offsets: Array = get(&tokens, "offsets").unchecked_into();
    let span: Array = offsets.get(offsets.length() - 2).unchecked_into();
    assert_eq!((span.get(0).as_f64(), span.get(1).as_f64()), (Some(5.0), Some(9.0)));
}

#[wasm_bindgen_test]
fn words_and_windows_have_places_of_the_javascript_string() {
    let options = Object::new();
    Reflect::set(&options, &"explain".into(), &Object::new()).unwrap();
    let p = predict(&sentiment(), &["👍🏽 good"], options.into()).unwrap().get(0);
    let places = |key: &str| {
        let spans: Array = get(&p, key).unchecked_into();
        spans.iter().map(|span| (number(&span, "start"), number(&span, "end"))).collect::<Vec<_>>()
    };
    assert_eq!(places("attributions"), [(0.0, 4.0), (5.0, 9.0)]);
    assert_eq!(places("windows"), [(0.0, 9.0)]);
    let plain = predict(&sentiment(), &["good"], JsValue::UNDEFINED).unwrap().get(0);
    assert!(get(&plain, "attributions").is_null());
}

#[wasm_bindgen_test]
fn every_refusal_has_its_code_and_the_next_call_works() {
    let classifier = sentiment();
    let texts = |values: &[JsValue]| JsValue::from(values.iter().collect::<Array>());
    let call = |texts: JsValue| predict_values(&classifier, texts, JsValue::UNDEFINED);
    for (values, expected) in [
        (texts(&["good".into(), 7.into()]), "invalid-input"),
        (texts(&["good".into(), JsValue::NULL]), "invalid-input"),
        (texts(&["good".into(), " \n".into()]), "empty-text"),
    ] {
        let error = call(values).err().unwrap();
        assert_eq!((text(&error, "code"), number(&error, "index")), (expected.into(), 1.0));
    }
    assert_eq!(code(call("not an array".into())), "invalid-input");
    assert_eq!(code(call(JsValue::UNDEFINED)), "invalid-input");
    for no_text in [JsValue::UNDEFINED, "good".into(), asked(&7.into()), Uint8Array::from(&b"{"[..]).into()] {
        assert_eq!(code(answer(classifier.tokenize(no_text.clone()))), "invalid-input");
        assert_eq!(code(answer(classifier.begin(no_text).progress())), "invalid-input");
    }
    let whole = [("config", CONFIG), ("tokenizer", TOKENIZER), ("model", MODEL)];
    let without = |name: &str| whole.iter().filter(|f| f.0 != name).copied().collect::<Vec<_>>();
    let with = |name: &'static str, bytes: &'static [u8]| [without(name), vec![(name, bytes)]].concat();
    assert_eq!(code(load(&without("model"))), "invalid-input");
    assert_eq!(code(load(&with("model", &MODEL[..MODEL.len() / 2]))), "model-malformed");
    assert_eq!(code(load(&with("model", include_bytes!("fixtures/bad/unsupported-op.onnx")))), "model-unsupported");
    assert_eq!(code(load(&with("tokenizer", b"not JSON"))), "model-malformed");
    assert_eq!(code(load(&with("config", b"{}"))), "model-malformed");
    assert_eq!(predict(&classifier, &["good"], JsValue::UNDEFINED).unwrap().length(), 1);
}
