//! Embedding tables of int8 rows, each with its scale.

use std::sync::Arc;

use super::simd::{F32x4, LANES};

/// An embedding table, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EmbeddingTable {
    pub width: usize,
    pub values: Arc<Vec<i8>>,
    /// One per row.
    pub scales: Vec<f32>,
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
        Self { width, values: values.into(), scales }
    }

    /// Writes the row at `index` to `to`; returns false if there is none. A negative index counts from the end.
    pub(crate) fn row(&self, index: i64, to: &mut [f32]) -> bool {
        let rows = self.scales.len() as i64;
        let index = if index < 0 { index + rows } else { index };
        if !(0..rows).contains(&index) {
            return false;
        }
        let scale = F32x4::splat(self.scales[index as usize]);
        let row = &self.values[index as usize * self.width..][..self.width];
        for (from, to) in row.chunks(LANES).zip(to.chunks_mut(LANES)) {
            let mut four = [0; LANES];
            four[..from.len()].copy_from_slice(from);
            (F32x4::load_i8(&four) * scale).store_part(to);
        }
        true
    }
}
