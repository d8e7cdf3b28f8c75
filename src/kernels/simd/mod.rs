//! SIMD: [`F32x4`], four f32 lanes; the integer dot products, in which predictions spend most of their time; and the order in which
//! the dot products read packed weights.
//!
//! | file | used on |
//! |---|---|
//! | `wasm` | WebAssembly: chooses between the next two at start |
//! | `wasm128` | WebAssembly with 128-bit SIMD |
//! | `relaxed` | WebAssembly with relaxed SIMD: a module of its own, linked at load |
//! | `relaxed_kernel` | that module: `build.rs` compiles it, and it is no part of this crate |
//! | `x86` | x86-64: chooses between the next three |
//! | `sse2` | any x86-64 |
//! | `avx2` | x86-64 with AVX2, with or without AVX-512 VNNI |
//! | `portable` | any other native target, in plain Rust; on x86-64 its [`F32x4`] and its lookups of nibbles, too |
//!
//! A backend is one of these files. `backend` selects the backend of the compilation target, and `kernel` one of its [`Kernel`]s at
//! run time. `lanes` has the code that all backends share, `layout` the order of packed weights and `interleave` the
//! code that writes it, and `tiles` the dot products with 4-bit weights, which only some kernels have.
//!
//! This is the lowest layer of the crate: it imports nothing from the other modules. All backends compute the same bits.
//!
//! [`Kernel`]: kernel::Kernel

#[cfg(target_arch = "x86_64")]
mod avx2;
pub mod backend;
mod interleave;
pub mod kernel;
mod lanes;
mod layout;
#[cfg(not(target_arch = "wasm32"))]
mod portable;
#[cfg(target_arch = "wasm32")]
mod relaxed;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod tiles;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
#[cfg(target_arch = "wasm32")]
mod wasm128;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use backend::{F32x4, kernel, largest_nibble, lookup_nibbles, pair_sums, tile_dot_products_i16};
pub use interleave::{interleave_channels, interleave_rows};
pub use kernel::{DotProducts, RowDotProducts};
pub use lanes::{for_each_four, load_eight, store_eight, zip_in_place};
pub use layout::{CHANNELS, INPUTS, LANES, SCALED_INPUTS};
pub use tiles::{FourBitBlock, FourBitDotProducts, TILE_ROWS, Tiles, ZERO_POINT, four_bit_dot_products};
