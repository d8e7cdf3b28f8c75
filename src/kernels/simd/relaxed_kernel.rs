//! A WebAssembly module of its own, compiled by `build.rs`: the dot products of a linear layer in relaxed SIMD. It works
//! in the memory of the main module and has neither data nor a stack of its own.
//!
//! Two relaxed instructions can compute them. `i16x8.relaxed_dot_i8x16_i7x16_s` sums two products in each lane, and
//! `i32x4.dot_i16x8_s` then adds two such sums; `i32x4.relaxed_dot_i8x16_i7x16_add_s` sums four products at once. Which one is faster
//! depends on the processor: `wasm.rs` chooses.
//!
//! Machines differ in the results where a value of the second operand is above 127, or where the sum of two products does not
//! fit in i16. Neither happens with the weights of a layer: packed weights are unsigned 7-bit values, and two products sum to at
//! most 2 · 127 · 127. So both instructions give the same integers everywhere.
//!
//! `four_bit_sums` uses the first instruction with 4-bit weights and sums its results in i16 (see `tiles.rs`): one
//! `i32x4.dot_i16x8_s` per 32 inputs is enough, instead of one per 4.
#![no_std]
#![no_main]

use core::arch::wasm32::*;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unreachable()
}

/// Computes the dot products of each of `count` rows at `x`, `stride` values each, with the 8 channels of a block of weights,
/// `stride` / 4 groups. Writes 8 sums per row to `sums`. `four` chooses the instruction that sums four products. With weights
/// above 127, the sums depend on the machine.
///
/// # Safety
/// `stride` must be a multiple of 4. `x` must point to `count` × `stride` bytes, `weights` to 8 × `stride` bytes, and `sums` to
/// memory for 8 × `count` i32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sums(
    x: *const i8,
    stride: usize,
    count: usize,
    weights: *const u8,
    sums: *mut v128,
    four: bool,
) {
    // SAFETY: the caller guarantees the same.
    unsafe {
        match four {
            false => rows::<false>(x, stride, count, weights, sums),
            true => rows::<true>(x, stride, count, weights, sums),
        }
    }
}

/// [`sums`] with one of the two instructions: divides the rows into tiles.
///
/// # Safety
/// As for [`sums`].
#[inline(always)]
unsafe fn rows<const FOUR: bool>(x: *const i8, stride: usize, count: usize, weights: *const u8, sums: *mut v128) {
    let mut row = 0;
    while row < count {
        // SAFETY: each tile takes at most `count - row` rows, from `row` on: these rows and their sums, 2 vectors per row, are in
        // the memory that the caller guarantees.
        unsafe {
            let (x, sums) = (x.add(row * stride), sums.add(2 * row));
            match count - row {
                1 => tile::<1, 4, FOUR>(x, stride, weights, sums),
                2 => tile::<2, 2, FOUR>(x, stride, weights, sums),
                3 => tile::<3, 1, FOUR>(x, stride, weights, sums),
                _ => tile::<4, 1, FOUR>(x, stride, weights, sums),
            }
        }
        row += 4;
    }
}

/// Writes the sums of `ROWS` rows. Consecutive groups add to `PARTS` sums in turn: with few rows, each addition to a single sum would
/// wait for the one before.
///
/// # Safety
/// As for [`sums`], with `ROWS` rows.
#[inline(always)]
unsafe fn tile<const ROWS: usize, const PARTS: usize, const FOUR: bool>(
    x: *const i8,
    stride: usize,
    weights: *const u8,
    to: *mut v128,
) {
    let mut sums = [[[i32x4_splat(0); 2]; ROWS]; PARTS];
    let mut at = 0;
    // SAFETY: every group is at a multiple of 4 below `stride`, and `to` points to memory for 8 sums, 2 vectors, of each row.
    unsafe {
        while at + 4 * PARTS <= stride {
            let mut part = 0;
            while part < PARTS {
                add_group::<ROWS, FOUR>(&mut sums[part], x, stride, weights, at + 4 * part);
                part += 1;
            }
            at += 4 * PARTS;
        }
        while at < stride {
            add_group::<ROWS, FOUR>(&mut sums[0], x, stride, weights, at);
            at += 4;
        }
        let mut i = 0;
        while i < ROWS {
            let [mut low, mut high] = sums[0][i];
            let mut part = 1;
            while part < PARTS {
                [low, high] = [i32x4_add(low, sums[part][i][0]), i32x4_add(high, sums[part][i][1])];
                part += 1;
            }
            v128_store(to.add(2 * i), low);
            v128_store(to.add(2 * i + 1), high);
            i += 1;
        }
    }
}

