//! The dot products of linear layers in relaxed SIMD, for browsers that have it.
//!
//! A browser without relaxed SIMD does not load a module that has a relaxed instruction. So the kernel, `relaxed_kernel.rs`, is a
//! WebAssembly module of its own, which works in the memory of the main module and is called through its function table. Where
//! linking fails, `wasm128` computes the same integers.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::{CHANNELS, INPUTS, SCALED_INPUTS};
use super::tiles::{self, FourBitBlock, TILE_ROWS, Tiles};
use super::wasm128;

/// The compiled `relaxed_kernel.rs`.
const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// The signature of `sums` in `relaxed_kernel.rs`. All pointers are of one type in WebAssembly, whatever they point to.
type Sums = unsafe extern "C" fn(*const i8, usize, usize, *const i8, *mut i32, bool);

/// The signature of `four_bit_sums` in `relaxed_kernel.rs`.
type FourBitSums = unsafe extern "C" fn(*const i8, *const [i16; 2], usize, usize, *const i8, *const i8, *mut i32);

// `relaxed_kernel.rs` has these sizes as literals.
const _: () = assert!(TILE_ROWS == 4 && CHANNELS == 8 && INPUTS == 4 && SCALED_INPUTS == 32);

/// The index of `sums` in the function table, after which `four_bit_sums` comes; 0, which is never a function, until they are loaded.
static SUMS: AtomicUsize = AtomicUsize::new(0);

/// Links the module, by `link`: see [`choose_kernel`](super::wasm::choose_kernel).
///
/// # Safety
/// As for [`choose_kernel`](super::wasm::choose_kernel).
pub(super) unsafe fn load(link: impl FnOnce(&[u8]) -> usize) {
    SUMS.store(link(MODULE), Ordering::Relaxed);
}

/// Whether [`load`] succeeded.
pub(super) fn is_loaded() -> bool {
    SUMS.load(Ordering::Relaxed) != 0
}

/// Whether the kernel that sums four products at once is slower than the one that sums two. It is slower where the browser compiles its
/// instruction to several instructions of the processor, as on x86 without VNNI. The first of these sums two products and saturates
/// in i16, by which this function recognises it. With VNNI, and on ARM64 with dot products, it is one instruction, which does not
/// saturate.
///
/// The weights of this test are the byte 255, which x86 reads as unsigned: 2 · 127 · 255 saturates. Layers have no weights above 127.
/// A wrong answer would only choose the slower kernel.
pub(super) fn four_are_slower() -> bool {
    const SATURATED: i32 = 2 * i16::MAX as i32;
    let mut sums = [[0; CHANNELS]];
    row_dot_products::<true>(&[127; INPUTS], INPUTS, &[0xffu8.cast_signed(); CHANNELS * INPUTS], &mut sums);
    sums[0][0] == SATURATED
}

/// Whether a kernel computes the same integers as the strict one, for each number of rows that it computes together. `FOUR`: the kernel
/// that sums four products at once. Engines have had bugs in its instruction: the baseline compiler of V8 11.3 on x86, in Node 20 behind
/// a flag, doubles the sums.
pub(super) fn equals_strict<const FOUR: bool>() -> bool {
    const ROWS: usize = 4;
    const STRIDE: usize = 9 * INPUTS;
    let rows: [i8; ROWS * STRIDE] = std::array::from_fn(|i| ((i * 89 % 255) as i16 - 127) as i8);
    let block: [i8; CHANNELS * STRIDE] = std::array::from_fn(|i| (i * 53 % 128) as i8);
    let wide = rows.map(i16::from);
    (1..=ROWS).all(|count| {
        let [mut sums, mut expected] = [[[0; CHANNELS]; ROWS]; 2];
        row_dot_products::<FOUR>(&rows[..count * STRIDE], STRIDE, &block, &mut sums[..count]);
        wasm128::row_dot_products(&wide[..count * STRIDE], STRIDE, &block, &mut expected[..count]);
        sums == expected
    })
}

/// Whether [`four_bit_dot_products`] computes the same integers as plain Rust, for a single row and for tiles.
pub(super) fn four_bit_equals_plain() -> bool {
    const ROWS: usize = 2 * TILE_ROWS;
    const STRIDE: usize = 3 * SCALED_INPUTS;
    let values: [i8; ROWS * STRIDE] = std::array::from_fn(|i| ((i * 89 % 255) as i16 - 127) as i8);
    let corrections: [[i16; 2]; ROWS * STRIDE / SCALED_INPUTS] =
        std::array::from_fn(|i| [i as i16 * 50, -90 * i as i16]);
    let nibbles: [i8; CHANNELS * STRIDE] = std::array::from_fn(|i| (i * 53 % 251 % 16) as i8);
    let multiples: [i8; CHANNELS * STRIDE / SCALED_INPUTS] = std::array::from_fn(|i| (i * 7 % 15) as i8 - 7);
    let block = FourBitBlock { nibbles: &nibbles, multiples: &multiples };
    [1, TILE_ROWS, ROWS].into_iter().all(|count| {
        let rows = Tiles {
            values: &values[..count * STRIDE],
            corrections: &corrections[..count * STRIDE / SCALED_INPUTS],
            stride: STRIDE,
        };
        let [mut sums, mut expected] = [[[0; CHANNELS]; ROWS]; 2];
        four_bit_dot_products(rows, block, &mut sums[..count]);
        tiles::four_bit_dot_products(rows, block, &mut expected[..count]);
        sums == expected
    })
}

/// [`FourBitDotProducts`](tiles::FourBitDotProducts) by the instruction that sums two products. Panics unless the module
/// [is linked](is_loaded).
pub(super) fn four_bit_dot_products(rows: Tiles, block: FourBitBlock, sums: &mut [[i32; CHANNELS]]) {
    let index = SUMS.load(Ordering::Relaxed);
    assert!(index != 0);
    rows.assert_lengths(block, sums.len());
    let (nibbles, multiples) = (block.nibbles.as_ptr(), block.multiples.as_ptr());
    // SAFETY: the index after that of `sums` in the function table is that of `four_bit_sums`, as the caller of `load` guarantees,
    // and a function pointer is an index into that table. The assertions guarantee the lengths that `four_bit_sums` requires.
    unsafe {
        let kernel: FourBitSums = std::mem::transmute(index + 1);
        let (values, corrections) = (rows.values.as_ptr(), rows.corrections.as_ptr());
        kernel(values, corrections, rows.stride, sums.len(), nibbles, multiples, sums.as_mut_ptr().cast());
    }
}

/// [`DotProducts`](super::kernel::DotProducts) of i8, by the instruction that sums four products or by the one that sums two. Panics
/// unless the module [is linked](is_loaded).
pub(super) fn row_dot_products<const FOUR: bool>(
    rows: &[i8],
    stride: usize,
    block: &[i8],
    sums: &mut [[i32; CHANNELS]],
) {
    let index = SUMS.load(Ordering::Relaxed);
    assert!(index != 0 && stride.is_multiple_of(INPUTS));
    assert!(rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    // SAFETY: the index is that of `sums` in the function table, as the caller of `load` guarantees, and a function pointer is an
    // index into that table. The assertions guarantee the lengths that `sums` requires.
    unsafe {
        let kernel: Sums = std::mem::transmute(index);
        kernel(rows.as_ptr(), stride, sums.len(), block.as_ptr(), sums.as_mut_ptr().cast(), FOUR);
    }
}
