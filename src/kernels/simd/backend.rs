//! Selects the backend for the compilation target.

use super::kernel::{Kernel, in_use};
#[cfg(not(target_arch = "wasm32"))]
pub use super::portable::{F32x4, largest_nibble, lookup_nibbles};
#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
pub use super::portable::{KERNELS, interleave_16, pair_sums, tile_dot_products_i16};
#[cfg(target_arch = "wasm32")]
pub use super::wasm::KERNELS;
#[cfg(target_arch = "wasm32")]
pub use super::wasm128::{F32x4, interleave_16, largest_nibble, lookup_nibbles, pair_sums, tile_dot_products_i16};
#[cfg(target_arch = "x86_64")]
pub use super::x86::{KERNELS, interleave_16, pair_sums, tile_dot_products_i16};

/// The kernel in use: at first the fastest that is available, later the one that [`choose`](super::kernel::choose) named.
pub fn kernel() -> &'static Kernel {
    in_use(KERNELS)
}
