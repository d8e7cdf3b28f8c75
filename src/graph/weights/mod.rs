//! Weights: taken out of the file as they are quantised there, so that their f32 values are never built.
//!
//! | file | job |
//! |---|---|
//! | `float16` | float16 in the file to float32 |
//! | `dynamic` | dynamic quantisation, rewritten to plain ops behind quantised weights |
//! | `extract` | int8 and 4-bit weights, out of the file |
//! | `quant_tensor` | such a weight as a constant of the graph |
//! | `view` | a weight as an op sees it, behind any change of axes |

pub(super) mod dynamic;
mod extract;
pub(super) mod float16;
mod quant_tensor;
mod view;

pub(super) use extract::QuantTensors;
pub(super) use quant_tensor::dequantize_rest;
pub(super) use view::{Base, Weight};
