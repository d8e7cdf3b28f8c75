//! Facts about a model.

use serde::Serialize;

use crate::load_options::Precision;
use crate::options::Activation;

/// Facts about a loaded model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ModelInfo {
    /// The labels, in the order of their ids.
    pub labels: Vec<String>,
    /// Whether a text can have several labels at once: then each label is scored by itself, and the scores need not sum to 1.
    /// True for models with the activation [`Sigmoid`](Activation::Sigmoid).
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
    /// The ISO 639-1 codes of the languages that the model reads, where its `litmus.json` gives them.
    pub languages: Option<Vec<String>>,
    /// The arithmetic of the layers.
    pub precision: PrecisionInfo,
    /// The instructions that compute the products of integers: see [`kernel`](crate::kernel).
    pub kernel: &'static str,
    /// The tasks that the heads of the model's folder add, by name: see [`Options::task`](crate::Options::task).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskInfo>,
}

/// The arithmetic of a loaded model's layers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PrecisionInfo {
    /// The option that the model was loaded with.
    pub option: Precision,
    /// The layers that are computed in f32 instead of integers, by their names in the graph.
    pub float_layers: Vec<String>,
}

/// A task of a model, which one of its heads classifies.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TaskInfo {
    /// The task's name, from the file `heads/NAME.head`.
    pub name: String,
    /// The labels, in the order of the head.
    pub labels: Vec<String>,
    /// Whether a text can have several labels at once.
    pub multi_label: bool,
}