/// Adds the products of the group at `at`: 4 inputs of 8 channels, 32 bytes of the block and 4 bytes of each row.
///
/// # Safety
/// As for [`tile`]; `at` must be a multiple of 4 below `stride`.
#[inline(always)]
unsafe fn add_group<const ROWS: usize, const FOUR: bool>(
    sums: &mut [[v128; 2]; ROWS],
    x: *const i8,
    stride: usize,
    weights: *const u8,
    at: usize,
) {
    // SAFETY: `stride` is a multiple of 4, too, so each row has 4 bytes from `at` on, and the block 32 bytes from 8 · `at` on.
    unsafe {
        let weights = weights.add(8 * at).cast::<v128>();
        let weights = [v128_load(weights), v128_load(weights.add(1))];
        let mut i = 0;
        while i < ROWS {
            let x = v128_load32_splat(x.add(i * stride + at).cast());
            sums[i] = [with_products::<FOUR>(sums[i][0], x, weights[0]), with_products::<FOUR>(sums[i][1], x, weights[1])];
            i += 1;
        }
    }
}

/// The four sums, to each of which the products of four values of `x` with four weights are added.
#[inline(always)]
fn with_products<const FOUR: bool>(sums: v128, x: v128, weights: v128) -> v128 {
    match FOUR {
        false => i32x4_add(sums, i32x4_dot_i16x8(i16x8_relaxed_dot_i8x16_i7x16(x, weights), i16x8_splat(1))),
        true => i32x4_relaxed_dot_i8x16_i7x16_add(x, weights, sums),
    }
}

/// Computes the dot products of `count` rows with the 8 channels of a block of 4-bit weights and writes 8 sums per row to `sums`.
/// `Tiles` and `FourBitBlock` in `tiles.rs` describe the arguments.
///
/// # Safety
/// `stride` must be a positive multiple of 32, and `count` 1 or a multiple of 4. `x` must point to `count` × `stride` bytes,
/// `corrections` to an eighth of that, `weights` to 8 × `stride` bytes, `multiples` to `stride` / 4 bytes, and `sums` to memory for 8 × `count` i32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn four_bit_sums(
    x: *const i8,
    corrections: *const u32,
    stride: usize,
    count: usize,
    weights: *const u8,
    multiples: *const i8,
    sums: *mut v128,
) {
    // SAFETY: the caller guarantees the same. Each tile has the next rows, their corrections and their sums, 2 vectors per row.
    unsafe {
        if count == 1 {
            return four_bit_tile::<1>(x, corrections, stride, weights, multiples, sums);
        }
        let mut row = 0;
        while row < count {
            let (x, corrections) = (x.add(row * stride), corrections.add(row * (stride / 32)));
            four_bit_tile::<4>(x, corrections, stride, weights, multiples, sums.add(2 * row));
            row += 4;
        }
    }
}

/// Writes the sums of a tile of `ROWS` rows.
///
/// # Safety
/// As for [`four_bit_sums`], with `ROWS` rows.
#[inline(always)]
unsafe fn four_bit_tile<const ROWS: usize>(
    mut x: *const i8,
    mut corrections: *const u32,
    stride: usize,
    weights: *const u8,
    mut multiples: *const i8,
    to: *mut v128,
) {
    let mut sums = [[i32x4_splat(0); 2]; ROWS];
    // SAFETY: the block has 16 vectors for every 32 inputs, 2 for every 4; the tile has 4 bytes of each row for every 4 inputs; for
    // every 32 inputs there are 4 bytes of corrections of each row, and 8 multiples.
    unsafe {
        let mut weights = weights.cast::<v128>();
        let end = weights.add(stride / 2);
        while weights < end {
            let mut sums16 = [[i32x4_splat(0); 2]; ROWS];
            let mut i = 0;
            while i < ROWS {
                sums16[i] = [v128_load32_splat(corrections.add(i)); 2];
                i += 1;
            }
            let scaled_end = weights.add(16);
            while weights < scaled_end {
                let group = [v128_load(weights), v128_load(weights.add(1))];
                let mut i = 0;
                while i < ROWS {
                    let x = v128_load32_splat(x.add(4 * i).cast());
                    sums16[i] = [
                        i16x8_add(sums16[i][0], i16x8_relaxed_dot_i8x16_i7x16(x, group[0])),
                        i16x8_add(sums16[i][1], i16x8_relaxed_dot_i8x16_i7x16(x, group[1])),
                    ];
                    i += 1;
                }
                (x, weights) = (x.add(4 * ROWS), weights.add(2));
            }
            // Each channel has two sums, in adjacent lanes, so its multiple is needed in both.
            let of_channels = i16x8_load_extend_i8x8(multiples);
            let low = i16x8_shuffle::<0, 0, 1, 1, 2, 2, 3, 3>(of_channels, of_channels);
            let high = i16x8_shuffle::<4, 4, 5, 5, 6, 6, 7, 7>(of_channels, of_channels);
            let mut i = 0;
            while i < ROWS {
                sums[i] = [
                    i32x4_add(sums[i][0], i32x4_dot_i16x8(sums16[i][0], low)),
                    i32x4_add(sums[i][1], i32x4_dot_i16x8(sums16[i][1], high)),
                ];
                i += 1;
            }
            (corrections, multiples) = (corrections.add(ROWS), multiples.add(8));
        }
        let mut i = 0;
        while i < ROWS {
            v128_store(to.add(2 * i), sums[i][0]);
            v128_store(to.add(2 * i + 1), sums[i][1]);
            i += 1;
        }
    }
}
