//! L-BFGS (Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization"), one iteration at a
//! time, with a backtracking line search.

use std::collections::VecDeque;

use crate::kernels::math::add_multiple;

/// The number of corrections that approximate the curvature.
const MEMORY: usize = 10;
/// A step must lower the value by at least this fraction of the decrease that the slope predicts (Armijo's condition).
const SUFFICIENT_DECREASE: f64 = 1e-4;
/// Halvings of a step after which the minimum counts as reached: f32 gradients are not more precise.
const MAX_HALVINGS: usize = 20;

/// A differentiable function.
pub(super) trait Objective {
    /// Returns the value at `x` and writes the gradient into `gradient`.
    fn evaluate(&mut self, x: &[f32], gradient: &mut [f32]) -> f64;
}

/// The state of a minimisation.
#[derive(Debug)]
pub(super) struct Lbfgs {
    x: Vec<f32>,
    gradient: Vec<f32>,
    value: f64,
    history: VecDeque<Correction>,
}

/// A step and the change of the gradient along it: the paper's "correction".
#[derive(Debug)]
struct Correction {
    step: Vec<f32>,
    change: Vec<f32>,
    /// One over their dot product.
    rho: f64,
}

/// The dot product in f64. Eight independent sums: with a single one, each addition would wait for the one before.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: f32, b: f32| f64::from(a) * f64::from(b);
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += product(a, b);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| product(a, b)).sum();
    sums.into_iter().sum::<f64>() + rest
}

fn difference(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

impl Lbfgs {
    /// Starts a minimisation at `x`.
    pub(super) fn new(objective: &mut dyn Objective, x: Vec<f32>) -> Self {
        let mut gradient = vec![0.0; x.len()];
        let value = objective.evaluate(&x, &mut gradient);
        Self { x, gradient, value, history: VecDeque::with_capacity(MEMORY) }
    }

    /// The norm of the gradient at the point reached so far.
    pub(super) fn gradient_norm(&self) -> f64 {
        dot(&self.gradient, &self.gradient).sqrt()
    }

    /// The point reached so far.
    pub(super) fn into_point(self) -> Vec<f32> {
        self.x
    }

    /// Takes a step. `false` when the minimum is reached: the norm of the gradient is at most `tolerance`, or no step lowers the
    /// value.
    pub(super) fn step(&mut self, objective: &mut dyn Objective, tolerance: f64) -> bool {
        let norm = self.gradient_norm();
        if norm <= tolerance {
            return false;
        }
        let direction = self.direction();
        let slope = dot(&self.gradient, &direction);
        // The first step has no curvature to scale it, so its length is limited to 1.
        let mut length = if self.history.is_empty() { (1.0 / norm).min(1.0) } else { 1.0 };
        let mut gradient = vec![0.0; self.x.len()];
        for _ in 0..MAX_HALVINGS {
            let mut x = self.x.clone();
            add_multiple(&mut x, length as f32, &direction);
            let value = objective.evaluate(&x, &mut gradient);
            if value <= self.value + SUFFICIENT_DECREASE * length * slope {
                self.remember(difference(&x, &self.x), difference(&gradient, &self.gradient));
                (self.x, self.gradient, self.value) = (x, gradient, value);
                return true;
            }
            length /= 2.0;
        }
        false
    }

    /// The direction of the next step: minus the gradient, times the approximate inverse Hessian ("two-loop recursion").
    fn direction(&self) -> Vec<f32> {
        let mut direction: Vec<f32> = self.gradient.iter().map(|value| -value).collect();
        let mut factors = [0.0; MEMORY];
        for (correction, factor) in self.history.iter().zip(&mut factors).rev() {
            *factor = correction.rho * dot(&correction.step, &direction);
            add_multiple(&mut direction, -*factor as f32, &correction.change);
        }
        if let Some(last) = self.history.back() {
            let scale = (1.0 / (last.rho * dot(&last.change, &last.change))) as f32;
            direction.iter_mut().for_each(|value| *value *= scale);
        }
        for (correction, factor) in self.history.iter().zip(factors) {
            let length = factor - correction.rho * dot(&correction.change, &direction);
            add_multiple(&mut direction, length as f32, &correction.step);
        }
        direction
    }

    /// Adds a correction to the history, unless its curvature is no more than rounding error.
    fn remember(&mut self, step: Vec<f32>, change: Vec<f32>) {
        let curvature = dot(&step, &change);
        if curvature <= f64::from(f32::EPSILON) * dot(&change, &change) * 1e-3 {
            return;
        }
        if self.history.len() == MEMORY {
            self.history.pop_front();
        }
        self.history.push_back(Correction { step, change, rho: 1.0 / curvature });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ scale · (x − target)², with scales from 1 to 1,000.
    struct Bowl {
        evaluations: usize,
    }

    const TARGETS: [f32; 4] = [3.0, -1.0, 0.5, 20.0];
    const SCALES: [f32; 4] = [1.0, 10.0, 100.0, 1000.0];

    impl Objective for Bowl {
        fn evaluate(&mut self, x: &[f32], gradient: &mut [f32]) -> f64 {
            self.evaluations += 1;
            for i in 0..x.len() {
                gradient[i] = 2.0 * SCALES[i] * (x[i] - TARGETS[i]);
            }
            (0..x.len()).map(|i| f64::from(SCALES[i]) * f64::from(x[i] - TARGETS[i]).powi(2)).sum()
        }
    }

    #[test]
    fn the_minimum_of_an_ill_conditioned_bowl() {
        let mut bowl = Bowl { evaluations: 0 };
        let mut solver = Lbfgs::new(&mut bowl, vec![0.0; 4]);
        while solver.step(&mut bowl, 1e-3) {}
        for (x, target) in solver.into_point().into_iter().zip(TARGETS) {
            assert!((x - target).abs() < 1e-3, "{x} instead of {target}");
        }
        assert!(bowl.evaluations < 60, "it took {} evaluations", bowl.evaluations);
    }

    #[test]
    fn dot_products_of_any_length() {
        for length in 0..20 {
            let a: Vec<f32> = (0..length).map(|i| i as f32 + 1.0).collect();
            let expected: usize = (1..=length).map(|i| i * i).sum();
            assert_eq!(dot(&a, &a), expected as f64);
        }
    }

    #[test]
    fn at_a_minimum_there_is_no_step() {
        let mut bowl = Bowl { evaluations: 0 };
        let mut solver = Lbfgs::new(&mut bowl, TARGETS.to_vec());
        assert!(!solver.step(&mut bowl, 1e-3));
        assert_eq!(bowl.evaluations, 1);
    }
}
