//! Fuzzes texts and options with fixed models, and checks the properties of every prediction.
#![no_main]

#[path = "../library_panics.rs"]
mod library_panics;

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use litmus_text::{Classifier, ErrorKind, Explain, LongText, Method, Options, Prediction};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");
/// Rounding error of sums of probabilities.
const MAX_SUM_ERROR: f32 = 1e-4;
/// Texts of more words are not explained: each word costs a prediction.
const MAX_EXPLAINED: usize = 40;

/// Random models with WordPiece, byte-level BPE and Unigram.
static MODELS: LazyLock<Vec<Classifier>> = LazyLock::new(|| {
    let folders = ["tiny", "folders/roberta", "folders/albert"];
    folders.map(|folder| Classifier::from_dir(format!("{FIXTURES}/{folder}")).expect("a model")).into()
});

#[derive(Debug)]
struct Input {
    model: u8,
    /// Repeats of the text, so that it is long enough for several windows.
    times: u8,
    long_text: LongText,
    top_k: Option<usize>,
    threshold: Option<f32>,
    method: Option<Method>,
    text: String,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let method = match u.int_in_range(0..=3)? {
            0 => Some(Method::Occlusion),
            1 => Some(Method::Shapley { samples: u.int_in_range(0..=4)?, seed: u.arbitrary()? }),
            _ => None,
        };
        Ok(Self {
            model: u.arbitrary()?,
            times: u.int_in_range(1..=40)?,
            long_text: *u.choose(&[LongText::Window, LongText::Truncate, LongText::Error])?,
            top_k: u.arbitrary()?,
            threshold: u.arbitrary()?,
            method,
            text: String::from_utf8_lossy(u.bytes(u.len())?).into_owned(),
        })
    }
}

fuzz_target!(|input: Input| library_panics::tolerate(|| {
    let classifier = &MODELS[usize::from(input.model) % MODELS.len()];
    let text = input.text.repeat(usize::from(input.times));
    let mut options = Options::default().long_text(input.long_text);
    options.top_k = input.top_k;
    options.threshold = input.threshold;
    if let Some(method) = input.method.filter(|_| text.split_whitespace().count() <= MAX_EXPLAINED && text.len() < 400)
    {
        options.explain = Some(Explain::default().method(method));
    }
    let whole = classifier.tokenize(&text);
    if let Ok(encoding) = &whole {
        assert_eq!(encoding.ids.len(), encoding.tokens.len());
        assert_eq!(encoding.ids.len(), encoding.offsets.len());
        assert!(encoding.offsets.iter().all(|span| text.get(span.clone()).is_some()), "{:?}", encoding.offsets);
        assert!((0.0..=1.0).contains(&encoding.unknown_fraction));
    }
    match classifier.predict(&text, &options) {
        Ok(prediction) => {
            check(&prediction, &text, &options, classifier);
            let twice = classifier.predict_batch(&[&text, "good", &text], &options).expect("the text is valid");
            assert_eq!([&twice[0], &twice[2]], [&prediction; 2], "the prediction differs in a batch");
        }
        Err(error) => match error.kind() {
            ErrorKind::InvalidInput => assert!(
                options.top_k == Some(0)
                    || options.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold))
                    || matches!(input.method, Some(Method::Shapley { samples: 0, .. }))
            ),
            ErrorKind::EmptyText => assert!(whole.is_err()),
            ErrorKind::TextTooLong => {
                assert_eq!(options.long_text, LongText::Error);
                assert!(whole.expect("the text has tokens").ids.len() > classifier.info().max_tokens);
            }
            _ => panic!("{error}"),
        },
    }
}));

fn check(prediction: &Prediction, text: &str, options: &Options, classifier: &Classifier) {
    assert!(prediction.scores.iter().all(|s| (0.0..=1.0).contains(&s.score)));
    assert!(prediction.scores.is_sorted_by(|a, b| a.score >= b.score));
    let all = classifier.info().labels.len();
    assert_eq!(prediction.scores.len(), options.top_k.unwrap_or(all).min(all));
    let sum: f32 = prediction.scores.iter().map(|s| s.score).sum();
    assert!(options.top_k.is_some() || classifier.info().multi_label || (sum - 1.0).abs() < MAX_SUM_ERROR, "{sum}");
    let mut end = 0;
    for window in &prediction.windows {
        assert!(window.start <= window.end && text.get(window.start..window.end).is_some(), "{window:?}");
        assert!(window.end >= end && window.tokens > 0, "{window:?}");
        end = window.end;
    }
    for word in prediction.attributions.iter().flatten() {
        assert!(text.get(word.start..word.end).is_some_and(|word| !word.is_empty()), "{word:?}");
        assert!(word.weight.is_finite(), "{word:?}");
    }
}
