//! The ONNX ops of transformer text encoders, each in a few lines over tract's own ops.
//!
//! This replaces tract-onnx's own importer for two reasons. Linking that one links all of ONNX: convolutions, FFTs,
//! recurrent networks. And it infers shapes by rules that work in every direction, which fail on some graphs with two
//! symbolic dimensions; here shapes follow from the inputs alone, as each node is wired.

mod arithmetic;
mod contrib;
mod node;
mod quantize_linear;
mod shapes;
pub(super) mod wiring;

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::logic::{self, comp_eq, comp_gt, comp_gte, comp_lt, comp_lte};
use tract_onnx::tract_core::ops::{math, nn};
use tract_onnx::tract_hir::ops::nn::Reducer;

use super::op::CONTRIB;
use node::{Node, Outlets};

/// Wires a node and returns its outputs, at least the first.
type Wire = fn(&mut Node) -> Outlets;

/// Every supported op of ONNX.
const OPS: [(&str, Wire); 71] = [
    ("Abs", |n| n.each(math::abs())),
    ("Add", |n| n.fold(math::add().0)),
    ("And", |n| n.fold(logic::and().0)),
    ("Cast", arithmetic::cast),
    ("Ceil", |n| n.each(math::ceil())),
    ("Clip", arithmetic::clip),
    ("Concat", shapes::concat),
    ("Constant", arithmetic::constant),
    ("ConstantOfShape", shapes::constant_of_shape),
    ("Cos", |n| n.each(math::cos())),
    ("CumSum", arithmetic::cum_sum),
    ("DequantizeLinear", quantize_linear::dequantize_linear),
    ("Div", arithmetic::divide),
    ("Dropout", |n| n.identity()),
    ("Equal", |n| n.fold(comp_eq())),
    ("Erf", |n| n.each(math::erf())),
    ("Exp", |n| n.each(math::exp())),
    ("Expand", shapes::expand),
    ("Flatten", shapes::flatten),
    ("Floor", |n| n.each(math::floor())),
    ("Gather", shapes::gather),
    ("GatherElements", shapes::gather_elements),
    ("GatherND", shapes::gather_nd),
    ("Gelu", arithmetic::gelu),
    ("Gemm", arithmetic::gemm),
    ("Greater", |n| n.fold(comp_gt())),
    ("GreaterOrEqual", |n| n.fold(comp_gte())),
    ("Identity", |n| n.identity()),
    ("IsInf", arithmetic::is_inf),
    ("IsNaN", |n| n.each(math::is_nan())),
    ("LayerNormalization", arithmetic::layer_normalization),
    ("Less", |n| n.fold(comp_lt())),
    ("LessOrEqual", |n| n.fold(comp_lte())),
    ("Log", |n| n.each(math::ln())),
    ("MatMul", arithmetic::mat_mul),
    ("Max", |n| n.fold(math::max().0)),
    ("Min", |n| n.fold(math::min().0)),
    ("Mul", |n| n.fold(math::mul().0)),
    ("Neg", |n| n.each(math::neg())),
    ("Not", |n| n.each(logic::not())),
    ("Or", |n| n.fold(logic::or().0)),
    ("Pad", shapes::pad),
    ("Pow", arithmetic::pow),
    ("QuantizeLinear", quantize_linear::quantize_linear),
    ("Range", shapes::range),
    ("Reciprocal", |n| n.each(math::recip())),
    ("ReduceMax", |n| arithmetic::reduce(n, Reducer::Max)),
    ("ReduceMean", |n| arithmetic::reduce(n, Reducer::Mean)),
    ("ReduceMin", |n| arithmetic::reduce(n, Reducer::Min)),
    ("ReduceSum", |n| arithmetic::reduce(n, Reducer::Sum)),
    ("Relu", arithmetic::relu),
    ("Reshape", shapes::reshape),
    ("Round", |n| n.each(math::round_half_to_even())),
    ("Shape", shapes::shape),
    ("Sigmoid", |n| n.each(nn::sigmoid())),
    ("Sign", |n| n.each(math::sign())),
    ("Sin", |n| n.each(math::sin())),
    ("Size", shapes::size),
    ("Slice", shapes::slice),
    ("Softmax", arithmetic::softmax),
    ("Split", shapes::split),
    ("Sqrt", |n| n.each(math::sqrt())),
    ("Squeeze", shapes::squeeze),
    ("Sub", |n| n.fold(math::sub().0)),
    ("Sum", |n| n.fold(math::add().0)),
    ("Tanh", |n| n.each(math::tanh())),
    ("Tile", shapes::tile),
    ("Transpose", shapes::transpose),
    ("Trilu", shapes::trilu),
    ("Unsqueeze", shapes::unsqueeze),
    ("Where", arithmetic::select),
];

/// Every supported op of the domain [`CONTRIB`].
const CONTRIB_OPS: [(&str, Wire); 13] = [
    ("Attention", contrib::attention),
    ("BiasGelu", contrib::bias_gelu),
    ("DequantizeLinear", quantize_linear::dequantize_linear),
    ("EmbedLayerNormalization", contrib::embed_layer_normalization),
    ("FastGelu", contrib::fast_gelu),
    ("FusedMatMul", contrib::fused_mat_mul),
    ("GatherBlockQuantized", contrib::gather_block_quantized),
    ("Gelu", contrib::bias_gelu),
    ("MatMulNBits", contrib::mat_mul_n_bits),
    ("MultiHeadAttention", contrib::multi_head_attention),
    ("QuantizeLinear", quantize_linear::quantize_linear),
    ("QuickGelu", contrib::quick_gelu),
    ("SkipLayerNormalization", contrib::skip_layer_normalization),
];

/// Whether the op of a node is supported. The same name means different ops in different domains.
pub(super) fn supports(node: &NodeProto) -> bool {
    wire(node).is_some()
}

fn wire(node: &NodeProto) -> Option<Wire> {
    let ops: &[(&str, Wire)] = match &node.domain[..] {
        "" | "ai.onnx" => &OPS,
        CONTRIB => &CONTRIB_OPS,
        _ => &[],
    };
    ops.iter().find(|(name, _)| *name == node.op_type).map(|(_, wire)| *wire)
}
