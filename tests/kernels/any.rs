//! Kernels with shapes and values decoded from bytes, for the fuzz target. Values of ordinary size: results are close to
//! the reference. Values of any bits: results for a row are the same alone and in a batch.

use super::four_bit::requantize;
use super::kernels::attention::Shape;
use super::kernels::embedding::{EmbeddingTable, TableValues};
use super::kernels::four_bit::BLOCK;
use super::kernels::linear::{Activation, PackedLinear};
use super::kernels::reference;
use super::kernels::simd::F32x4;
use super::{Random, STEP, assert_near, attention, bits, layer_norm, linear};

/// The input bytes, followed by zeros without end.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn below(&mut self, end: usize) -> usize {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        usize::from(first) * end / 256
    }

    /// Values decoded from the bytes, then random ones.
    fn any_values(&mut self, random: &mut Random, count: usize) -> Vec<f32> {
        let value = |_| match self.0.split_first_chunk() {
            Some((four, rest)) => {
                self.0 = rest;
                f32::from_le_bytes(*four)
            }
            None => random.values(1, 3.0)[0],
        };
        (0..count).map(value).collect()
    }
}

/// Checks one kernel; panics if a result is wrong.
pub fn check(data: &[u8]) {
    let bytes = &mut Bytes(data);
    let kind = bytes.below(8);
    let [a, b, c, d] = std::array::from_fn(|_| bytes.below(256));
    let random = &mut Random((a << 24 | b << 16 | c << 8 | d) as u64);
    match kind {
        0 => linear_is_close(bytes, random),
        1 => linear_rows_are_independent(bytes, random),
        2 => attention_is_close(bytes, random),
        3 => attention_batches_are_independent(bytes, random),
        4 => layer_norm_is_close(bytes, random),
        5 => layer_norm_rows_are_independent(bytes, random),
        6 => four_bit_is_close(bytes, random),
        _ => embedding_is_exact(bytes, random),
    }
}

fn activation(bytes: &mut Bytes) -> Activation {
    [Activation::None, Activation::Gelu, Activation::GeluTanh][bytes.below(3)]
}

fn linear_is_close(bytes: &mut Bytes, random: &mut Random) {
    let [inputs, outputs, count] = [96, 40, 12].map(|end| 1 + bytes.below(end));
    let case = linear::Case::random(random, inputs, outputs, activation(bytes));
    case.check(&linear::rows(random, inputs, count));
}

fn linear_rows_are_independent(bytes: &mut Bytes, random: &mut Random) {
    let [inputs, outputs, count] = [24, 20, 6].map(|end| 1 + bytes.below(end));
    let activation = activation(bytes);
    let x = bytes.any_values(random, inputs * count);
    let weights = bytes.any_values(random, inputs * outputs);
    let bias = bytes.any_values(random, outputs);
    let mut layer = PackedLinear::quantize(inputs, outputs, |input, output| weights[input * outputs + output]);
    layer.add_bias(bias.into_iter());
    layer.activation = activation;
    let together = linear::run(&layer, &x);
    let alone: Vec<f32> = x.chunks(inputs).flat_map(|row| linear::run(&layer, row)).collect();
    assert_eq!(bits(&together), bits(&alone), "{count} rows of {inputs} by {outputs}");
}

fn shape(bytes: &mut Bytes) -> Shape {
    let [batch, keys, heads, head_dim] = [3, 40, 3, 40].map(|end| 1 + bytes.below(end));
    Shape { batch, queries: keys, keys, heads, head_dim }
}

fn attention_is_close(bytes: &mut Bytes, random: &mut Random) {
    let (shape, masked) = (shape(bytes), bytes.below(9));
    let mut case = attention::Case::random(random, shape);
    if masked > 0 {
        case = case.masked(random, [1, 2, 4].map(|bit| (masked - 1) & bit > 0));
    }
    case.check(attention::ORDINARY_ERROR);
}

/// A batch element has the same result alone and among others, whatever these hold.
fn attention_batches_are_independent(bytes: &mut Bytes, random: &mut Random) {
    let shape = shape(bytes);
    let count = shape.keys * shape.heads * shape.head_dim;
    let mut case = attention::Case::random(random, shape);
    case.qkv = [(); 3].map(|()| bytes.any_values(random, shape.batch * count));
    let together = case.run();
    for batch in 0..shape.batch {
        case.shape = Shape { batch: 1, ..shape };
        let qkv = case.qkv.each_ref().map(|x| x[batch * count..][..count].to_vec());
        let alone = attention::Case { shape: case.shape, scale: case.scale, qkv, mask: None }.run();
        assert_eq!(bits(&alone), bits(&together[batch * count..][..count]), "batch {batch} of {shape:?}");
    }
}

