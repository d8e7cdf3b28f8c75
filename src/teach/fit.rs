//! Fits a head to feature vectors, step by step. Cross-validation chooses the penalty and gives the held-out logits, which
//! the temperature and the report need. The final fit to all examples gives the weights.

use super::folds::divide_into_folds;
use super::lbfgs::Lbfgs;
use super::logistic::{LabelledFeatures, Link, LogisticLoss, logits, parameter_count};
use super::temperature;

/// The L2 penalties that are tried, for features of unit variance. The largest comes first: each fit starts where the fit
/// with the penalty before ended.
const PENALTIES: [f64; 4] = [10.0, 3.0, 1.0, 0.3];
/// The penalty where no label has two examples, so that none can be held out.
const DEFAULT_PENALTY: f64 = 1.0;
/// A fit ends when the norm of the gradient is this fraction of the norm at zero weights.
const TOLERANCE: f64 = 1e-3;
/// Iterations after which a fit ends in any case.
const MAX_ITERATIONS: usize = 100;

/// Logits of held-out examples, by classifiers that were fitted without them.
#[derive(Debug, Clone, Default)]
pub(super) struct HeldOut {
    /// The examples, as indices.
    pub examples: Vec<usize>,
    /// Row-major, examples × classes.
    pub logits: Vec<f32>,
}

/// A fitted linear layer.
#[derive(Debug)]
pub(super) struct Fitted {
    /// Weights, classes × width, then biases.
    pub parameters: Vec<f32>,
    /// The logits are divided by it before they become probabilities.
    pub temperature: f64,
    /// Empty where no label has two examples.
    pub held_out: HeldOut,
}

/// The penalty with the least loss so far.
#[derive(Debug)]
struct BestPenalty {
    penalty: f64,
    /// The cross-entropy per held-out example, at the best temperature.
    loss: f64,
    temperature: f64,
    held_out: HeldOut,
}

/// A fit in progress.
#[derive(Debug)]
pub(super) struct Fit {
    examples: LabelledFeatures,
    classes: usize,
    link: Link,
    folds: Vec<Vec<usize>>,
    /// The parameters that each fold's last fit gave: the start of its next fit.
    fold_parameters: Vec<Vec<f32>>,
    /// The tolerance of each fold's fits, which does not depend on the penalty.
    tolerances: Vec<Option<f64>>,
    /// The number of fits that are done: one per penalty and fold, then one to all examples.
    done: usize,
    current: Option<Minimisation>,
    /// The held-out logits with the current penalty, of the folds that are fitted.
    held_out: HeldOut,
    best: Option<BestPenalty>,
    /// The result of the fit to all examples; zeros before.
    parameters: Vec<f32>,
}

/// The fit to one set of examples.
#[derive(Debug)]
struct Minimisation {
    examples: LabelledFeatures,
    penalty: f64,
    solver: Lbfgs,
    tolerance: f64,
    iterations: usize,
}

impl Minimisation {
    /// Starts at the parameters `start`. `tolerance` is that of an earlier minimisation for the same examples; computed
    /// if `None`.
    fn new(
        examples: LabelledFeatures,
        classes: usize,
        link: Link,
        penalty: f64,
        start: Vec<f32>,
        tolerance: Option<f64>,
    ) -> Self {
        let mut loss = LogisticLoss { examples: &examples, classes, link, penalty };
        let zero = vec![0.0; start.len()];
        let starts_at_zero = start == zero;
        let solver = Lbfgs::new(&mut loss, start);
        let tolerance = tolerance.unwrap_or_else(|| {
            let norm =
                if starts_at_zero { solver.gradient_norm() } else { Lbfgs::new(&mut loss, zero).gradient_norm() };
            TOLERANCE * norm
        });
        Self { examples, penalty, solver, tolerance, iterations: 0 }
    }

    /// Takes a step; `false` when the minimum or [`MAX_ITERATIONS`] is reached.
    fn step(&mut self, classes: usize, link: Link) -> bool {
        self.iterations += 1;
        let mut loss = LogisticLoss { examples: &self.examples, classes, link, penalty: self.penalty };
        self.solver.step(&mut loss, self.tolerance) && self.iterations < MAX_ITERATIONS
    }
}

impl Fit {
    /// Starts a fit. The features have about unit variance.
    pub(super) fn new(examples: LabelledFeatures, classes: usize, link: Link) -> Self {
        let folds = divide_into_folds(&examples.labels, classes);
        let zero = vec![0.0; parameter_count(classes, examples.width)];
        Self {
            fold_parameters: vec![zero.clone(); folds.len()],
            tolerances: vec![None; folds.len()],
            parameters: zero,
            examples,
            classes,
            link,
            folds,
            done: 0,
            current: None,
            held_out: HeldOut::default(),
            best: None,
        }
    }

    /// The number of fits for examples with these labels.
    pub(super) fn count_fits(labels: &[Vec<usize>], classes: usize) -> usize {
        PENALTIES.len() * divide_into_folds(labels, classes).len() + 1
    }

    /// The number of fits that are done.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// The number of fits in the cross-validation.
    fn cross_validation_fits(&self) -> usize {
        PENALTIES.len() * self.folds.len()
    }

    /// Takes a step of at most a few evaluations of the loss. `false` when the fit is done.
    pub(super) fn step(&mut self) -> bool {
        if self.done > self.cross_validation_fits() {
            return false;
        }
        let mut current = self.current.take().unwrap_or_else(|| self.next_minimisation());
        if current.step(self.classes, self.link) {
            self.current = Some(current);
            return true;
        }
        let parameters = current.solver.into_point();
        if self.done < self.cross_validation_fits() {
            self.validate(parameters);
        } else {
            self.parameters = parameters;
        }
        self.done += 1;
        self.done <= self.cross_validation_fits()
    }

