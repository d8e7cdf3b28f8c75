//! Embedding tables of rows of int8, each with its scale, or of 4-bit weights.

use std::sync::Arc;

use super::four_bit::FourBit;
use super::simd::{F32x4, LANES};

/// An embedding table, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EmbeddingTable {
    pub width: usize,
    pub values: TableValues,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TableValues {
    /// One scale per row.
    Int8 { values: Arc<Vec<i8>>, scales: Vec<f32> },
    /// The width is a multiple of the block size.
    FourBit(Arc<FourBit>),
}

impl EmbeddingTable {
    /// Quantises f32 rows to int8. A row's scale is its largest magnitude divided by 127.
    pub(crate) fn quantize(width: usize, rows: &[f32]) -> Self {
        let mut values = Vec::with_capacity(rows.len());
        let mut scales = Vec::with_capacity(rows.len() / width.max(1));
        for row in rows.chunks_exact(width.max(1)) {
            let scale = row.iter().fold(0.0, |m: f32, v| m.max(v.abs())) / 127.0;
            scales.push(scale);
            values.extend(row.iter().map(|v| if scale == 0.0 { 0 } else { (v / scale).round_ties_even() as i8 }));
        }
        Self { width, values: TableValues::Int8 { values: values.into(), scales } }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        match &self.values {
            TableValues::Int8 { scales, .. } => scales.len(),
            TableValues::FourBit(weights) => weights.len() / self.width.max(1),
        }
    }

    /// Writes the row at `index` to `to`; returns false if there is none. A negative index counts from the end.
    pub(crate) fn row(&self, index: i64, to: &mut [f32]) -> bool {
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
