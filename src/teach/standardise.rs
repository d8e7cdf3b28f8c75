//! Standardises features to mean 0 and pooled variance 1, so that the penalties mean the same for every encoder.

/// The mean of each feature, and the pooled standard deviation of all.
///
/// With one scale, features that vary most between texts keep their influence; a scale per feature would make all equal.
#[derive(Debug)]
pub(super) struct Standardisation {
    mean: Vec<f64>,
    scale: f64,
}

impl Standardisation {
    /// Computes the mean and scale of features: row-major, rows of this width.
    pub(super) fn from_features(features: &[f32], width: usize) -> Self {
        let rows = || features.chunks_exact(width.max(1));
        let count = rows().len().max(1) as f64;
        let mut mean = vec![0.0; width];
        for row in rows() {
            mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        let differences = rows().flat_map(|row| row.iter().zip(&mean)).map(|(&x, mean)| f64::from(x) - mean);
        let squares: f64 = differences.map(|difference| difference * difference).sum();
        let variance = squares / (count * width.max(1) as f64);
        // If all texts have the same features, a scale of 0 would divide by zero.
        Self { mean, scale: if variance > 0.0 { variance.sqrt() } else { 1.0 } }
    }

    /// Standardises rows of features.
    pub(super) fn apply(&self, features: &mut [f32]) {
        for row in features.chunks_exact_mut(self.mean.len().max(1)) {
            row.iter_mut().zip(&self.mean).for_each(|(x, mean)| *x = ((f64::from(*x) - mean) / self.scale) as f32);
        }
    }

    /// Turns weights and biases for standardised features into weights and biases for raw features.
    pub(super) fn fold(&self, weights: &[f32], biases: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let rows = weights.chunks_exact(self.mean.len().max(1));
        let bias = |(row, &bias): (&[f32], &f32)| {
            let shift: f64 = row.iter().zip(&self.mean).map(|(&weight, mean)| f64::from(weight) * mean).sum();
            (f64::from(bias) - shift / self.scale) as f32
        };
        let biases = rows.zip(biases).map(bias).collect();
        (weights.iter().map(|&weight| (f64::from(weight) / self.scale) as f32).collect(), biases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_weights_give_the_scores_of_standardised_features() {
        let features = [3.0, 10.0, 5.0, 14.0, 4.0, 18.0];
        let standardisation = Standardisation::from_features(&features, 2);
        let mut standardised = features;
        standardisation.apply(&mut standardised);
        assert!(standardised.iter().step_by(2).sum::<f32>().abs() < 1e-6);
        assert!((standardised.iter().map(|x| x * x).sum::<f32>() / 6.0 - 1.0).abs() < 1e-6);
        let (weights, biases) = ([0.5, -2.0, 1.0, 0.25], [1.0, -1.0]);
        let (folded, folded_biases) = standardisation.fold(&weights, &biases);
        let score = |x: &[f32], w: &[f32], b: f32| x[0] * w[0] + x[1] * w[1] + b;
        for (raw, scaled) in features.chunks(2).zip(standardised.chunks(2)) {
            for label in 0..2 {
                let expected = score(scaled, &weights[2 * label..], biases[label]);
                assert!((score(raw, &folded[2 * label..], folded_biases[label]) - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn equal_texts_stay_finite() {
        let mut features = [2.0; 6];
        Standardisation::from_features(&features.clone(), 3).apply(&mut features);
        assert_eq!(features, [0.0; 6]);
    }
}
