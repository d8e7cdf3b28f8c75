//! Explanations: the words with the highest weights are the ones that change the score.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{held_out, numbers, sentiment};
use litmus_text::{Attribution, ErrorKind, Explain, Method, Options, Prediction, SpecialTokens};

/// Deleting the words with the highest weights must lower the label's score by at least this much more than deleting as
/// many random words, on average over held-out texts.
const MIN_DELETION_MARGIN: f64 = 0.25;
/// The fraction of a text's words that are deleted, and the number of random deletions.
const DELETED: f64 = 0.2;
const RANDOM_DELETIONS: usize = 2;
/// Rounding error of sums of f32 probabilities and of weights.
const ROUNDING: f32 = 1e-5;

const SHAPLEY: Method = Method::Shapley { samples: 4, seed: 1 };

fn options(method: Method) -> Options {
    Options::default().explain(Explain::default().method(method))
}

fn of_label(label: &str, method: Method) -> Options {
    Options::default().explain(Explain::default().method(method).label(label))
}

fn predict(text: &str, options: &Options) -> Prediction {
    sentiment().predict(text, options).unwrap()
}

fn words(prediction: &Prediction) -> &[Attribution] {
    prediction.attributions.as_ref().unwrap()
}

fn score(prediction: &Prediction, label: &str) -> f32 {
    prediction.scores.iter().find(|score| score.label == label).unwrap().score
}

fn without(text: &str, deleted: &[Attribution]) -> String {
    let mut spans: Vec<_> = deleted.iter().map(|word| word.start..word.end).collect();
    spans.sort_by_key(|span| std::cmp::Reverse(span.start));
    let mut left = text.to_owned();
    spans.into_iter().for_each(|span| left.replace_range(span, ""));
    left
}

/// The mean loss of the label's score without its top words, and without random words.
fn deletion(texts: &[&str], method: Method) -> (f64, f64) {
    let mut random = numbers(7);
    let (mut tops, mut randoms) = (0.0, 0.0);
    for (text, p) in texts.iter().zip(sentiment().predict_batch(texts, &options(method)).unwrap()) {
        let label = p.label.as_ref().unwrap();
        let mut words = words(&p).to_vec();
        words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let count = (words.len() as f64 * DELETED).ceil() as usize;
        let mut variants = vec![without(text, &words[..count])];
        for _ in 0..RANDOM_DELETIONS {
            (1..words.len()).rev().for_each(|i| words.swap(i, random(i + 1)));
            variants.push(without(text, &words[..count]));
        }
        let after = sentiment().predict_batch(&variants, &Options::default()).unwrap();
        let losses: Vec<f64> = after.iter().map(|after| f64::from(p.score - score(after, label))).collect();
        tops += losses[0];
        randoms += losses[1..].iter().sum::<f64>() / RANDOM_DELETIONS as f64;
    }
    (tops / texts.len() as f64, randoms / texts.len() as f64)
}

/// Uses every eighth text, or all with `EVERY=1`.
#[test]
fn deleting_the_words_with_the_highest_weights_lowers_the_score_most() {
    let every = std::env::var("EVERY").map_or(8, |n| n.parse().expect("EVERY is a number"));
    let held_out = held_out();
    let texts = held_out.iter().map(|text| text.text.as_str());
    // Shorter texts have too few words to delete.
    let texts: Vec<&str> = texts.filter(|text| text.split(' ').count() >= 6).step_by(every).collect();
    assert!(texts.len() > 1_000 / every, "only {} texts", texts.len());
    for (method, texts) in [(Method::Occlusion, &texts[..]), (SHAPLEY, &texts[..texts.len() / 8])] {
        let (top, random) = deletion(texts, method);
        println!("{method:?}, {} texts: {top:.3} without the top words, {random:.3} without random ones", texts.len());
        assert!(top - random >= MIN_DELETION_MARGIN, "{method:?}: {top:.3}, {random:.3} at random");
    }
}

#[test]
fn a_planted_word_has_the_largest_weight_and_the_right_sign() {
    let frames = ["The film was {} on Tuesday afternoon.", "It is a {} chair.", "The second chapter is {}."];
    let planted = [("wonderful", "positive"), ("superb", "positive"), ("terrible", "negative"), ("awful", "negative")];
    for (frame, (word, label)) in frames.iter().flat_map(|frame| planted.map(|planted| (frame, planted))) {
        let text = frame.replace("{}", word);
        for method in [Method::Occlusion, SHAPLEY] {
            let p = predict(&text, &options(method));
            assert_eq!(p.label.as_deref(), Some(label), "{text:?}");
            let strongest = words(&p).iter().max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs())).unwrap();
            assert_eq!(&text[strongest.start..strongest.end], word, "{method:?}: {p:?}");
            assert!(strongest.weight > 0.0, "{method:?}: {p:?}");
            // Without the word the text is neutral, so the word is one against that label.
            let p = predict(&text, &of_label("neutral", method));
            let against = words(&p).iter().find(|word| word.start == strongest.start).unwrap();
            assert!(against.weight < 0.0, "{method:?}: {p:?}");
        }
    }
}

