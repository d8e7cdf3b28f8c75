//! Products of f32 matrices, for shapes that fill no tile.

use super::kernels::dense::{add_transposed_product, product};
use super::{ROUNDING, Random, assert_near, bits};

const WIDTHS: [usize; 8] = [1, 3, 4, 7, 8, 9, 36, 384];
const COUNTS: [usize; 7] = [1, 2, 3, 4, 5, 8, 11];

fn dot(a: impl Iterator<Item = f32>, b: impl Iterator<Item = f32>) -> (f64, f64) {
    let products: Vec<f64> = a.zip(b).map(|(a, b)| f64::from(a) * f64::from(b)).collect();
    (products.iter().sum(), products.iter().map(|value| value.abs()).sum())
}

/// Each product and each addition rounds once; no sum has more additions than terms.
fn bound(terms: usize, magnitude: f64) -> f64 {
    (terms as f64 + 2.0) * ROUNDING * magnitude
}

#[test]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_product_with_a_transposed_matrix() {
    let mut random = Random(1);
    for width in WIDTHS {
        for (rows, columns) in COUNTS.into_iter().flat_map(|a| COUNTS.map(|b| (a, b))) {
            let (x, w) = (random.values(rows * width, 2.0), random.values(columns * width, 3.0));
            let mut out = vec![f32::NAN; rows * columns];
            product(&x, &w, width, &mut out);
            for (i, value) in out.iter().enumerate() {
                let (row, column) = (&x[i / columns * width..][..width], &w[i % columns * width..][..width]);
                let (expected, magnitude) = dot(row.iter().copied(), column.iter().copied());
                assert_near(*value, expected, bound(width, magnitude), (rows, columns, width, i));
            }
            let mut alone = vec![0.0; columns];
            product(&x[(rows - 1) * width..], &w, width, &mut alone);
            assert_eq!(bits(&alone), bits(&out[(rows - 1) * columns..]), "a row has other bits alone");
        }
    }
}

#[test]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_product_of_a_transposed_matrix_is_added() {
    let mut random = Random(2);
    for width in WIDTHS {
        for (rows, columns) in COUNTS.into_iter().flat_map(|a| COUNTS.map(|b| (a, b))) {
            let (r, x) = (random.values(rows * columns, 2.0), random.values(rows * width, 3.0));
            let before = random.values(columns * width, 1.0);
            let mut out = before.clone();
            add_transposed_product(&r, columns, &x, width, &mut out);
            for (i, value) in out.iter().enumerate() {
                let (column, j) = (i / width, i % width);
                let (sum, magnitude) =
                    dot((0..rows).map(|row| r[row * columns + column]), (0..rows).map(|row| x[row * width + j]));
                let (expected, magnitude) = (f64::from(before[i]) + sum, magnitude + f64::from(before[i]).abs());
                assert_near(*value, expected, bound(rows + 1, magnitude), (rows, columns, width, i));
            }
        }
    }
}
