//! Kernels: implementations of the dot products of linear layers, of which one is chosen at run time.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::CHANNELS;
use super::tiles::FourBitDotProducts;

/// An implementation of the dot products of linear layers. All of them compute the same integers.
pub struct Kernel {
    /// The name that users see, in `info.kernel` and `litmus --version`.
    pub name: &'static str,
    /// Whether this machine has its instructions.
    pub is_available: fn() -> bool,
    /// The dot products.
    pub row_dot_products: RowDotProducts,
    /// The dot products with 4-bit weights, if they are faster than with the same weights in 8 bits.
    pub four_bit_dot_products: Option<FourBitDotProducts>,
    /// Whether the dot products of attention use AVX2 while this kernel is in use.
    #[cfg(target_arch = "x86_64")]
    pub avx2: bool,
}

/// The dot products of each row with each channel of a block of packed weights. The rows have the integer type that the
/// instructions of the kernel multiply fastest.
#[derive(Clone, Copy)]
pub enum RowDotProducts {
    /// Rows of i8.
    // The only kernel of the other targets, `portable`, has rows of i16.
    #[cfg_attr(not(any(target_arch = "wasm32", target_arch = "x86_64")), allow(dead_code))]
    I8(DotProducts<i8>),
    /// Rows of i16.
    I16(DotProducts<i16>),
}

/// Computes the dot products of rows with the [`CHANNELS`] channels of one block. The arguments are
/// 1. the rows, all values of a row in turn, each from −127 to 127;
/// 2. the number of values of a row, a multiple of [`INPUTS`](super::INPUTS);
/// 3. the block, [`CHANNELS`] packed weights per value of a row, each from 0 to 127;
/// 4. the sums of each row, one per channel, which are overwritten.
///
/// Values and weights outside of these ranges give sums that differ between kernels. Panics if the lengths do not match.
pub type DotProducts<T> = fn(&[T], usize, &[i8], &mut [[i32; CHANNELS]]);

/// The index of the kernel in use among those of the compilation target, or [`UNCHOSEN`].
static IN_USE: AtomicUsize = AtomicUsize::new(UNCHOSEN);
const UNCHOSEN: usize = usize::MAX;

/// The kernel in use. `kernels` are those of the compilation target, from the slowest to the fastest. Unless one was chosen, chooses
/// the fastest that is available.
pub(super) fn in_use(kernels: &'static [Kernel]) -> &'static Kernel {
    kernels.get(IN_USE.load(Ordering::Relaxed)).unwrap_or_else(|| {
        let fastest = kernels.iter().rev().find(|kernel| (kernel.is_available)()).unwrap_or(&kernels[0]);
        choose(kernels, fastest.name);
        fastest
    })
}

/// Puts the kernel of this name into use, for all threads. If no available kernel has this name, the default: the fastest that is
/// available. `kernels` must be `KERNELS` of [`backend`](super::backend). Results do not depend on the choice.
pub fn choose(kernels: &[Kernel], name: &str) {
    let index = kernels.iter().position(|kernel| kernel.name == name && (kernel.is_available)());
    IN_USE.store(index.unwrap_or(UNCHOSEN), Ordering::Relaxed);
}
