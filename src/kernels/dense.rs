//! Products of f32 matrices, for fitting and applying heads. All matrices are row-major.
//!
//! Each tile of sums stays in registers: a tile of [`product`] is four rows of `x` by two rows of `w`, one of
//! [`add_transposed_product`] four columns of `r` by eight columns of `x`. Every sum has one order, whatever the tile, so results are
//! the same bits for any number of rows.

use std::ops::Range;

use super::simd::{F32x4, LANES, load_eight, store_eight};

/// Columns of `x` that [`add_transposed_product`] copies and multiplies at once.
const PANEL: usize = 2 * LANES;

/// Writes `x · wᵀ` to `out`, rows of `x` × rows of `w`: the dot product of each row of `x` with each row of `w`, both
/// `width` values wide.
///
/// # Panics
/// If the length of `x` or of `w` is not a multiple of `width`, or if `out` does not have one value per pair of rows.
#[inline(never)]
pub fn product(x: &[f32], w: &[f32], width: usize, out: &mut [f32]) {
    let width = width.max(1);
    let columns = w.len() / width;
    assert!(x.len().is_multiple_of(width) && w.len().is_multiple_of(width) && out.len() == x.len() / width * columns);
    let (mut x, mut out) = (x, out);
    while x.len() >= 4 * width {
        let (rows, sums);
        (rows, x) = x.split_at(4 * width);
        (sums, out) = out.split_at_mut(4 * columns);
        row_tile::<4>(rows, w, width, sums);
    }
    for (row, sums) in x.chunks_exact(width).zip(out.chunks_exact_mut(columns.max(1))) {
        row_tile::<1>(row, w, width, sums);
    }
}

/// A linear layer: `x · wᵀ` plus one bias per row of `w`. Returns rows of `x` × rows of `w`. The rows of both are `width` values wide.
///
/// # Panics
/// If the length of `x` or of `w` is not a multiple of `width`, or if `biases` does not have one value per row of `w`.
#[inline(never)]
pub fn linear_layer(x: &[f32], w: &[f32], biases: &[f32], width: usize) -> Vec<f32> {
    let mut out = vec![0.0; x.len() / width.max(1) * biases.len()];
    product(x, w, width, &mut out);
    for row in out.chunks_exact_mut(biases.len().max(1)) {
        row.iter_mut().zip(biases).for_each(|(value, bias)| *value += bias);
    }
    out
}

/// The dot products of `ROWS` rows of `x` with all rows of `w`.
#[inline(always)]
fn row_tile<const ROWS: usize>(x: &[f32], w: &[f32], width: usize, out: &mut [f32]) {
    let columns = w.len() / width;
    let rows: [&[f32]; ROWS] = std::array::from_fn(|i| &x[i * width..][..width]);
    let mut column = 0;
    while column + 2 <= columns {
        let pair = [&w[column * width..][..width], &w[(column + 1) * width..][..width]];
        for (i, sums) in dot_products(rows, pair).into_iter().enumerate() {
            out[i * columns + column..][..2].copy_from_slice(&sums);
        }
        column += 2;
    }
    if column < columns {
        for (i, [sum]) in dot_products(rows, [&w[column * width..][..width]]).into_iter().enumerate() {
            out[i * columns + column] = sum;
        }
    }
}

/// The dot product of each row of `x` with each row of `w`, all of the same length.
#[inline(always)]
fn dot_products<const ROWS: usize, const COLUMNS: usize>(
    x_rows: [&[f32]; ROWS],
    w_rows: [&[f32]; COLUMNS],
) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[F32x4::splat(0.0); COLUMNS]; ROWS];
    let mut add = |x: [F32x4; ROWS], w: [F32x4; COLUMNS]| {
        for (sums, x) in sums.iter_mut().zip(x) {
            for (sum, w) in sums.iter_mut().zip(w) {
                *sum = *sum + x * w;
            }
        }
    };
    let width = x_rows.iter().chain(&w_rows).map(|row| row.len()).min().unwrap_or(0);
    let count = width / LANES;
    // Slices of one length, so that the loop has no bounds checks.
    let (x, w) = (x_rows.map(|row| fours(row, count)), w_rows.map(|row| fours(row, count)));
    for i in 0..count {
        add(x.map(|row| F32x4::load(&row[i])), w.map(|row| F32x4::load(&row[i])));
    }
    let whole = count * LANES;
    if whole < width {
        let part = |row: &[f32]| F32x4::load_part(&row[whole..], 0.0);
        add(x_rows.map(part), w_rows.map(part));
    }
    sums.map(|sums| sums.map(F32x4::sum_lanes))
}

/// The first `count` groups of four values.
#[inline(always)]
fn fours(row: &[f32], count: usize) -> &[[f32; LANES]] {
    &row.as_chunks().0[..count]
}

/// Adds `rᵀ · x` to `out`: `r` has `columns` values per row, `x` as many rows of `width` values, and `out` is `columns` ×
/// `width`.
///
/// # Panics
/// If `r` and `x` do not have the same number of rows, or if `out` has another size.
#[inline(never)]
pub fn add_transposed_product(r: &[f32], columns: usize, x: &[f32], width: usize, out: &mut [f32]) {
    let (columns, width) = (columns.max(1), width.max(1));
    assert!(r.len() / columns == x.len() / width && out.len() == columns * width);
    let mut panel = vec![0.0; x.len() / width * PANEL];
    for start in (0..width).step_by(PANEL) {
        let end = width.min(start + PANEL);
        let (eights, _) = panel.as_chunks_mut::<PANEL>();
        for (to, row) in eights.iter_mut().zip(x.chunks_exact(width)) {
            match row[start..].first_chunk() {
                // In WebAssembly a copy of variable length is a call, which takes longer than the copy itself.
                Some(eight) => *to = *eight,
                // The rest of `to` keeps the columns of an earlier panel, whose sums are dropped.
                None => to[..end - start].copy_from_slice(&row[start..]),
            }
        }
        let mut column = 0;
        while column + 4 <= columns {
            panel_tile::<4>(r, columns, column, &panel, width, start..end, out);
            column += 4;
        }
        for column in column..columns {
            panel_tile::<1>(r, columns, column, &panel, width, start..end, out);
        }
    }
}

/// Adds the product of `COLUMNS` columns of `r`, from `column` on, and one panel of `x` to `out`. `panel_columns` are the
/// columns of `x` that are in the panel.
#[inline(always)]
fn panel_tile<const COLUMNS: usize>(
    r: &[f32],
    columns: usize,
    column: usize,
    panel: &[f32],
    width: usize,
    panel_columns: Range<usize>,
    out: &mut [f32],
) {
    let mut sums = [[F32x4::splat(0.0); 2]; COLUMNS];
    let (eights, _) = panel.as_chunks::<PANEL>();
    for (row, eight) in r.chunks_exact(columns).zip(eights) {
        let x = load_eight(eight);
        let factors: [f32; COLUMNS] = *row[column..].first_chunk().unwrap_or(&[0.0; COLUMNS]);
        for (sums, factor) in sums.iter_mut().zip(factors) {
            let factor = F32x4::splat(factor);
            *sums = [sums[0] + factor * x[0], sums[1] + factor * x[1]];
        }
    }
    for (i, [low, high]) in sums.into_iter().enumerate() {
        let to = &mut out[(column + i) * width..][panel_columns.clone()];
        let mut before = [0.0; PANEL];
        before[..to.len()].copy_from_slice(to);
        let [before_low, before_high] = load_eight(&before);
        store_eight(before_low + low, before_high + high, to);
    }
}