    /// Begins the next fit: for each penalty one without each fold, then one to all examples.
    fn next_minimisation(&mut self) -> Minimisation {
        let (classes, link) = (self.classes, self.link);
        if self.done == self.cross_validation_fits() {
            // The parameters of a fold are near those of all examples.
            let start = self.fold_parameters.pop().unwrap_or_else(|| std::mem::take(&mut self.parameters));
            let penalty = self.best.as_ref().map_or(DEFAULT_PENALTY, |best| best.penalty);
            return Minimisation::new(std::mem::take(&mut self.examples), classes, link, penalty, start, None);
        }
        let (penalty, fold) = (self.done / self.folds.len(), self.done % self.folds.len());
        let held_out = &self.folds[fold];
        let is_fitted = |example: &usize| held_out.binary_search(example).is_err();
        let fitted: Vec<usize> = (0..self.examples.len()).filter(is_fitted).collect();
        let (examples, start) = (self.examples.select(&fitted), std::mem::take(&mut self.fold_parameters[fold]));
        let tolerance = self.tolerances[fold];
        let minimisation = Minimisation::new(examples, classes, link, PENALTIES[penalty], start, tolerance);
        self.tolerances[fold] = Some(minimisation.tolerance);
        minimisation
    }

    /// Scores the held-out examples of a fold. After the last fold, compares the penalty with the best one.
    fn validate(&mut self, parameters: Vec<f32>) {
        let (penalty, fold) = (self.done / self.folds.len(), self.done % self.folds.len());
        let held_out = self.examples.select(&self.folds[fold]);
        self.held_out.logits.extend(logits(&parameters, &held_out.features, held_out.width, self.classes));
        self.held_out.examples.extend(&self.folds[fold]);
        self.fold_parameters[fold] = parameters;
        if fold + 1 < self.folds.len() {
            return;
        }
        let held_out = std::mem::take(&mut self.held_out);
        let labels: Vec<&[usize]> = held_out.examples.iter().map(|&i| &self.examples.labels[i][..]).collect();
        let (temperature, loss) = temperature::fit(&held_out.logits, self.classes, &labels, self.link);
        if self.best.as_ref().is_none_or(|best| loss < best.loss) {
            self.best = Some(BestPenalty { penalty: PENALTIES[penalty], loss, temperature, held_out });
        }
    }

    /// Takes the remaining steps, and returns the fitted layer.
    pub(super) fn finish(mut self) -> Fitted {
        while self.step() {}
        let (temperature, held_out) = match self.best {
            Some(best) => (best.temperature, best.held_out),
            None => (1.0, HeldOut::default()),
        };
        Fitted { parameters: self.parameters, temperature, held_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::best_label;
    use crate::random::SplitMix64;

    const WIDTH: usize = 6;

    /// `count` examples of each of three labels. Every feature is noise, plus `signal` at the feature of the example's label.
    fn examples(count: usize, signal: f32) -> LabelledFeatures {
        let mut random = SplitMix64::new(3);
        let labels: Vec<Vec<usize>> = (0..3 * count).map(|i| vec![i % 3]).collect();
        let value = |i: usize, random: &mut SplitMix64| {
            let own = i % WIDTH == labels[i / WIDTH][0];
            random.below(2000) as f32 / 1000.0 - 1.0 + if own { signal } else { 0.0 }
        };
        let features = (0..labels.len() * WIDTH).map(|i| value(i, &mut random)).collect();
        LabelledFeatures::balanced(features, WIDTH, labels.clone(), 3)
    }

    fn right(fitted: &Fitted, examples: &LabelledFeatures) -> usize {
        let logits = logits(&fitted.parameters, &examples.features, WIDTH, 3);
        logits.chunks(3).zip(&examples.labels).filter(|(row, labels)| best_label(row) == labels[0]).count()
    }

    #[test]
    fn labels_with_a_signal_are_learnt_and_held_out_examples_are_scored_once() {
        let examples = examples(20, 3.0);
        let fitted = Fit::new(examples.clone(), 3, Link::Softmax).finish();
        assert!(right(&fitted, &examples) >= 58, "{} of 60", right(&fitted, &examples));
        let mut held_out = fitted.held_out.examples.clone();
        held_out.sort_unstable();
        assert_eq!(held_out, (0..60).collect::<Vec<_>>());
        assert_eq!(fitted.held_out.logits.len(), 3 * 60);
    }

    #[test]
    fn noise_gives_a_higher_temperature_than_a_signal() {
        let temperature = |signal| Fit::new(examples(20, signal), 3, Link::Softmax).finish().temperature;
        let (noise, signal) = (temperature(0.0), temperature(3.0));
        assert!(noise > 2.0 * signal, "the temperature is {noise} for noise and {signal} with a signal");
    }

    #[test]
    fn steps_count_every_fit_and_the_bits_are_the_same() {
        let examples = examples(5, 1.0);
        let mut fit = Fit::new(examples.clone(), 3, Link::Sigmoid);
        while fit.step() {}
        assert_eq!(fit.done(), Fit::count_fits(&examples.labels, 3));
        assert_eq!(fit.done(), PENALTIES.len() * 5 + 1);
        let bits = |fitted: Fitted| fitted.parameters.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(fit.finish()), bits(Fit::new(examples, 3, Link::Sigmoid).finish()));
    }

    #[test]
    fn with_one_example_per_label_none_is_held_out() {
        let fitted = Fit::new(examples(1, 3.0), 3, Link::Softmax).finish();
        assert_eq!((fitted.temperature, fitted.held_out.examples.len()), (1.0, 0));
        assert_eq!(right(&fitted, &examples(1, 3.0)), 3);
    }
}
