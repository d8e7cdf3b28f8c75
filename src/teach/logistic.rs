//! Logistic regression with an L2 penalty: the loss of a linear layer, and its gradient.

use super::lbfgs::{Objective, dot};
use crate::kernels::dense::{add_transposed_product, linear_layer};
use crate::kernels::math::exp_in_place;
use crate::options::Activation;

/// The link function: how logits become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Each example has one label: a softmax over the labels (multinomial regression).
    Softmax,
    /// An example has any number of labels: a sigmoid for each label.
    Sigmoid,
}

impl Link {
    /// What turns the logits into probabilities in a prediction.
    pub(super) fn activation(self) -> Activation {
        match self {
            Self::Softmax => Activation::Softmax,
            Self::Sigmoid => Activation::Sigmoid,
        }
    }
}

/// Feature vectors with labels.
#[derive(Debug, Clone, Default)]
pub(super) struct LabelledFeatures {
    /// Row-major, one row per example.
    pub features: Vec<f32>,
    /// Width of a row.
    pub width: usize,
    /// The labels of each example, as indices; one where the link is softmax.
    pub labels: Vec<Vec<usize>>,
    /// The weight of each example in the loss.
    pub weights: Vec<f32>,
}

impl LabelledFeatures {
    /// Examples with one label each, weighted so that a label with many examples does not outvote the others.
    pub(super) fn balanced(features: Vec<f32>, width: usize, labels: Vec<Vec<usize>>, classes: usize) -> Self {
        let mut counts = vec![0usize; classes];
        labels.iter().flatten().for_each(|&label| counts[label] += 1);
        let mean = labels.len() as f64 / classes.max(1) as f64;
        // The square root is half-way between equal weights of examples and equal weights of labels.
        let weight =
            |labels: &Vec<usize>| labels.first().map_or(1.0, |&label| (mean / counts[label] as f64).sqrt() as f32);
        Self { weights: labels.iter().map(weight).collect(), features, width, labels }
    }

    /// Examples that all have the weight 1.
    pub(super) fn equal(features: Vec<f32>, width: usize, labels: Vec<Vec<usize>>) -> Self {
        Self { weights: vec![1.0; labels.len()], features, width, labels }
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The examples of these indices.
    pub(super) fn select(&self, indices: &[usize]) -> Self {
        let row = |&i: &usize| &self.features[i * self.width..][..self.width];
        Self {
            features: indices.iter().flat_map(row).copied().collect(),
            width: self.width,
            labels: indices.iter().map(|&i| self.labels[i].clone()).collect(),
            weights: indices.iter().map(|&i| self.weights[i]).collect(),
        }
    }
}

/// The number of parameters of a linear layer: weights, `classes` × `width`, then `classes` biases.
pub(super) fn parameter_count(classes: usize, width: usize) -> usize {
    classes * (width + 1)
}

/// The logits of rows of features, rows × `classes`.
pub(super) fn logits(parameters: &[f32], features: &[f32], width: usize, classes: usize) -> Vec<f32> {
    let (weights, biases) = parameters.split_at(classes * width);
    linear_layer(features, weights, biases, width)
}

/// The negative log-likelihood of the examples plus half the penalty times the squared weights. Biases have no penalty.
pub(super) struct LogisticLoss<'a> {
    pub examples: &'a LabelledFeatures,
    pub classes: usize,
    pub link: Link,
    pub penalty: f64,
}

impl Objective for LogisticLoss<'_> {
    fn evaluate(&mut self, parameters: &[f32], gradient: &mut [f32]) -> f64 {
        let LabelledFeatures { features, width, labels, weights } = self.examples;
        // The loop below replaces the logits by the derivatives of the loss with respect to them.
        let mut rows = logits(parameters, features, *width, self.classes);
        let mut loss = 0.0;
        for ((row, labels), &weight) in rows.chunks_exact_mut(self.classes.max(1)).zip(labels).zip(weights) {
            loss += f64::from(weight) * loss_of_row(row, labels, self.link);
            row.iter_mut().for_each(|derivative| *derivative *= weight);
        }
        let (weight_gradient, bias_gradient) = gradient.split_at_mut(self.classes * width);
        let penalised = &parameters[..weight_gradient.len()];
        for (to, &parameter) in weight_gradient.iter_mut().zip(penalised) {
            *to = self.penalty as f32 * parameter;
        }
        add_transposed_product(&rows, self.classes, features, *width, weight_gradient);
        bias_gradient.fill(0.0);
        for row in rows.chunks_exact(self.classes.max(1)) {
            bias_gradient.iter_mut().zip(row).for_each(|(sum, derivative)| *sum += derivative);
        }
        loss + self.penalty / 2.0 * dot(penalised, penalised)
    }
}

