//! How to predict.

use serde::Deserialize;

use crate::error::{Error, ErrorKind};
use crate::limits::MAX_SAMPLES;

/// How to predict.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Keep only this many of the best scores, at least 1; all where `None`.
    pub top_k: Option<usize>,
    /// Below this score, 0 to 1, there is no label.
    pub threshold: Option<f32>,
    /// What to do with a text of more tokens than the model reads at once.
    pub long_text: LongText,
    /// Whether and how to say which words decided.
    pub explain: Option<Explain>,
}

/// What to do with a text of more tokens than the model reads at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LongText {
    /// Read all of it, in overlapping windows that begin and end with a sentence.
    #[default]
    Window,
    /// Read its beginning, and say that it was cut.
    Truncate,
    /// Refuse it, as [`ErrorKind::TextTooLong`].
    Error,
}

/// Which label's score to explain by the words of the text, and how.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Explain {
    /// The label; the one with the highest score where `None`.
    pub label: Option<String>,
    /// How the words are weighed.
    pub method: Method,
}

/// How words are weighed. What is computed is the label's probability with some words replaced by the mask token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// A word's weight is what the probability loses without that word alone (Zeiler and Fergus 2014). One prediction
    /// for each word. The weights need not sum to anything: two words that say the same may both seem to matter little.
    #[default]
    Occlusion,
    /// A word's weight is its Shapley value, estimated by permutations in antithetic pairs (Castro et al. 2009, Mitchell
    /// et al. 2022). The weights sum to the score less that of the text with every word masked, whatever was sampled.
    Shapley {
        /// Permutations, 1 to 1,000; each costs one prediction for each word.
        samples: usize,
        /// The same seed gives the same weights.
        seed: u64,
    },
}

impl Method {
    /// Permutations that are usually enough: ten pairs.
    pub const DEFAULT_SAMPLES: usize = 20;
}

impl Options {
    /// Keep only the best `k` scores, `k` ≥ 1.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = Some(k);
        self
    }

    /// Give no label to what scores less than `threshold`, 0 to 1.
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// What to do with a text of more tokens than the model reads at once.
    pub fn long_text(mut self, long_text: LongText) -> Self {
        self.long_text = long_text;
        self
    }

    /// Say which words decided.
    pub fn explain(mut self, explain: Explain) -> Self {
        self.explain = Some(explain);
        self
    }

    pub(crate) fn check(&self, labels: &[String]) -> Result<(), Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidInput, message));
        if self.top_k == Some(0) {
            return invalid("top_k must be at least 1".into());
        }
        if let Some(threshold) = self.threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
            return invalid(format!("the threshold must be from 0 to 1, not {threshold}"));
        }
        let Some(Explain { label, method }) = &self.explain else { return Ok(()) };
        if let Some(label) = label.as_ref().filter(|label| !labels.contains(label)) {
            return invalid(format!("the model has no label \"{label}\" to explain (it has: {})", labels.join(", ")));
        }
        match method {
            Method::Shapley { samples, .. } if !(1..=MAX_SAMPLES).contains(samples) => {
                invalid(format!("samples must be from 1 to {MAX_SAMPLES}, not {samples}"))
            }
            _ => Ok(()),
        }
    }
}

impl Explain {
    /// The score of `label` instead of the highest one.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// How the words are weighed.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }
}
