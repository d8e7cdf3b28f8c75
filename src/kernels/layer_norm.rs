//! Layer normalisation (Ba, Kiros and Hinton, 2016) of a sum, row by row.

use super::lanes::{F32x4, each, replace_with};

/// Gain and bias, one per column, and what keeps the variance from 0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LayerNorm {
    pub gain: Vec<f32>,
    pub bias: Vec<f32>,
    pub epsilon: f32,
}

impl LayerNorm {
    /// `x`, or `x + addend` where there is one, each row normalised, in place of `x`.
    pub(crate) fn run(&self, x: &mut [f32], addend: Option<&[f32]>) {
        let width = self.gain.len().max(1);
        assert!(x.len().is_multiple_of(width) && addend.is_none_or(|addend| addend.len() == x.len()));
        for (i, row) in x.chunks_exact_mut(width).enumerate() {
            self.row(row, addend.map(|addend| &addend[i * width..][..width]));
        }
    }

    #[inline(always)]
    fn row(&self, x: &mut [f32], addend: Option<&[f32]>) {
        let count = x.len() as f32;
        let mut sum = F32x4::splat(0.0);
        match addend {
            Some(addend) => replace_with(x, addend, 0.0, |x, addend| {
                let value = x + addend;
                sum = sum + value;
                value
            }),
            None => each(x, 0.0, |value| sum = sum + value),
        }
        let mean = sum.sum() / count;
        let centre = F32x4::splat(mean);
        let mut squares = F32x4::splat(0.0);
        // Missing columns are filled with the mean, so that they add nothing.
        each(x, mean, |value| squares = squares + (value - centre) * (value - centre));
        let scale = F32x4::splat(1.0 / (squares.sum() / count + self.epsilon).sqrt());
        replace_with(x, &self.gain, 0.0, |value, gain| (value - centre) * scale * gain);
        replace_with(x, &self.bias, 0.0, |value, bias| value + bias);
    }
}
