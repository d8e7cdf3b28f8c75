//! Options of a prediction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::limits::{MAX_SAMPLES, MAX_ZERO_SHOT_LABELS};

/// Options of a prediction. The default is every label with its score, without an explanation.
///
/// ```
/// use litmus_text::{Explain, LongText, Options};
///
/// let options = Options::default().top_k(1).long_text(LongText::Truncate).explain(Explain::default());
/// assert_eq!(options.top_k, Some(1));
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// The task: one of the model's packaged heads, such as "toxicity" ([`ModelInfo::tasks`](crate::ModelInfo::tasks)); the
    /// classifier's own labels if `None`.
    pub task: Option<String>,
    /// Options of single tasks, by the task's name. They override the general ones. [`InvalidInput`](crate::ErrorKind::InvalidInput)
    /// if it names a task that is not predicted.
    pub by_task: BTreeMap<String, TaskOptions>,
    /// Keeps only this many of the highest scores, at least 1; all if `None`.
    pub top_k: Option<usize>,
    /// The score that a label must reach to be predicted, 0 to 1. If `None`: with [`Activation::Sigmoid`] the thresholds of
    /// the head, or 0.5 if it has none; otherwise the label with the highest score is always predicted. An error with
    /// [`Activation::None`].
    pub threshold: Option<f32>,
    /// What turns the logits into scores; the model's own [activation](crate::ModelInfo::activation) if `None`.
    pub activation: Option<Activation>,
    /// How to read a text that has more tokens than the model reads at once.
    pub long_text: LongText,
    /// How to read special-token strings in the input.
    pub special_tokens: SpecialTokens,
    /// Whether and how to explain the score word by word.
    pub explain: Option<Explain>,
    /// Scores these labels instead of the model's own. Not together with `activation`, `explain` or a task.
    pub zero_shot: Option<ZeroShot>,
}

/// Options of one of several tasks.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TaskOptions {
    /// As [`Options::threshold`], for this task.
    pub threshold: Option<f32>,
    /// The label whose score is explained, as [`Explain::label`], for this task. Ignored without [`Options::explain`].
    pub explain_label: Option<String>,
}

impl TaskOptions {
    /// Sets [`threshold`](Self::threshold).
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// Sets [`explain_label`](Self::explain_label).
    pub fn explain_label(mut self, label: impl Into<String>) -> Self {
        self.explain_label = Some(label.into());
        self
    }
}

/// What turns logits into scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Probabilities that sum to 1: a text has one label.
    Softmax,
    /// A probability for each label by itself: a text can have several labels, or none.
    Sigmoid,
    /// The scores are the logits: the value of a regression, or raw scores. They are not divided by the temperature.
    None,
}

/// How to read a text that has more tokens than the model reads at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LongText {
    /// Read all of it, in overlapping windows that begin and end at sentence boundaries where they can. A text of more than
    /// [`ModelInfo::max_tokens`](crate::ModelInfo::max_tokens) tokens is read in windows of at most 128 tokens, special tokens and
    /// the pair not counted, which repeat at most 32 of the one before.
    #[default]
    Window,
    /// Read only its beginning; the prediction is marked as truncated.
    Truncate,
    /// Fail with [`ErrorKind::TextTooLong`](crate::ErrorKind::TextTooLong).
    Error,
}

/// How to read special-token strings in the input, such as `[SEP]` (transformers: `split_special_tokens`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpecialTokens {
    /// As ordinary text, so that the author of a text cannot insert control tokens. A special token that the vocabulary has as a
    /// whole word becomes the unknown token.
    #[default]
    Text,
    /// As special tokens, as `tokenizers` does by default. The first use takes memory for a second copy of the
    /// vocabulary.
    Special,
}

/// An explanation of one label's score by the words of the text.
/// [`ModelUnsupported`](crate::ErrorKind::ModelUnsupported) if the model's tokenizer has neither a mask token nor an unknown token.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Explain {
    /// The label whose score is explained; the one with the highest score if `None`.
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if a predicted task lacks it.
    pub label: Option<String>,
    /// How the weights are computed.
    pub method: Method,
}

/// How the weights of words are computed: from the label's probabilities for variants of the text in which some words are
/// replaced by the mask token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// A word's weight is the loss of probability when this word alone is masked (Zeiler and Fergus 2014). Costs one
    /// prediction per word. The weights have no fixed sum: each of two words with the same meaning may get little weight.
    #[default]
    Occlusion,
    /// A word's weight is its Shapley value, estimated from permutations in antithetic pairs (Castro et al. 2009, Mitchell
    /// et al. 2022). For any number of samples, the weights sum to the score minus the score with every word masked.
    Shapley {
        /// Permutations, 1 to 1,000; each costs one prediction per word.
        samples: usize,
        /// Seed of the permutations: the same seed gives the same weights.
        seed: u64,
    },
}

impl Method {
    /// A number of permutations that is usually enough: ten antithetic pairs.
    pub const DEFAULT_SAMPLES: usize = 20;
}

/// The part of a hypothesis that the label replaces.
pub(crate) const PLACEHOLDER: &str = "{}";

