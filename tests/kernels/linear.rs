//! Linear layers: every shape, every magnitude, independence of rows.

use super::kernels::linear::{Activation, PackedLinear};
use super::kernels::math::{gelu, gelu_tanh};
use super::kernels::reference;
use super::kernels::simd::{F32x4, RowDotProducts, interleave_channels, interleave_rows};
use super::math::{gelu_error, map};
use super::{NOT_FINITE, ROUNDING, Random, STEP, assert_near, bits, largest, with_each_kernel};

const INPUTS: [usize; 8] = [1, 2, 3, 7, 8, 36, 70, 384];
const OUTPUTS: [usize; 7] = [1, 2, 5, 7, 8, 9, 36];
const ACTIVATIONS: [Activation; 3] = [Activation::None, Activation::Gelu, Activation::GeluTanh];

/// The largest quantised value of a row, and of a channel's weights.
const ROW_LIMIT: f64 = 127.0;
const WEIGHT_LIMIT: f64 = 63.0;
/// Roundings of sum, scales and bias.
const ROUNDINGS: f64 = 6.0;
/// A row without larger values counts as zeros. Also covers subnormal results.
const SMALLEST: f64 = 1e-30;
/// The largest slope of GELU.
const GELU_SLOPE: f64 = 1.13;

pub(super) struct Case {
    inputs: usize,
    weights: Vec<i8>,
    scales: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Case {
    pub(super) fn random(random: &mut Random, inputs: usize, outputs: usize, activation: Activation) -> Self {
        // 7 bits, so that packing does not change them.
        let weights = random.weights(inputs * outputs).iter().map(|weight| (weight / 2).max(-63)).collect();
        let bias = random.values(outputs, 1.0);
        let scales = random.values(outputs, 0.01).iter().map(|scale| scale.abs()).collect();
        Self { inputs, weights, scales, bias, activation }
    }

    fn layer(&self) -> PackedLinear {
        let outputs = self.scales.len();
        let row = |input: usize, first: usize| {
            let weights = &self.weights[input * outputs..][..outputs];
            let weight = |i: usize| weights.get(first + i).map_or(0.0, |weight| f32::from(*weight));
            [[0, 1, 2, 3], [4, 5, 6, 7]].map(|lanes| F32x4::load(&lanes.map(weight)))
        };
        let mut layer = PackedLinear::pack(self.inputs, outputs, Some(&self.scales), row);
        layer.add_bias(self.bias.iter().copied());
        layer.activation = self.activation;
        layer
    }

    fn run(&self, x: &[f32]) -> Vec<f32> {
        run(&self.layer(), x)
    }

    /// Compares with the reference. The error of quantising activations is in proportion to the weights, all else to the
    /// products.
    #[track_caller]
    pub(super) fn check(&self, x: &[f32]) {
        let outputs = self.scales.len();
        let compute = |activation| reference::linear(x, &self.weights, &self.scales, &self.bias, activation);
        let (sums, expected) = (compute(Activation::None), compute(self.activation));
        let weights: Vec<f64> = self.weights.iter().map(|&weight| f64::from(weight).abs()).collect();
        for (i, y) in self.run(x).into_iter().enumerate() {
            let (row, output) = (&x[i / outputs * self.inputs..][..self.inputs], i % outputs);
            let column = || weights[output..].iter().step_by(outputs);
            let weight: f64 = column().sum();
            let products: f64 = column().zip(row).map(|(weight, x)| weight * f64::from(x.abs())).sum();
            let (scale, bias) = (f64::from(self.scales[output]), f64::from(self.bias[output].abs()));
            let steps = STEP * largest(row) / ROW_LIMIT + SMALLEST;
            let bound = steps * weight * scale + ROUNDINGS * ROUNDING * (products * scale + bias);
            let bound = match self.activation {
                Activation::None => bound,
                _ => GELU_SLOPE * bound + gelu_error(sums[i]),
            };
            let shape = [self.inputs, outputs];
            assert_near(y, expected[i], bound + SMALLEST, (shape, self.activation, "row", i / outputs, output));
        }
    }
}

/// The layer is the same from row-major and from column-major weights.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn both_orders_of_weights_give_the_same_layer() {
    let mut random = Random(31);
    for (inputs, outputs) in INPUTS.into_iter().flat_map(|inputs| OUTPUTS.map(|outputs| (inputs, outputs))) {
        // Every second channel is within the limit of 7 bits, the others are not.
        let limit = |output: usize| if output.is_multiple_of(2) { 63 } else { 127 };
        let weights = random.weights(inputs * outputs);
        let weight =
            |input: usize, output: usize| weights[output * inputs + input].clamp(-limit(output), limit(output));
        let scales: Vec<f32> = random.values(outputs, 0.01).iter().map(|scale| scale.abs()).collect();
        let rows: Vec<Vec<i8>> = (0..outputs).map(|o| (0..inputs).map(|i| weight(i, o)).collect()).collect();
        let one = |input: usize, output: usize| if output < outputs { f32::from(weight(input, output)) } else { 0.0 };
        let columns = PackedLinear::pack(inputs, outputs, Some(&scales), |input, first| {
            [first, first + 4].map(|first| F32x4::load(&std::array::from_fn(|i| one(input, first + i))))
        });
        let x = random.values(3 * inputs, 1.0);
        let together = PackedLinear::pack_rows(inputs, &scales, |output| &rows[output]);
        assert_eq!(bits(&run(&together, &x)), bits(&run(&columns, &x)), "{inputs} inputs, {outputs} outputs");
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn eight_channels_and_four_rows_are_interleaved() {
    let mut random = Random(32);
    for stride in (0..=72).step_by(4).chain([384]) {
        let rows = random.weights(8 * stride);
        let mut block = vec![0; rows.len()];
        interleave_channels(&rows, 64, &mut block);
        for (at, value) in block.into_iter().enumerate() {
            let (input, channel) = (at / 32 * 4 + at % 4, at / 4 % 8);
            assert_eq!(value, rows[channel * stride + input].wrapping_add(64), "{at} of {stride} inputs");
        }
        let mut tile = vec![0; 4 * stride];
        interleave_rows::<4>(&rows[..4 * stride], 0, &mut tile);
        for (at, value) in tile.into_iter().enumerate() {
            assert_eq!(value, rows[at / 4 % 4 * stride + at / 16 * 4 + at % 4], "{at} of {stride} values");
        }
    }
}

pub(super) fn run(layer: &PackedLinear, x: &[f32]) -> Vec<f32> {
    let mut y = vec![7.0; x.len() / layer.inputs * layer.outputs];
    layer.run(x, &mut y);
    y
}

/// Rows of ordinary values, and rows of every extreme kind.
pub(super) fn rows(random: &mut Random, inputs: usize, count: usize) -> Vec<f32> {
    let first = random.below(9);
    let mut row = |kind: usize| match kind % 9 {
        0 => random.values(inputs, 1e30),
        1 => random.values(inputs, 1e-20),
        2 => random.values(inputs, 1e-38),
        3 => vec![-0.7; inputs],
        4 => vec![0.0; inputs],
        5 => {
            let mut row = random.values(inputs, 1e-3);
            row[random.below(inputs)] = 1e4;
            row
        }
        _ => random.values(inputs, 3.0),
    };
    (first..first + count).flat_map(&mut row).collect()
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_shape_is_close() {
    let random = &mut Random(1);
    for inputs in INPUTS {
        for outputs in OUTPUTS {
            for count in 1..=9 {
                let activation = ACTIVATIONS[(count + outputs) % 3];
                Case::random(random, inputs, outputs, activation).check(&rows(random, inputs, count));
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn many_rows_are_close() {
    let random = &mut Random(2);
    for (inputs, count) in [(36, 33), (36, 130), (1536, 33), (1536, 130)] {
        for activation in ACTIVATIONS {
            Case::random(random, inputs, 9, activation).check(&rows(random, inputs, count));
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_largest_sums_do_not_overflow() {
    let random = &mut Random(3);
    for inputs in [1, 2, 1535, 1536, 4999, 5000, 70_000] {
        for [low, high] in [[-63, -63], [63, 63], [-63, 63]] {
            let signs: Vec<bool> = (0..inputs).map(|_| random.bits().is_multiple_of(2)).collect();
            let case = Case {
                inputs,
                weights: signs.iter().map(|&positive| if positive { high } else { low }).collect(),
                scales: vec![0.01],
                bias: vec![0.0],
                activation: Activation::None,
            };
            // The weights' signs, the opposite signs, and all signs equal.
            for size in [1.0, -1.0] {
                case.check(&signs.iter().map(|&positive| if positive { size } else { -size }).collect::<Vec<_>>());
                case.check(&vec![size; inputs]);
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn rows_are_independent() {
    let random = &mut Random(4);
    for inputs in INPUTS.into_iter().chain([1536]) {
        for count in (1..=9).chain([130]) {
            let case = Case::random(random, inputs, 9, ACTIVATIONS[count % 3]);
            let (layer, x) = (case.layer(), rows(random, inputs, count));
            let alone: Vec<f32> = x.chunks(inputs).flat_map(|row| run(&layer, row)).collect();
            assert_eq!(bits(&run(&layer, &x)), bits(&alone), "{count} rows of {inputs}");
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_value_that_is_not_finite_affects_only_its_row() {
    let random = &mut Random(5);
    for inputs in INPUTS {
        for outputs in OUTPUTS {
            for (activation, bad) in ACTIVATIONS.into_iter().zip(NOT_FINITE) {
                let mut case = Case::random(random, inputs, outputs, activation);
                case.scales[0] = 0.0;
                let mut x = random.values(6 * inputs, 2.0);
                let before = case.run(&x);
                let at = random.below(x.len());
                x[at] = bad;
                for (i, (before, y)) in before.iter().zip(case.run(&x)).enumerate() {
                    let same = if i / outputs == at / inputs { y.is_nan() } else { before.to_bits() == y.to_bits() };
                    assert!(same, "{bad} at {at} of {inputs}: {y} at {i} of {outputs}");
                }
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn zero_products_give_the_bias() {
    let random = &mut Random(6);
    for outputs in OUTPUTS {
        for activation in ACTIVATIONS {
            let mut case = Case::random(random, 7, outputs, activation);
            case.bias[0] = 0.0;
            let expected = match activation {
                Activation::None => case.bias.clone(),
                Activation::Gelu => map(gelu, &case.bias),
                Activation::GeluTanh => map(gelu_tanh, &case.bias),
            };
            assert_eq!(bits(&case.run(&[0.0; 7])), bits(&expected));
            assert_eq!(bits(&case.run(&[1e-38; 7])), bits(&expected));
            case.scales.fill(0.0);
            assert_eq!(bits(&case.run(&random.values(7, 1e30))), bits(&expected));
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn biases_are_added() {
    let mut layer = PackedLinear::quantize(2, 3, |_, _| 1.0);
    layer.add_bias([1.0, 2.0, 3.0].into_iter());
    layer.add_bias([0.5; 3].into_iter());
    assert_eq!(run(&layer, &[0.0; 4]), [1.5, 2.5, 3.5, 1.5, 2.5, 3.5]);
    assert!(run(&layer, &[]).is_empty());
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn weights_are_quantised_to_half_a_step() {
    let random = &mut Random(7);
    for inputs in [1, 3, 8, 36] {
        for outputs in OUTPUTS {
            let mut weights = random.values(inputs * outputs, 0.3);
            for input in 0..inputs {
                weights[input * outputs] = 0.0;
                weights[input * outputs + outputs - 1] *= 1e20;
            }
            let layer = PackedLinear::quantize(inputs, outputs, |input, output| weights[input * outputs + output]);
            // One-hot rows return the weights.
            let one: Vec<f32> = (0..inputs * inputs).map(|i| f32::from(u8::from(i % (inputs + 1) == 0))).collect();
            for (i, (actual, &expected)) in run(&layer, &one).into_iter().zip(&weights).enumerate() {
                let column: Vec<f32> = weights[i % outputs..].iter().step_by(outputs).copied().collect();
                let step = largest(&column) / WEIGHT_LIMIT;
                assert_near(actual, expected.into(), step * STEP, ([inputs, outputs], i));
            }
        }
    }
}

/// Values that quantised rows and packed weights can have, the extreme ones among them.
pub(super) fn extreme_values(random: &mut Random, count: usize, [low, high]: [i8; 2], kind: usize) -> Vec<i8> {
    let mut one = |i: usize| match kind {
        0 => high,
        1 => low,
        2 => [low, high][i % 2],
        _ => random.bits() as i8,
    };
    (0..count).map(|i| one(i).clamp(low, high)).collect()
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_kernel_computes_the_integers_of_plain_sums() {
    let random = &mut Random(33);
    for (stride, count) in
        [4, 8, 36, 384, 1536].into_iter().flat_map(|stride| (0..=18).map(move |count| (stride, count)))
    {
        for (row_kind, weight_kind) in
            (0..4).flat_map(|row_kind| (0..4).map(move |weight_kind| (row_kind, weight_kind)))
        {
            let rows = extreme_values(random, count * stride, [-127, 127], row_kind);
            let block = extreme_values(random, 8 * stride, [0, 127], weight_kind);
            let sum = |row: &[i8], channel: usize| -> i32 {
                let weight = |input: usize| block[input / 4 * 32 + channel * 4 + input % 4];
                row.iter().enumerate().map(|(input, &x)| i32::from(x) * i32::from(weight(input))).sum()
            };
            let row = |i: usize| &rows[i * stride..][..stride];
            let expected: Vec<[i32; 8]> =
                (0..count).map(|i| std::array::from_fn(|channel| sum(row(i), channel))).collect();
            for kernel in super::available() {
                let mut sums = vec![[7; 8]; count];
                match kernel.row_dot_products {
                    RowDotProducts::I8(dot_products) => dot_products(&rows, stride, &block, &mut sums),
                    RowDotProducts::I16(dot_products) => {
                        let wide: Vec<i16> = rows.iter().map(|&x| x.into()).collect();
                        dot_products(&wide, stride, &block, &mut sums);
                    }
                }
                assert!(sums == expected, "{}: {count} rows of {stride}, {row_kind}, {weight_kind}", kernel.name);
            }
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn every_kernel_gives_the_same_bits() {
    let random = &mut Random(8);
    for inputs in INPUTS.into_iter().chain([1536, 4999]) {
        for (outputs, count) in OUTPUTS.into_iter().zip((1..=9).chain([130]).cycle()) {
            let case = Case::random(random, inputs, outputs, ACTIVATIONS[count % 3]);
            let x = rows(random, inputs, count);
            let mut first = None;
            with_each_kernel(|kernel| {
                let y = bits(&case.run(&x));
                let first = first.get_or_insert_with(|| y.clone());
                assert_eq!(*first, y, "{kernel}: {count} rows, {inputs} by {outputs}");
            });
        }
    }
}

/// In f32 only sums are rounded; each row is the same alone.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn float_layers_are_exact_up_to_rounding() {
    let random = &mut Random(9);
    for (inputs, outputs) in INPUTS.into_iter().flat_map(|inputs| OUTPUTS.map(|outputs| (inputs, outputs))) {
        for (count, activation) in (1..=9).chain([130]).zip(ACTIVATIONS.into_iter().cycle()) {
            let weights = random.values(inputs * outputs, 0.5);
            let bias = random.values(outputs, 1.0);
            let mut layer = PackedLinear::float32(inputs, outputs, |input, output| weights[input * outputs + output]);
            layer.add_bias(bias.iter().copied());
            layer.activation = activation;
            // One value of a row is 1,000 times as large as the others: integers would lose these.
            let mut x = random.values(count * inputs, 1.0);
            x.iter_mut().step_by(inputs).for_each(|value| *value *= 1000.0);
            let y = run(&layer, &x);
            let alone: Vec<f32> = x.chunks(inputs).flat_map(|row| run(&layer, row)).collect();
            assert_eq!(bits(&y), bits(&alone), "{count} rows of {inputs}");
            for (i, y) in y.into_iter().enumerate() {
                let (row, output) = (&x[i / outputs * inputs..][..inputs], i % outputs);
                let terms = || row.iter().zip(weights[output..].iter().step_by(outputs));
                let sum: f64 =
                    terms().map(|(x, w)| f64::from(*x) * f64::from(*w)).sum::<f64>() + f64::from(bias[output]);
                let size: f64 = terms().map(|(x, w)| (f64::from(*x) * f64::from(*w)).abs()).sum::<f64>() + 1.0;
                let rounding = (inputs + 2) as f64 * ROUNDING * size;
                let bound =
                    if activation == Activation::None { rounding } else { GELU_SLOPE * rounding + gelu_error(sum) };
                assert_near(y, reference::activate(activation, sum), bound, ([inputs, outputs], activation, i));
            }
        }
    }
}
