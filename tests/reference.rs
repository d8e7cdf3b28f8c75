//! Compared with independent references: token ids and offsets of Hugging Face's `tokenizers` for Python, logits of
//! onnxruntime. `tests/fixtures/generate.py` generates the golden values.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{
    HeldOut, fixture, held_out, held_out_chinese, held_out_languages, in_characters, multilingual, sentiment, tiny,
};
use litmus_text::{Classifier, ErrorKind, LongText, Options};
use serde::Deserialize;

/// The largest and the mean difference of our logits from onnxruntime's for the same file. It computes in f32; our weights
/// have 7 bits and our activations 8.
const MAX_LOGIT_ERROR: f32 = 0.5;
const MEAN_LOGIT_ERROR: f32 = 0.1;
/// Percentage of the held-out texts in English, in Chinese and in other languages that must get the same label as from onnxruntime.
/// In the other languages the model is less sure, so rounding changes more labels.
const MIN_SAME_LABELS: [f64; 3] = [98.0, 98.0, 97.0];
/// Largest difference in accuracy on the same texts, in percentage points. Two of the 257 Chinese texts are 0.8 points.
const MAX_ACCURACY_GAP: [f64; 3] = [0.5, 1.2, 1.0];
/// Smallest accuracy on them in percent: of the English model on the first, of the multilingual one on the others.
const MIN_ACCURACY: [f64; 3] = [80.0, 80.0, 72.0];

#[derive(Deserialize)]
struct TokenGoldens {
    cases: Vec<TokenCase>,
}

#[derive(Deserialize)]
struct TokenCase {
    text: Option<String>,
    /// A piece and its number of repeats, instead of a long text.
    repeat: Option<(String, usize)>,
    ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
}

impl TokenCase {
    fn text(&self) -> String {
        match (&self.text, &self.repeat) {
            (Some(text), None) => text.clone(),
            (None, Some((piece, n))) => piece.repeat(*n),
            _ => panic!("a case has either a text or a repeat"),
        }
    }
}

/// The golden values of the multilingual model.
#[derive(Deserialize)]
struct Multilingual {
    tokens: Vec<TokenCase>,
    logits: Vec<LogitCase>,
    chinese: Vec<HeldOutCase>,
    languages: Vec<HeldOutCase>,
}

#[test]
fn tokens_equal_those_of_hugging_face() {
    let TokenGoldens { cases } = fixture("tokens.json");
    check_tokens(sentiment(), cases);
    let Multilingual { tokens, .. } = fixture("multilingual.json");
    check_tokens(multilingual(), tokens);
}

fn check_tokens(classifier: &Classifier, cases: Vec<TokenCase>) {
    assert!(cases.len() >= 300, "only {} cases", cases.len());
    for case in cases {
        let text = case.text();
        let start: String = text.chars().take(60).collect();
        // A Unigram tokenizer has a token for white space. Our runtime rejects a text that has nothing else.
        let is_invisible = |c| "\u{ad}\u{180e}\u{200b}\u{200d}\u{feff}\u{fffd}".contains(c);
        let is_blank = text.chars().all(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c));
        if case.ids.len() == 2 || is_blank {
            assert_eq!(classifier.tokenize(&text).unwrap_err().kind(), ErrorKind::EmptyText, "{start:?}");
            continue;
        }
        let ours = classifier.tokenize(&text).unwrap();
        assert_eq!(ours.ids, case.ids, "{start:?}");
        assert_eq!(in_characters(&text, &ours.offsets), case.offsets, "{start:?}");
        assert_eq!(ours.tokens.len(), ours.ids.len());
    }
}

#[derive(Deserialize)]
struct EmojiGoldens {
    cases: Vec<(String, Vec<u32>)>,
}

/// The pre-tokenizer finds symbols by a regular expression, and its engine here is another than in Python.
#[test]
fn tokens_of_every_emoji_equal_those_of_hugging_face() {
    let EmojiGoldens { cases } = fixture("emoji.json");
    assert!(cases.len() > 5000, "only {} cases", cases.len());
    let classifier = sentiment();
    for (text, ids) in cases {
        assert_eq!(classifier.tokenize(&text).unwrap().ids, ids, "{text:?}");
    }
}

#[derive(Deserialize)]
struct LogitGoldens {
    cases: Vec<LogitCase>,
    batches: Vec<LogitBatch>,
    truncated: LogitCase,
}

#[derive(Deserialize)]
struct TinyGoldens {
    cases: Vec<LogitCase>,
}

#[derive(Deserialize)]
struct LogitCase {
    text: String,
    logits: Vec<f32>,
}

#[derive(Deserialize)]
struct LogitBatch {
    texts: Vec<usize>,
    logits: Vec<Vec<f32>>,
}

