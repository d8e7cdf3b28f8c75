//! The temperature of a head (Guo et al. 2017, "On Calibration of Modern Neural Networks"), from held-out scores.

use super::logistic::Link;

/// Where the best temperature lies beyond these, few examples say so.
const RANGE: [f64; 2] = [0.05, 20.0];
const MAX_STEPS: usize = 50;
/// The search ends where a step changes the inverse temperature by less than this fraction.
const PRECISION: f64 = 1e-4;

/// The loss of held-out scores at an inverse temperature, with its first two derivatives, all per example.
#[derive(Debug, Clone, Copy, Default)]
struct Curve {
    loss: f64,
    slope: f64,
    curvature: f64,
}

/// The temperature by which the scores must be divided for the least negative log-likelihood, and that likelihood per
/// example. `scores` has `classes` values for each example.
///
/// The loss is convex in the inverse temperature; Newton's method finds its minimum.
pub(super) fn fit(scores: &[f32], classes: usize, labels: &[&[usize]], link: Link) -> (f64, f64) {
    let [least, most] = [1.0 / RANGE[1], 1.0 / RANGE[0]];
    let mut inverse = 1.0;
    let mut curve = curve_at(inverse, scores, classes, labels, link);
    for _ in 0..MAX_STEPS {
        let target = if curve.curvature > 0.0 { inverse - curve.slope / curve.curvature } else { inverse };
        // Far from the minimum a step of Newton's method can be too long.
        let next = target.clamp(inverse / 2.0, inverse * 2.0).clamp(least, most);
        let done = (next / inverse - 1.0).abs() < PRECISION;
        inverse = next;
        curve = curve_at(inverse, scores, classes, labels, link);
        if done {
            break;
        }
    }
    (1.0 / inverse, curve.loss)
}

fn curve_at(inverse: f64, scores: &[f32], classes: usize, labels: &[&[usize]], link: Link) -> Curve {
    let mut sum = Curve::default();
    for (row, labels) in scores.chunks_exact(classes.max(1)).zip(labels) {
        let truth: f64 = labels.iter().map(|&label| f64::from(row[label])).sum();
        sum.loss -= inverse * truth;
        sum.slope -= truth;
        match link {
            Link::Softmax => {
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let [mut total, mut first, mut second] = [0.0; 3];
                for &score in row {
                    // Relative to the maximum, so that squares of large scores do not swallow their differences.
                    let difference = f64::from(score) - f64::from(max);
                    let value = libm::exp(inverse * difference);
                    total += value;
                    first += value * difference;
                    second += value * difference * difference;
                }
                let mean = first / total;
                sum.loss += libm::log(total) + inverse * f64::from(max);
                sum.slope += mean + f64::from(max);
                sum.curvature += second / total - mean * mean;
            }
            Link::Sigmoid => {
                for &score in row {
                    let s = inverse * f64::from(score);
                    let small = libm::exp(-s.abs());
                    let probability = if s < 0.0 { small } else { 1.0 } / (1.0 + small);
                    sum.loss += s.max(0.0) + libm::log1p(small);
                    sum.slope += probability * f64::from(score);
                    sum.curvature += probability * (1.0 - probability) * f64::from(score).powi(2);
                }
            }
        }
    }
    let count = labels.len().max(1) as f64;
    Curve { loss: sum.loss / count, slope: sum.slope / count, curvature: sum.curvature / count }
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
            assert!((loss + 0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln()).abs() < 1e-6);
        }
    }

    #[test]
    fn labels_that_stand_alone() {
        let labels: Vec<&[usize]> = vec![&[0], &[0], &[0], &[]];
        let (temperature, _) = fit(&[4.0; 4], 1, &labels, Link::Sigmoid);
        assert!((1.0 / (1.0 + (-4.0 / temperature).exp()) - 0.75).abs() < 1e-3);
    }

    #[test]
    fn scores_that_are_always_right_or_say_nothing_have_a_temperature_in_the_range() {
        let labels: Vec<&[usize]> = vec![&[0]; 3];
        assert_eq!(fit(&[9.0, 0.0].repeat(3), 2, &labels, Link::Softmax).0, RANGE[0]);
        assert!((RANGE[0]..=RANGE[1]).contains(&fit(&[0.0; 6], 2, &labels, Link::Softmax).0));
        assert!((fit(&[0.0, 9.0].repeat(3), 2, &labels, Link::Softmax).0 - RANGE[1]).abs() < 1e-9);
    }
}
