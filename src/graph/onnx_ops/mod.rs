//! The ONNX ops of transformer text encoders, each in a few lines over tract's own ops.
//!
//! tract-onnx brings all of ONNX, and linking its register links convolutions, FFTs and recurrent networks with it. Its
//! shapes are found by rules that work in all directions; here they only follow from the inputs, by wiring the node. So
//! each op is written once, and a few more graphs have shapes: those where two dimensions are unknown.

mod numbers;
mod quant;
mod shapes;

use tract_onnx::data_resolver::FopenDataResolver;
use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::cast::wire_cast;
use tract_onnx::tract_core::ops::change_axes::wire_rank_broadcast;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::{self, comp_eq, comp_gt, comp_gte, comp_lt, comp_lte};
use tract_onnx::tract_core::ops::{math, nn};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::nn::Reducer;

use super::{indices, limits};

type Outlets = TractResult<TVec<OutletId>>;
/// Wires one node, and returns its outputs, the first at least.
type Wire = fn(&mut Node) -> Outlets;

/// Every op there is.
const OPS: [(&str, Wire); 63] = [
    ("Abs", |n| n.each(math::abs())),
    ("Add", |n| n.fold(math::add().0)),
    ("And", |n| n.fold(logic::and().0)),
    ("Cast", numbers::cast),
    ("Clip", numbers::clip),
    ("Concat", shapes::concat),
    ("Constant", numbers::constant),
    ("ConstantOfShape", shapes::constant_of_shape),
    ("CumSum", numbers::cum_sum),
    ("DequantizeLinear", quant::dequantize_linear),
    ("Div", numbers::divide),
    ("Dropout", |n| n.identity()),
    ("Equal", |n| n.fold(comp_eq())),
    ("Erf", |n| n.each(math::erf())),
    ("Exp", |n| n.each(math::exp())),
    ("Expand", shapes::expand),
    ("Flatten", shapes::flatten),
    ("Gather", shapes::gather),
    ("GatherElements", shapes::gather_elements),
    ("GatherND", shapes::gather_nd),
    ("Gelu", numbers::gelu),
    ("Gemm", numbers::gemm),
    ("Greater", |n| n.fold(comp_gt())),
    ("GreaterOrEqual", |n| n.fold(comp_gte())),
    ("Identity", |n| n.identity()),
    ("IsInf", numbers::is_inf),
    ("IsNaN", |n| n.each(math::is_nan())),
    ("LayerNormalization", numbers::layer_normalization),
    ("Less", |n| n.fold(comp_lt())),
    ("LessOrEqual", |n| n.fold(comp_lte())),
    ("MatMul", numbers::mat_mul),
    ("Max", |n| n.fold(math::max().0)),
    ("Min", |n| n.fold(math::min().0)),
    ("Mul", |n| n.fold(math::mul().0)),
    ("Neg", |n| n.each(math::neg())),
    ("Not", |n| n.each(logic::not())),
    ("Or", |n| n.fold(logic::or().0)),
    ("Pow", numbers::pow),
    ("QuantizeLinear", quant::quantize_linear),
    ("Range", shapes::range),
    ("Reciprocal", |n| n.each(math::recip())),
    ("ReduceMax", |n| numbers::reduce(n, Reducer::Max)),
    ("ReduceMean", |n| numbers::reduce(n, Reducer::Mean)),
    ("ReduceMin", |n| numbers::reduce(n, Reducer::Min)),
    ("ReduceSum", |n| numbers::reduce(n, Reducer::Sum)),
    ("Relu", numbers::relu),
    ("Reshape", shapes::reshape),
    ("Shape", shapes::shape),
    ("Sigmoid", |n| n.each(nn::sigmoid())),
    ("Size", shapes::size),
    ("Slice", shapes::slice),
    ("Softmax", numbers::softmax),
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
    ("Where", numbers::select),
];

/// Adds every op there is.
pub(super) fn register(ops: &mut OnnxOpRegister) {
    for (name, _) in OPS {
        ops.insert(name, parse);
    }
}

fn parse(ctx: &ParsingContext, proto: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let (_, wire) = OPS.iter().find(|(name, _)| *name == proto.op_type).context("an op without a builder")?;
    let op = Parsed { proto: proto.clone(), opset: ctx.onnx_operator_set_version, wire: *wire };
    Ok((Box::new(op), vec![]))
}

/// A tensor that the file holds.
fn load(tensor: &TensorProto) -> TractResult<Tensor> {
    tract_onnx::tensor::load_tensor(&FopenDataResolver, tensor, None)
}

/// A node as it was read.
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
        bail!("not wired yet")
    }
}

type Facts = TVec<InferenceFact>;

impl InferenceOp for Parsed {
    /// Nothing: the wiring that follows finds all facts.
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
        // tract keeps no place for an input that is left out.
        let mut given = node.inputs.iter().map(|outlet| mapping.get(outlet).copied());
        let next = |name: &String| if name.is_empty() { None } else { given.next().flatten() };
        let inputs = self.proto.input.iter().map(next).collect();
        (self.wire)(&mut Node { proto: &self.proto, opset: self.opset, inputs, model: target })
    }

    as_op!();
}

/// A node of the file on its way into the graph.
struct Node<'a> {
    proto: &'a NodeProto,
    opset: i64,
    /// As the file lists them, those left out as `None`.
    inputs: Vec<Option<OutletId>>,
    model: &'a mut TypedModel,
}

