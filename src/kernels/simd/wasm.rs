//! The kernels of WebAssembly. The instructions of the browser and of the processor decide at start which of them is used.

use super::kernel::{Kernel, RowDotProducts, choose};
use super::{relaxed, wasm128};

const STRICT: &str = "simd128";
/// By `i16x8.relaxed_dot_i8x16_i7x16_s`, which sums two products.
const TWO: &str = "relaxed-dot-i16x8";
/// By `i32x4.relaxed_dot_i8x16_i7x16_add_s`, which sums four.
const FOUR: &str = "relaxed-dot-i32x4";

/// All kernels, from the slowest on.
pub const KERNELS: &[Kernel] = &[
    Kernel { name: STRICT, is_available: || true, row_dot_products: RowDotProducts::I16(wasm128::row_dot_products) },
    Kernel {
        name: TWO,
        is_available: relaxed::is_loaded,
        row_dot_products: RowDotProducts::I8(relaxed::row_dot_products::<false>),
    },
    Kernel {
        name: FOUR,
        is_available: relaxed::is_loaded,
        row_dot_products: RowDotProducts::I8(relaxed::row_dot_products::<true>),
    },
];

/// Links the module with the relaxed kernels, if the browser has relaxed SIMD, and chooses the fastest kernel. `link`
/// instantiates the module with this module's memory, puts its function `sums` into this module's table and returns the index, or
/// 0 if it cannot.
pub fn choose_kernel(link: impl FnOnce(&[u8]) -> usize) {
    relaxed::load(link);
    let fastest = if !relaxed::is_loaded() || !relaxed::is_right::<false>() {
        STRICT
    } else if relaxed::saturates() || !relaxed::is_right::<true>() {
        TWO
    } else {
        FOUR
    };
    choose(KERNELS, fastest);
}
