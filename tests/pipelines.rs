//! Labels and scores of models as transformers saves them, compared with its pipelines on the same weights.
//! `tests/fixtures/pipelines.py` generates them.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::BTreeMap;

use common::{fixture, load};
use litmus_text::{Activation, ErrorKind, Options, Prediction};
use serde::Deserialize;

/// Largest difference of a logit, which int8 weights cause, and of a probability made of such logits.
const LOGIT_ERROR: f32 = 0.3;
const PROBABILITY_ERROR: f32 = 0.05;

#[derive(Deserialize)]
struct Goldens {
    cases: Vec<Case>,
}

/// The scores by label that the text-classification pipeline returns, by default and for each `function_to_apply`.
#[derive(Deserialize)]
struct Case {
    text: String,
    default: BTreeMap<String, f32>,
    softmax: BTreeMap<String, f32>,
    sigmoid: BTreeMap<String, f32>,
    none: BTreeMap<String, f32>,
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
        let Goldens { cases } = fixture(&format!("pipelines/{name}/golden.json"));
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
fn a_threshold_on_logits_is_refused() {
    for (name, options) in
        [("regression", Options::default()), ("two-labels", Options::default().activation(Activation::None))]
    {
        let classifier = load(&format!("tests/fixtures/pipelines/{name}"));
        let error = classifier.predict("not bad", &options.threshold(0.5)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("activation"), "{error}");
    }
}
