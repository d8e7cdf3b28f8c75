//! The dot products of linear layers in relaxed SIMD, for browsers that have it.
//!
//! A module with a relaxed instruction does not load where the browser lacks relaxed SIMD. So the kernel,
//! `relaxed_kernel.rs`, is a WebAssembly module of its own, which is linked to this module's memory and function table.
//! Where that fails, `wasm128` computes the same integers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::layout::{CHANNELS, INPUTS};

const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// The signature of `sums` in `relaxed_kernel.rs`.
type Sums = unsafe extern "C" fn(*const i8, usize, usize, *const i8, *mut i32, bool);

/// The kernel's index in the function table; 0, which is never a function, until it is loaded.
static KERNEL: AtomicUsize = AtomicUsize::new(0);
/// Whether the kernel uses the instruction that sums four products.
static SUMS_FOUR: AtomicBool = AtomicBool::new(false);

/// Links the kernel and returns whether that succeeded; linear layers use it from then on. `link` instantiates the module
/// with this module's memory, puts its function `sums` into this module's table and returns the index, or 0 if it cannot.
pub(crate) fn load(link: impl FnOnce(&[u8]) -> usize) -> bool {
    KERNEL.store(link(MODULE), Ordering::Relaxed);
    if is_loaded() {
        choose(four_is_one_instruction());
    }
    is_loaded()
}

/// Whether the kernel is linked.
pub(crate) fn is_loaded() -> bool {
    KERNEL.load(Ordering::Relaxed) != 0
}

/// Chooses the instruction that sums four products, or the one that sums two. The results are the same.
pub(crate) fn choose(four: bool) {
    SUMS_FOUR.store(four, Ordering::Relaxed);
}

/// Whether the processor sums four products in one instruction: ARM64 with dot products, x86 with VNNI. Other x86 processors
/// do it in several, the first of which saturates the sum of two products. Weights above 127, which no layer has, show that.
fn four_is_one_instruction() -> bool {
    const SATURATED: i32 = 2 * i16::MAX as i32;
    let mut sums = [[0; CHANNELS]];
    run(&[127; INPUTS], INPUTS, &[0xffu8.cast_signed(); CHANNELS * INPUTS], &mut sums, true);
    sums[0][0] != SATURATED
}

/// What [`row_dot_products_i16`](super::wasm128::row_dot_products_i16) computes, for rows of i8. Panics unless the kernel
/// [is linked](is_loaded).
pub(crate) fn row_dot_products_i8(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    run(rows, stride, block, sums, SUMS_FOUR.load(Ordering::Relaxed));
}

fn run(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]], four: bool) {
    let index = KERNEL.load(Ordering::Relaxed);
    assert!(index != 0 && stride.is_multiple_of(INPUTS));
    assert!(rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    // SAFETY: a function pointer of WebAssembly is an index in the function table, and `link` has put the kernel at
    // this one. The assertions guarantee the lengths of everything that it reads and writes.
    unsafe {
        let kernel: Sums = std::mem::transmute(index);
        kernel(rows.as_ptr(), stride, sums.len(), block.as_ptr(), sums.as_mut_ptr().cast(), four);
    }
}
