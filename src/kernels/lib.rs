//! The arithmetic of the fused ops of `litmus-text`, independent of tract. The crate is a part of that one: its interface changes as
//! that needs it, without a new major version.
//!
//! | file | computes |
//! |---|---|
//! | `linear` | `activation(x · W + b)` in integers or in f32 |
//! | `dense` | products of f32 matrices, for fitting heads |
//! | `embedding` | rows of an int8 or 4-bit table |
//! | `four_bit` | 4-bit weights in blocks to int8 with one scale per row |
//! | `layer_norm` | layer normalisation of a sum |
//! | `attention` | softmax attention of all heads |
//! | `attention_f32` | the same in f32 |
//! | `math` | exp, tanh and GELU, four at a time |
//! | `quantize` | a row of f32 to integers and a scale |
//! | `reference` | the same as the others, plainly in f64, for tests |
//!
//! Each is written once over [`simd`], four f32 at a time. Only the integer dot products have an implementation per
//! instruction set; all of them compute the same integers. Sums have one order and no fused multiply-add is used, so
//! results are the same bits on every machine, for any number of rows and any padding. `tests/kernels.rs` compares them
//! with `reference`.
//!
//! The functions that other crates call are not inlined there: in the wasm, callers are optimised for size, and what is
//! inlined into them would be, too.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod attention;
pub mod attention_f32;
pub mod dense;
pub mod embedding;
pub mod four_bit;
pub mod layer_norm;
pub mod linear;
pub mod math;
mod quantize;
pub mod reference;
pub mod simd;