/// The loss of one example. Replaces its logits by the derivatives of the loss.
fn loss_of_row(row: &mut [f32], labels: &[usize], link: Link) -> f64 {
    match link {
        Link::Softmax => {
            let truth: f64 = labels.iter().map(|&label| f64::from(row[label])).sum();
            let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut().for_each(|logit| *logit -= max);
            exp_in_place(row);
            let sum: f64 = row.iter().map(|&value| f64::from(value)).sum();
            let factor = (1.0 / sum) as f32;
            row.iter_mut().for_each(|value| *value *= factor);
            labels.iter().for_each(|&label| row[label] -= 1.0);
            libm::log(sum) + f64::from(max) - truth
        }
        Link::Sigmoid => {
            let truth: f64 = labels.iter().map(|&label| f64::from(row[label])).sum();
            let mut loss = -truth;
            for logit in row.iter_mut() {
                // ln(1 + e^s) = max(s, 0) + ln(1 + e^−|s|)
                let s = f64::from(*logit);
                let small = libm::exp(-s.abs());
                loss += s.max(0.0) + libm::log1p(small);
                *logit = (if s < 0.0 { small } else { 1.0 } / (1.0 + small)) as f32;
            }
            labels.iter().for_each(|&label| row[label] -= 1.0);
            loss
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    fn examples(link: Link, classes: usize) -> LabelledFeatures {
        let (count, width) = (13, 6);
        let mut random = SplitMix64::new(7);
        let labels = (0..count).map(|i| match link {
            Link::Softmax => vec![i % classes],
            Link::Sigmoid => (0..classes).filter(|label| (i + label) % 3 == 0).collect(),
        });
        LabelledFeatures {
            features: (0..count * width).map(|_| random.below(2000) as f32 / 1000.0 - 1.0).collect(),
            width,
            labels: labels.collect(),
            weights: (0..count).map(|i| 0.5 + (i % 3) as f32).collect(),
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        for link in [Link::Softmax, Link::Sigmoid] {
            let classes = 5;
            let examples = examples(link, classes);
            let mut loss = LogisticLoss { examples: &examples, classes, link, penalty: 0.7 };
            let mut random = SplitMix64::new(8);
            let x: Vec<f32> = (0..parameter_count(classes, examples.width))
                .map(|_| random.below(2000) as f32 / 1000.0 - 1.0)
                .collect();
            let mut gradient = vec![0.0; x.len()];
            let mut unused = gradient.clone();
            loss.evaluate(&x, &mut gradient);
            for i in 0..x.len() {
                let h = 1e-2;
                let [mut above, mut below] = [x.clone(), x.clone()];
                above[i] += h;
                below[i] -= h;
                let slope = (loss.evaluate(&above, &mut unused) - loss.evaluate(&below, &mut unused)) / 2e-2;
                assert!((slope - f64::from(gradient[i])).abs() < 2e-3, "{link:?} {i}: {slope} and {}", gradient[i]);
            }
        }
    }

    #[test]
    fn a_label_with_four_times_the_examples_has_twice_the_weight() {
        let labels = vec![vec![0], vec![0], vec![0], vec![0], vec![1]];
        let weights = LabelledFeatures::balanced(vec![0.0; 5], 1, labels, 2).weights;
        assert_eq!(weights[0] * 2.0, weights[4]);
    }

    #[test]
    fn logits_of_any_size_have_a_finite_loss() {
        for link in [Link::Softmax, Link::Sigmoid] {
            let mut row = [1e30, -1e30, 0.0];
            assert!(loss_of_row(&mut row, &[1], link).is_finite());
            assert!(row.iter().all(|derivative| (-1.0..=1.0).contains(derivative)));
        }
    }
}
