//! Facts about a model.

use serde::Serialize;

use crate::options::Activation;

/// Facts about a loaded model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ModelInfo {
    /// The labels, in the order of their ids.
    pub labels: Vec<String>,
    /// Whether a text can have several labels at once: then each score stands alone and they need not sum to 1. So it is
    /// for models with the activation [`Sigmoid`](Activation::Sigmoid).
    pub multi_label: bool,
    /// What turns the model's logits into scores, unless [`Options::activation`](crate::Options::activation) overrides
    /// it: the sigmoid for `problem_type: "multi_label_classification"` and for models with one logit, nothing for
    /// `"regression"`, else the softmax.
    pub activation: Activation,
    /// The most tokens that the model reads at once, special tokens included; longer texts are read in windows.
    pub max_tokens: usize,
    /// The model's name, where its `litmus.json` gives one.
    pub name: Option<String>,
    /// The model's version, where its `litmus.json` gives one.
    pub version: Option<String>,
}
