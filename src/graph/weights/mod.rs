//! Weights: taken out of the file as they are quantised there, so that their f32 values are never built.
//!
//! | file | job |
//! |---|---|
//! | `external` | weights in another file |
//! | `float16` | float16 in the file to float32 |
//! | `dynamic` | dynamic quantisation, rewritten to plain ops behind quantised weights |
//! | `extract` | int8 weights, out of the file |
//! | `blocks` | weights of 4 or 8 bits in blocks, out of the file |
//! | `block_matrix` | blocked weights as a matrix: blocks to int8, or to the form of the 4-bit kernels |
//! | `values` | the values of a tensor of the file |
//! | `quant_tensor` | a quantised weight as a constant of the graph |
//! | `view` | a weight as an op sees it, behind any change of axes |

mod block_matrix;
mod blocks;
pub(super) mod dynamic;
pub(super) mod external;
mod extract;
pub(super) mod float16;
mod quant_tensor;
mod values;
mod view;

pub(super) use extract::QuantTensors;
#[cfg(test)]
pub(super) use quant_tensor::QuantTensor;
pub(super) use quant_tensor::{Int8, Values, dequantize_rest};
pub(super) use view::{Base, Weight};
