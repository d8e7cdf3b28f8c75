//! Embedding tables, in int8 with a scale per row, or in 4 bits with a scale per block.

use std::sync::Arc;

use super::four_bit::FourBit;
use super::simd::{F32x4, LANES, for_each_four};

/// An embedding table, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingTable {
    /// The number of values of a row.
    pub width: usize,
    /// The values of all rows.
    pub values: TableValues,
}

/// The values of an embedding table, as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum TableValues {
    /// `integer · scale of its row`.
    Int8 {
        /// The integers, rows × width.
        values: Arc<Vec<i8>>,
        /// One scale per row.
        scales: Vec<f32>,
    },
    /// The weights of all rows in turn. The width is a multiple of [`BLOCK`](super::four_bit::BLOCK).
    FourBit(Arc<FourBit>),
}

impl EmbeddingTable {
    /// Quantises f32 rows to int8. A row's scale is its largest magnitude divided by 127. All values must be finite: a row with
    /// another value gets meaningless ones.
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

    /// Writes the row at `index` to `to`, which has [`width`](Self::width) values. Returns false, and writes nothing, if there is no
    /// such row. A negative index counts from the end.
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
/// Not inlined, so that browsers optimise it while a model is loaded: see the documentation of the crate.
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
