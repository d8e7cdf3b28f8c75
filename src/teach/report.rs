//! What cross-validation says about a taught head.

use super::fit::HeldOut;

/// An example that its label may not fit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OddExample {
    /// Its index among the examples.
    pub index: usize,
    /// The label that a classifier without this example predicts.
    pub predicted: usize,
    /// The probability of that label.
    pub probability: f64,
}

/// How well a head predicts examples that it was not taught.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    /// Rows: the given label; columns: the predicted one. By [`HeldOut`] examples of one label each.
    pub confusion: Vec<Vec<u32>>,
    /// Most certain first.
    pub odd: Vec<OddExample>,
}

impl Report {
    /// `labels`: of every example, by its index. `temperature` turns scores into probabilities.
    pub(super) fn of(held_out: &HeldOut, labels: &[usize], classes: usize, temperature: f64) -> Self {
        let rows = held_out.scores.chunks_exact(classes.max(1));
        let predictions: Vec<(usize, Vec<f64>)> =
            held_out.examples.iter().copied().zip(rows.map(|row| probabilities(row, temperature))).collect();
        let mut confusion = vec![vec![0; classes]; classes];
        for (example, probabilities) in &predictions {
            confusion[labels[*example]][highest(probabilities)] += 1;
        }
        let confidence = self_confidence(&predictions, labels, classes);
        let mut odd: Vec<OddExample> = predictions
            .iter()
            .filter_map(|(index, probabilities)| {
                let predicted = highest(probabilities);
                let probability = probabilities[predicted];
                let is_odd = predicted != labels[*index] && probability >= confidence[predicted];
                is_odd.then_some(OddExample { index: *index, predicted, probability })
            })
            .collect();
        odd.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.index.cmp(&b.index)));
        Self { confusion, odd }
    }

    /// The fraction of held-out examples whose label is predicted; `None` where there are none.
    pub(super) fn accuracy(&self) -> Option<f64> {
        let all: u32 = self.confusion.iter().flatten().sum();
        let right: u32 = self.confusion.iter().enumerate().map(|(label, row)| row[label]).sum();
        (all > 0).then(|| f64::from(right) / f64::from(all))
    }
}

/// By label: the mean probability that its own examples have. A prediction that is at least as certain contradicts the
/// given label (Northcutt, Jiang and Chuang 2021, "Confident Learning").
fn self_confidence(predictions: &[(usize, Vec<f64>)], labels: &[usize], classes: usize) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; classes], vec![0usize; classes]);
    for (example, probabilities) in predictions {
        sums[labels[*example]] += probabilities[labels[*example]];
        counts[labels[*example]] += 1;
    }
    // No prediction contradicts for the sake of a label that has no held-out examples.
    sums.iter().zip(counts).map(|(sum, count)| if count > 0 { sum / count as f64 } else { f64::INFINITY }).collect()
}

fn probabilities(scores: &[f32], temperature: f64) -> Vec<f64> {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let values: Vec<f64> =
        scores.iter().map(|&score| libm::exp((f64::from(score) - f64::from(max)) / temperature)).collect();
    let sum: f64 = values.iter().sum();
    values.into_iter().map(|value| value / sum).collect()
}

/// The index of the highest value; of equal ones the first.
fn highest(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mislabelled_example_is_odd() {
        // Ten texts of each label are predicted well, one of label 0 looks like label 1.
        let labels: Vec<usize> = [vec![0; 11], vec![1; 10]].concat();
        let mut scores: Vec<f32> = labels.iter().flat_map(|&label| if label == 0 { [2.0, 0.0] } else { [0.0, 2.0] }).collect();
        scores[6..8].copy_from_slice(&[0.0, 4.0]);
        let held_out = HeldOut { examples: (0..21).collect(), scores };
        let report = Report::of(&held_out, &labels, 2, 1.0);
        assert_eq!(report.confusion, [[10, 1], [0, 10]]);
        assert_eq!(report.accuracy(), Some(20.0 / 21.0));
        assert_eq!(report.odd.iter().map(|odd| (odd.index, odd.predicted)).collect::<Vec<_>>(), [(3, 1)]);
    }

    #[test]
    fn a_hesitant_mistake_is_not_odd() {
        let labels = [0, 0, 1, 1];
        let scores = vec![3.0, 0.0, 0.0, 0.1, 0.0, 3.0, 0.0, 3.0];
        let report = Report::of(&HeldOut { examples: vec![0, 1, 2, 3], scores }, &labels, 2, 1.0);
        assert_eq!(report.confusion, [[1, 1], [0, 2]]);
        assert!(report.odd.is_empty());
    }

    #[test]
    fn nothing_held_out_says_nothing() {
        assert_eq!(Report::of(&HeldOut::default(), &[0, 1], 2, 1.0).accuracy(), None);
    }
}
