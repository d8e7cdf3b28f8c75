//! Logits to probabilities.

use crate::error::Error;

/// How logits become probabilities: softmax where labels exclude each other, else a sigmoid each,
/// after division by a temperature fitted on held-out data (Guo et al. 2017, "On Calibration of
/// Modern Neural Networks").
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calibration {
    pub exclusive: bool,
    pub temperature: f32,
}

impl Calibration {
    /// One row of logits to as many probabilities, each in [0, 1].
    pub(crate) fn probabilities(&self, logits: &[f32]) -> Result<Vec<f32>, Error> {
        if let Some(bad) = logits.iter().find(|x| !x.is_finite()) {
            return Err(Error::malformed(format!("the model computed {bad} where a number was expected")));
        }
        let scaled = logits.iter().map(|x| x / self.temperature);
        if !self.exclusive {
            return Ok(scaled.map(|x| 1.0 / (1.0 + (-x).exp())).collect());
        }
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max) / self.temperature;
        let exps: Vec<f32> = scaled.map(|x| (x - max).exp()).collect();
        let sum: f32 = exps.iter().sum();
        Ok(exps.into_iter().map(|e| e / sum).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn softmax(temperature: f32) -> Calibration {
        Calibration { exclusive: true, temperature }
    }

    #[test]
    fn softmax_of_huge_logits_is_finite() {
        assert_eq!(softmax(1.0).probabilities(&[3e38, -3e38]).unwrap(), [1.0, 0.0]);
    }

    #[test]
    fn temperature_flattens_but_keeps_the_order() {
        let cold = softmax(1.0).probabilities(&[1.0, 3.0]).unwrap();
        let warm = softmax(2.0).probabilities(&[1.0, 3.0]).unwrap();
        assert!(cold[1] > warm[1] && warm[1] > 0.5);
        assert!((warm[1] - 1.0 / (1.0 + (-1.0f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn independent_labels_do_not_share_their_mass() {
        let sigmoid = Calibration { exclusive: false, temperature: 1.0 };
        assert_eq!(sigmoid.probabilities(&[0.0, 200.0, -200.0]).unwrap(), [0.5, 1.0, 0.0]);
    }

    #[test]
    fn a_logit_that_is_no_number_is_an_error() {
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(softmax(1.0).probabilities(&[bad, 0.0]).unwrap_err().kind(), ErrorKind::ModelMalformed);
        }
    }
}
