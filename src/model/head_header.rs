//! The header of head files. ARCHITECTURE.md describes it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Header {
    pub format: u32,
    /// The task of a packaged head. A head that was taught has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    pub kind: Kind,
    pub labels: Vec<String>,
    /// Size of the vector that the head reads.
    pub features: usize,
    pub temperature: f32,
    /// One per label.
    pub thresholds: Option<Vec<f32>>,
    /// The id of the encoder whose features the head reads.
    pub encoder: String,
    pub dtype: DType,
    /// Size of the embedding; other heads have one row per label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// A text whose logits have a greater energy has none of the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_energy: Option<f32>,
    /// The labels of each example whose features are in the file, as indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<Vec<usize>>>,
}

/// What the head computes.
#[derive(Debug, Serialize, Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Logits of labels of which a text has one.
    Single,
    /// Logits of labels of which a text can have several.
    Multi,
    /// An embedding, without labels.
    Embedding,
}

/// How the weights are stored.
#[derive(Debug, Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum DType {
    F32,
    /// With one f32 scale per row.
    I8,
}

impl Header {
    pub(super) fn rows(&self) -> usize {
        self.rows.unwrap_or(self.labels.len())
    }

    /// Checks the header. The error is the reason why the head is damaged.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("`format` is {}, supported is {FORMAT}", self.format));
        }
        if self.features == 0 || self.rows() == 0 {
            return Err(format!("it has {} rows of {} features, expected at least one", self.rows(), self.features));
        }
        let expected = if self.kind == Kind::Embedding { 0 } else { self.rows() };
        if self.labels.len() != expected {
            return Err(format!("it has {} labels, expected {expected}", self.labels.len()));
        }
        let mut seen = HashSet::new();
        if let Some(label) = self.labels.iter().find(|&label| !seen.insert(label)) {
            return Err(format!("it has the label {label:?} twice"));
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return Err(format!("`temperature` must be a number above 0, not {}", self.temperature));
        }
        let thresholds = self.thresholds.as_deref().unwrap_or_default();
        if self.thresholds.is_some() && (self.kind != Kind::Multi || thresholds.len() != self.labels.len()) {
            return Err("`thresholds` must be one number per label of a head of the kind \"multi\", or null".into());
        }
        if let Some(threshold) = thresholds.iter().find(|threshold| !(0.0..=1.0).contains(*threshold)) {
            return Err(format!("`thresholds` must be from 0 to 1, not {threshold}"));
        }
        if self.max_energy.is_some_and(|energy| !energy.is_finite() || self.kind != Kind::Single) {
            return Err("`max_energy` must be a number, for a head of the kind \"single\" only".into());
        }
        let single = self.kind == Kind::Single;
        let wrong = |labels: &&Vec<usize>| {
            labels.iter().any(|&label| label >= self.labels.len()) || (single && labels.len() != 1)
        };
        match self.examples.iter().flatten().find(wrong) {
            Some(labels) => Err(format!("an example has the labels {labels:?} of {}", self.labels.len())),
            None => Ok(()),
        }
    }
}