/// The variants are computed here as texts, with `[MASK]` for each token of a masked word.
#[test]
fn weights_equal_differences_of_scores_of_masked_texts() {
    let text = "unspeakably dull, but the ending is good";
    let masked = |left_out: &dyn Fn(&Attribution) -> bool, words: &[Attribution]| {
        let mut masked = text.to_owned();
        for word in words.iter().rev().filter(|word| left_out(word)) {
            let pieces = sentiment().tokenize(&text[word.start..word.end]).unwrap().ids.len() - 2;
            masked.replace_range(word.start..word.end, &vec!["[MASK]"; pieces].join(" "));
        }
        predict(&masked, &Options::default().special_tokens(SpecialTokens::Special))
    };
    let p = predict(text, &of_label("negative", Method::Occlusion));
    let whole = score(&p, "negative");
    assert_eq!(words(&p).len(), 8);
    for word in words(&p) {
        let without = score(&masked(&|other| other == word, words(&p)), "negative");
        assert!((word.weight - (whole - without)).abs() < ROUNDING, "{word:?}, {whole}, {without}");
    }
    for samples in [1, 2, 5] {
        let p = predict(text, &of_label("negative", Method::Shapley { samples, seed: 3 }));
        let nothing = score(&masked(&|_| true, words(&p)), "negative");
        let sum: f32 = words(&p).iter().map(|word| word.weight).sum();
        assert!((sum - (whole - nothing)).abs() < ROUNDING, "{samples}: {sum}, {whole}, {nothing}");
    }
}

#[test]
fn words_are_slices_of_the_text_in_any_script() {
    for (text, expected) in [
        ("😀 很好……！ good", &["😀", "很", "好", "……！", "good"][..]),
        ("שלום, good", &["שלום", ",", "good"]),
        ("The 映画 was «great»", &["The", "映", "画", "was", "«", "great", "»"]),
    ] {
        let p = predict(text, &options(Method::Occlusion));
        let found: Vec<&str> = words(&p).iter().map(|word| &text[word.start..word.end]).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn an_explanation_is_deterministic_and_changes_no_score() {
    let text = "It is not without charm, but it is far too long.";
    for method in [Method::Occlusion, SHAPLEY] {
        let alone = predict(text, &options(method));
        assert_eq!(alone, predict(text, &options(method)));
        let batch =
            sentiment().predict_batch(&["good", text, "a much longer text than that"], &options(method)).unwrap();
        assert_eq!(alone, batch[1]);
        // Everything but the words equals the prediction without an explanation.
        let plain = predict(text, &Options::default());
        assert_eq!(plain, {
            let mut p = alone;
            p.attributions = None;
            p
        });
    }
    let seed = |seed| predict(text, &options(Method::Shapley { samples: 4, seed }));
    assert_ne!(words(&seed(1)), words(&seed(2)));
}

#[test]
fn the_predicted_label_is_explained_unless_another_is_given() {
    let text = "I hated every minute of it";
    let p = predict(text, &options(Method::Occlusion));
    assert_eq!(p.label.as_deref(), Some("negative"));
    assert_eq!(words(&p), words(&predict(text, &of_label("negative", Method::Occlusion))));
    assert_ne!(words(&p), words(&predict(text, &of_label("neutral", Method::Occlusion))));
    // Below the threshold too, the best label is explained.
    let unsure = predict(text, &options(Method::Occlusion).threshold(1.0));
    assert_eq!((unsure.label.as_ref(), words(&unsure)), (None, words(&p)));
}

#[test]
fn an_unknown_label_and_bad_samples_are_rejected() {
    let rejection = |options: Options| {
        let error = sentiment().predict("good", &options).unwrap_err();
        assert_eq!((error.kind(), error.index()), (ErrorKind::InvalidInput, None));
        error.to_string()
    };
    let message = rejection(of_label("joy", Method::Occlusion));
    assert!(message.contains("\"joy\"") && message.contains("positive"), "{message}");
    for samples in [0, 1001] {
        assert!(rejection(options(Method::Shapley { samples, seed: 0 })).contains("samples"));
    }
}
