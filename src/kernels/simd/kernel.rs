//! The instructions that compute the dot products of linear layers, chosen when the program runs.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::CHANNELS;

/// One implementation of [`RowDotProducts`]. All of them compute the same integers.
pub struct Kernel {
    /// The name that users see.
    pub name: &'static str,
    /// Whether it can run on this machine.
    pub is_available: fn() -> bool,
    /// The function.
    pub row_dot_products: RowDotProducts,
    /// Whether the dot products of attention use AVX2, too.
    #[cfg(target_arch = "x86_64")]
    pub avx2: bool,
}

/// The dot products of each row with each channel of a block of packed weights, for quantised rows of the integer type that the
/// instructions multiply fastest.
#[derive(Clone, Copy)]
pub enum RowDotProducts {
    #[cfg_attr(not(any(target_arch = "wasm32", target_arch = "x86_64")), allow(dead_code))]
    /// Rows of i8.
    I8(DotProducts<i8>),
    /// Rows of i16.
    I16(DotProducts<i16>),
}

/// Arguments: the rows, all values of a row in turn; the values per row, a multiple of [`INPUTS`](super::INPUTS); the block; and
/// the sums of each row, which are overwritten. No value of a row is below −127 or above 127, and no packed weight below 0.
pub type DotProducts<T> = fn(&[T], usize, &[i8], &mut [[i32; CHANNELS]]);

/// The index of the kernel in use among those of the compilation target.
static IN_USE: AtomicUsize = AtomicUsize::new(UNCHOSEN);
const UNCHOSEN: usize = usize::MAX;

/// The kernel in use, by default the last one that is available. `kernels` are those of the compilation target.
pub(super) fn in_use(kernels: &'static [Kernel]) -> &'static Kernel {
    kernels.get(IN_USE.load(Ordering::Relaxed)).unwrap_or_else(|| {
        let fastest = kernels.iter().rev().find(|kernel| (kernel.is_available)()).unwrap_or(&kernels[0]);
        choose(kernels, fastest.name);
        fastest
    })
}

/// Chooses the kernel of this name; the default if it is not available. Results do not depend on it.
pub fn choose(kernels: &[Kernel], name: &str) {
    let index = kernels.iter().position(|kernel| kernel.name == name && (kernel.is_available)());
    IN_USE.store(index.unwrap_or(UNCHOSEN), Ordering::Relaxed);
}
