//! The arithmetic of the fused ops of `litmus-text`, and of fitting heads, independent of tract. This is an internal crate of
//! `litmus-text`: any release may change its interface.
//!
//! | file | computes |
//! |---|---|
//! | `linear` | `activation(x · W + b)` in integers or in f32 |
//! | `dense` | products of f32 matrices, for fitting and applying heads |
//! | `embedding` | rows of an int8 or 4-bit table |
//! | `four_bit` | 4-bit weights in blocks: to nibbles and integer block scales, or to int8 with one scale per row |
//! | `layer_norm` | layer normalisation of a sum |
//! | `attention` | softmax attention of all heads |
//! | `attention_f32` | the same in f32 |
//! | `math` | exp, tanh and GELU of four f32 at a time; two loops over slices for fitting heads |
//! | `quantize` | a row of f32 to integers and a scale |
//! | `reference` | the same as the others, in plain f64 loops, for tests |
//!
//! Each is written once, over the four f32 lanes of [`simd`]. Only `simd` has implementations per instruction set: of the lanes, of
//! the integer dot products, and of the order of weights. All of them compute the same bits. Sums have one order and no fused
//! multiply-add is used, so results are the same bits on every machine, for any number of rows and any padding. `tests/kernels.rs`
//! compares them with `reference`.
//!
//! # Inlining
//!
//! In the wasm, the other crates are optimised for size. A function of this crate that is inlined into them is so, too; therefore those
//! that other crates call at each prediction are `#[inline(never)]`. Generic functions, such as
//! [`PackedLinear::pack`](linear::PackedLinear::pack), are compiled in the crate that calls them; they run only while a model is loaded.
//!
//! Loading also runs functions that are `#[inline(never)]` because a browser runs code unoptimised at first. Its optimised code of a
//! function is used from the next call on, not within a running loop. So a loop over many rows calls a function for each of them.

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