impl Node<'_> {
    /// The input at `index`, if the node has it.
    fn optional(&self, index: usize) -> Option<OutletId> {
        self.inputs.get(index).copied().flatten()
    }

    fn input(&self, index: usize) -> TractResult<OutletId> {
        self.optional(index).with_context(|| format!("input {index} is missing"))
    }

    fn fact(&self, outlet: OutletId) -> TractResult<&TypedFact> {
        self.model.outlet_fact(outlet)
    }

    fn facts(&self, outlets: &[OutletId]) -> TractResult<Vec<&TypedFact>> {
        outlets.iter().map(|outlet| self.fact(*outlet)).collect()
    }

    fn rank(&self, outlet: OutletId) -> TractResult<usize> {
        Ok(self.fact(outlet)?.rank())
    }

    /// `axis` counted from the front.
    fn axis(axis: i64, rank: usize) -> TractResult<usize> {
        let from_front = if axis < 0 { axis + rank as i64 } else { axis };
        ensure!((0..rank as i64).contains(&from_front), "axis {axis} of {rank}");
        Ok(from_front as usize)
    }

    fn axis_attribute(&self, default: i64, rank: usize) -> TractResult<usize> {
        Self::axis(self.proto.get_attr_opt("axis")?.unwrap_or(default), rank)
    }

    fn flag(&self, attribute: &str, default: bool) -> TractResult<bool> {
        Ok(self.proto.get_attr_opt(attribute)?.unwrap_or(default))
    }

    /// The values of an input that must be constant, or follow from shapes.
    fn constant<T: Datum>(&self, index: usize) -> TractResult<Option<Vec<T>>> {
        let Some(outlet) = self.optional(index) else { return Ok(None) };
        let value = self.fact(outlet)?.konst.as_ref().with_context(|| format!("input {index} is not constant"))?;
        Ok(Some(value.cast_to::<T>()?.try_as_plain_ram()?.as_slice::<T>()?.to_vec()))
    }

    /// Integers that older opsets give as an attribute and newer ones as an input.
    fn integers(&self, attribute: &str, index: usize) -> TractResult<Option<Vec<i64>>> {
        match self.constant(index)? {
            None => self.proto.get_attr_opt_vec(attribute),
            input => Ok(input),
        }
    }

    /// A name for one more node of the graph. Names of outputs are unique, those of nodes need not be.
    fn name(&self) -> String {
        let name = self.proto.output.first().map_or("", |output| output);
        self.model.unique_name(name).into_owned()
    }

    fn wire(&mut self, op: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> TractResult<OutletId> {
        let (name, op) = (self.name(), op.into());
        // tract computes what is small at once, however large the result.
        let facts = self.facts(inputs)?;
        let made = op.output_facts(&facts)?;
        limits::check_made(&made.iter().collect::<Vec<_>>(), &facts)?;
        indices::check_known(&*op, &facts)?;
        let wires = self.model.wire_node(name, op, inputs)?;
        wires.first().copied().context("an op without outputs")
    }

    fn cast(&mut self, outlet: OutletId, to: DatumType) -> TractResult<OutletId> {
        if self.fact(outlet)?.datum_type == to {
            Ok(outlet)
        } else {
            self.wire(tract_core::ops::cast::cast(to), &[outlet])
        }
    }

    /// A constant of the type of `like`.
    fn scalar(&mut self, value: f32, like: OutletId) -> TractResult<OutletId> {
        let value = tensor0(value).cast_to_dt(self.fact(like)?.datum_type)?.into_owned();
        Ok(self.value(value)?[0])
    }

    fn value(&mut self, tensor: Tensor) -> Outlets {
        let name = self.name();
        Ok(tvec!(self.model.add_const(name, tensor)?))
    }

    /// `op` with its operands broadcast to one rank, and of one type.
    fn pair(&mut self, op: Box<dyn BinMiniOp>, a: OutletId, b: OutletId) -> TractResult<OutletId> {
        let mut dt = op.operating_datum_type(self.fact(a)?.datum_type, self.fact(b)?.datum_type)?;
        // A dimension beside values of texts is only a number, though not before the text is there.
        if dt.is_tdim() && (self.fact(a)?.konst.is_none() || self.fact(b)?.konst.is_none()) {
            dt = DatumType::I64;
        }
        let name = self.name();
        let wires = wire_rank_broadcast(&name, self.model, &[a, b])?;
        let wires = wire_cast(&name, self.model, &wires, dt)?;
        self.wire(TypedBinOp(op, None), &wires)
    }

    /// `op` between all inputs, from the first to the last.
    fn fold(&mut self, op: Box<dyn BinMiniOp>) -> Outlets {
        let mut result = self.input(0)?;
        for index in 1..self.inputs.len() {
            result = self.pair(op.clone(), result, self.input(index)?)?;
        }
        Ok(tvec!(result))
    }

    /// `op` on each element of the only input.
    fn each(&mut self, op: ElementWiseOp) -> Outlets {
        let input = self.input(0)?;
        let dt = op.0.operating_datum_type(self.fact(input)?.datum_type);
        let input = self.cast(input, dt)?;
        Ok(tvec!(self.wire(op, &[input])?))
    }

    /// One of tract's expansions.
    fn expand(&mut self, op: impl Expansion, inputs: &[OutletId]) -> Outlets {
        let made = op.wire(&self.name(), self.model, inputs)?;
        limits::check_made(&self.facts(&made)?, &self.facts(inputs)?)?;
        Ok(made)
    }

    fn identity(&mut self) -> Outlets {
        Ok(tvec!(self.input(0)?))
    }
}
