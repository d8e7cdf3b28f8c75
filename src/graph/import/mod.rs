//! The ONNX ops of transformer text encoders, each in a few lines over tract's own ops.
//!
//! This register replaces tract-onnx's own for two reasons. Linking that one links all of ONNX: convolutions, FFTs,
//! recurrent networks. And it infers shapes by rules that work in every direction, which fail on some graphs with two
//! symbolic dimensions; here shapes follow from the inputs alone, as each node is wired.

mod arithmetic;
mod contrib;
mod node;
mod quantize_linear;
mod shapes;

use std::fmt;

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::logic::{self, comp_eq, comp_gt, comp_gte, comp_lt, comp_lte};
use tract_onnx::tract_core::ops::{math, nn};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::nn::Reducer;

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
const CONTRIB_OPS: [(&str, Wire); 11] = [
    ("Attention", contrib::attention),
    ("BiasGelu", contrib::bias_gelu),
    ("DequantizeLinear", quantize_linear::dequantize_linear),
    ("EmbedLayerNormalization", contrib::embed_layer_normalization),
    ("FastGelu", contrib::fast_gelu),
    ("FusedMatMul", contrib::fused_mat_mul),
    ("Gelu", contrib::bias_gelu),
    ("MultiHeadAttention", contrib::multi_head_attention),
    ("QuantizeLinear", quantize_linear::quantize_linear),
    ("QuickGelu", contrib::quick_gelu),
    ("SkipLayerNormalization", contrib::skip_layer_normalization),
];

/// onnxruntime's domain.
pub(super) const CONTRIB: &str = "com.microsoft";

/// Registers every supported op.
pub(super) fn register(ops: &mut OnnxOpRegister) {
    for (name, _) in OPS.iter().chain(&CONTRIB_OPS) {
        ops.insert(name, parse);
    }
}

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

fn parse(ctx: &ParsingContext, proto: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let wire = wire(proto).context("the op is not registered")?;
    let op = Parsed { proto: proto.clone(), opset: ctx.onnx_operator_set_version, wire };
    Ok((Box::new(op), vec![]))
}

/// Why a node cannot be wired.
#[derive(Debug)]
pub(super) struct WireError(String);

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WireError {}

/// A node of the file before it is wired.
#[derive(Debug, Clone)]
struct Parsed {
    proto: NodeProto,
    opset: i64,
    wire: Wire,
}

impl PartialEq for Parsed {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Parsed {}

impl Op for Parsed {
    fn name(&self) -> StaticName {
        self.proto.op_type.clone().into()
    }

    not_a_typed_op!();
}

impl EvalOp for Parsed {
    fn eval_out_of_plan(&self, _: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        Ok(None)
    }

    fn eval(&self, _: &EvalContext, _: TVec<TValue>) -> TractResult<TVec<TValue>> {
        bail!("the node is not wired yet")
    }
}

type Facts = TVec<InferenceFact>;

impl InferenceOp for Parsed {
    /// Infers nothing: the wiring that follows finds all facts.
    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<(Facts, Facts, Facts)> {
        let same = |facts: TVec<&InferenceFact>| facts.into_iter().cloned().collect();
        Ok((same(inputs), same(outputs), same(observed)))
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.proto.output.len())
    }

    fn to_typed(
        &self,
        _source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        // The file names an omitted input with an empty string; tract leaves it out of its list.
        let mut present = node.inputs.iter().map(|outlet| mapping.get(outlet).copied());
        let next = |name: &String| if name.is_empty() { None } else { present.next().flatten() };
        let inputs = self.proto.input.iter().map(next).collect();
        (self.wire)(&mut Node { proto: &self.proto, opset: self.opset, inputs, model: target }).map_err(|error| {
            let name = if self.proto.name.is_empty() { self.proto.output.first() } else { Some(&self.proto.name) };
            let name = name.map_or("", |name| name);
            WireError(format!("the node `{name}` of the op {}: {error:#}", self.proto.op_type)).into()
        })
    }

    as_op!();
}
