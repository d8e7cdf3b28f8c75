//! Four f32 at a time, with operations that round alike everywhere.

use std::ops::{Add, Div, Mul, Sub};

pub(crate) use super::machine::F32x4;

/// Numbers in one [`F32x4`].
pub(crate) const LANES: usize = 4;

macro_rules! operators {
    ($($operator:ident $method:ident),*) => {$(
        impl $operator for F32x4 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                F32x4::$method(self, other)
            }
        }
    )*};
}
operators!(Add add, Sub sub, Mul mul, Div div);

impl F32x4 {
    /// Up to four numbers, the missing ones replaced by `fill`.
    #[inline(always)]
    pub(crate) fn load_part(from: &[f32], fill: f32) -> Self {
        match from.first_chunk::<LANES>() {
            Some(four) => Self::load(four),
            None => {
                let mut four = [fill; LANES];
                four[..from.len()].copy_from_slice(from);
                Self::load(&four)
            }
        }
    }

    /// As many numbers as there is room for.
    #[inline(always)]
    pub(crate) fn store_part(self, to: &mut [f32]) {
        match to.first_chunk_mut::<LANES>() {
            Some(four) => self.store(four),
            None => {
                let mut four = [0.0; LANES];
                self.store(&mut four);
                to.copy_from_slice(&four[..to.len()]);
            }
        }
    }

    /// The first four.
    #[inline(always)]
    pub(crate) fn first(from: &[f32]) -> Self {
        Self::load(from.first_chunk().unwrap_or(&[0.0; LANES]))
    }

    /// The sum of the four, always in the same order.
    #[inline(always)]
    pub(crate) fn sum(self) -> f32 {
        let mut four = [0.0; LANES];
        self.store(&mut four);
        (four[0] + four[2]) + (four[1] + four[3])
    }

    /// The largest of the four.
    #[inline(always)]
    pub(crate) fn largest(self) -> f32 {
        let mut four = [0.0; LANES];
        self.store(&mut four);
        four.into_iter().fold(four[0], |a, b| if a < b { b } else { a })
    }
}

/// Goes through `x` four by four; behind its end there is `fill`.
#[inline(always)]
pub(crate) fn each(x: &[f32], fill: f32, mut see: impl FnMut(F32x4)) {
    let (fours, rest) = x.as_chunks::<LANES>();
    for four in fours {
        see(F32x4::load(four));
    }
    if !rest.is_empty() {
        see(F32x4::load_part(rest, fill));
    }
}

/// Replaces `x` four by four with a view of `y`, which is as long; behind the end of `x` there is `fill`, and what becomes
/// of it is dropped.
#[inline(always)]
pub(crate) fn replace_with(x: &mut [f32], y: &[f32], fill: f32, mut new: impl FnMut(F32x4, F32x4) -> F32x4) {
    let (fours, rest) = x.as_chunks_mut::<LANES>();
    let (others, other_rest) = y.as_chunks::<LANES>();
    for (four, other) in fours.iter_mut().zip(others) {
        new(F32x4::load(four), F32x4::load(other)).store(four);
    }
    if !rest.is_empty() {
        new(F32x4::load_part(rest, fill), F32x4::load_part(other_rest, 0.0)).store_part(rest);
    }
}
