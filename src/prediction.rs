//! Predictions.

use serde::Serialize;

use crate::shortest_decimal;

/// One label with its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Score {
    /// The label's name.
    pub label: String,
    /// Its probability, 0 to 1; with [`Activation::None`](crate::Activation::None) its logit.
    #[serde(serialize_with = "shortest_decimal::serialize")]
    pub score: f32,
}

/// The prediction for one text. Offsets are in bytes of UTF-8: `&text[start..end]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Prediction {
    /// The label with the highest score of those that reach their [threshold](crate::Options::threshold); `None` if none does,
    /// or if `other` is true.
    pub label: Option<String>,
    /// Only with [`Activation::Sigmoid`](crate::Activation::Sigmoid), which multi-label models have: every label whose
    /// score reaches its threshold, highest first; there may be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// Only with a head that was taught to reject texts ([`TeachOptions::other`](crate::TeachOptions::other)): whether the text
    /// resembles none of the labels' examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<bool>,
    /// The highest score: a probability from 0 to 1, or with [`Activation::None`](crate::Activation::None) a logit.
    #[serde(serialize_with = "shortest_decimal::serialize")]
    pub score: f32,
    /// Every label with its score, highest first, cut to [`Options::top_k`](crate::Options::top_k).
    pub scores: Vec<Score>,
    /// The number of tokens that the model read, special tokens included; tokens in two windows count twice. In a zero-shot
    /// classification, the number of tokens with the longest hypothesis.
    pub tokens: usize,
    /// Whether the end of the text was not read, as with [`LongText::Truncate`](crate::LongText::Truncate). The last
    /// window ends with the last character that was read.
    pub truncated: bool,
    /// The windows that the model read, in their order: one unless the text is too long to be read at once. The scores
    /// are the mean of the windows' scores, weighted by each window's tokens that are not in the window before.
    pub windows: Vec<Window>,
    /// The weight of each word; `None` without [`Options::explain`](crate::Options::explain).
    pub attributions: Option<Vec<Attribution>>,
    /// Reasons to doubt the prediction.
    pub warnings: Vec<Warning>,
}

/// A part of a text that the model read at once, and its scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Window {
    /// Start in the text, in bytes.
    pub start: usize,
    /// End in the text, in bytes.
    pub end: usize,
    /// Its number of tokens, special tokens included.
    pub tokens: usize,
    /// Every label with its score for this window, highest first, cut to [`Options::top_k`](crate::Options::top_k).
    pub scores: Vec<Score>,
}

/// The weight of one word in the score that is explained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attribution {
    /// Start in the text, in bytes. Words are in their order and do not overlap.
    pub start: usize,
    /// End in the text, in bytes.
    pub end: usize,
    /// The word's part in the score: positive for the label, negative against it; from −1 to 1 in a probability.
    #[serde(serialize_with = "shortest_decimal::serialize")]
    pub weight: f32,
}

/// A reason to doubt a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// Most words of the text are in a script that none of the model's [languages](crate::ModelInfo::languages) is written
    /// in: use a model that reads the text's language.
    OtherScript,
    /// More than half of the text's tokens are not in the model's vocabulary: the text is in another script, or is no
    /// text. U+FFFD and control characters, for which there are no tokens, count as unknown.
    MostlyUnknownTokens,
}
