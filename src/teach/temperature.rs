//! The temperature of a head (Guo et al. 2017, "On Calibration of Modern Neural Networks"), from held-out scores.

use super::logistic::Link;

/// The least and the greatest temperature. An optimum beyond them is an artefact of too few examples.
const RANGE: [f64; 2] = [0.05, 20.0];
/// Halvings of the range on a logarithmic scale: they find the temperature to 0.04 %.
const HALVINGS: usize = 14;

/// The temperature with the least negative log-likelihood, and that negative log-likelihood per example. `scores`: logits,
/// examples × `classes`.
///
/// The negative log-likelihood is convex in the inverse temperature, so its minimum is where the slope changes its sign.
pub(super) fn fit(scores: &[f32], classes: usize, labels: &[&[usize]], link: Link) -> (f64, f64) {
    let [mut least, mut most] = RANGE;
    for _ in 0..HALVINGS {
        let middle = (least * most).sqrt();
        match likelihood(1.0 / middle, scores, classes, labels, link) {
            (_, slope) if slope > 0.0 => least = middle,
            _ => most = middle,
        }
    }
    let temperature = (least * most).sqrt();
    (temperature, likelihood(1.0 / temperature, scores, classes, labels, link).0)
}

/// The negative log-likelihood per example at an inverse temperature, and its slope there.
fn likelihood(inverse: f64, scores: &[f32], classes: usize, labels: &[&[usize]], link: Link) -> (f64, f64) {
    let [mut loss, mut slope] = [0.0; 2];
    for (row, labels) in scores.chunks_exact(classes.max(1)).zip(labels) {
        let truth: f64 = labels.iter().map(|&label| f64::from(row[label])).sum();
        loss -= inverse * truth;
        slope -= truth;
        match link {
            Link::Softmax => {
                let max = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
                let [mut total, mut sum] = [0.0; 2];
                for &score in row {
                    let value = libm::exp(inverse * (f64::from(score) - max));
                    total += value;
                    sum += value * f64::from(score);
                }
                loss += libm::log(total) + inverse * max;
                slope += sum / total;
            }
            Link::Sigmoid => {
                for &score in row {
                    let s = inverse * f64::from(score);
                    let small = libm::exp(-s.abs());
                    let probability = if s < 0.0 { small } else { 1.0 } / (1.0 + small);
                    loss += s.max(0.0) + libm::log1p(small);
                    slope += probability * f64::from(score);
                }
            }
        }
    }
    let count = labels.len().max(1) as f64;
    (loss / count, slope / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of two labels whose first is right in three of four texts: the best probability is 3/4.
    fn overconfident(score: f32) -> (Vec<f32>, Vec<&'static [usize]>) {
        let labels: Vec<&[usize]> = vec![&[0], &[0], &[0], &[1]];
        ([score, 0.0].repeat(4), labels)
    }

    #[test]
    fn the_probability_becomes_the_accuracy() {
        for score in [0.3, 1.0, 5.0, 12.0] {
            let (scores, labels) = overconfident(score);
            let (temperature, loss) = fit(&scores, 2, &labels, Link::Softmax);
            let probability = 1.0 / (1.0 + (-f64::from(score) / temperature).exp());
            assert!((probability - 0.75).abs() < 1e-3, "{score}: {probability} at temperature {temperature}");
            assert!((loss + 0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln()).abs() < 1e-6, "{loss}");
        }
    }

    #[test]
    fn the_probability_of_a_sigmoid_becomes_the_frequency_of_its_label() {
        let labels: Vec<&[usize]> = vec![&[0], &[0], &[0], &[]];
        let (temperature, _) = fit(&[4.0; 4], 1, &labels, Link::Sigmoid);
        assert!((1.0 / (1.0 + (-4.0 / temperature).exp()) - 0.75).abs() < 1e-3);
    }

    #[test]
    fn scores_that_are_always_right_or_say_nothing_have_a_temperature_in_the_range() {
        let labels: Vec<&[usize]> = vec![&[0]; 3];
        let temperature = |scores: &[f32]| fit(&scores.repeat(3), 2, &labels, Link::Softmax).0;
        assert!((temperature(&[9.0, 0.0]) / RANGE[0] - 1.0).abs() < 1e-3);
        assert!((temperature(&[0.0, 9.0]) / RANGE[1] - 1.0).abs() < 1e-3);
        assert!((RANGE[0]..=RANGE[1]).contains(&temperature(&[0.0, 0.0])));
    }
}
