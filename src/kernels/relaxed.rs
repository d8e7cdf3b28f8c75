//! Where the browser has relaxed SIMD, the sums of linear layers are computed by `relaxed_kernel.rs`, a WebAssembly
//! module of its own in this module's memory. Without it, `simd128` computes the same sums.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::quant_linear::{CHANNELS, INPUTS};

const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// As in `relaxed_kernel.rs`.
type Sums = unsafe extern "C" fn(*const i8, usize, usize, *const i8, *mut i32);

/// The kernel's place in the table of functions; 0, where no function is, before [`load`] or without the kernel.
static KERNEL: AtomicUsize = AtomicUsize::new(0);

/// Whether the kernel could be had: then layers are computed with it from now on. `link` instantiates a module in this
/// module's memory, puts its function `sums` into this module's table, and says where; 0 where it cannot.
pub(crate) fn load(link: impl FnOnce(&[u8]) -> usize) -> bool {
    KERNEL.store(link(MODULE), Ordering::Relaxed);
    is_loaded()
}

/// Whether the kernel is there.
pub(crate) fn is_loaded() -> bool {
    KERNEL.load(Ordering::Relaxed) != 0
}

/// What [`sums_i16`](super::simd128::sums_i16) computes, of rows of i8; only where the kernel [is there](is_loaded).
pub(crate) fn sums_i8(rows: &[i8], stride: usize, block: &[i8], sums: &mut [[i32; CHANNELS]]) {
    let place = KERNEL.load(Ordering::Relaxed);
    assert!(place != 0 && stride.is_multiple_of(INPUTS));
    assert!(rows.len() == sums.len() * stride && block.len() == stride * CHANNELS);
    // SAFETY: in WebAssembly a function pointer is a place in the table, and `link` has put the kernel there; it reads
    // and writes only what the assertions have found to be there.
    unsafe {
        let kernel: Sums = std::mem::transmute(place);
        kernel(rows.as_ptr(), stride, sums.len(), block.as_ptr(), sums.as_mut_ptr().cast());
    }
}
