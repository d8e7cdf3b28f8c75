//! SSE2, which every x86-64 has: dot products of linear layers, and the order of their weights.

use std::arch::x86_64::*;

use super::layout::{CHANNELS, INPUTS, LANES};

/// Sums of one row. Two channels share a register: each has one partial sum over the first two of every four inputs, and one over
/// the other two.
type Sums = [__m128i; 2 * CHANNELS / LANES];

/// [`DotProducts`](super::kernel::DotProducts) of i16.
pub(super) fn row_dot_products(rows: &[i16], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    assert!(stride.is_multiple_of(INPUTS) && rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    let (groups, _) = block.as_chunks::<{ CHANNELS * INPUTS }>();
    for (row, sums) in rows.chunks(stride.max(1)).zip(sums) {
        let (inputs, _) = row.as_chunks::<INPUTS>();
        // SAFETY: every x86-64 has SSE2. The loads and stores need no alignment. They are of 8 bytes, all of `inputs`, of 16 bytes,
        // half of `weights`, and of 16 bytes, half of `sums`.
        unsafe {
            let zero = _mm_setzero_si128();
            let mut pairs: Sums = [zero; 4];
            for (inputs, weights) in inputs.iter().zip(groups) {
                let x = _mm_loadl_epi64(inputs.as_ptr().cast());
                let x = _mm_unpacklo_epi64(x, x);
                for half in 0..2 {
                    let weights = _mm_loadu_si128(weights.as_ptr().add(half * 16).cast());
                    // Packed weights are never negative, so interleaving with zeros widens them to i16.
                    let wide = [_mm_unpacklo_epi8(weights, zero), _mm_unpackhi_epi8(weights, zero)];
                    for (pairs, wide) in pairs[2 * half..].iter_mut().zip(wide) {
                        *pairs = _mm_add_epi32(*pairs, _mm_madd_epi16(x, wide));
                    }
                }
            }
            for half in 0..2 {
                let [low, high] = [2 * half, 2 * half + 1].map(|i| _mm_castsi128_ps(pairs[i]));
                let even = _mm_castps_si128(_mm_shuffle_ps::<0b10_00_10_00>(low, high));
                let odd = _mm_castps_si128(_mm_shuffle_ps::<0b11_01_11_01>(low, high));
                _mm_storeu_si128(sums.as_mut_ptr().add(half * LANES).cast(), _mm_add_epi32(even, odd));
            }
        }
    }
}

/// Interleaves 16 values of each of four rows: the first [`INPUTS`] values of each row in turn, then the next ones, plus `offset`,
/// wrapping around.
#[inline]
pub fn interleave_16(rows: [&[i8; 16]; 4], offset: i8) -> [[i8; 16]; 4] {
    let mut groups = [[0; 16]; 4];
    // SAFETY: every x86-64 has SSE2. The loads and stores are of arrays of 16 bytes, and need no alignment.
    unsafe {
        let values = rows.map(|values| _mm_loadu_si128(values.as_ptr().cast()));
        let [a, b, c, d] = values.map(|values| _mm_add_epi8(values, _mm_set1_epi8(offset)));
        let [ab, cd] = [_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d)];
        let [later_ab, later_cd] = [_mm_unpackhi_epi32(a, b), _mm_unpackhi_epi32(c, d)];
        let bytes = [
            _mm_unpacklo_epi64(ab, cd),
            _mm_unpackhi_epi64(ab, cd),
            _mm_unpacklo_epi64(later_ab, later_cd),
            _mm_unpackhi_epi64(later_ab, later_cd),
        ];
        for (group, bytes) in groups.iter_mut().zip(bytes) {
            _mm_storeu_si128(group.as_mut_ptr().cast(), bytes);
        }
    }
    groups
}
