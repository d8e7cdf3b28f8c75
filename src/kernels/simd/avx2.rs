//! x86-64 processors with AVX2, and those that also have AVX-512 VNNI, whose `vpdpbusd` sums four products in one instruction.

use std::arch::x86_64::*;

use super::layout::{CHANNELS, INPUTS, LANES};
use super::portable::F32x4;

pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

pub(super) fn has_vnni() -> bool {
    has_avx2() && is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl")
}

/// [`DotProducts`](super::kernel::DotProducts) with AVX2.
pub(super) fn row_dot_products_avx2(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    #[target_feature(enable = "avx2")]
    fn tiles(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
        // SAFETY: this function has AVX2.
        unsafe { all_tiles::<false>(rows, stride, block, sums) }
    }
    assert!(has_avx2());
    // SAFETY: the processor has AVX2, as asserted.
    unsafe { tiles(rows, stride, block, sums) }
}

/// [`DotProducts`](super::kernel::DotProducts) with AVX-512 VNNI.
pub(super) fn row_dot_products_vnni(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    #[target_feature(enable = "avx2,avx512vnni,avx512vl")]
    fn tiles(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
        // SAFETY: this function has AVX2 and AVX-512 VNNI.
        unsafe { all_tiles::<true>(rows, stride, block, sums) }
    }
    assert!(has_vnni());
    // SAFETY: the processor has AVX2 and AVX-512 VNNI, as asserted.
    unsafe { tiles(rows, stride, block, sums) }
}

/// [`DotProducts`](super::kernel::DotProducts): divides the rows into tiles.
///
/// # Safety
/// The caller must have AVX2, and AVX-512 VNNI if `VNNI`.
#[inline(always)]
unsafe fn all_tiles<const VNNI: bool>(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    assert!(stride.is_multiple_of(INPUTS) && rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    let (mut rows, mut sums) = (rows, sums);
    // SAFETY: the caller has what `tile` needs.
    unsafe {
        while sums.len() >= 8 {
            (rows, sums) = tile::<8, 1, VNNI>(rows, block, sums);
        }
        while sums.len() >= 4 {
            (rows, sums) = tile::<4, 2, VNNI>(rows, block, sums);
        }
        while !sums.is_empty() {
            (rows, sums) = tile::<1, 4, VNNI>(rows, block, sums);
        }
    }
}

/// Writes the sums of the first `ROWS` rows, and returns the other rows and their sums. A group of the block, four inputs for each
/// of eight channels, is one register. Consecutive groups add to `PARTS` sums in turn: with few rows, each addition to a single sum
/// would wait for the one before. Panics if there are fewer than `ROWS` rows.
///
/// # Safety
/// The caller must have AVX2, and AVX-512 VNNI if `VNNI`.
#[inline(always)]
unsafe fn tile<'r, 's, const ROWS: usize, const PARTS: usize, const VNNI: bool>(
    rows: &'r [i8],
    block: &[i8],
    sums: &'s mut [[i32; CHANNELS]],
) -> (&'r [i8], &'s mut [[i32; CHANNELS]]) {
    let stride = block.len() / CHANNELS;
    let (rows, other_rows) = rows.split_at(ROWS * stride);
    let (sums, other_sums) = sums.split_at_mut(ROWS);
    let (groups, _) = block.as_chunks::<{ CHANNELS * INPUTS }>();
    // SAFETY: the caller has the instructions. Loads and stores need no alignment. They are of 32 bytes, a group or the sums of a
    // row, and of 4 bytes of `rows`, which has `ROWS` · `stride`: those from `index` · 4 on of one row. They are within the row,
    // because `index` is below the number of groups, `stride` / 4.
    unsafe {
        let mut totals = [[_mm256_setzero_si256(); ROWS]; PARTS];
        let add_group = |totals: &mut [__m256i; ROWS], index: usize, weights: &[i8; CHANNELS * INPUTS]| {
            let weights = _mm256_loadu_si256(weights.as_ptr().cast());
            for (row, total) in totals.iter_mut().enumerate() {
                let x = rows.as_ptr().add(row * stride + index * INPUTS).cast::<i32>().read_unaligned();
                *total = add_products::<VNNI>(*total, weights, _mm256_set1_epi32(x));
            }
        };
        let (parts, rest) = groups.as_chunks::<PARTS>();
        for (i, groups) in parts.iter().enumerate() {
            for (part, (totals, weights)) in totals.iter_mut().zip(groups).enumerate() {
                add_group(totals, i * PARTS + part, weights);
            }
        }
        for (i, weights) in rest.iter().enumerate() {
            add_group(&mut totals[0], parts.len() * PARTS + i, weights);
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let total = totals.iter().fold(_mm256_setzero_si256(), |sum, part| _mm256_add_epi32(sum, part[row]));
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), total);
        }
    }
    (other_rows, other_sums)
}

/// Adds four products to each of eight sums. AVX2 sums two products in i16, which does not saturate: a weight is at most 127 and
/// a value of a row within ±127, so that two products are within ±2 · 127 · 127.
///
/// # Safety
/// The caller must have AVX2, and AVX-512 VNNI if `VNNI`.
#[inline(always)]
unsafe fn add_products<const VNNI: bool>(sums: __m256i, weights: __m256i, x: __m256i) -> __m256i {
    // SAFETY: the caller has the instructions.
    unsafe {
        if VNNI {
            return _mm256_dpbusd_epi32(sums, weights, x);
        }
        _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(weights, x), _mm256_set1_epi16(1)))
    }
}

/// [`tile_dot_products_i16`](super::tile_dot_products_i16) with AVX2.
///
/// # Safety
/// The processor must have AVX2.
#[target_feature(enable = "avx2")]
pub(super) fn tile_dot_products_i16<const ROWS: usize>(
    rows: [&[i16]; ROWS],
    block: &[i16],
) -> [[F32x4; CHANNELS / LANES]; ROWS] {
    let (pairs, _) = block.as_chunks::<{ 2 * CHANNELS }>();
    assert!(rows.iter().all(|row| row.len() >= 2 * pairs.len()));
    let mut sums = [_mm256_setzero_si256(); ROWS];
    for (pair, columns) in pairs.iter().enumerate() {
        // SAFETY: the reference is to 32 bytes, and the load needs no alignment.
        let columns = unsafe { _mm256_loadu_si256(columns.as_ptr().cast()) };
        for (row, sum) in rows.iter().zip(&mut sums) {
            // SAFETY: every row has at least two values for each pair, as asserted, and the read needs no alignment.
            let x = unsafe { row.as_ptr().add(2 * pair).cast::<i32>().read_unaligned() };
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(_mm256_set1_epi32(x), columns));
        }
    }
    let mut products = [[F32x4::splat(0.0); CHANNELS / LANES]; ROWS];
    for (sum, products) in sums.into_iter().zip(&mut products) {
        let mut eight = [0.0f32; CHANNELS];
        // SAFETY: the reference is to 32 bytes, and the store needs no alignment.
        unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), _mm256_cvtepi32_ps(sum)) };
        *products = [F32x4::load_first(&eight), F32x4::load_first(&eight[LANES..])];
    }
    products
}