/// The mean difference of our logits from theirs; asserts that no difference is too large.
fn error<'a>(texts: &[&str], ours: &[Vec<f32>], theirs: impl Iterator<Item = &'a Vec<f32>>) -> f32 {
    let mut errors = vec![];
    for ((text, ours), theirs) in texts.iter().zip(ours).zip(theirs) {
        assert_eq!(ours.len(), theirs.len(), "{text:?}");
        errors.extend(ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()));
        let close = errors.iter().all(|error| *error < MAX_LOGIT_ERROR);
        assert!(close, "{text:?}: {ours:?}, but onnxruntime gives {theirs:?}");
    }
    errors.iter().sum::<f32>() / errors.len() as f32
}

#[test]
fn logits_are_close_to_onnxruntime() {
    let goldens: LogitGoldens = fixture("logits.json");
    assert!(goldens.cases.len() >= 100, "only {} texts", goldens.cases.len());
    let texts: Vec<&str> = goldens.cases.iter().map(|case| case.text.as_str()).collect();
    let logits = sentiment().logits(&texts).unwrap();
    let mean = error(&texts, &logits, goldens.cases.iter().map(|case| &case.logits));
    println!("logits are {mean} from onnxruntime's on average");
    assert!(mean < MEAN_LOGIT_ERROR, "{mean}");
    for batch in &goldens.batches {
        let texts: Vec<&str> = batch.texts.iter().map(|&i| texts[i]).collect();
        let mean = error(&texts, &sentiment().logits(&texts).unwrap(), batch.logits.iter());
        assert!(mean < MEAN_LOGIT_ERROR, "{mean}");
    }
    let long = &goldens.truncated;
    let cut = Options::default().long_text(LongText::Truncate);
    assert!(sentiment().predict(&long.text, &cut).unwrap().truncated);
    error(&[&long.text], &sentiment().logits(&[&long.text]).unwrap(), [&long.logits].into_iter());
}

#[test]
fn logits_of_the_multilingual_model_are_close_to_onnxruntime() {
    let Multilingual { logits: cases, .. } = fixture("multilingual.json");
    assert!(cases.len() >= 150, "only {} texts", cases.len());
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let mean = error(&texts, &multilingual().logits(&texts).unwrap(), cases.iter().map(|case| &case.logits));
    println!("logits are {mean} from onnxruntime's on average");
    assert!(mean < MEAN_LOGIT_ERROR, "{mean}");
}

#[test]
fn another_exporters_folder_has_logits_close_to_onnxruntime() {
    let TinyGoldens { cases } = fixture("tiny/golden.json");
    assert!(cases.len() >= 10, "only {} cases", cases.len());
    let classifier = tiny();
    assert!(classifier.info().multi_label);
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let mean = error(&texts, &classifier.logits(&texts).unwrap(), cases.iter().map(|case| &case.logits));
    println!("logits are {mean} from onnxruntime's on average");
    assert!(mean < MEAN_LOGIT_ERROR, "{mean}");
    for case in &cases {
        error(&[&case.text], &classifier.logits(&[&case.text]).unwrap(), [&case.logits].into_iter());
    }
}

#[derive(Deserialize)]
struct HeldOutGoldens {
    cases: Vec<HeldOutCase>,
}

/// The row in the list of held-out texts, the writer's label and onnxruntime's.
type HeldOutCase = (String, String, String);

#[test]
fn accuracy_on_held_out_texts_is_close_to_onnxruntime() {
    let HeldOutGoldens { cases } = fixture("held_out.json");
    assert!(cases.len() > 1_300, "only {} texts", cases.len());
    check_accuracy(0, sentiment(), &held_out(), &cases);
    let Multilingual { chinese, languages, .. } = fixture("multilingual.json");
    assert!(chinese.len() > 250 && languages.len() > 700, "{} and {} texts", chinese.len(), languages.len());
    check_accuracy(1, multilingual(), &held_out_chinese(), &chinese);
    check_accuracy(2, multilingual(), &held_out_languages(), &languages);
}

/// `set`: the index of the set's limits.
fn check_accuracy(set: usize, classifier: &Classifier, texts: &[HeldOut], cases: &[HeldOutCase]) {
    assert!(texts.iter().map(|text| &text.row).eq(cases.iter().map(|case| &case.0)), "run tests/fixtures/generate.sh");
    let texts: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    let predictions = classifier.predict_batch(&texts, &Options::default()).unwrap();
    let ours: Vec<&str> = predictions.iter().map(|p| p.label.as_deref().unwrap()).collect();
    let percent = |n: usize| n as f64 * 100.0 / cases.len() as f64;
    let accuracy = percent(ours.iter().zip(cases).filter(|(ours, (_, label, _))| *ours == label).count());
    let theirs = percent(cases.iter().filter(|(_, label, predicted)| label == predicted).count());
    let same = ours.iter().zip(cases).filter(|(ours, (_, _, predicted))| *ours == predicted).count();
    println!("accuracy {accuracy:.2} %, onnxruntime {theirs:.2} %, {same} of {} labels equal", cases.len());
    assert!(accuracy >= MIN_ACCURACY[set], "{accuracy:.2} %");
    assert!(percent(same) >= MIN_SAME_LABELS[set], "only {same} labels are those of onnxruntime");
    assert!((accuracy - theirs).abs() <= MAX_ACCURACY_GAP[set], "{accuracy:.2} % against {theirs:.2} %");
}
