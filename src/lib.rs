//! Text classification that runs where the text is: in the browser, or in your process.
//!
//! ```text
//! text ─ tokenizer ─▶ ids ─ batches, encoder ─▶ logits ─ calibration ─▶ probabilities ─▶ Prediction
//! ```
//!
//! ```
//! use litmus_text::{Classifier, Options};
//!
//! let classifier = Classifier::from_dir("models/sentiment")?;
//! let prediction = classifier.predict("I loved every minute of it", &Options::default().top_k(1))?;
//! assert_eq!((prediction.label.as_deref(), prediction.tokens), (Some("positive"), 8));
//! # Ok::<(), litmus_text::Error>(())
//! ```

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod classifier;
mod error;
mod explain;
mod graph;
mod inference;
mod job;
mod kernels;
mod limits;
mod model;
mod options;
mod panic_guard;
mod prediction;
mod shortest_decimal;
mod text;
#[cfg(any(test, target_arch = "wasm32"))]
pub mod wasm;

pub use classifier::Classifier;
pub use error::{Error, ErrorKind};
pub use job::{PredictionJob, Progress};
pub use model::{ModelFiles, ModelInfo};
pub use options::{Explain, LongText, Method, Options};
pub use prediction::{Attribution, Prediction, Score, Warning, Window};
pub use text::tokenizer::Encoding;

/// The README's example, compiled and run.
#[cfg(all(doctest, not(target_arch = "wasm32")))]
#[doc = include_str!("../README.md")]
struct Readme;
