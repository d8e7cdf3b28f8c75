//! The kernels against [`kernels::reference`]: shapes that fill no tile, values at every edge, and the same bits natively
//! and in WebAssembly, where `tests/wasm.rs` includes these tests.

#[path = "kernels/any.rs"]
pub mod any;
#[path = "kernels/attention.rs"]
mod attention;
#[path = "kernels/attention_f32.rs"]
mod attention_f32;
#[path = "kernels/dense.rs"]
mod dense;
#[path = "kernels/embedding.rs"]
mod embedding;
#[path = "kernels/four_bit.rs"]
mod four_bit;
#[path = "kernels/layer_norm.rs"]
mod layer_norm;
#[path = "kernels/linear.rs"]
mod linear;
#[cfg(target_arch = "wasm32")]
#[path = "kernels/link.rs"]
mod link;
#[path = "kernels/math.rs"]
mod math;
#[path = "kernels/same_bits.rs"]
mod same_bits;

use std::sync::{Mutex, PoisonError};

use litmus_text_kernels as kernels;

use kernels::simd::backend::KERNELS;
use kernels::simd::kernel::{Kernel, choose};

/// The kernels of linear layers that this machine has.
fn available() -> impl Iterator<Item = &'static Kernel> {
    #[cfg(target_arch = "wasm32")]
    link::link_relaxed();
    KERNELS.iter().filter(|kernel| (kernel.is_available)())
}

/// Calls `check` with each of these kernels in use, and then restores the choice.
fn with_each_kernel(mut check: impl FnMut(&str)) {
    // The choice is one for all threads. Tests that do not call this may run with any kernel.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for kernel in available() {
        choose(KERNELS, kernel.name);
        check(kernel.name);
    }
    choose(KERNELS, "");
}

/// The largest relative error of rounding to f32.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;
/// The largest error of quantisation, in steps: half a step, and the rounding of the division by the step.
const STEP: f64 = 0.505;
/// Values that no row should have.
const NOT_FINITE: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// Values between -`size` and `size`.
    fn values(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| ((self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0) * size).collect()
    }

    /// Any i8, the extreme values more often than others.
    fn weights(&mut self, count: usize) -> Vec<i8> {
        (0..count)
            .map(|_| match self.bits() {
                bits if bits % 16 == 0 => -128,
                bits if bits % 16 == 1 => 127,
                bits => (bits >> 56) as u8 as i8,
            })
            .collect()
    }
}

/// The bits of each value, the same ones for any NaN.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() }).collect()
}

/// The largest magnitude.
fn largest(values: &[f32]) -> f64 {
    values.iter().fold(0.0, |largest, value| f64::from(value.abs()).max(largest))
}

/// Asserts that a value is within `bound` of the expected one.
#[track_caller]
fn assert_near(actual: f32, expected: f64, bound: f64, what: impl std::fmt::Debug) {
    let error = (f64::from(actual) - expected).abs();
    assert!(error <= bound, "{what:?}: {actual:e} is {error:e} from {expected:e}, the bound is {bound:e}");
}
