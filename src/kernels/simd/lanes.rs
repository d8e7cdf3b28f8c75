//! Code that all backends share: operators, and loops over slices whose length is not a multiple of four.

use std::ops::{Add, Div, Mul, Sub};

use super::backend::F32x4;
use super::layout::LANES;

macro_rules! operators {
    ($($operator:ident $method:ident),*) => {$(
        impl $operator for F32x4 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // The backend's own method, which has precedence over this one of the trait.
                F32x4::$method(self, other)
            }
        }
    )*};
}
operators!(Add add, Sub sub, Mul mul, Div div);

impl F32x4 {
    /// The first four values, or all of them where there are fewer; missing ones are `fill`.
    #[inline(always)]
    pub fn load_part(from: &[f32], fill: f32) -> Self {
        match from.first_chunk::<LANES>() {
            Some(four) => Self::load(four),
            None => {
                let mut four = [fill; LANES];
                four[..from.len()].copy_from_slice(from);
                Self::load(&four)
            }
        }
    }

    /// Stores as many of the four values as `to` holds.
    #[inline(always)]
    pub fn store_part(self, to: &mut [f32]) {
        match to.first_chunk_mut::<LANES>() {
            Some(four) => self.store(four),
            None => {
                let mut four = [0.0; LANES];
                self.store(&mut four);
                to.copy_from_slice(&four[..to.len()]);
            }
        }
    }

    /// The first four values of a slice that has at least four. A shorter slice gives zeros.
    #[inline(always)]
    pub fn load_first(from: &[f32]) -> Self {
        Self::load(from.first_chunk().unwrap_or(&[0.0; LANES]))
    }

    /// The sum of the four lanes, always in the same order.
    #[inline(always)]
    pub fn sum_lanes(self) -> f32 {
        let mut four = [0.0; LANES];
        self.store(&mut four);
        (four[0] + four[2]) + (four[1] + four[3])
    }

    /// The largest of the four lanes. NaN if the first lane is NaN; other NaNs are ignored.
    #[inline(always)]
    pub fn max_lane(self) -> f32 {
        let mut four = [0.0; LANES];
        self.store(&mut four);
        four.into_iter().fold(four[0], |a, b| if a < b { b } else { a })
    }
}

/// Calls `visit` with each four consecutive values of `x`. If fewer are left for the last call, it gets `fill` in the other lanes.
#[inline(always)]
pub fn for_each_four(x: &[f32], fill: f32, mut visit: impl FnMut(F32x4)) {
    let (fours, rest) = x.as_chunks::<LANES>();
    for four in fours {
        visit(F32x4::load(four));
    }
    if !rest.is_empty() {
        visit(F32x4::load_part(rest, fill));
    }
}

/// Replaces `x` by `f(x, y)`, four consecutive values at a time; `y` is as long as `x`. If fewer are left for the last call, its
/// other lanes are `fill` in `x` and 0 in `y`, and their results are dropped.
#[inline(always)]
pub fn zip_in_place(x: &mut [f32], y: &[f32], fill: f32, mut f: impl FnMut(F32x4, F32x4) -> F32x4) {
    let (fours, rest) = x.as_chunks_mut::<LANES>();
    let (others, other_rest) = y.as_chunks::<LANES>();
    for (four, other) in fours.iter_mut().zip(others) {
        f(F32x4::load(four), F32x4::load(other)).store(four);
    }
    if !rest.is_empty() {
        f(F32x4::load_part(rest, fill), F32x4::load_part(other_rest, 0.0)).store_part(rest);
    }
}

/// The first eight values of a slice that has at least eight.
#[inline(always)]
pub fn load_eight(from: &[f32]) -> [F32x4; 2] {
    [F32x4::load_first(from), F32x4::load_first(&from[LANES..])]
}

/// Stores as many of the eight values as `to` holds; `to` has at most eight.
#[inline(always)]
pub fn store_eight(low: F32x4, high: F32x4, to: &mut [f32]) {
    match to.len() {
        width @ ..LANES => low.store_part(&mut to[..width]),
        _ => {
            low.store_part(&mut to[..LANES]);
            high.store_part(&mut to[LANES..]);
        }
    }
}
