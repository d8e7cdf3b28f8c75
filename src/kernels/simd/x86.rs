//! The kernels of x86-64. The instructions of the processor decide at run time which of them is used.

use super::kernel::{Kernel, RowDotProducts, in_use};
use super::layout::{CHANNELS, LANES};
use super::portable::{self, F32x4};
use super::{avx2, sse2};

pub use super::sse2::interleave_channels;

/// From the slowest to the fastest.
pub const KERNELS: &[Kernel] = &[
    portable::KERNEL,
    Kernel {
        name: "sse2",
        is_available: || true,
        row_dot_products: RowDotProducts::I16(sse2::row_dot_products),
        avx2: false,
    },
    Kernel {
        name: "avx2",
        is_available: avx2::has_avx2,
        row_dot_products: RowDotProducts::I8(avx2::row_dot_products_avx2),
        avx2: true,
    },
    Kernel {
        name: "avx512-vnni",
        is_available: avx2::has_vnni,
        row_dot_products: RowDotProducts::I8(avx2::row_dot_products_vnni),
        avx2: true,
    },
];

/// The dot products of rows of i16 with eight columns of i16. A block has, for every two rows of a column, the two
/// values of each column in turn.
#[inline(always)]
pub fn tile_dot_products_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    block: &[i16],
) -> [[F32x4; CHANNELS / LANES]; ROWS] {
    if in_use(KERNELS).avx2 {
        // SAFETY: the processor has AVX2, without which no kernel with AVX2 is in use.
        unsafe { avx2::tile_dot_products_i16(rows, block) }
    } else {
        portable::tile_dot_products_i16(rows, block)
    }
}
