//! Embedding tables: exactly the stored integers times their scales.

use super::kernels::embedding::{EmbeddingTable, TableValues};
use super::kernels::four_bit::FourBit;
use super::kernels::reference;
use super::{Random, assert_near, largest};

const WIDTHS: [usize; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 36];
const ROWS: usize = 5;

/// Relative to a row's largest magnitude: half of one step of 127, and the rounding of scale and product.
const QUANTIZE_ERROR: f64 = 0.5 / 127.0 + 4.0 * super::ROUNDING;

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn rows_are_exact_and_other_indices_rejected() {
    let random = &mut Random(1);
    for width in WIDTHS {
        let scales = [random.values(ROWS - 1, 0.1), vec![0.0]].concat();
        let values = TableValues::Int8 { values: random.weights(ROWS * width).into(), scales };
        check_rows(&EmbeddingTable { width, values });
    }
    for width in [32, 64, 384] {
        let packed = (0..ROWS * width / 2).map(|_| random.bits() as u8).collect();
        let weights = FourBit::new(packed, random.values(ROWS * width / 32, 0.1));
        check_rows(&EmbeddingTable { width, values: TableValues::FourBit(weights.into()) });
    }
}

/// Each row, counted from either end, and indices outside of the table.
fn check_rows(table: &EmbeddingTable) {
    let width = table.width;
    let mut row = vec![7.0; width];
    for index in -5..5 {
        assert!(table.row(index, &mut row));
        let expected: Vec<f32> = reference::gather(table, index).unwrap().iter().map(|&v| v as f32).collect();
        assert_eq!(row, expected, "row {index} of {width}");
    }
    row.fill(7.0);
    for index in [-6, 5, i64::MIN, i64::MAX, i64::from(u32::MAX) + 1] {
        assert!(!table.row(index, &mut row) && row.iter().all(|&v| v == 7.0), "row {index}");
        assert_eq!(reference::gather(table, index), None);
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn quantised_rows_are_close() {
    let random = &mut Random(2);
    for width in WIDTHS {
        let rows = [0.05, 1e30, 1e-30, 0.0, 3.0].map(|size| random.values(width, size)).concat();
        let table = EmbeddingTable::quantize(width, &rows);
        let mut row = vec![0.0; width];
        for (index, expected) in rows.chunks(width).enumerate() {
            assert!(table.row(index as i64, &mut row));
            for (&actual, &expected) in row.iter().zip(expected) {
                assert_near(actual, expected.into(), largest(&rows[index * width..][..width]) * QUANTIZE_ERROR, index);
            }
        }
    }
    assert_eq!(EmbeddingTable::quantize(3, &[]).rows(), 0);
}
