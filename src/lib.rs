//! Text classification that runs where the text is: in the browser, or in your process.
//!
//! ```text
//! text ─ windows, tokenize ─▶ Tokens ─ batch ─▶ Batch ─ encoder ─▶ Logits ─ calibrate ─▶ probabilities ─ labels ─▶ Prediction
//! ```
//!
//! Each stage is a module of that name and knows only the type before it; `work` takes texts through them all, batch by
//! batch, and again with words left out for what `explain` wants to know. [`Classifier`] holds the model.
//! Nothing here reads files, the clock or the network, except [`ModelFolder`], which is there for native programs.
//!
//! ```
//! use litmus_text::{Classifier, ModelFolder, Options};
//!
//! let folder = ModelFolder::read("models/sentiment")?;
//! let classifier = Classifier::from_parts(&folder.parts())?;
//! let prediction = classifier.predict("I loved every minute of it", &Options::default().top_k(1))?;
//! assert_eq!((prediction.label.as_deref(), prediction.tokens), (Some("positive"), 8));
//! # Ok::<(), litmus_text::Error>(())
//! ```

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod batch;
mod bundle;
mod calibrate;
mod classifier;
mod encoder;
mod error;
mod explain;
#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod graph;
mod kernels;
mod labels;
#[cfg(target_arch = "wasm32")]
mod memory;
mod options;
mod prediction;
mod tokenize;
mod tokenizer_file;
#[cfg(any(test, target_arch = "wasm32"))]
mod utf16;
mod wall;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
mod windows;
mod words;
mod work;

pub use bundle::ModelParts;
pub use classifier::{Classifier, Info};
pub use error::{Error, ErrorKind};
#[cfg(not(target_arch = "wasm32"))]
pub use folder::ModelFolder;
pub use labels::Score;
pub use options::{Explain, LongText, Method, Options};
pub use prediction::{Attribution, Prediction, Warning, Window};
pub use tokenize::Encoding;

/// The README's example, compiled and run.
#[cfg(all(doctest, not(target_arch = "wasm32")))]
#[doc = include_str!("../README.md")]
struct Readme;
