//! Quantised rows, as the dot products of linear layers read them.

use std::ops::Range;

use crate::quantize::{QuantizedInt, quantize_row};
use crate::simd::{INPUTS, SCALED_INPUTS, TILE_ROWS, Tiles, ZERO_POINT, interleave_rows, pair_sums};

/// The largest magnitude of a quantised value of a row.
const ROW_LIMIT: f32 = 127.0;

/// Quantised rows, each with its scale.
#[derive(Default)]
pub struct QuantRows<T> {
    /// The rows, padded to whole tiles with rows of arbitrary values from −127 to 127.
    pub values: Vec<T>,
    pub scales: Vec<f32>,
    /// What the dot products of each row are too large by: the offset of the weights, times the sum of the row.
    pub offsets: Vec<i32>,
    /// The distance from one row to the next: the length of a row, which is padded with zeros to a multiple of [`INPUTS`].
    pub stride: usize,
}

impl<T: QuantizedInt> QuantRows<T> {
    /// Replaces all rows by the rows of `x`, each `width` values wide. `offset` is what is added to the weights.
    pub fn quantize(&mut self, x: &[f32], rows: usize, width: usize, offset: i32) {
        self.stride = width.next_multiple_of(INPUTS);
        self.values.resize(rows.next_multiple_of(TILE_ROWS) * self.stride, T::default());
        self.scales.clear();
        self.offsets.clear();
        for row in 0..rows {
            let to = &mut self.values[row * self.stride..][..self.stride];
            let (scale, sum) = quantize_row(&x[row * width..][..width], ROW_LIMIT, to);
            self.scales.push(scale);
            self.offsets.push(offset * sum as i32);
        }
    }
}

/// The rows of [`QuantRows`] in tiles, for dot products with 4-bit weights: see [`Tiles`].
#[derive(Default)]
pub struct RowTiles {
    values: Vec<i8>,
    corrections: Vec<[i16; 2]>,
    stride: usize,
}

impl RowTiles {
    /// Replaces all tiles by those of `rows`, whose stride is a positive multiple of [`SCALED_INPUTS`]. A single row is a tile of its own;
    /// otherwise the last tile is padded with rows whose sums are meaningless.
    pub fn arrange(&mut self, rows: &QuantRows<i8>) {
        let count = rows.scales.len();
        let tile_rows = if count == 1 { 1 } else { TILE_ROWS };
        self.stride = rows.stride;
        self.values.resize(count.next_multiple_of(tile_rows) * self.stride, 0);
        self.corrections.resize(self.values.len() / SCALED_INPUTS, [0; 2]);
        if count == 1 {
            self.values.copy_from_slice(&rows.values[..self.stride]);
        } else {
            let tile = TILE_ROWS * self.stride;
            for (rows, to) in rows.values.chunks_exact(tile).zip(self.values.chunks_exact_mut(tile)) {
                interleave_rows::<TILE_ROWS>(rows, 0, to);
            }
        }
        let groups = self.stride / SCALED_INPUTS;
        for (row, values) in rows.values.chunks_exact(self.stride).take(count).enumerate() {
            let (tile, in_tile) = (row / tile_rows, row % tile_rows);
            let (values, _) = values.as_chunks::<SCALED_INPUTS>();
            let corrections = &mut self.corrections[tile * tile_rows * groups + in_tile..];
            for (values, correction) in values.iter().zip(corrections.iter_mut().step_by(tile_rows)) {
                *correction = pair_sums(values).map(|sum| -i16::from(ZERO_POINT) * sum);
            }
        }
    }

    /// The tiles that contain these rows. `rows.start` must be a multiple of [`TILE_ROWS`]. The last tile may have more rows.
    pub fn tiles_of(&self, rows: Range<usize>) -> Tiles<'_> {
        let end = (rows.end.next_multiple_of(TILE_ROWS) * self.stride).min(self.values.len());
        let start = rows.start * self.stride;
        Tiles {
            values: &self.values[start..end],
            corrections: &self.corrections[start / SCALED_INPUTS..end / SCALED_INPUTS],
            stride: self.stride,
        }
    }
}
