//! Shapes and numbers that bytes ask for, as `tests/fuzz` has them by the million: near the oracle where numbers are of
//! any ordinary size, and where they are any bits at all, the same for a row alone and among others.

use super::kernels::attention::Shape;
use super::kernels::embedding::EmbeddingTable;
use super::kernels::four_bit::{BLOCK, requantize};
use super::kernels::linear::{Activation, PackedLinear};
use super::kernels::reference;
use super::kernels::simd::F32x4;
use super::{Random, STEP, assert_near, attention, bits, layer_norm, linear};

/// Bytes, and when they are at their end, zeros.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn below(&mut self, end: usize) -> usize {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        usize::from(first) * end / 256
    }

    /// Numbers from the bytes as long as there are any, then random ones.
    fn any_numbers(&mut self, random: &mut Random, count: usize) -> Vec<f32> {
        let number = |_| match self.0.split_first_chunk() {
            Some((four, rest)) => {
                self.0 = rest;
                f32::from_le_bytes(*four)
            }
            None => random.numbers(1, 3.0)[0],
        };
        (0..count).map(number).collect()
    }
}

/// Panics if a kernel is not what it should be.
pub fn check(data: &[u8]) {
    let bytes = &mut Bytes(data);
    let kind = bytes.below(8);
    let [a, b, c, d] = std::array::from_fn(|_| bytes.below(256));
    let random = &mut Random((a << 24 | b << 16 | c << 8 | d) as u64);
    match kind {
        0 => near_linear(bytes, random),
        1 => any_linear(bytes, random),
        2 => near_attention(bytes, random),
        3 => any_attention(bytes, random),
        4 => near_layer_norm(bytes, random),
        5 => any_layer_norm(bytes, random),
        6 => four_bit(bytes, random),
        _ => table(bytes, random),
    }
}

fn activation(bytes: &mut Bytes) -> Activation {
    [Activation::None, Activation::Gelu, Activation::GeluTanh][bytes.below(3)]
}

fn near_linear(bytes: &mut Bytes, random: &mut Random) {
    let [inputs, outputs, count] = [96, 40, 12].map(|end| 1 + bytes.below(end));
    let case = linear::Case::random(random, inputs, outputs, activation(bytes));
    case.check(&linear::rows(random, inputs, count));
}

fn any_linear(bytes: &mut Bytes, random: &mut Random) {
    let [inputs, outputs, count] = [24, 20, 6].map(|end| 1 + bytes.below(end));
    let activation = activation(bytes);
    let x = bytes.any_numbers(random, inputs * count);
    let weights = bytes.any_numbers(random, inputs * outputs);
    let bias = bytes.any_numbers(random, outputs);
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

fn near_attention(bytes: &mut Bytes, random: &mut Random) {
    let (shape, masked) = (shape(bytes), bytes.below(9));
    let mut case = attention::Case::random(random, shape);
    if masked > 0 {
        case = case.masked(random, [1, 2, 4].map(|bit| (masked - 1) & bit > 0));
    }
    case.check(attention::ORDINARY_ERROR);
}

/// A batch alone is the same as among others, whatever is in these.
fn any_attention(bytes: &mut Bytes, random: &mut Random) {
    let shape = shape(bytes);
    let count = shape.keys * shape.heads * shape.head_dim;
    let mut case = attention::Case::random(random, shape);
    case.qkv = [(); 3].map(|()| bytes.any_numbers(random, shape.batch * count));
    let together = case.run();
    for batch in 0..shape.batch {
        case.shape = Shape { batch: 1, ..shape };
        let qkv = case.qkv.each_ref().map(|x| x[batch * count..][..count].to_vec());
        let alone = attention::Case { shape: case.shape, scale: case.scale, qkv, mask: None }.run();
        assert_eq!(bits(&alone), bits(&together[batch * count..][..count]), "batch {batch} of {shape:?}");
    }
}

fn near_layer_norm(bytes: &mut Bytes, random: &mut Random) {
    let [width, count] = [80, 8].map(|end| 1 + bytes.below(end));
    let norm = layer_norm::norm(random, width, [1e-5, 1e-12][bytes.below(2)]);
    let size = [1.0, 1e15, 1e-3, 1e-30][bytes.below(4)];
    let x = random.numbers(width * count, size);
    let addend = random.numbers(width * count, size);
    layer_norm::check(&norm, &x, (bytes.below(2) == 0).then_some(&addend[..]));
}

fn any_layer_norm(bytes: &mut Bytes, random: &mut Random) {
    let [width, count] = [24, 5].map(|end| 1 + bytes.below(end));
    let norm = layer_norm::norm(random, width, 1e-5);
    let x = bytes.any_numbers(random, width * count);
    let together = layer_norm::run(&norm, &x, None);
    let alone: Vec<f32> = x.chunks(width).flat_map(|row| layer_norm::run(&norm, row, None)).collect();
    assert_eq!(bits(&together), bits(&alone), "{count} rows of {width}");
}

fn four_bit(bytes: &mut Bytes, random: &mut Random) {
    let [rows, blocks] = [6, 6].map(|end| 1 + bytes.below(end));
    let limit = [63.0, 127.0][bytes.below(2)];
    let scales: Vec<f32> = bytes.any_numbers(random, rows * blocks);
    let packed: Vec<u8> = (0..rows * blocks * BLOCK / 2).map(|_| random.bits() as u8).collect();
    // Others are refused as the file is read, or no sum of them is a number.
    if scales.iter().any(|scale| !scale.is_finite() || scale.abs() > 1e30) {
        return;
    }
    let (values, row_scales) = requantize(&packed, &scales, blocks, limit);
    assert_eq!([values.len(), row_scales.len()], [rows * blocks * BLOCK, rows]);
    assert!(values.iter().all(|value| f32::from(*value).abs() <= limit), "{scales:?}");
    for (i, &value) in values.iter().enumerate() {
        let half = i32::from(packed[i / 2] >> (4 * (i % 2)) & 15);
        let expected = f64::from(half - 8) * f64::from(scales[i / BLOCK]);
        let row_scale = f64::from(row_scales[i / (blocks * BLOCK)]);
        // What is too small for a normal number is nobody's weight.
        if row_scale > 1e-30 {
            assert_near(f32::from(value) * row_scale as f32, expected, row_scale * STEP, (limit, &scales, i));
        }
    }
}

fn table(bytes: &mut Bytes, random: &mut Random) {
    let [width, rows] = [20, 6].map(|end| 1 + bytes.below(end));
    let index = i64::from(bytes.any_numbers(random, 1)[0].to_bits() as i32) / [1, 1 << 28][bytes.below(2)];
    let scales = bytes.any_numbers(random, rows);
    let table = EmbeddingTable { width, values: random.weights(rows * width).into(), scales };
    let mut row = vec![7.0; width];
    assert_eq!(table.row(index, &mut row), reference::gather(&table, index).is_some());
    let numbers = bytes.any_numbers(random, rows * width);
    let table = EmbeddingTable::quantize(width, &numbers);
    assert_eq!([table.scales.len(), table.values.len()], [rows, rows * width]);
    let lanes: [f32; 4] = std::array::from_fn(|i| numbers[i % numbers.len()]);
    let mut back = [0.0; 4];
    F32x4::load(&lanes).store(&mut back);
    assert_eq!(bits(&back), bits(&lanes));
}

/// A few of what the fuzzer makes, with other bytes.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn any_shape_is_near() {
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
