//! The temperature of a head (Guo et al. 2017, "On Calibration of Modern Neural Networks"), from held-out logits.

use super::logistic::Link;

/// The least and the greatest temperature. An optimum beyond them is an artefact of too few examples.
const RANGE: [f64; 2] = [0.05, 20.0];
/// Halvings of the range on a logarithmic scale: they find the temperature to 0.04 %.
const HALVINGS: usize = 14;

/// The temperature with the least cross-entropy, and that cross-entropy per example. `logits`: examples × `classes`.
///
/// The label of an example has the probability (n + 1) / (n + 2) for n examples, by Laplace's rule of succession. If it were
/// 1, a few examples that are all predicted right would make every later prediction certain.
///
/// The cross-entropy is convex in the inverse temperature, so its minimum is where the slope changes its sign.
pub(super) fn fit(logits: &[f32], classes: usize, labels: &[&[usize]], link: Link) -> (f64, f64) {
    let [mut least, mut most] = RANGE;
    for _ in 0..HALVINGS {
        let middle = (least * most).sqrt();
        match cross_entropy(1.0 / middle, logits, classes, labels, link) {
            (_, slope) if slope > 0.0 => least = middle,
            _ => most = middle,
        }
    }
    let temperature = (least * most).sqrt();
    (temperature, cross_entropy(1.0 / temperature, logits, classes, labels, link).0)
}

/// The cross-entropy per example at an inverse temperature β, and its slope there.
///
/// For an example with logits z and target probabilities t it is ln Σ exp(β z) − β Σ t z with a softmax, and
/// Σ ln(1 + exp(β z)) − β Σ t z with sigmoids. The slopes are Σ p z − Σ t z, where p are the predicted probabilities.
fn cross_entropy(inverse: f64, logits: &[f32], classes: usize, labels: &[&[usize]], link: Link) -> (f64, f64) {
    // One minus the target probability of a label that an example has.
    let doubt = 1.0 / (labels.len() as f64 + 2.0);
    // The target probability of a label that an example does not have.
    let other = match link {
        Link::Softmax => doubt / classes.saturating_sub(1).max(1) as f64,
        Link::Sigmoid => doubt,
    };
    let [mut loss, mut slope] = [0.0; 2];
    for (row, labels) in logits.chunks_exact(classes.max(1)).zip(labels) {
        let all: f64 = row.iter().map(|&logit| f64::from(logit)).sum();
        let own: f64 = labels.iter().map(|&label| f64::from(row[label])).sum();
        let target = (1.0 - doubt) * own + other * (all - own);
        loss -= inverse * target;
        slope -= target;
        match link {
            Link::Softmax => {
                let max = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
                let [mut total, mut sum] = [0.0; 2];
                for &logit in row {
                    let value = libm::exp(inverse * (f64::from(logit) - max));
                    total += value;
                    sum += value * f64::from(logit);
                }
                loss += libm::log(total) + inverse * max;
                slope += sum / total;
            }
            Link::Sigmoid => {
                for &logit in row {
                    let s = inverse * f64::from(logit);
                    let small = libm::exp(-s.abs());
                    let probability = if s < 0.0 { small } else { 1.0 } / (1.0 + small);
                    loss += s.max(0.0) + libm::log1p(small);
                    slope += probability * f64::from(logit);
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

    const TEXTS: usize = 400;
    /// The rule of succession for three right predictions of four.
    const BEST: f64 = (0.75 * (TEXTS + 1) as f64 + 0.25) / (TEXTS + 2) as f64;

    /// Scores of two labels whose first is right in three of four texts.
    fn overconfident(score: f32) -> (Vec<f32>, Vec<&'static [usize]>) {
        let labels: [&[usize]; 4] = [&[0], &[0], &[0], &[1]];
        ([score, 0.0].repeat(TEXTS), labels.repeat(TEXTS / 4))
    }

    #[test]
    fn the_probability_becomes_the_accuracy() {
        for score in [0.3, 1.0, 5.0, 12.0] {
            let (logits, labels) = overconfident(score);
            let (temperature, loss) = fit(&logits, 2, &labels, Link::Softmax);
            let probability = 1.0 / (1.0 + (-f64::from(score) / temperature).exp());
            assert!((probability - BEST).abs() < 1e-3, "{score}: {probability} at temperature {temperature}");
            assert!((loss + BEST * BEST.ln() + (1.0 - BEST) * (1.0 - BEST).ln()).abs() < 1e-6, "{loss}");
        }
    }

    #[test]
    fn the_probability_of_a_sigmoid_becomes_the_frequency_of_its_label() {
        let labels: [&[usize]; 4] = [&[0], &[0], &[0], &[]];
        let (temperature, _) = fit(&[4.0; TEXTS], 1, &labels.repeat(TEXTS / 4), Link::Sigmoid);
        assert!((1.0 / (1.0 + (-4.0 / temperature).exp()) - BEST).abs() < 1e-3);
    }

    #[test]
    fn examples_that_are_all_right_make_no_prediction_certain() {
        for count in [3, 10, 100] {
            for (link, row) in [(Link::Softmax, &[9.0, 0.0, 0.0][..]), (Link::Sigmoid, &[6.0, -6.0, -6.0])] {
                let (temperature, _) = fit(&row.repeat(count), 3, &vec![&[0][..]; count], link);
                let value = |score: f32| (f64::from(score) / temperature).exp();
                let probability = match link {
                    Link::Softmax => value(row[0]) / row.iter().map(|&score| value(score)).sum::<f64>(),
                    Link::Sigmoid => value(row[0]) / (1.0 + value(row[0])),
                };
                let expected = (count + 1) as f64 / (count + 2) as f64;
                assert!((probability - expected).abs() < 1e-3, "{count} {link:?}: {probability}, not {expected}");
            }
        }
    }

    #[test]
    fn scores_that_are_always_wrong_or_say_nothing_have_a_temperature_in_the_range() {
        let labels: Vec<&[usize]> = vec![&[0]; 3];
        let temperature = |logits: &[f32]| fit(&logits.repeat(3), 2, &labels, Link::Softmax).0;
        assert!((temperature(&[0.0, 9.0]) / RANGE[1] - 1.0).abs() < 1e-3);
        assert!((RANGE[0]..=RANGE[1]).contains(&temperature(&[0.0, 0.0])));
        assert!((RANGE[0]..=RANGE[1]).contains(&temperature(&[0.001, 0.0])));
    }
}
