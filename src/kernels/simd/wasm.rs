//! The kernels of WebAssembly. Which of them is used depends on the instructions that the browser and the processor have.

use super::kernel::{Kernel, RowDotProducts, choose};
use super::{relaxed, wasm128};

/// The kernel without relaxed instructions.
const STRICT: &str = "simd128";
/// The kernel with `i16x8.relaxed_dot_i8x16_i7x16_s`, which sums two products.
const TWO: &str = "relaxed-dot-i16x8";
/// The kernel with `i32x4.relaxed_dot_i8x16_i7x16_add_s`, which sums four products.
const FOUR: &str = "relaxed-dot-i32x4";

/// From the slowest to the fastest, except that [`FOUR`] is slower than [`TWO`] on some processors: [`choose_kernel`] tests it.
pub const KERNELS: &[Kernel] = &[
    Kernel {
        name: STRICT,
        is_available: || true,
        row_dot_products: RowDotProducts::I16(wasm128::row_dot_products),
        four_bit_dot_products: None,
    },
    Kernel {
        name: TWO,
        is_available: relaxed::is_loaded,
        row_dot_products: RowDotProducts::I8(relaxed::row_dot_products::<false>),
        four_bit_dot_products: Some(relaxed::four_bit_dot_products),
    },
    Kernel {
        name: FOUR,
        is_available: relaxed::is_loaded,
        row_dot_products: RowDotProducts::I8(relaxed::row_dot_products::<true>),
        four_bit_dot_products: None,
    },
];

/// Links the module of the relaxed kernels, if the browser has relaxed SIMD, and puts the fastest kernel into use. `link` gets the
/// bytes of that module. It instantiates the module in the memory of this one, puts the module's functions `sums` and
/// `four_bit_sums`, one after the other, into the function table of this one, and returns the index of `sums` there; 0, which is never a
/// function, if it cannot.
///
/// # Safety
/// The index that `link` returns must be 0, or that of `sums` of the module whose bytes it got, instantiated as described above.
pub unsafe fn choose_kernel(link: impl FnOnce(&[u8]) -> usize) {
    // SAFETY: the caller guarantees the same.
    unsafe { relaxed::load(link) };
    let fastest = if !relaxed::is_loaded() {
        STRICT
    } else if !relaxed::four_are_slower() && relaxed::equals_strict::<true>() {
        FOUR
    } else if relaxed::equals_strict::<false>() && relaxed::four_bit_equals_plain() {
        TWO
    } else {
        STRICT
    };
    choose(KERNELS, fastest);
}
