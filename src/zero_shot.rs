//! Zero-shot classification: scores for labels of the caller's choice, by a model for natural language inference (Yin et al.
//! 2019, "Benchmarking Zero-shot Text Classification").

use crate::error::Error;
use crate::inference::calibration;
use crate::options::{Activation, PLACEHOLDER, ZeroShot};

/// The options of a zero-shot classification, resolved for a model.
#[derive(Debug)]
pub(crate) struct ZeroShotPlan {
    pub labels: Vec<String>,
    /// One per label.
    pub hypotheses: Vec<String>,
    /// How the labels are decided: by a softmax over all, or each by itself.
    pub activation: Activation,
    /// The indices of the model's own labels.
    entailment: usize,
    contradiction: usize,
}

impl ZeroShotPlan {
    /// `model_labels` are those of the model, of which one must be "entailment".
    pub(crate) fn new(options: &ZeroShot, model_labels: &[String]) -> Result<Self, Error> {
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
        })
    }

    /// The scores of a text, from the logits of each of its hypotheses, as Hugging Face's pipeline computes them: a
    /// softmax of all entailments, or for each label one of its contradiction and its entailment.
    pub(crate) fn scores(&self, logits: &[Vec<f32>], temperature: f32) -> Result<Vec<f32>, Error> {
        let softmax = |logits: &[f32]| calibration::scores(logits, Activation::Softmax, temperature);
        if self.activation == Activation::Softmax {
            let entailments: Vec<f32> = logits.iter().map(|logits| logits[self.entailment]).collect();
            return softmax(&entailments);
        }
        let entailed = |logits: &Vec<f32>| Ok(softmax(&[logits[self.contradiction], logits[self.entailment]])?[1]);
        logits.iter().map(entailed).collect()
    }
}
