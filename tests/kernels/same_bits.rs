//! One hash over results of all kernels: it must be the same natively and in every browser.

use super::kernels::attention::{Mask, Shape, run};
use super::kernels::attention_f32;
use super::kernels::embedding::EmbeddingTable;
use super::kernels::layer_norm::LayerNorm;
use super::kernels::linear::{Activation, PackedLinear};
use super::kernels::math::{exp, gelu, gelu_tanh, tanh};
use super::math::{grid, map};
use super::{Random, bits, with_each_kernel};

/// Changes only if a kernel's results change.
const ALL_RESULTS: u64 = 0x6DE7_B711_D1E8_D435;
/// The same for layers in f32.
const FLOAT_RESULTS: u64 = 0x84D7_2725_9B73_2373;

/// FNV-1a (Fowler, Noll and Vo, 1991).
fn hash(values: &[f32]) -> u64 {
    let bytes = bits(values).into_iter().flat_map(u32::to_le_bytes);
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn results_are_the_same_bits_everywhere() {
    with_each_kernel(|kernel| {
        let results = all_results();
        assert!(results.iter().all(|result| !result.is_nan()));
        assert_eq!(hash(&results), ALL_RESULTS, "{kernel}: {:#x}", hash(&results));
    });
}

fn all_results() -> Vec<f32> {
    let random = &mut Random(1);
    let mut results = vec![];
    for f in [exp, tanh, gelu, gelu_tanh] {
        results.extend(map(f, &grid(-90.0, 90.0)));
        results.extend(map(f, &grid(-3.0, 3.0)));
    }

    let (inputs, outputs, rows) = (71, 21, 13);
    for activation in [Activation::None, Activation::Gelu, Activation::GeluTanh] {
        let weights = random.values(inputs * outputs, 0.5);
        let mut layer = PackedLinear::quantize(inputs, outputs, |input, output| weights[input * outputs + output]);
        layer.add_bias(random.values(outputs, 1.0).into_iter());
        layer.activation = activation;
        for size in [1e-36, 1e-20, 1.0, 1e30] {
            let mut y = vec![0.0; rows * outputs];
            layer.run(&random.values(rows * inputs, size), &mut y);
            results.extend(y);
        }
    }

    let table = EmbeddingTable::quantize(inputs, &random.values(rows * inputs, 0.5));
    for row in 0..rows {
        let mut y = vec![0.0; inputs];
        assert!(table.row(row as i64, &mut y));
        results.extend(y);
    }

    let norm = LayerNorm { gain: random.values(inputs, 2.0), bias: random.values(inputs, 1.0), epsilon: 1e-12 };
    for size in [1e-20, 1.0, 1e10] {
        let mut x = random.values(rows * inputs, size);
        norm.run(&mut x, Some(&random.values(rows * inputs, size)));
        results.extend(x);
    }

    results.extend(attention_results(random, rows, run));
    results
}

type Attention = fn(Shape, f32, [&[f32]; 3], Option<Mask>, &mut [f32]);

/// What a kernel for attention computes from random values, with a mask and without.
fn attention_results(random: &mut Random, rows: usize, run: Attention) -> Vec<f32> {
    let mut results = vec![];
    for head_dim in [7, 32] {
        let shape = Shape { batch: 2, queries: rows, keys: rows, heads: 3, head_dim };
        let count = shape.batch * shape.keys * shape.heads * shape.head_dim;
        let [q, k, v] = [3.0, 3.0, 1.0].map(|size| random.values(count, size));
        let values = random.values(shape.batch * shape.keys, 100.0);
        for mask in [None, Some(Mask { values: &values, strides: [shape.keys, 0, 0] })] {
            let mut y = vec![0.0; count];
            run(shape, 0.4, [&q, &k, &v], mask, &mut y);
            results.extend(y);
        }
    }
    results
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn float_results_are_the_same_bits_everywhere() {
    let random = &mut Random(2);
    let (inputs, outputs, rows) = (71, 21, 13);
    let mut results = vec![];
    for activation in [Activation::None, Activation::Gelu, Activation::GeluTanh] {
        let weights = random.values(inputs * outputs, 0.5);
        let mut layer = PackedLinear::float32(inputs, outputs, |input, output| weights[input * outputs + output]);
        layer.add_bias(random.values(outputs, 1.0).into_iter());
        layer.activation = activation;
        let mut y = vec![0.0; rows * outputs];
        layer.run(&random.values(rows * inputs, 3.0), &mut y);
        results.extend(y);
    }
    results.extend(attention_results(random, rows, attention_f32::run));
    assert!(results.iter().all(|result| !result.is_nan()));
    assert_eq!(hash(&results), FLOAT_RESULTS, "{:#x}", hash(&results));
}
