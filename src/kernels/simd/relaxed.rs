//! The dot products of linear layers in relaxed SIMD, for browsers that have it.
//!
//! A module with a relaxed instruction does not load where the browser lacks relaxed SIMD. So the kernel,
//! `relaxed_kernel.rs`, is a WebAssembly module of its own, which is linked to this module's memory and function table.
//! Where that fails, `wasm128` computes the same integers.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::{CHANNELS, INPUTS};

const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// The signature of `sums` in `relaxed_kernel.rs`.
type Sums = unsafe extern "C" fn(*const i8, usize, usize, *const i8, *mut i32);

/// The kernel's index in the function table; 0, which is never a function, until it is loaded.
static KERNEL: AtomicUsize = AtomicUsize::new(0);

/// Links the kernel and returns whether that succeeded; linear layers use it from then on. `link` instantiates the module
/// with this module's memory, puts its function `sums` into this module's table and returns the index, or 0 if it cannot.
pub(crate) fn load(link: impl FnOnce(&[u8]) -> usize) -> bool {
    KERNEL.store(link(MODULE), Ordering::Relaxed);
    is_loaded()
}

/// Whether the kernel is linked.
pub(crate) fn is_loaded() -> bool {
    KERNEL.load(Ordering::Relaxed) != 0
}

/// What [`row_dot_products_i16`](super::wasm128::row_dot_products_i16) computes, for rows of i8. Panics unless the kernel
/// [is linked](is_loaded).
pub(crate) fn row_dot_products_i8(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    let index = KERNEL.load(Ordering::Relaxed);
    assert!(index != 0 && stride.is_multiple_of(INPUTS));
    assert!(rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    // SAFETY: a function pointer of WebAssembly is an index in the function table, and `link` has put the kernel at
    // this one. The assertions guarantee the lengths of everything that it reads and writes.
    unsafe {
        let kernel: Sums = std::mem::transmute(index);
        kernel(rows.as_ptr(), stride, sums.len(), block.as_ptr(), sums.as_mut_ptr().cast());
    }
}
