//! Heads: linear layers on the encoder's features.

use std::sync::Arc;

use half::f16;

use super::head_header::{Header, Kind};
use crate::error::{Error, ErrorKind};
use crate::kernels::dense::linear_layer;
use crate::options::Activation;

/// A linear layer from the encoder's features to one value per row: the logits of labels, or an embedding.
///
/// [`Classifier::teach`](crate::Classifier::teach) makes one, [`Classifier::with_head`](crate::Classifier::with_head) classifies
/// with it, and [`to_bytes`](Self::to_bytes) is its file. A head reads the features of one encoder only. Clones share the
/// weights.
#[derive(Debug, Clone)]
pub struct Head {
    pub(super) layer: Arc<Layer>,
    /// The examples it was taught with; `None` if its file does not contain them.
    pub(super) examples: Option<Arc<TaughtExamples>>,
}

/// A head without its examples.
#[derive(Debug)]
pub(super) struct Layer {
    pub header: Header,
    /// Row-major, rows × features.
    pub weights: Vec<f32>,
    /// One per row.
    pub biases: Vec<f32>,
}

/// The examples that a head was taught with, for teaching it more.
#[derive(Debug, PartialEq)]
pub(crate) struct TaughtExamples {
    /// The labels of each example, as indices.
    pub labels: Vec<Vec<usize>>,
    /// Row-major, one row per example.
    pub features: Vec<f16>,
}

impl Head {
    /// The labels, in the order of the rows; empty for an embedding.
    pub fn labels(&self) -> &[String] {
        &self.header().labels
    }

    /// Whether a text can have several of the labels.
    pub fn multi_label(&self) -> bool {
        self.header().kind == Kind::Multi
    }

    pub(super) fn header(&self) -> &Header {
        &self.layer.header
    }

    /// The task of a packaged head; `None` for a head that was taught.
    pub(super) fn task(&self) -> Option<&str> {
        self.header().task.as_deref()
    }

    pub(crate) fn is_embedding(&self) -> bool {
        self.header().kind == Kind::Embedding
    }

    /// What turns the logits into scores.
    pub(crate) fn activation(&self) -> Activation {
        if self.multi_label() { Activation::Sigmoid } else { Activation::Softmax }
    }

    pub(crate) fn temperature(&self) -> f32 {
        self.header().temperature
    }

    /// The decision threshold of each label.
    pub(crate) fn thresholds(&self) -> Option<&[f32]> {
        self.header().thresholds.as_deref()
    }

    /// A text whose logits have a greater energy has none of the labels.
    pub(crate) fn max_energy(&self) -> Option<f32> {
        self.header().max_energy
    }

    pub(crate) fn examples(&self) -> Option<&TaughtExamples> {
        self.examples.as_deref()
    }

    /// Applies the layer to the features of one text. Returns one value per row: the logits, or an embedding that is not
    /// normalised.
    pub(crate) fn apply(&self, features: &[f32]) -> Vec<f32> {
        let Layer { weights, biases, .. } = &*self.layer;
        linear_layer(features, weights, biases, self.header().features)
    }

    /// Checks that the head was made for this encoder. `name` is what the head is called in error messages.
    pub(super) fn check_encoder(&self, name: &str, encoder: &str, features: Option<usize>) -> Result<(), Error> {
        let Header { encoder: own, features: size, .. } = self.header();
        let reason = match features {
            _ if own != encoder => {
                format!("`encoder` is {own}, but the SHA-256 of model.onnx and tokenizer.json is {encoder}")
            }
            None => format!("model.onnx has no output `features` of the shape [batch, {size}]"),
            Some(features) if *size != features => format!("it reads {size} features, but model.onnx gives {features}"),
            Some(_) => return Ok(()),
        };
        let message = format!(
            "{name} does not belong to this model: {reason}. Load it with the model that it was made on, or teach it again on this one"
        );
        Err(Error::new(ErrorKind::HeadMismatch, message))
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use crate::inference::batch::Batch;
    use crate::inference::encoder::{Encoder, TractEncoder};
    use crate::load_options::Precision;
    use crate::model::files::{GRAPH, ModelFiles};
    use crate::text::tokens::Sequence;

    const FOLDER: &str = "models/english";
    const NAME: &str = "heads/sentiment.head";
    /// The greatest difference between a logit of the head and the graph's, whose classifier has 7-bit weights and 8-bit
    /// activations in this runtime. In onnxruntime both compute in f32; models/train/export.py compares them there.
    const MAX_LOGIT_ERROR: f32 = 0.02;

    #[test]
    fn the_packaged_head_gives_the_logits_of_the_graph() {
        let files = ModelFiles::from_dir(FOLDER).unwrap();
        let encoder = TractEncoder::read(&mut files.require(GRAPH).unwrap(), &files, Some(3), Precision::Auto).unwrap();
        let head = Head::from_bytes(files.get(NAME).unwrap()).unwrap();
        let rows: [&[u32]; 4] =
            [&[2, 248, 1377, 544, 18, 3], &[2, 5000, 3], &[2, 300, 15000, 42, 77, 501, 1234, 3], &[2, 442, 3]];
        let rows = rows.map(|ids| Sequence { ids: ids.to_vec(), type_ids: vec![0; ids.len()] });
        let outputs = encoder.encode(Batch::pad(&rows.each_ref(), 0)).unwrap();
        let differences = outputs.iter().flat_map(|output| {
            head.apply(&output.features).into_iter().zip(&output.logits).map(|(ours, graph)| (ours - graph).abs())
        });
        let worst = differences.fold(0.0, f32::max);
        println!("a logit differs by up to {worst}");
        assert!(worst <= MAX_LOGIT_ERROR, "a logit of the head is {worst} from the graph's");
    }
}
