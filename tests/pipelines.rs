//! Labels and scores of models as transformers saves them, compared with its pipelines on the same weights.
//! `tests/fixtures/pipelines.py` generates them.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::BTreeMap;

use common::{fixture, load, sentiment};
use litmus_text::{Activation, Classifier, ErrorKind, LongText, ModelFiles, Options, Prediction, ZeroShot};
use serde::Deserialize;

/// Largest difference of a logit, which int8 weights cause, and of a probability made of such logits.
const LOGIT_ERROR: f32 = 0.5;
const PROBABILITY_ERROR: f32 = 0.1;

#[derive(Deserialize)]
struct Goldens {
    cases: Vec<Case>,
    #[serde(default)]
    zero_shot: Vec<ZeroShotCase>,
}

/// The scores by label that the text-classification pipeline returns, by default and for each `function_to_apply`.
#[derive(Deserialize)]
struct Case {
    text: String,
    pair: Option<String>,
    ids: Vec<u32>,
    default: BTreeMap<String, f32>,
    softmax: BTreeMap<String, f32>,
    sigmoid: BTreeMap<String, f32>,
    none: BTreeMap<String, f32>,
}

/// The scores by label that the zero-shot-classification pipeline returns.
#[derive(Deserialize)]
struct ZeroShotCase {
    text: String,
    labels: Vec<String>,
    hypothesis: String,
    multi_label: bool,
    scores: BTreeMap<String, f32>,
}

fn nli() -> (Classifier, Goldens) {
    (load("tests/fixtures/pipelines/nli"), fixture("pipelines/nli/golden.json"))
}

#[track_caller]
fn assert_close(prediction: &Prediction, expected: &BTreeMap<String, f32>, tolerance: f32) {
    assert_eq!(prediction.scores.len(), expected.len());
    for score in &prediction.scores {
        let expected = expected[&score.label];
        assert!((score.score - expected).abs() < tolerance, "{score:?} is not {expected}");
    }
}

/// The folders whose config.json has no labels, one logit, and a regression.
#[test]
fn labels_and_scores_are_those_of_the_pipeline() {
    for (name, labels, activation) in [
        ("two-labels", &["LABEL_0", "LABEL_1"][..], Activation::Softmax),
        ("one-logit", &["LABEL_0"], Activation::Sigmoid),
        ("regression", &["LABEL_0"], Activation::None),
    ] {
        let classifier = load(&format!("tests/fixtures/pipelines/{name}"));
        assert_eq!(classifier.info().labels, labels, "{name}");
        assert_eq!(classifier.info().activation, activation, "{name}");
        let Goldens { cases, .. } = fixture(&format!("pipelines/{name}/golden.json"));
        for case in &cases {
            let predict = |options: Options| classifier.predict(&case.text, &options).unwrap();
            let tolerance = if activation == Activation::None { LOGIT_ERROR } else { PROBABILITY_ERROR };
            assert_close(&predict(Options::default()), &case.default, tolerance);
            for (activation, expected, tolerance) in [
                (Activation::Softmax, &case.softmax, PROBABILITY_ERROR),
                (Activation::Sigmoid, &case.sigmoid, PROBABILITY_ERROR),
                (Activation::None, &case.none, LOGIT_ERROR),
            ] {
                assert_close(&predict(Options::default().activation(activation)), expected, tolerance);
            }
        }
    }
}

#[test]
fn the_decision_depends_on_the_activation() {
    let classifier = load("tests/fixtures/pipelines/two-labels");
    let predict = |activation| classifier.predict("not bad", &Options::default().activation(activation)).unwrap();
    assert_eq!(predict(Activation::Softmax).labels, None);
    assert_eq!(predict(Activation::None).labels, None);
    assert!(predict(Activation::None).label.is_some());
    let sigmoid = predict(Activation::Sigmoid);
    let reached: Vec<_> = sigmoid.scores.iter().filter(|score| score.score >= 0.5).map(|s| s.label.clone()).collect();
    assert_eq!(sigmoid.labels, Some(reached));
}

#[test]
fn a_threshold_on_logits_is_rejected() {
    for (name, options) in
        [("regression", Options::default()), ("two-labels", Options::default().activation(Activation::None))]
    {
        let classifier = load(&format!("tests/fixtures/pipelines/{name}"));
        let error = classifier.predict("not bad", &options.threshold(0.5)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("activation"), "{error}");
    }
}

/// The model has token types: with zeros instead, its logits would differ by up to 3.
#[test]
fn pairs_have_the_scores_of_the_pipeline() {
    let (classifier, Goldens { cases, .. }) = nli();
    let pairs: Vec<(&str, &str)> =
        cases.iter().map(|case| (case.text.as_str(), case.pair.as_deref().unwrap())).collect();
    let options = Options::default().activation(Activation::None);
    let batch = classifier.predict_batch(&pairs, &options).unwrap();
    for ((pair, case), prediction) in pairs.iter().zip(&cases).zip(&batch) {
        assert_close(&classifier.predict(pair, &Options::default()).unwrap(), &case.default, PROBABILITY_ERROR);
        assert_close(prediction, &case.none, LOGIT_ERROR);
        assert_eq!(prediction.tokens, case.ids.len());
        assert_eq!(classifier.predict(pair, &options).unwrap(), *prediction, "it differs in a batch");
    }
    let swapped = classifier.predict((pairs[0].1, pairs[0].0), &options).unwrap();
    assert_ne!(swapped.scores, batch[0].scores);
}

