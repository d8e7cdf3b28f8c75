//! The inner loop of our linear layers alone: an upper bound of their speed on a machine.
//!
//! A tile of 4 rows × 8 channels stays in registers, its operands in the first-level cache. One step takes 4 inputs: 32
//! bytes of weights and 4 bytes of each row, 128 products. `sums` is unrolled 4 times, so
//! that the loop itself costs little.
//!
//! Of the two relaxed instructions, one sums two products and the other four. With 4-bit weights, the first one's sums of 32
//! inputs fit in i16. Which is the fastest depends on the processor.
#![no_std]
#![no_main]

use core::arch::wasm32::*;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unreachable()
}

const ROWS: usize = 4;
const CHANNELS: usize = 8;
const STEP: usize = 4;
/// The multiple of all 4-bit weights.
const MULTIPLE: i16 = 3;

/// Multiplies `rows`, [4 rows][inputs], with `weights`, [inputs / 4][8 channels][4 inputs], `times` times, and writes the
/// sums of all passes: i32, [4 rows][8 channels]. `inputs` is a multiple of 16, and no weight is above 127. `four` chooses
/// the instruction that sums four products.
///
/// # Safety
/// The pointers must be valid for these sizes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sums(
    times: usize,
    inputs: usize,
    weights: *const v128,
    rows: *const i8,
    sums: *mut v128,
    four: bool,
) {
    // SAFETY: the caller guarantees the same.
    unsafe {
        match four {
            false => passes::<false>(times, inputs, weights, rows, sums),
            true => passes::<true>(times, inputs, weights, rows, sums),
        }
    }
}

#[inline(always)]
unsafe fn passes<const FOUR: bool>(
    times: usize,
    inputs: usize,
    weights: *const v128,
    rows: *const i8,
    sums: *mut v128,
) {
    let ones = i16x8_splat(1);
    let mut tile = [[i32x4_splat(0); 2]; ROWS];
    for _ in 0..times {
        for first in (0..inputs).step_by(4 * STEP) {
            for at in [first, first + STEP, first + 2 * STEP, first + 3 * STEP] {
                // SAFETY: the caller guarantees it.
                unsafe {
                    let weights = weights.add(at / STEP * 2);
                    let (low, high) = (v128_load(weights), v128_load(weights.add(1)));
                    for (row, sums) in tile.iter_mut().enumerate() {
                        let x = v128_load32_splat(rows.add(row * inputs + at).cast());
                        for (sum, weights) in sums.iter_mut().zip([low, high]) {
                            *sum = match FOUR {
                                false => {
                                    i32x4_add(*sum, i32x4_dot_i16x8(i16x8_relaxed_dot_i8x16_i7x16(x, weights), ones))
                                }
                                true => i32x4_relaxed_dot_i8x16_i7x16_add(x, weights, *sum),
                            };
                        }
                    }
                }
            }
        }
    }
    for (i, sum) in tile.into_iter().flatten().enumerate() {
        // SAFETY: the caller guarantees it.
        unsafe { v128_store(sums.add(i), sum) };
    }
}

/// Like [`sums`], with weights from 0 to 15, each times [`MULTIPLE`], and `rows`, [inputs / 4][4 rows][4 inputs]. The products of
/// `scaled` inputs, 32 at most, are summed in i16. `scaled` is an argument so that the compiler does not unroll the inner loop, for
/// which there are too few registers. `inputs` is a multiple of it.
///
/// # Safety
/// The pointers must be valid for these sizes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn four_bit_sums(
    times: usize,
    inputs: usize,
    weights: *const v128,
    rows: *const i8,
    sums: *mut v128,
    scaled: usize,
) {
    let mut tile = [[i32x4_splat(0); 2]; ROWS];
    for _ in 0..times {
        let (mut weights, mut rows) = (weights, rows);
        for _ in 0..inputs / scaled {
            let mut narrow = [[i16x8_splat(0); 2]; ROWS];
            // SAFETY: the caller guarantees it.
            unsafe {
                let end = weights.add(scaled / STEP * 2);
                while weights < end {
                    let (low, high) = (v128_load(weights), v128_load(weights.add(1)));
                    for (row, sums) in narrow.iter_mut().enumerate() {
                        let x = v128_load32_splat(rows.add(row * STEP).cast());
                        for (sum, weights) in sums.iter_mut().zip([low, high]) {
                            *sum = i16x8_add(*sum, i16x8_relaxed_dot_i8x16_i7x16(x, weights));
                        }
                    }
                    (weights, rows) = (weights.add(2), rows.add(ROWS * STEP));
                }
            }
            for (sums, narrow) in tile.iter_mut().zip(narrow) {
                *sums = [0, 1].map(|i| i32x4_add(sums[i], i32x4_dot_i16x8(narrow[i], i16x8_splat(MULTIPLE))));
            }
        }
    }
    for (i, sum) in tile.into_iter().flatten().enumerate() {
        // SAFETY: the caller guarantees it.
        unsafe { v128_store(sums.add(i), sum) };
    }
}

// The loop loads the weights of a step as two vectors.
const _: () = assert!(CHANNELS * STEP == 2 * size_of::<v128>());
