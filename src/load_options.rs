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
    /// The arithmetic of layers.
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
    /// Integers; but f32 for all layers with float weights, if in one of them a few channels are so much larger than the
    /// others that integers would lose these. Weights that are stored quantised are not examined.
    #[default]
    Auto,
    /// Integers for every layer: the smallest and fastest form.
    Int8,
    /// f32 for every layer, also for weights that are stored quantised: four times the memory, and slower.
    Float32,
}
