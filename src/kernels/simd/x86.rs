//! The kernels of x86-64. Which of them is used depends on the instructions that the processor has.

use super::kernel::{Kernel, RowDotProducts, in_use};
use super::layout::{CHANNELS, LANES};
use super::portable::{self, F32x4};
use super::{avx2, sse2};

pub use super::portable::pair_sums;
pub use super::sse2::interleave_16;

/// From the slowest to the fastest.
pub const KERNELS: &[Kernel] = &[
    portable::KERNEL,
    Kernel {
        name: "sse2",
        is_available: || true,
        row_dot_products: RowDotProducts::I16(sse2::row_dot_products),
        four_bit_dot_products: None,
        avx2: false,
    },
    Kernel {
        name: "avx2",
        is_available: avx2::has_avx2,
        row_dot_products: RowDotProducts::I8(avx2::row_dot_products_avx2),
        four_bit_dot_products: None,
        avx2: true,
    },
    Kernel {
        name: "avx512-vnni",
        is_available: avx2::has_vnni,
        row_dot_products: RowDotProducts::I8(avx2::row_dot_products_vnni),
        four_bit_dot_products: None,
        avx2: true,
    },
];

/// The dot products of `ROWS` rows of i16 with the [`CHANNELS`] columns of a block, as f32: for each row, columns 0 to 3 and 4 to 7.
/// The block is divided into pairs of consecutive values: a pair has the two values of each column in turn. Every sum must fit in
/// an i32. Values of a row beyond the length of a column are not read.
///
/// # Panics
/// If a row is shorter than a column.
#[inline(always)]
pub fn tile_dot_products_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    block: &[i16],
) -> [[F32x4; CHANNELS / LANES]; ROWS] {
    // The second condition follows from the first as long as `choose` is called with `KERNELS`, which nothing enforces.
    if in_use(KERNELS).avx2 && avx2::has_avx2() {
        // SAFETY: the processor has AVX2, as checked.
        unsafe { avx2::tile_dot_products_i16(rows, block) }
    } else {
        portable::tile_dot_products_i16(rows, block)
    }
}
