//! Teaching: heads for the user's own labels, from a few examples each.
//!
//! | file | job |
//! |---|---|
//! | `fit` | cross-validation, then the fit to all examples, step by step |
//! | `folds` | which examples are held out when |
//! | `logistic` | the loss of a linear layer and its gradient |
//! | `lbfgs` | the minimiser |
//! | `report` | accuracy, confusion matrix and odd examples |
//! | `temperature` | calibration of the held-out scores |
//!
//! All of it is deterministic: sums have one order, random numbers a fixed seed, and `exp` and `ln` come from the crate
//! `libm`, so that the same examples give the same bits on every machine.

mod fit;
mod folds;
mod lbfgs;
mod logistic;
mod report;
mod temperature;
