//! What is said of a text.

use serde::Serialize;

use crate::shortest_decimal;

/// One label with its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Score {
    /// The label's name.
    pub label: String,
    /// Its probability, 0 to 1.
    #[serde(serialize_with = "shortest_decimal::serialize")]
    pub score: f32,
}

/// What the model says of one text. Places in it are bytes of its UTF-8: `&text[start..end]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Prediction {
    /// The label with the highest score; `None` where that is below [`Options::threshold`](crate::Options::threshold).
    pub label: Option<String>,
    /// The highest score: its label's probability, 0 to 1.
    #[serde(serialize_with = "shortest_decimal::serialize")]
    pub score: f32,
    /// Every label with its probability, highest first, cut to [`Options::top_k`](crate::Options::top_k).
    pub scores: Vec<Score>,
    /// How many tokens the model read, special tokens included, those that are in two windows twice.
    pub tokens: usize,
    /// Whether the end of the text was left out, which was [asked for](crate::LongText::Truncate). The last window ends
    /// with the last character that was read.
    pub truncated: bool,
    /// The parts that the model read, in their order: one, unless the text is too long to be read at once. The scores
    /// are the mean of theirs, each weighted by its tokens that are not in the window before it as well.
    pub windows: Vec<Window>,
    /// By word, how much it added to the probability; `None` where that was not asked for.
    pub attributions: Option<Vec<Attribution>>,
    /// What there is to know before relying on the label.
    pub warnings: Vec<Warning>,
}

/// A part of a text that the model read at once, and what it says of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Window {
    /// Where it starts in the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How many tokens it has, special tokens included.
    pub tokens: usize,
    /// Every label with its probability for this window, highest first, cut to [`Options::top_k`](crate::Options::top_k).
    pub scores: Vec<Score>,
}

/// What a word did to the probability of the label that is explained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attribution {
    /// Where the word starts in the text. Words are in their order and do not overlap.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How much of the probability is the word's doing, −1 to 1: positive speaks for the label, negative against it.
    #[serde(serialize_with = "shortest_decimal::serialize")]
    pub weight: f32,
}

/// A reason to doubt a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// More than half of the text's tokens are not in the model's vocabulary: another script, or no text at all. U+FFFD
    /// and control characters, which become no tokens, count as such.
    MostlyUnknownTokens,
}
