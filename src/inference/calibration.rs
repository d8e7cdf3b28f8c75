//! Logits to probabilities.

use crate::error::Error;

/// One row of logits to as many probabilities, each in [0, 1]: a softmax, or for a multi-label model a sigmoid each,
/// after division by a temperature fitted on held-out data (Guo et al. 2017, "On Calibration of Modern Neural
/// Networks").
///
/// # Errors
/// `ModelMalformed` where a logit is NaN or infinite.
pub(crate) fn probabilities(logits: &[f32], multi_label: bool, temperature: f32) -> Result<Vec<f32>, Error> {
    if let Some(bad) = logits.iter().find(|x| !x.is_finite()) {
        return Err(Error::malformed(format!("the model computed the logit {bad}: its weights are damaged")));
    }
    let scaled = logits.iter().map(|x| x / temperature);
    if multi_label {
        return Ok(scaled.map(|x| 1.0 / (1.0 + (-x).exp())).collect());
    }
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max) / temperature;
    let exps: Vec<f32> = scaled.map(|x| (x - max).exp()).collect();
    let sum: f32 = exps.iter().sum();
    Ok(exps.into_iter().map(|e| e / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn softmax(logits: &[f32], temperature: f32) -> Result<Vec<f32>, Error> {
        probabilities(logits, false, temperature)
    }

    #[test]
    fn softmax_of_huge_logits_is_finite() {
        assert_eq!(softmax(&[3e38, -3e38], 1.0).unwrap(), [1.0, 0.0]);
    }

    #[test]
    fn temperature_flattens_but_keeps_the_order() {
        let cold = softmax(&[1.0, 3.0], 1.0).unwrap();
        let warm = softmax(&[1.0, 3.0], 2.0).unwrap();
        assert!(cold[1] > warm[1] && warm[1] > 0.5);
        assert!((warm[1] - 1.0 / (1.0 + (-1.0f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn multi_label_probabilities_do_not_sum_to_one() {
        assert_eq!(probabilities(&[0.0, 200.0, -200.0], true, 1.0).unwrap(), [0.5, 1.0, 0.0]);
    }

    #[test]
    fn a_logit_that_is_not_finite_is_an_error() {
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(softmax(&[bad, 0.0], 1.0).unwrap_err().kind(), ErrorKind::ModelMalformed);
        }
    }
}