fn layer_norm_is_close(bytes: &mut Bytes, random: &mut Random) {
    let [width, count] = [80, 8].map(|end| 1 + bytes.below(end));
    let norm = layer_norm::norm(random, width, [1e-5, 1e-12][bytes.below(2)]);
    let size = [1.0, 1e15, 1e-3, 1e-30][bytes.below(4)];
    let x = random.values(width * count, size);
    let addend = random.values(width * count, size);
    layer_norm::check(&norm, &x, (bytes.below(2) == 0).then_some(&addend[..]));
}

fn layer_norm_rows_are_independent(bytes: &mut Bytes, random: &mut Random) {
    let [width, count] = [24, 5].map(|end| 1 + bytes.below(end));
    let norm = layer_norm::norm(random, width, 1e-5);
    let x = bytes.any_values(random, width * count);
    let together = layer_norm::run(&norm, &x, None);
    let alone: Vec<f32> = x.chunks(width).flat_map(|row| layer_norm::run(&norm, row, None)).collect();
    assert_eq!(bits(&together), bits(&alone), "{count} rows of {width}");
}

fn four_bit_is_close(bytes: &mut Bytes, random: &mut Random) {
    let [rows, blocks] = [6, 6].map(|end| 1 + bytes.below(end));
    let limit = [63.0, 127.0][bytes.below(2)];
    let scales: Vec<f32> = bytes.any_values(random, rows * blocks);
    let packed: Vec<u8> = (0..rows * blocks * BLOCK / 2).map(|_| random.bits() as u8).collect();
    // Scales that are not finite are rejected when a file is read; sums of larger ones overflow.
    if scales.iter().any(|scale| !scale.is_finite() || scale.abs() > 1e30) {
        return;
    }
    let (values, row_scales) = requantize(&packed, &scales, blocks, limit);
    assert_eq!([values.len(), row_scales.len()], [rows * blocks * BLOCK, rows]);
    assert!(values.iter().all(|value| f32::from(*value).abs() <= limit), "{scales:?}");
    for (i, &value) in values.iter().enumerate() {
        let nibble = i32::from(packed[i / 2] >> (4 * (i % 2)) & 15);
        let expected = f64::from(nibble - 8) * f64::from(scales[i / BLOCK]);
        let row_scale = f64::from(row_scales[i / (blocks * BLOCK)]);
        // Weights near the subnormal range do not occur.
        if row_scale > 1e-30 {
            assert_near(f32::from(value) * row_scale as f32, expected, row_scale * STEP, (limit, &scales, i));
        }
    }
}

fn embedding_is_exact(bytes: &mut Bytes, random: &mut Random) {
    let [width, rows] = [20, 6].map(|end| 1 + bytes.below(end));
    let index = i64::from(bytes.any_values(random, 1)[0].to_bits() as i32) / [1, 1 << 28][bytes.below(2)];
    let scales = bytes.any_values(random, rows);
    let values = TableValues::Int8 { values: random.weights(rows * width).into(), scales };
    let table = EmbeddingTable { width, values };
    let mut row = vec![7.0; width];
    assert_eq!(table.row(index, &mut row), reference::gather(&table, index).is_some());
    let values = bytes.any_values(random, rows * width);
    let table = EmbeddingTable::quantize(width, &values);
    assert_eq!(table.rows(), rows);
    let lanes: [f32; 4] = std::array::from_fn(|i| values[i % values.len()]);
    let mut back = [0.0; 4];
    F32x4::load(&lanes).store(&mut back);
    assert_eq!(bits(&back), bits(&lanes));
}

/// A small sample of what the fuzzer generates.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn random_bytes_pass() {
    let random = &mut Random(9);
    for length in [0, 5, 12, 40, 200, 600] {
        for kind in 0..8u8 {
            for _ in 0..6 {
                let rest = (1..length).map(|_| random.bits() as u8);
                check(&[kind << 5].into_iter().chain(rest).collect::<Vec<u8>>());
            }
        }
    }
}
