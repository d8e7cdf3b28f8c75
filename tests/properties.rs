//! Properties that hold for every text.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{sentiment, tiny};
use litmus_text::{ErrorKind, Options};
use proptest::prelude::*;

/// Rounding error of the sum of probabilities.
const MAX_SUM_ERROR: f32 = 1e-5;

fn text() -> impl Strategy<Value = String> {
    let words =
        prop::sample::select(vec!["good", "bad", "not", "the", "film", "was", "!", "never", "unspeakably", "😀"]);
    prop_oneof![
        3 => prop::collection::vec(words, 1..60).prop_map(|words| words.join(" ")),
        1 => "[a-zA-Z0-9 ,.'!?-]{1,80}",
        1 => "\\PC{1,40}",
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_scores_the_same_alone_and_in_a_batch(texts in prop::collection::vec(text(), 1..8)) {
        for classifier in [sentiment(), tiny()] {
            let alone: Vec<_> = texts.iter().map(|text| classifier.predict(text, &Options::default())).collect();
            match classifier.predict_batch(&texts, &Options::default()) {
                Ok(batch) => {
                    prop_assert_eq!(batch.len(), texts.len());
                    for (a, b) in alone.iter().zip(&batch) {
                        prop_assert_eq!(a.as_ref().unwrap(), b);
                    }
                }
                Err(e) => {
                    prop_assert_eq!(e.kind(), ErrorKind::EmptyText);
                    prop_assert_eq!(e.index(), alone.iter().position(Result::is_err));
                }
            }
        }
    }

    #[test]
    fn scores_are_probabilities_in_order(text in text()) {
        for (classifier, exclusive) in [(sentiment(), true), (tiny(), false)] {
            let Ok(p) = classifier.predict(&text, &Options::default()) else { continue };
            prop_assert_eq!(p.scores.len(), classifier.info().labels.len());
            prop_assert!(p.scores.iter().all(|s| (0.0..=1.0).contains(&s.score)));
            prop_assert!(p.scores.is_sorted_by(|a, b| a.score >= b.score));
            prop_assert_eq!(p.score, p.scores[0].score);
            let reached = p.scores.iter().filter(|s| exclusive || s.score >= 0.5).map(|s| &s.label);
            prop_assert_eq!(p.label.as_ref(), reached.clone().next());
            let labels: Option<Vec<String>> = (!exclusive).then(|| reached.cloned().collect());
            prop_assert_eq!(&p.labels, &labels);
            let sum: f32 = p.scores.iter().map(|s| s.score).sum();
            prop_assert!(!exclusive || (sum - 1.0).abs() < MAX_SUM_ERROR, "sum {sum}");
        }
    }

    #[test]
    fn offsets_are_within_the_text_and_in_order(text in text()) {
        let Ok(encoding) = sentiment().tokenize(&text) else { return Ok(()) };
        let spans = &encoding.offsets[1..encoding.offsets.len() - 1];
        prop_assert!(spans.iter().all(|span| text.get(span.clone()).is_some()));
        prop_assert!(spans.windows(2).all(|pair| pair[0].start <= pair[1].start));
    }
}

#[test]
fn the_same_text_gives_the_same_bits() {
    let predict = || sentiment().predict("an uneven but rewarding evening", &Options::default()).unwrap();
    assert_eq!(predict().score.to_bits(), predict().score.to_bits());
}

#[test]
fn an_empty_batch_gives_no_predictions() {
    assert_eq!(sentiment().predict_batch::<&str>(&[], &Options::default()).unwrap(), []);
}