/// Labels of the caller's choice, scored by a model for natural language inference: a label's score says how strongly the
/// text entails the hypothesis with the label in it. The text is read once for each label.
///
/// ```
/// use litmus_text::{Options, ZeroShot};
///
/// let topics = ZeroShot::new(["politics", "sports"]).hypothesis("This text is about {}.");
/// assert_eq!(Options::default().zero_shot(topics).zero_shot.unwrap().labels.len(), 2);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ZeroShot {
    /// 1 to 1,000 labels, none twice.
    pub labels: Vec<String>,
    /// A sentence in which the label replaces `{}`; by default [`DEFAULT_HYPOTHESIS`](Self::DEFAULT_HYPOTHESIS).
    pub hypothesis: String,
    /// Whether a text can have several of the labels: then each is scored by itself. A single label always is.
    pub multi_label: bool,
}

impl ZeroShot {
    /// The hypothesis of Hugging Face's zero-shot pipeline.
    pub const DEFAULT_HYPOTHESIS: &str = "This example is {}.";

    /// Labels of which a text has exactly one, with the default hypothesis.
    pub fn new<L: Into<String>>(labels: impl IntoIterator<Item = L>) -> Self {
        let labels = labels.into_iter().map(Into::into).collect();
        Self { labels, hypothesis: Self::DEFAULT_HYPOTHESIS.into(), multi_label: false }
    }

    /// Sets [`hypothesis`](Self::hypothesis).
    pub fn hypothesis(mut self, hypothesis: impl Into<String>) -> Self {
        self.hypothesis = hypothesis.into();
        self
    }

    /// Sets [`multi_label`](Self::multi_label).
    pub fn multi_label(mut self, multi_label: bool) -> Self {
        self.multi_label = multi_label;
        self
    }

    /// Checks the options. The error is the reason why they cannot be used.
    fn check(&self, options: &Options) -> Result<(), String> {
        let Self { labels, hypothesis, .. } = self;
        if options.activation.is_some() || options.explain.is_some() {
            return Err("a zero-shot classification takes neither an activation nor an explanation".into());
        }
        if !(1..=MAX_ZERO_SHOT_LABELS).contains(&labels.len()) {
            return Err(format!(
                "a zero-shot classification takes 1 to {MAX_ZERO_SHOT_LABELS} labels, not {}",
                labels.len()
            ));
        }
        let mut sorted: Vec<&String> = labels.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("the zero-shot label {:?} is given twice", pair[0]));
        }
        if !hypothesis.contains(PLACEHOLDER) {
            return Err(format!("the hypothesis {hypothesis:?} has no {PLACEHOLDER} for the label to replace"));
        }
        Ok(())
    }
}

impl Options {
    /// Sets [`task`](Self::task).
    pub fn task(mut self, task: impl Into<String>) -> Self {
        self.task = Some(task.into());
        self
    }

    /// Sets the options of one task in [`by_task`](Self::by_task).
    pub fn by_task(mut self, task: impl Into<String>, options: TaskOptions) -> Self {
        self.by_task.insert(task.into(), options);
        self
    }

    /// Sets [`top_k`](Self::top_k).
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = Some(k);
        self
    }

    /// Sets [`threshold`](Self::threshold).
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// Sets [`activation`](Self::activation).
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// Sets [`long_text`](Self::long_text).
    pub fn long_text(mut self, long_text: LongText) -> Self {
        self.long_text = long_text;
        self
    }

    /// Sets [`special_tokens`](Self::special_tokens).
    pub fn special_tokens(mut self, special_tokens: SpecialTokens) -> Self {
        self.special_tokens = special_tokens;
        self
    }

    /// Sets [`explain`](Self::explain).
    pub fn explain(mut self, explain: Explain) -> Self {
        self.explain = Some(explain);
        self
    }

    /// Sets [`zero_shot`](Self::zero_shot).
    pub fn zero_shot(mut self, zero_shot: ZeroShot) -> Self {
        self.zero_shot = Some(zero_shot);
        self
    }

    /// Checks the options that do not depend on the model.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let invalid = |message: String| Err(Error::invalid_input(message));
        if self.top_k == Some(0) {
            return invalid("top_k must be at least 1, not 0".into());
        }
        let thresholds = self.by_task.values().map(|task| task.threshold).chain([self.threshold]).flatten();
        if let Some(threshold) = thresholds.into_iter().find(|threshold| !(0.0..=1.0).contains(threshold)) {
            return invalid(format!("the threshold must be from 0 to 1, not {threshold}"));
        }
        if let Some(zero_shot) = &self.zero_shot {
            return zero_shot.check(self).or_else(invalid);
        }
        match &self.explain {
            Some(Explain { method: Method::Shapley { samples, .. }, .. }) if !(1..=MAX_SAMPLES).contains(samples) => {
                invalid(format!("samples must be from 1 to {MAX_SAMPLES}, not {samples}"))
            }
            _ => Ok(()),
        }
    }
}

impl Explain {
    /// Sets [`label`](Self::label).
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Sets [`method`](Self::method).
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }
}
