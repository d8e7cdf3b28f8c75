//! Options of loading a model.

use serde::{Deserialize, Serialize};

/// Options of [`Classifier::load`](crate::Classifier::load).
///
/// ```
/// use litmus_text::{LoadOptions, Precision};
///
/// let options = LoadOptions::default().precision(Precision::Float32);
/// assert_eq!(options.precision, Precision::Float32);
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The arithmetic of the layers.
    pub precision: Precision,
}

impl LoadOptions {
    /// Sets [`precision`](Self::precision).
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }
}

/// The arithmetic of linear layers, attention and embeddings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Integers where they are precise enough. All layers with float weights are computed in f32 if one of them has an outlier
    /// channel (quantised with one scale, the other channels would lose their precision), or if the model has no normalisation. An
    /// embedding table with an outlier column is computed in f32 alone. Weights that are stored quantised stay integers.
    #[default]
    Auto,
    /// Integers for every layer: the smallest and fastest form.
    Int8,
    /// f32 for every layer, also for weights that are stored quantised: four times the memory, and slower.
    Float32,
}
