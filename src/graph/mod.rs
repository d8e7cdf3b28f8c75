//! From an ONNX file to a tract graph of a few fused ops.
//!
//! ```text
//! bytes ─ onnx ─▶ protobuf ─ import ─▶ tract's graph ─ tract ─▶ normal form ─ fuse ─▶ fused ops ─ guard ─▶ encoder
//!                    └─ weights: int8 and 4-bit, taken out of the file ──────────┘
//! ```
//!
//! | module | job |
//! |---|---|
//! | `onnx` | the pipeline above |
//! | `import` | the ONNX ops that are known, as tract's ops or ours |
//! | `weights` | quantised weights, straight from the file; float16 and dynamic quantisation rewritten before |
//! | `precision` | which layers are computed in f32 instead of integers |
//! | `fuse` | one file per fused op: the rule that finds it and the op |
//! | `guard` | limits for untrusted files, and checks of indices that come from a text |
//! | `op` | the boilerplate of an op, and the domain of onnxruntime's ops |
//!
//! A file that has attention, normalisations and GELU as one op each needs no normal form. What no rule fuses is left to tract's
//! own ops.

mod fuse;
mod guard;
mod import;
mod onnx;
mod op;
mod precision;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
mod weights;

pub(crate) use guard::{SameSize, check_batch};
pub(crate) use onnx::{FEATURES, INPUT_IDS, LOGITS, OnnxModel, PreparedGraph};
pub(crate) use weights::external::ExternalFiles;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use weights::external::external_files;
