//! Text classification on the user's own machine: in the browser as WebAssembly, or in a native program. Text goes in,
//! labels with calibrated probabilities come out, and nothing is sent anywhere.
//!
//! ```
//! use litmus_text::{Classifier, Options};
//!
//! let classifier = Classifier::from_dir("models/english")?;
//! let prediction = classifier.predict("I loved every minute of it", &Options::default().top_k(1))?;
//! assert_eq!((prediction.label.as_deref(), prediction.tokens), (Some("positive"), 8));
//! # Ok::<(), litmus_text::Error>(())
//! ```
//!
//! # What to call
//!
//! | task | item |
//! |---|---|
//! | load a model | [`Classifier::from_dir`], [`Classifier::from_bytes`] with [`ModelFiles`], [`Classifier::load`] with [`LoadOptions`] |
//! | predict one text, or several that must all be valid | [`Classifier::predict`], [`Classifier::predict_batch`] |
//! | predict many texts with progress, cancellation and an error per text | [`Classifier::job`] |
//! | choose scores, thresholds, how long texts are read | [`Options`] |
//! | predict a pair of texts, or labels of your own with a model for natural language inference | [`Input`], [`ZeroShot`] |
//! | predict other tasks of the model, several at once | [`Options::task`], [`Classifier::predict_tasks`] |
//! | teach labels of your own from a few examples | [`Classifier::teach`], [`Classifier::with_head`] |
//! | compare texts by their meaning | [`Classifier::embed`] |
//! | explain a score word by word | [`Explain`] |
//! | see tokens or raw logits | [`Classifier::tokenize`], [`Classifier::logits`] |
//!
//! ```
//! use litmus_text::{Classifier, Explain, Options};
//!
//! let classifier = Classifier::from_dir("models/english")?;
//! let text = "unspeakably dull, but good";
//! let prediction = classifier.predict(text, &Options::default().explain(Explain::default()))?;
//! for word in prediction.attributions.iter().flatten() {
//!     println!("{:+.3}  {}", word.weight, &text[word.start..word.end]);
//! }
//! # Ok::<(), litmus_text::Error>(())
//! ```
//!
//! # Models
//!
//! A model is a folder in Hugging Face layout: `config.json`, `tokenizer.json` and `model.onnx`, plus an optional
//! `litmus.json` with a name, a version and the temperature of the calibration. The graph may be a BERT, MiniLM,
//! DistilBERT, RoBERTa, XLM-RoBERTa, data2vec, MPNet, ELECTRA, ALBERT, MobileBERT, ModernBERT, NomicBERT or DeBERTa-v3 with a
//! classification head, in float32, float16, int8 (static or dynamic) or with 4-bit or 8-bit weights, as the common exporters
//! and onnxruntime's optimizer write it. Its weights may be in a second file, such as `model.onnx_data`. Any other graph of
//! supported ONNX ops loads as well; an unknown op is reported by name.
//!
//! Model files are untrusted input: they are checked, memory is limited, and a panic of a library becomes an [`Error`].
//! CPU time is not limited.
//!
//! # Threads
//!
//! A [`Classifier`] is `Send`, `Sync` and cheap to clone. A call computes on the thread that makes it, and any number of
//! threads may call at once; each thread keeps its own scratch memory. A [`PredictionJob`] can be moved between threads
//! from step to step.
//!
//! # Features
//!
//! | feature | effect |
//! |---|---|
//! | `cli` | builds the command `litmus` |
//! | `embed-model` | adds `Classifier::embedded`, a model compiled into the library: the folder that the environment variable `LITMUS_MODEL_DIR` names at build time |
//!
//! # WebAssembly
//!
//! JavaScript programs use the npm package `litmus-text`. A Rust program for `wasm32-unknown-unknown` needs the compiler
//! flags of this repository's `.cargo/config.toml`: `-C target-feature=+simd128 --cfg getrandom_backend="wasm_js"`.
//! There is no file system: load with [`Classifier::from_bytes`]. Logits and probabilities are the same bits on every
//! machine.
//!
//! # How a text becomes a prediction
//!
//! ```text
//! text ─ text::windows, text::tokenizer ─▶ token ids ─ inference::batch, inference::encoder ─▶ features, logits
//!      ─ task, inference::calibration ─▶ probabilities ─ model::labels ─▶ Prediction
//! ```
//!
//! `job` takes texts through these steps batch by batch, `model` holds what does not change from call to call, `graph`
//! turns an ONNX file into a few fused ops, and `kernels` computes these.

// wasm-pack compiles the unit tests for WebAssembly, too, although it runs tests/wasm.rs only. They run natively.
#![cfg(not(all(test, target_arch = "wasm32")))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod classifier;
mod embedding;
mod error;
mod explain;
mod file_content;
mod graph;
mod heads;
mod inference;
mod input;
mod job;
mod limits;
mod load_options;
mod model;
mod options;
mod panic_guard;
mod prediction;
mod random;
mod shortest_decimal;
mod task;
mod teach;
mod text;
#[cfg(any(test, target_arch = "wasm32"))]
pub mod wasm;
mod zero_shot;

use litmus_text_kernels as kernels;

pub use classifier::Classifier;
pub use embedding::EmbeddingJob;
pub use error::{Error, ErrorKind};
pub use input::Input;
pub use job::{PredictionJob, Progress};
pub use load_options::{LoadOptions, Precision};
pub use model::{Head, ModelFiles, ModelInfo, PrecisionInfo, TaskInfo};
pub use options::{Activation, Explain, LongText, Method, Options, SpecialTokens, TaskOptions, ZeroShot};
pub use prediction::{Attribution, Prediction, Score, Warning, Window};
pub use teach::{Contradiction, Examples, LabelReport, SuspectExample, Taught, TeachOptions, TeachReport, TeachingJob};
pub use text::tokens::Encoding;

/// The name of the instructions that compute the integer dot products of linear layers on this machine. Only speed depends on them,
/// not results. On x86-64: `"avx512-vnni"`, `"avx2"` or `"sse2"`, detected at run time; in WebAssembly: `"relaxed-dot-i32x4"`,
/// `"relaxed-dot-i16x8"` or `"simd128"`; elsewhere `"portable"`.
pub fn kernel() -> &'static str {
    kernels::simd::kernel().name
}

/// The README's example, compiled and run.
#[cfg(all(doctest, not(target_arch = "wasm32")))]
#[doc = include_str!("../README.md")]
struct Readme;
