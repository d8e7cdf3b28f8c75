//! Layer normalisation (Ba, Kiros and Hinton, 2016), of a value or of a sum of two.

use super::simd::{F32x4, for_each_four, zip_in_place};

/// `(x − mean) / √(variance + epsilon) · gain + bias` for each row, with the mean and the variance of the row.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm {
    /// One gain per column.
    pub gain: Vec<f32>,
    /// One bias per column.
    pub bias: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f32,
}

impl LayerNorm {
    /// Replaces each row of `x`, or of `x + addend`, by its normalisation. A row with a NaN or an infinity becomes NaN.
    ///
    /// # Panics
    /// If the length of `x` is not a multiple of the length of the gain, or if the addend has another length than `x`.
    #[inline(never)]
    pub fn run(&self, x: &mut [f32], addend: Option<&[f32]>) {
        let width = self.gain.len().max(1);
        assert!(x.len().is_multiple_of(width) && addend.is_none_or(|addend| addend.len() == x.len()));
        for (i, row) in x.chunks_exact_mut(width).enumerate() {
            self.normalize_row(row, addend.map(|addend| &addend[i * width..][..width]));
        }
    }

    #[inline(always)]
    fn normalize_row(&self, x: &mut [f32], addend: Option<&[f32]>) {
        let count = x.len() as f32;
        let mut sum = F32x4::splat(0.0);
        match addend {
            Some(addend) => zip_in_place(x, addend, 0.0, |x, addend| {
                let value = x + addend;
                sum = sum + value;
                value
            }),
            None => for_each_four(x, 0.0, |value| sum = sum + value),
        }
        let mean = sum.sum_lanes() / count;
        let centre = F32x4::splat(mean);
        let mut squares = F32x4::splat(0.0);
        // The padding is the mean, which adds nothing to the variance.
        for_each_four(x, mean, |value| squares = squares + (value - centre) * (value - centre));
        let scale = F32x4::splat(1.0 / (squares.sum_lanes() / count + self.epsilon).sqrt());
        zip_in_place(x, &self.gain, 0.0, |value, gain| (value - centre) * scale * gain);
        zip_in_place(x, &self.bias, 0.0, |value, bias| value + bias);
    }
}
