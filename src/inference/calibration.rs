//! Turns logits into scores, and into their energy.

use crate::error::Error;
use crate::options::Activation;

/// Turns a row of logits into one score per label. Softmax and sigmoid give probabilities in [0, 1], after division by a
/// temperature fitted on held-out data (Guo et al. 2017, "On Calibration of Modern Neural Networks"). Without an
/// activation the scores are the logits.
///
/// # Errors
/// `ModelMalformed` where a logit is NaN or infinite.
pub(crate) fn scores(logits: &[f32], activation: Activation, temperature: f32) -> Result<Vec<f32>, Error> {
    if let Some(bad) = logits.iter().find(|x| !x.is_finite()) {
        return Err(Error::malformed(format!(
            "the model computed the logit {bad}: its weights are damaged: download or export the model again"
        )));
    }
    let scaled = logits.iter().map(|x| x / temperature);
    match activation {
        Activation::None => return Ok(logits.to_vec()),
        Activation::Sigmoid => return Ok(scaled.map(|x| 1.0 / (1.0 + libm::expf(-x))).collect()),
        Activation::Softmax => {}
    }
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scaled_max = max / temperature;
    let exps: Vec<f32> = match scaled_max.is_finite() {
        // Divides before it subtracts: the other order would change the last bits of the packaged models' scores.
        true => scaled.map(|x| libm::expf(x - scaled_max)).collect(),
        // Infinity minus infinity would be NaN.
        false => logits.iter().map(|x| libm::expf((x - max) / temperature)).collect(),
    };
    let sum: f32 = exps.iter().sum();
    Ok(exps.into_iter().map(|e| e / sum).collect())
}

/// The energy of logits (Liu et al. 2020, "Energy-based Out-of-distribution Detection"): −ln Σ eˣ, high for texts that
/// resemble no label's examples.
pub(crate) fn energy(logits: &[f32]) -> f32 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    -(max + libm::logf(logits.iter().map(|x| libm::expf(x - max)).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn softmax(logits: &[f32], temperature: f32) -> Result<Vec<f32>, Error> {
        scores(logits, Activation::Softmax, temperature)
    }

    #[test]
    fn softmax_of_huge_logits_is_finite() {
        assert_eq!(softmax(&[3e38, -3e38], 1.0).unwrap(), [1.0, 0.0]);
    }

    #[test]
    fn softmax_at_a_tiny_temperature_is_finite() {
        assert_eq!(softmax(&[1.0, 2.0], 1e-44).unwrap(), [0.0, 1.0]);
        assert_eq!(softmax(&[-1.0, -1.0], 1e-44).unwrap(), [0.5, 0.5]);
    }

    #[test]
    fn temperature_flattens_but_keeps_the_order() {
        let cold = softmax(&[1.0, 3.0], 1.0).unwrap();
        let warm = softmax(&[1.0, 3.0], 2.0).unwrap();
        assert!(cold[1] > warm[1] && warm[1] > 0.5);
        assert!((warm[1] - 1.0 / (1.0 + (-1.0f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn a_sigmoid_scores_each_label_by_itself() {
        assert_eq!(scores(&[0.0, 200.0, -200.0], Activation::Sigmoid, 1.0).unwrap(), [0.5, 1.0, 0.0]);
    }

    #[test]
    fn without_an_activation_the_scores_are_the_logits() {
        assert_eq!(scores(&[-3.5, 70.0], Activation::None, 2.0).unwrap(), [-3.5, 70.0]);
    }

    #[test]
    fn a_logit_that_is_not_finite_is_an_error() {
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(softmax(&[bad, 0.0], 1.0).unwrap_err().kind(), ErrorKind::ModelMalformed);
        }
    }
}
