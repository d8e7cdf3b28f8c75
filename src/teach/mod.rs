//! Teaching: heads for the user's own labels, from a few examples each.
//!
//! | file | job |
//! |---|---|
//! | `examples` | the examples, checked |
//! | `job` | the features of the examples, then the fit, step by step |
//! | `standardise` | features to mean 0 and variance 1 |
//! | `fit` | cross-validation, then the fit to all examples |
//! | `folds` | divides the examples for the cross-validation |
//! | `logistic` | the loss of a linear layer and its gradient |
//! | `lbfgs` | the minimiser |
//! | `temperature` | calibration by the held-out logits |
//! | `decision` | thresholds and rejection by the held-out logits |
//! | `report` | accuracy, confusion matrix and suspect examples |
//!
//! All of it is deterministic: sums have one order, random numbers a fixed seed, and `exp` and `ln` come from the crate
//! `libm`, so that the same examples give the same bits on every machine.

mod decision;
mod examples;
mod fit;
mod folds;
mod job;
mod lbfgs;
mod logistic;
mod report;
mod standardise;
mod temperature;

pub use examples::Examples;
pub use job::{Taught, TeachOptions, TeachingJob};
pub use report::{Contradiction, LabelReport, SuspectExample, TeachReport};
