//! Reference implementations for tests: the kernels as plain loops in f64, without quantisation. `tests/kernels.rs` and the fuzz target
//! use them.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, FRAC_2_SQRT_PI};

use super::attention::{Mask, Shape};
use super::embedding::{EmbeddingTable, TableValues};
use super::layer_norm::LayerNorm;
use super::linear::Activation;

/// The error function, by its series whose terms all have the same sign: `2/√π · e^(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1))`
/// (Abramowitz and Stegun, 7.1.6).
pub fn erf(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        odd += 2.0;
        term *= 2.0 * x * x / odd;
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// `x · Φ(x)`, the exact GELU.
pub fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2))
}

/// `x · 0.5 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`, the tanh approximation of GELU.
pub fn gelu_tanh(x: f64) -> f64 {
    0.5 * x * (1.0 + (FRAC_2_PI.sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
}

/// Applies an activation to one value.
pub fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Gelu => gelu(x),
        Activation::GeluTanh => gelu_tanh(x),
    }
}

/// `activation(x · W + b)`. `x` is rows × inputs, `weights` inputs × outputs with one scale and one bias per output. Returns rows ×
/// outputs.
pub fn linear(x: &[f32], weights: &[i8], scales: &[f32], bias: &[f32], activation: Activation) -> Vec<f64> {
    let outputs = scales.len();
    let mut y = vec![];
    for row in x.chunks_exact(weights.len() / outputs) {
        for output in 0..outputs {
            let mut sum = 0.0;
            for (input, &value) in row.iter().enumerate() {
                sum += f64::from(value) * f64::from(weights[input * outputs + output]);
            }
            y.push(activate(activation, sum * f64::from(scales[output]) + f64::from(bias[output])));
        }
    }
    y
}

/// A row of an embedding table; a negative index counts from the end. `None` if there is no such row.
pub fn gather(table: &EmbeddingTable, index: i64) -> Option<Vec<f64>> {
    let rows = table.rows() as i64;
    if index < -rows || index >= rows {
        return None;
    }
    let row = index.rem_euclid(rows) as usize;
    let value = |at: usize| match &table.values {
        TableValues::Int8 { values, scales } => f64::from(values[at]) * f64::from(scales[row]),
        TableValues::FourBit(weights) => f64::from(weights.value(at)),
    };
    Some((row * table.width..(row + 1) * table.width).map(value).collect())
}

/// The normalisation of each row of `x`, or of `x + addend`.
pub fn layer_norm(norm: &LayerNorm, x: &[f32], addend: Option<&[f32]>) -> Vec<f64> {
    let width = norm.gain.len();
    let sums: Vec<f64> =
        (0..x.len()).map(|i| f64::from(x[i]) + addend.map_or(0.0, |addend| f64::from(addend[i]))).collect();
    let mut y = vec![];
    for row in sums.chunks_exact(width) {
        let mean = row.iter().sum::<f64>() / width as f64;
        let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / width as f64;
        for (column, value) in row.iter().enumerate() {
            let normal = (value - mean) / (variance + f64::from(norm.epsilon)).sqrt();
            y.push(normal * f64::from(norm.gain[column]) + f64::from(norm.bias[column]));
        }
    }
    y
}

/// Softmax attention. `q` and the result are batch × queries × (heads · head_dim), `k` and `v` batch × keys × (heads · head_dim).
pub fn attention(shape: Shape, scale: f32, [q, k, v]: [&[f32]; 3], mask: Option<Mask>) -> Vec<f64> {
    let Shape { batch, queries, keys, heads, head_dim } = shape;
    let at = |row: usize, h: usize, column: usize| (row * heads + h) * head_dim + column;
    let mut y = vec![0.0; batch * queries * heads * head_dim];
    for b in 0..batch {
        for h in 0..heads {
            for query in 0..queries {
                let mut scores = vec![0.0; keys];
                for (key, score) in scores.iter_mut().enumerate() {
                    for c in 0..head_dim {
                        let (q, k) = (q[at(b * queries + query, h, c)], k[at(b * keys + key, h, c)]);
                        *score += f64::from(q) * f64::from(k);
                    }
                    *score *= f64::from(scale);
                    if let Some(Mask { values, strides }) = mask {
                        *score += f64::from(values[b * strides[0] + h * strides[1] + query * strides[2] + key]);
                    }
                }
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let sum: f64 = weights.iter().sum();
                for c in 0..head_dim {
                    for (key, weight) in weights.iter().enumerate() {
                        y[at(b * queries + query, h, c)] += weight / sum * f64::from(v[at(b * keys + key, h, c)]);
                    }
                }
            }
        }
    }
    y
}
