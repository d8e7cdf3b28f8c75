//! Zero-shot classification: scores for labels of the caller's choice, by a model for natural language inference (Yin et al.
//! 2019, "Benchmarking Zero-shot Text Classification").

use crate::error::Error;
use crate::inference::calibration;
use crate::inference::encoder::Output;
use crate::model::Model;
use crate::options::{Activation, PLACEHOLDER, ZeroShot};

/// The options of a zero-shot classification, resolved for a model.
#[derive(Debug)]
pub(crate) struct ZeroShotPlan {
    pub labels: Vec<String>,
    /// One per label.
    pub hypotheses: Vec<String>,
    /// How the labels are decided: by a softmax over all, or each by itself.
    pub activation: Activation,
    /// The index of the entailment logit.
    entailment: usize,
    /// The index of the contradiction logit.
    contradiction: usize,
    temperature: f32,
}

impl ZeroShotPlan {
    /// Resolves the options.
    ///
    /// # Errors
    /// `ModelUnsupported` unless the model has at least two labels, one of which starts with "entail".
    pub(crate) fn new(options: &ZeroShot, model: &Model) -> Result<Self, Error> {
        let model_labels = &model.info.labels;
        let starting = |start: &str| model_labels.iter().position(|label| label.to_lowercase().starts_with(start));
        let Some(entailment) = starting("entail").filter(|_| model_labels.len() > 1) else {
            return Err(Error::unsupported(format!(
                "zero-shot classification needs a model for natural language inference with a label that starts with \
                 \"entail\"; this model has the labels {}",
                model_labels.join(", ")
            )));
        };
        // Models whose other label is "not_entailment" have only two.
        let other = if entailment == 0 { model_labels.len() - 1 } else { 0 };
        let alone = options.multi_label || options.labels.len() == 1;
        Ok(Self {
            hypotheses: options.labels.iter().map(|label| options.hypothesis.replace(PLACEHOLDER, label)).collect(),
            labels: options.labels.clone(),
            activation: if alone { Activation::Sigmoid } else { Activation::Softmax },
            entailment,
            contradiction: starting("contra").unwrap_or(other),
            temperature: model.temperature(),
        })
    }

    /// The scores of a window, from the outputs for each of its hypotheses, as Hugging Face's pipeline computes them: a
    /// softmax over the entailment logits of all labels, or for each label by itself a softmax over its contradiction and
    /// entailment logits.
    pub(crate) fn scores(&self, outputs: &[Output]) -> Result<Vec<f32>, Error> {
        let softmax = |logits: &[f32]| calibration::scores(logits, Activation::Softmax, self.temperature);
        if self.activation == Activation::Softmax {
            let entailments: Vec<f32> = outputs.iter().map(|output| output.logits[self.entailment]).collect();
            return softmax(&entailments);
        }
        let entailed =
            |Output { logits, .. }: &Output| Ok(softmax(&[logits[self.contradiction], logits[self.entailment]])?[1]);
        outputs.iter().map(entailed).collect()
    }
}
