//! The instruction sets: [`F32x4`], four f32 lanes, the integer dot products in which the kernels spend their time, and the
//! order of bytes in which these read weights.
//!
//! | file | used on |
//! |---|---|
//! | `wasm` | WebAssembly: chooses between the next two at start |
//! | `wasm128` | WebAssembly with 128-bit SIMD |
//! | `relaxed` | WebAssembly with relaxed SIMD: a module of its own, linked at load |
//! | `relaxed_kernel` | that module: `build.rs` compiles it, and it is no part of this crate |
//! | `x86` | x86-64: chooses between the next two |
//! | `sse2` | any x86-64 |
//! | `avx2` | x86-64 with AVX2, with or without AVX-512 VNNI |
//! | `portable` | native code otherwise, in plain Rust; its [`F32x4`] on x86-64, too |
//!
//! Of the others, `backend` selects one of these for the compilation target, `kernel` one of the target's kernels at
//! run time, `lanes` has what all backends share, and `layout` the order of packed weights.
//!
//! This is the lowest layer: it imports nothing from the kernels. All backends compute the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
pub mod backend;
pub mod kernel;
mod lanes;
mod layout;
#[cfg(not(target_arch = "wasm32"))]
mod portable;
#[cfg(target_arch = "wasm32")]
mod relaxed;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
#[cfg(target_arch = "wasm32")]
mod wasm128;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use backend::{F32x4, interleave_channels, kernel, largest_nibble, lookup_nibbles, tile_dot_products_i16};
pub use kernel::{DotProducts, RowDotProducts};
pub use lanes::{for_each_four, store_eight, zip_in_place};
pub use layout::{CHANNELS, INPUTS, LANES};
