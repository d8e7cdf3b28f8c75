//! A WebAssembly module of its own, compiled by `build.rs`: the dot products of a linear layer in relaxed SIMD. It works
//! in the memory of the main module and has neither data nor a stack of its own.
//!
//! `i16x8.relaxed_dot_i8x16_i7x16_s` multiplies 16 pairs of values at once, where strict SIMD multiplies 8. Machines
//! differ in the result where a value of the second operand is above 127, or where the sum of two products does not fit
//! in i16. Neither happens here: packed weights are unsigned 7-bit values, and two products sum to at most
//! 2 · 127 · 127. So the result is the same everywhere.
#![no_std]
#![no_main]

use core::arch::wasm32::*;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unreachable()
}

/// The dot products of each of `count` rows at `x`, `stride` values apart, with the 8 channels of a block of weights,
/// `stride` / 4 groups. Writes 8 sums per row to `sums`.
///
/// # Safety
/// `x` must point to `count` × `stride` bytes, `weights` to 8 × `stride` bytes, none above 127, and `sums` to room for
/// 8 × `count` i32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sums(x: *const i8, stride: usize, count: usize, weights: *const u8, sums: *mut v128) {
    let mut row = 0;
    while row < count {
        // SAFETY: each tile takes at most `count - row` rows from `row` on, and `sums` has room for them.
        unsafe {
            let (x, sums) = (x.add(row * stride), sums.add(2 * row));
            match count - row {
                1 => tile::<1>(x, stride, weights, sums),
                2 => tile::<2>(x, stride, weights, sums),
                3 => tile::<3>(x, stride, weights, sums),
                _ => tile::<4>(x, stride, weights, sums),
            }
        }
        row += 4;
    }
}

#[inline(always)]
unsafe fn tile<const ROWS: usize>(x: *const i8, stride: usize, weights: *const u8, to: *mut v128) {
    let ones = i16x8_splat(1);
    let mut sums = [[i32x4_splat(0); 2]; ROWS];
    let mut at = 0;
    while at < stride {
        // SAFETY: a group, 4 inputs of 8 channels, is 32 bytes of the block and 4 bytes of each row.
        unsafe {
            let weights = weights.add(8 * at).cast::<v128>();
            let weights = [v128_load(weights), v128_load(weights.add(1))];
            let mut i = 0;
            while i < ROWS {
                let x = v128_load32_splat(x.add(i * stride + at).cast());
                let low = i32x4_dot_i16x8(i16x8_relaxed_dot_i8x16_i7x16(x, weights[0]), ones);
                let high = i32x4_dot_i16x8(i16x8_relaxed_dot_i8x16_i7x16(x, weights[1]), ones);
                sums[i] = [i32x4_add(sums[i][0], low), i32x4_add(sums[i][1], high)];
                i += 1;
            }
        }
        at += 4;
    }
    let mut i = 0;
    while i < ROWS {
        // SAFETY: `to` has room for 8 sums of each row.
        unsafe {
            v128_store(to.add(2 * i), sums[i][0]);
            v128_store(to.add(2 * i + 1), sums[i][1]);
        }
        i += 1;
    }
}
