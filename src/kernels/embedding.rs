//! Embedding tables of rows of int8, each with its scale, or of 4-bit weights.

use std::sync::Arc;

use super::four_bit::FourBit;
use super::simd::{F32x4, LANES, for_each_four};

/// An embedding table, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingTable {
    /// The number of values of a row.
    pub width: usize,
    /// The rows.
    pub values: TableValues,
}

/// The values of an embedding table, as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum TableValues {
    /// One scale per row.
    Int8 {
        /// All rows in turn.
        values: Arc<Vec<i8>>,
        /// What a row's values are multiplied with.
        scales: Vec<f32>,
    },
    /// The width is a multiple of the block size.
    FourBit(Arc<FourBit>),
}

impl EmbeddingTable {
    /// Quantises f32 rows to int8. A row's scale is its largest magnitude divided by 127.
    pub fn quantize(width: usize, rows: &[f32]) -> Self {
        let mut values = vec![0; rows.len()];
        let rows = rows.chunks_exact(width.max(1)).zip(values.chunks_exact_mut(width.max(1)));
        let scales = rows.map(|(row, to)| quantize_table_row(row, to)).collect();
        Self { width, values: TableValues::Int8 { values: values.into(), scales } }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.values {
            TableValues::Int8 { scales, .. } => scales.len(),
            TableValues::FourBit(weights) => weights.count() / self.width.max(1),
        }
    }

    /// Writes the row at `index` to `to`; returns false if there is none. A negative index counts from the end.
    #[inline(never)]
    pub fn row(&self, index: i64, to: &mut [f32]) -> bool {
        let rows = self.rows() as i64;
        let index = if index < 0 { index + rows } else { index };
        if !(0..rows).contains(&index) {
            return false;
        }
        let (index, first) = (index as usize, index as usize * self.width);
        match &self.values {
            TableValues::Int8 { values, scales } => {
                let scale = F32x4::splat(scales[index]);
                for (from, to) in values[first..][..self.width].chunks(LANES).zip(to.chunks_mut(LANES)) {
                    let mut four = [0; LANES];
                    four[..from.len()].copy_from_slice(from);
                    (F32x4::load_i8(&four) * scale).store_part(to);
                }
            }
            TableValues::FourBit(weights) => weights.write_f32(first, &mut to[..self.width]),
        }
        true
    }
}

/// Writes a row as integers and returns its scale.
///
/// Not inlined: a browser's optimising compiler replaces a function at its next call, not a loop that is running.
#[inline(never)]
fn quantize_table_row(row: &[f32], to: &mut [i8]) -> f32 {
    let mut largest = F32x4::splat(0.0);
    for_each_four(row, 0.0, |four| largest = largest.max(four.abs()));
    let scale = largest.max_lane() / 127.0;
    if scale == 0.0 {
        to.fill(0);
        return scale;
    }
    let steps = F32x4::splat(scale);
    for (eight, to) in row.chunks(2 * LANES).zip(to.chunks_mut(2 * LANES)) {
        let mut integers = [0; 2 * LANES];
        let (low, high) = eight.split_at(eight.len().min(LANES));
        let [low, high] = [low, high].map(|four| F32x4::load_part(four, 0.0) / steps);
        F32x4::store_i8(low, high, &mut integers);
        to.copy_from_slice(&integers[..to.len()]);
    }
    scale
}
