//! Thresholds of labels, and the energy above which a text is rejected: both are chosen by held-out examples.

use crate::inference::calibration::{self, energy};
use crate::options::Activation;

/// The fraction of held-out examples that the maximum energy rejects. The final head rejects fewer texts with a label,
/// because it is taught with all examples. With 8 examples per label of BANKING77, HWU64 and CLINC150 it rejects 5 to 6 % of
/// new texts with a label, and 90, 52 and 77 % of texts without one (taken from HWU64, from BANKING77, and CLINC150's own).
/// With 0.2, an earlier model rejected 12 to 19 % of texts with a label, and 93, 87 and 91 % of those without.
const REJECTED: f64 = 0.1;
/// The threshold of labels with fewer held-out examples than [`MIN_EXAMPLES`].
const DEFAULT_THRESHOLD: f32 = 0.5;
/// The least number of held-out examples of a label from which its threshold is chosen.
const MIN_EXAMPLES: usize = 4;

/// The energy that only the fraction [`REJECTED`] of the held-out examples exceeds; `None` without held-out examples.
/// `logits`: examples × `classes`.
pub(super) fn max_energy(logits: &[f32], classes: usize) -> Option<f32> {
    let mut energies: Vec<f32> = logits.chunks_exact(classes.max(1)).map(energy).collect();
    energies.sort_unstable_by(f32::total_cmp);
    let kept = (energies.len() as f64 * (1.0 - REJECTED)).ceil() as usize;
    energies.get(kept.checked_sub(1)?).copied()
}

/// For labels of which a text can have several: the threshold of each label with the best F1 on held-out examples. `logits`:
/// examples × `classes`. `labels`: those of each example.
pub(super) fn choose_thresholds(logits: &[f32], classes: usize, labels: &[&[usize]], temperature: f64) -> Vec<f32> {
    // As a prediction computes them, because the thresholds apply to its scores.
    let probabilities = calibration::scores(logits, Activation::Sigmoid, temperature as f32).unwrap_or_default();
    let threshold = |label: usize| {
        let mut scored: Vec<(f32, bool)> = probabilities
            .chunks_exact(classes.max(1))
            .zip(labels)
            .map(|(row, labels)| (row[label], labels.contains(&label)))
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        best_threshold(&scored)
    };
    (0..classes).map(threshold).collect()
}

/// The threshold with the best F1: half-way between the two scores that it separates. `scored`: for each text its score and
/// whether it has the label, the highest score first.
fn best_threshold(scored: &[(f32, bool)]) -> f32 {
    let positives = scored.iter().filter(|(_, has)| *has).count();
    if positives < MIN_EXAMPLES {
        return DEFAULT_THRESHOLD;
    }
    let (mut correct, mut best) = (0usize, (0.0, DEFAULT_THRESHOLD));
    for (i, &(score, has)) in scored.iter().enumerate() {
        correct += usize::from(has);
        let next = scored.get(i + 1).map_or(0.0, |next| next.0);
        if next == score {
            continue;
        }
        let f1 = 2.0 * correct as f64 / (i + 1 + positives) as f64;
        if f1 > best.0 {
            best = (f1, (score + next) / 2.0);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_separates_the_texts_of_a_label() {
        let scored = [(0.9, true), (0.8, true), (0.4, true), (0.3, true), (0.1, false), (0.05, false)];
        assert_eq!(best_threshold(&scored), 0.2);
        assert_eq!(best_threshold(&scored[1..]), DEFAULT_THRESHOLD, "three examples say little");
        let equal = [(0.5, true), (0.5, false), (0.5, true), (0.5, true), (0.5, true)];
        assert_eq!(best_threshold(&equal), 0.25, "equal scores are not separated");
    }

    #[test]
    fn one_in_ten_held_out_examples_has_more_than_the_maximum_energy() {
        let logits: Vec<f32> = (0..40).flat_map(|i| [i as f32, -100.0]).collect();
        let max = max_energy(&logits, 2).unwrap();
        assert_eq!(logits.chunks(2).filter(|row| energy(row) > max).count(), 4);
        assert_eq!(max_energy(&[], 2), None);
    }
}