#[test]
fn a_model_whose_manifest_says_so_rejects_pairs() {
    let pair = ("the dog is happy", "the cat is sad");
    let error = sentiment().predict(pair, &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelUnsupported);
    assert!(error.to_string().contains("leave the pair out"), "{error}");
    assert_eq!(sentiment().embed(&[pair]).unwrap_err().kind(), ErrorKind::ModelUnsupported);
    let with = |manifest: &'static str| {
        let files = ModelFiles::from_dir("tests/fixtures/pipelines/nli").unwrap();
        Classifier::from_bytes(&files.with("litmus.json", manifest.as_bytes())).unwrap()
    };
    assert!(with("{}").predict(pair, &Options::default()).is_ok());
    let one_text = with(r#"{"pairs": false}"#);
    assert_eq!(one_text.predict(pair, &Options::default()).unwrap_err().kind(), ErrorKind::ModelUnsupported);
    assert!(one_text.predict(pair.0, &Options::default()).is_ok());
    let zero_shot = Options::default().zero_shot(ZeroShot::new(["happy", "sad"]));
    assert_eq!(one_text.predict(pair.0, &zero_shot).unwrap_err().kind(), ErrorKind::ModelUnsupported);
}

#[test]
fn a_long_text_is_read_in_windows_with_the_whole_pair() {
    let (classifier, _) = nli();
    let text = "the dog was so happy, what a day! ".repeat(20);
    let (pair, pair_tokens) = ("the cat is sad", 4);
    let prediction = classifier.predict((&text, pair), &Options::default()).unwrap();
    assert!(prediction.windows.len() > 3 && !prediction.truncated, "{:?}", prediction.windows);
    for window in &prediction.windows {
        assert!(window.tokens <= classifier.info().max_tokens);
        let alone = classifier.predict((&text[window.start..window.end], pair), &Options::default()).unwrap();
        assert_eq!((&alone.scores, alone.tokens), (&window.scores, window.tokens));
    }
    let explained = Options::default().explain(litmus_text::Explain::default());
    let words = classifier.predict((&text, pair), &explained).unwrap().attributions.unwrap();
    assert!(words.len() == 20 * 10 && words.iter().all(|word| word.end <= text.len()), "{}", words.len());
    let error = classifier.predict((&text, pair), &Options::default().long_text(LongText::Error)).unwrap_err();
    let tokens = classifier.tokenize(&text).unwrap().ids.len() + pair_tokens + 1;
    assert!(
        error.to_string().starts_with(&format!("text and pair have {tokens} tokens, the model reads 64: ")),
        "{error}"
    );
    let error = classifier.predict((pair, &text), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TextTooLong);
    assert!(error.to_string().contains("shorten the pair"), "{error}");
    assert_eq!(classifier.predict((pair, " "), &Options::default()).unwrap_err().kind(), ErrorKind::EmptyText);
}

#[test]
fn zero_shot_scores_are_those_of_the_pipeline() {
    let (classifier, Goldens { zero_shot, .. }) = nli();
    assert!(zero_shot.len() >= 4);
    for case in &zero_shot {
        let labels = ZeroShot::new(&case.labels).hypothesis(&case.hypothesis).multi_label(case.multi_label);
        let options = Options::default().zero_shot(labels);
        let prediction = classifier.predict(&case.text, &options).unwrap();
        assert_close(&prediction, &case.scores, PROBABILITY_ERROR);
        let several = case.multi_label || case.labels.len() == 1;
        assert_eq!(prediction.labels.is_some(), several);
        let best = prediction.scores.first().filter(|score| !several || score.score >= 0.5);
        assert_eq!(prediction.label.as_ref(), best.map(|score| &score.label));
        let long = format!("{} ", case.text).repeat(20);
        let long = classifier.predict(&long, &options).unwrap();
        assert!(long.windows.len() > 1 && long.windows.iter().all(|window| window.tokens <= 64));
        assert_eq!(long.windows[0].scores.len(), case.labels.len());
    }
}

#[test]
fn invalid_zero_shot_options_are_rejected() {
    let (classifier, _) = nli();
    let error_of = |classifier: &Classifier, options: Options| {
        let error = classifier.predict("the dog", &options).unwrap_err();
        (error.kind(), error.to_string())
    };
    let topics = || ZeroShot::new(["sad", "happy"]);
    let options = |zero_shot| Options::default().zero_shot(zero_shot);
    for (options, names) in [
        (options(ZeroShot::new(Vec::<String>::new())), "1 to 1000 labels"),
        (options(ZeroShot::new(["sad", "sad"])), "\"sad\" is given twice"),
        (options(topics().hypothesis("it is")), "\"it is\" has no {}"),
        (options(topics()).activation(Activation::None), "activation"),
        (options(topics()).explain(litmus_text::Explain::default()), "explanation"),
    ] {
        let (kind, message) = error_of(&classifier, options);
        assert_eq!(kind, ErrorKind::InvalidInput);
        assert!(message.contains(names), "{message}");
    }
    let with_pair = classifier.predict(("the dog", "the cat"), &options(topics())).unwrap_err();
    assert_eq!(with_pair.kind(), ErrorKind::InvalidInput);
    let (kind, message) = error_of(&load("tests/fixtures/pipelines/two-labels"), options(topics()));
    assert_eq!(kind, ErrorKind::ModelUnsupported);
    assert!(message.contains("LABEL_0, LABEL_1"), "{message}");
}
