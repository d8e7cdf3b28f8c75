//! The inner loops: what is computed, apart from any graph.
//!
//! | file | computes |
//! |---|---|
//! | `quant_linear` | `activation(x · W + b)` with whole numbers |
//! | `quant_gather` | rows of an int8 table |
//! | `four_bit` | weights of 4 bits in blocks to whole numbers with one scale for a row |
//! | `layer_norm` | layer normalisation of a sum |
//! | `attention` | softmax attention of all heads |
//! | `functions` | exp, erf, tanh and GELU, four at a time |
//!
//! Each is written once over [`lanes`], four numbers at a time: WebAssembly SIMD in browsers, arrays elsewhere. Only the
//! sums of linear layers have a kernel for each machine: `relaxed` for browsers with relaxed SIMD, `simd128` for the
//! others, `sse2` and `portable` natively; all compute the same whole numbers. Sums have one order and nothing is fused, so results are the same bits on every machine, for any number of rows and any
//! padding. [`scalar`] computes the same plainly in f64; `tests/kernels.rs` holds the two together.

pub(crate) mod attention;
pub(crate) mod four_bit;
pub(crate) mod functions;
pub(crate) mod lanes;
pub(crate) mod layer_norm;
pub(crate) mod quant_gather;
pub(crate) mod quant_linear;
#[cfg(any(test, fuzzing))]
pub(crate) mod scalar;
pub(crate) mod scratch;

#[cfg(target_arch = "wasm32")]
pub(crate) mod relaxed;
#[cfg(target_arch = "wasm32")]
mod simd128;
#[cfg(target_arch = "wasm32")]
use simd128 as machine;

#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(not(target_arch = "wasm32"))]
mod portable;
#[cfg(not(target_arch = "wasm32"))]
use portable as machine;
