//! The boundary as JavaScript sees it, with the model that ships, in the wasm that ships; and the kernels' own tests.
//! `wasm-pack test` runs it in a page and in a worker.
#![cfg(target_arch = "wasm32")]

#[path = "kernels.rs"]
mod kernel_tests;

use js_sys::{Array, Object, Reflect, Uint8Array};
use litmus_text::wasm::Classifier;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

const CONFIG: &[u8] = include_bytes!("../models/english/config.json");
const TOKENIZER: &[u8] = include_bytes!("../models/english/tokenizer.json");
const MODEL: &[u8] = include_bytes!("../models/english/model.onnx");
const MANIFEST: &[u8] = include_bytes!("../models/english/litmus.json");

fn load(files: &[(&str, &[u8])]) -> Result<Classifier, JsValue> {
    let object = Object::new();
    for (name, bytes) in files {
        set(&object, name, &Uint8Array::from(*bytes));
    }
    Classifier::new(object.into(), JsValue::UNDEFINED)
}

fn sentiment() -> Classifier {
    load(&[("config.json", CONFIG), ("tokenizer.json", TOKENIZER), ("model.onnx", MODEL), ("litmus.json", MANIFEST)])
        .unwrap()
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    Reflect::set(object, &key.into(), value).unwrap();
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

fn array(values: &[JsValue]) -> JsValue {
    values.iter().collect::<Array>().into()
}

/// A request for a job of this type.
fn request(kind: &str, properties: &[(&str, JsValue)]) -> JsValue {
    let request = Object::new();
    set(&request, "type", &kind.into());
    for (name, value) in properties {
        set(&request, name, value);
    }
    request.into()
}

/// One outcome for each text.
fn outcomes(classifier: &Classifier, texts: JsValue, params: JsValue) -> Result<Array, JsValue> {
    let mut job = classifier.job(request("predict", &[("texts", texts), ("params", params)]))?;
    while job.done() < job.total() {
        job.step();
    }
    Ok(job.finish()?.unchecked_into())
}

fn predict(classifier: &Classifier, texts: &[&str], options: JsValue) -> Result<Vec<JsValue>, JsValue> {
    let texts = array(&texts.iter().map(|text| JsValue::from(*text)).collect::<Vec<_>>());
    Ok(outcomes(classifier, texts, options)?.iter().map(|outcome| get(&outcome, "prediction")).collect())
}

/// The code of the error, which must be a JavaScript error with a message.
fn code<T>(result: Result<T, JsValue>) -> String {
    let error = result.err().expect("it succeeded");
    assert!(error.is_instance_of::<js_sys::Error>() && !text(&error, "message").is_empty());
    assert_eq!((text(&error, "name"), get(&error, "fatal")), ("BoundaryError".into(), JsValue::UNDEFINED));
    text(&error, "code")
}

#[wasm_bindgen_test]
fn labels_opinions() {
    let classifier = sentiment();
    let texts = ["a gorgeous, witty, seductive movie", "unflinchingly bleak and desperate"];
    let predictions = predict(&classifier, &texts, JsValue::UNDEFINED).unwrap();
    let [good, bad] = &predictions[..] else { panic!("{} predictions", predictions.len()) };
    assert_eq!((text(good, "label"), text(bad, "label")), ("positive".into(), "negative".into()));
    let scores: Array = get(good, "scores").unchecked_into();
    let sum: f64 = scores.iter().map(|s| number(&s, "score")).sum();
    assert!((sum - 1.0).abs() < 1e-5 && number(good, "score") > 0.5, "{sum}");
    assert_eq!((get(good, "truncated"), number(good, "tokens")), (JsValue::FALSE, 10.0));
}

#[wasm_bindgen_test]
fn scores_have_the_digits_of_an_f32() {
    let classifier = sentiment();
    let prediction = &predict(&classifier, &["a gorgeous, witty, seductive movie"], JsValue::UNDEFINED).unwrap()[0];
    let score = number(prediction, "score");
    assert_eq!(score.to_string(), (score as f32).to_string());
}

#[wasm_bindgen_test]
fn cuts_to_top_k_and_rejects_invalid_options() {
    let classifier = sentiment();
    let options = |key: &str, value: JsValue| {
        let options = Object::new();
        set(&options, key, &value);
        JsValue::from(options)
    };
    let one = predict(&classifier, &["fine"], options("topK", 1.into())).unwrap();
    assert_eq!(get(&one[0], "scores").unchecked_into::<Array>().length(), 1);
    for bad in [0.into(), 1.5.into(), (-1).into(), "1".into(), JsValue::from(Object::new())] {
        assert_eq!(code(predict(&classifier, &["fine"], options("topK", bad))), "invalid-input");
    }
    for bad in [2.into(), f64::NAN.into(), "0.5".into(), JsValue::TRUE] {
        assert_eq!(code(predict(&classifier, &["fine"], options("threshold", bad))), "invalid-input");
    }
    for bad in ["".into(), "Window".into(), 1.into(), array(&[])] {
        assert_eq!(code(predict(&classifier, &["fine"], options("longText", bad))), "invalid-input");
    }
    for bad in [options("method", "lime".into()), options("samples", (-1).into()), options("label", 7.into()), 7.into()]
    {
        assert_eq!(code(predict(&classifier, &["fine"], options("explain", bad))), "invalid-input");
    }
    for (key, missing) in [("topK", JsValue::NULL), ("explain", JsValue::UNDEFINED), ("unknown", 7.into())] {
        assert_eq!(predict(&classifier, &["fine"], options(key, missing)).unwrap().len(), 1);
    }
    assert_eq!(code(predict(&classifier, &["fine"], 7.into())), "invalid-input");
}

#[wasm_bindgen_test]
fn offsets_are_those_of_the_javascript_string() {
    let tokens = sentiment().tokenize("👍🏽 good".into()).unwrap();
    let offsets: Array = get(&tokens, "offsets").unchecked_into();
    let span: Array = offsets.get(offsets.length() - 2).unchecked_into();
    assert_eq!((span.get(0).as_f64(), span.get(1).as_f64()), (Some(5.0), Some(9.0)));
}

#[wasm_bindgen_test]
fn a_lone_surrogate_is_one_unknown_character() {
    let lone = js_sys::JsString::from_char_code(&[0xD800, 0x20, 0x67, 0x6F, 0x6F, 0x64]);
    let tokens = sentiment().tokenize(lone.into()).unwrap();
    let offsets: Array = get(&tokens, "offsets").unchecked_into();
    let span: Array = offsets.get(offsets.length() - 2).unchecked_into();
    assert_eq!((span.get(0).as_f64(), span.get(1).as_f64()), (Some(2.0), Some(6.0)));
}

#[wasm_bindgen_test]
fn words_and_windows_have_offsets_in_the_javascript_string() {
    let options = Object::new();
    set(&options, "explain", &Object::new());
    let p = predict(&sentiment(), &["👍🏽 good"], options.into()).unwrap().remove(0);
    let spans = |key: &str| {
        let spans: Array = get(&p, key).unchecked_into();
        spans.iter().map(|span| (number(&span, "start"), number(&span, "end"))).collect::<Vec<_>>()
    };
    assert_eq!(spans("attributions"), [(0.0, 4.0), (5.0, 9.0)]);
    assert_eq!(spans("windows"), [(0.0, 9.0)]);
    let plain = predict(&sentiment(), &["good"], JsValue::UNDEFINED).unwrap().remove(0);
    assert!(get(&plain, "attributions").is_null());
}

#[wasm_bindgen_test]
fn a_bad_text_does_not_fail_the_others() {
    let classifier = sentiment();
    let texts = array(&["good".into(), " \n".into(), "bad".into()]);
    let all = outcomes(&classifier, texts.clone(), JsValue::UNDEFINED).unwrap();
    let failure = get(&all.get(1), "failure");
    assert_eq!((text(&failure, "code"), all.length()), ("empty-text".into(), 3));
    assert!(!text(&failure, "message").is_empty());
    let alone = predict(&classifier, &["bad"], JsValue::UNDEFINED).unwrap();
    assert_eq!(number(&get(&all.get(2), "prediction"), "score"), number(&alone[0], "score"));
    let fail_fast = request("predict", &[("texts", texts), ("failFast", true.into())]);
    let error = classifier.job(fail_fast).err().unwrap();
    assert_eq!((text(&error, "code"), number(&error, "index")), ("empty-text".into(), 1.0));
}

#[wasm_bindgen_test]
fn every_rejection_has_its_code_and_the_next_call_works() {
    let classifier = sentiment();
    for bad in [7.into(), JsValue::NULL, JsValue::UNDEFINED, Object::new().into()] {
        let error = outcomes(&classifier, array(&["good".into(), bad.clone()]), JsValue::UNDEFINED).unwrap_err();
        assert_eq!((text(&error, "code"), number(&error, "index")), ("invalid-input".into(), 1.0));
        assert_eq!(code(outcomes(&classifier, bad.clone(), JsValue::UNDEFINED)), "invalid-input");
        assert_eq!(code(classifier.tokenize(bad.clone())), "invalid-input");
        let files = Object::new();
        set(&files, "model.onnx", &bad);
        assert_eq!(code(Classifier::new(files.into(), JsValue::UNDEFINED)), "invalid-input");
    }
    for bad in [7.into(), JsValue::NULL, JsValue::UNDEFINED] {
        assert_eq!(code(Classifier::new(bad, JsValue::UNDEFINED)), "invalid-input");
    }
    let (files, options) = (Object::new(), Object::new());
    set(&options, "precision", &"f16".into());
    assert_eq!(code(Classifier::new(files.into(), options.into())), "invalid-input");
    let all = [("config.json", CONFIG), ("tokenizer.json", TOKENIZER), ("model.onnx", MODEL)];
    let without = |name: &str| all.iter().filter(|file| file.0 != name).copied().collect::<Vec<_>>();
    let with = |name: &'static str, bytes: &'static [u8]| [without(name), vec![(name, bytes)]].concat();
    for (name, _) in all {
        assert_eq!(code(load(&without(name))), "model-not-found", "without {name}");
    }
    assert_eq!(code(load(&with("model.onnx", &MODEL[..MODEL.len() / 2]))), "model-malformed");
    let unsupported = include_bytes!("fixtures/bad/unsupported-op.onnx");
    assert_eq!(code(load(&with("model.onnx", unsupported))), "model-unsupported");
    assert_eq!(code(load(&with("tokenizer.json", b"not JSON"))), "model-malformed");
    assert_eq!(code(load(&with("config.json", b"not JSON"))), "model-malformed");
    assert_eq!(predict(&classifier, &["good"], JsValue::UNDEFINED).unwrap().len(), 1);
}

/// A head that is taught with three examples a label: what the job's `finish` returns.
fn taught(classifier: &Classifier, before: JsValue) -> JsValue {
    let label = |label: &str, texts: [&str; 3]| array(&[label.into(), array(&texts.map(JsValue::from))]);
    let examples = array(&[
        label("refund", ["I want my money back", "Please refund my order", "How do I get a refund?"]),
        label("shipping", ["Where is my parcel?", "My order has not arrived", "The delivery is late"]),
    ]);
    let mut job = classifier.job(request("teach", &[("examples", examples), ("head", before)])).unwrap();
    let mut done = job.done();
    while job.step() {
        assert!(job.done() >= done && job.done() < job.total());
        done = job.done();
    }
    job.finish().unwrap()
}

#[wasm_bindgen_test]
fn a_taught_head_predicts_its_labels_and_is_taught_more() {
    let classifier = sentiment();
    let head = taught(&classifier, JsValue::UNDEFINED);
    assert_eq!(number(&get(&head, "report"), "validated"), 6.0);
    let heads = Object::new();
    set(&heads, "", &get(&head, "head"));
    set(&heads, "topic", &get(&head, "head"));
    let texts = array(&["My parcel has not arrived".into()]);
    let with_heads = [("texts", texts), ("heads", heads.into())];
    let job = classifier.job(request("predict", &with_heads)).unwrap();
    let outcomes: Array = job.finish().unwrap().unchecked_into();
    assert_eq!(text(&get(&outcomes.get(0), "prediction"), "label"), "shipping");

    let params = Object::new();
    set(&params, "tasks", &array(&["topic".into()]));
    let job = classifier.job(request("predict", &[&with_heads[..], &[("params", params.into())]].concat())).unwrap();
    let outcomes: Array = job.finish().unwrap().unchecked_into();
    assert_eq!(text(&get(&get(&outcomes.get(0), "predictions"), "topic"), "label"), "shipping");

    let again = taught(&classifier, get(&head, "withExamples"));
    assert_eq!(number(&get(&again, "report"), "validated"), 12.0, "the examples of the earlier head stay");
    let not_extendable = [("examples", array(&[])), ("head", get(&head, "head"))];
    let error = classifier.job(request("teach", &not_extendable)).err().unwrap();
    assert_eq!(text(&error, "code"), "head-not-extendable");
}

#[wasm_bindgen_test]
fn embeddings_need_their_head() {
    let error = sentiment().job(request("embed", &[("texts", array(&["text".into()]))])).err().unwrap();
    assert_eq!(text(&error, "code"), "model-unsupported");
}

#[wasm_bindgen_test]
fn a_job_needs_a_known_type() {
    for bad in [request("sing", &[]), JsValue::UNDEFINED, 7.into()] {
        assert_eq!(code(sentiment().job(bad)), "invalid-input");
    }
}
