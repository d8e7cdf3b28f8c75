//! The instruction sets: [`F32x4`], four f32 lanes, the integer dot products in which the kernels spend their time, and the
//! order of bytes in which these read weights.
//!
//! | file | used on |
//! |---|---|
//! | `wasm128` | WebAssembly with 128-bit SIMD |
//! | `relaxed` | WebAssembly with relaxed SIMD: a module of its own, linked at load |
//! | `sse2` | x86-64, for linear layers: the dot products and the order of their weights |
//! | `portable` | native code otherwise, in plain Rust |
//!
//! This is the lowest layer: it imports nothing from the kernels. All backends compute the same bits.

mod backend;
mod lanes;
mod layout;

#[cfg(not(target_arch = "wasm32"))]
mod portable;
#[cfg(target_arch = "wasm32")]
pub(crate) mod relaxed;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(target_arch = "wasm32")]
mod wasm128;

pub(crate) use backend::{
    F32x4, interleave_channels, largest_nibble, lookup_nibbles, prefers_i8, row_dot_products_i8, row_dot_products_i16,
    tile_dot_products_i16,
};
pub(crate) use lanes::{for_each_four, store_eight, zip_in_place};
pub(crate) use layout::{CHANNELS, INPUTS, LANES};
