//! Ops that compute: arithmetic, matrix products, reductions, normalisation.

use tract_onnx::tract_core::ops::array::CumSum;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::{add, div, max, min, rsqrt, square, sub};
use tract_onnx::tract_core::ops::{self, nn};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::{logic, matmul::MatMulInference, nn as hir};

use super::node::{Node, Outlets, load};
use crate::graph::fuse::AddLayerNorm;
use crate::graph::op::typed_op;
use crate::kernels::layer_norm::LayerNorm;

/// Symbolic dimensions stay as they are when they are cast to int64, which has no symbols.
pub(super) fn cast(n: &mut Node) -> Outlets {
    let (input, to) = (n.input(0)?, n.proto.get_attr("to")?);
    let dimension = n.fact(input)?.datum_type.is_tdim() && to == DatumType::I64;
    Ok(tvec!(if dimension { input } else { n.cast(input, to)? }))
}

pub(super) fn clip(n: &mut Node) -> Outlets {
    let mut result = n.input(0)?;
    for (index, attribute, op) in [(1, "min", max()), (2, "max", min())] {
        let bound = match (n.optional(index), n.proto.get_attr_opt(attribute)?) {
            (Some(bound), _) => n.cast(bound, n.fact(result)?.datum_type)?,
            (None, Some(bound)) => n.scalar(bound, result)?,
            (None, None) => continue,
        };
        result = n.binary(op.0, result, bound)?;
    }
    Ok(tvec!(result))
}

pub(super) fn constant(n: &mut Node) -> Outlets {
    let value = if let Some(value) = n.proto.get_attr_opt("value")? {
        load(value)?
    } else if let Some(value) = n.proto.get_attr_opt::<i64>("value_int")? {
        tensor0(value)
    } else if let Some(value) = n.proto.get_attr_opt::<f32>("value_float")? {
        tensor0(value)
    } else if let Some(values) = n.proto.get_attr_opt_slice::<i64>("value_ints")? {
        tensor1(values)
    } else if let Some(values) = n.proto.get_attr_opt_slice::<f32>("value_floats")? {
        tensor1(values)
    } else {
        bail!("the constant has no value of a supported type")
    };
    n.add_const(value)
}

pub(super) fn cum_sum(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let axis: Vec<i64> = n.constant(1)?.unwrap_or_default();
    let axis = Node::axis(*axis.first().context("the axis is missing")?, n.rank(input)?)?;
    let op = CumSum { axis, exclusive: n.flag("exclusive", false)?, reverse: n.flag("reverse", false)? };
    Ok(tvec!(n.wire(op, &[input])?))
}

pub(super) fn gelu(n: &mut Node) -> Outlets {
    match n.proto.get_attr_opt::<&str>("approximate")?.unwrap_or("none") {
        "none" => n.each(nn::gelu_exact::gelu_exact()),
        "tanh" => n.each(nn::gelu_approximate::gelu_approximate(false)),
        other => bail!("the approximation {other:?} of GELU is not supported"),
    }
}

pub(super) fn gemm(n: &mut Node) -> Outlets {
    let (a, b) = (matrix_input(n, 0)?, matrix_input(n, 1)?);
    ensure!(n.rank(a)? == 2 && n.rank(b)? == 2, "Gemm needs two matrices");
    let axes = AxesMapping::for_numpy_matmul(2, n.flag("transA", false)?, n.flag("transB", false)?, false)?;
    let dt = n.fact(a)?.datum_type;
    let mut result = n.wire(EinSum::new(axes, dt), &[a, b])?;
    result = scale_by(n, result, "alpha")?;
    if let Some(c) = n.optional(2) {
        let c = scale_by(n, c, "beta")?;
        result = n.binary(add().0, result, c)?;
    }
    Ok(tvec!(result))
}

/// An input of a matrix product. tract panics at types for which it has no kernel.
fn matrix_input(n: &Node, index: usize) -> TractResult<OutletId> {
    use DatumType::{F16, F32, F64, I8, I32, U8};
    let input = n.input(index)?;
    let dt = n.fact(input)?.datum_type;
    ensure!(matches!(dt, F16 | F32 | F64 | I8 | I32 | U8), "matrix products of {dt:?} are not supported");
    Ok(input)
}

/// `outlet` times a scalar attribute, 1 by default.
fn scale_by(n: &mut Node, outlet: OutletId, attribute: &str) -> TractResult<OutletId> {
    let factor = n.proto.get_attr_opt(attribute)?.unwrap_or(1f32);
    if factor == 1.0 {
        return Ok(outlet);
    }
    let factor = n.scalar(factor, outlet)?;
    n.binary(ops::math::mul().0, outlet, factor)
}

pub(super) fn is_inf(n: &mut Node) -> Outlets {
    n.each(ops::math::is_inf(n.flag("detect_positive", true)?, n.flag("detect_negative", true)?))
}

/// Checks integer divisors: tract panics at a division by 0.
pub(super) fn divide(n: &mut Node) -> Outlets {
    let (dividend, mut divisor) = (n.input(0)?, n.input(1)?);
    if !n.fact(divisor)?.datum_type.is_float() {
        let known = n.constant::<i64>(1).ok().flatten();
        ensure!(!known.is_some_and(|divisor| divisor.contains(&0)), "division by 0");
        if n.fact(divisor)?.konst.is_none() {
            divisor = n.wire(CheckedDivisor, &[divisor])?;
        }
    }
    Ok(tvec!(n.binary(div().0, dividend, divisor)?))
}

/// Returns its input unchanged; fails if an integer in it is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CheckedDivisor;

impl EvalOp for CheckedDivisor {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let divisors = inputs[0].cast_to::<i64>()?;
        ensure!(!divisors.try_as_plain_ram()?.as_slice::<i64>()?.contains(&0), "division by 0");
        Ok(inputs)
    }
}

typed_op!(CheckedDivisor, |_op, inputs| Ok(tvec!(inputs[0].without_value())));

/// Layer normalisation of all axes from `axis` on: the fused op where that can compute it, else several ops.
pub(super) fn layer_normalization(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let fact = n.fact(input)?.clone();
    let first = n.axis_attribute(-1, fact.rank())?;
    let epsilon = n.proto.get_attr_opt("epsilon")?.unwrap_or(1e-5);
    let x = n.cast(input, DatumType::F32)?;
    let y = match fused_normalization(n, &fact, first, epsilon)? {
        Some(norm) => n.wire(norm, &[x])?,
        None => wire_normalization(n, x, &fact, first, epsilon)?,
    };
    Ok(tvec!(n.cast(y, fact.datum_type)?))
}

/// Layer normalisation in the form that tract recognises as RMS normalisation, which `fuse/add_layer_norm` then finds.
fn wire_normalization(
    n: &mut Node,
    x: OutletId,
    fact: &TypedFact,
    first: usize,
    epsilon: f32,
) -> TractResult<OutletId> {
    let axes: TVec<usize> = (first..fact.rank()).collect();
    let size = axes.iter().map(|&axis| &fact.shape[axis]).product::<TDim>().to_i64()?;
    ensure!(size > 0, "LayerNormalization of an empty axis");
    let size = n.scalar(size as f32, x)?;
    let sum = n.wire(nn::Reduce::new(axes.clone(), nn::Reducer::Sum), &[x])?;
    let mean = n.binary(div().0, sum, size)?;
    let centred = n.binary(sub().0, x, mean)?;
    let squares = n.wire(square(), &[centred])?;
    let sum = n.wire(nn::Reduce::new(axes, nn::Reducer::Sum), &[squares])?;
    let variance = n.binary(div().0, sum, size)?;
    let epsilon = n.scalar(epsilon, x)?;
    let variance = n.binary(add().0, variance, epsilon)?;
    let inverse_deviation = n.wire(rsqrt(), &[variance])?;
    let mut result = n.binary(ops::math::mul().0, centred, inverse_deviation)?;
    result = n.binary(ops::math::mul().0, result, n.input(1)?)?;
    if let Some(bias) = n.optional(2) {
        result = n.binary(add().0, result, bias)?;
    }
    Ok(result)
}

/// The fused op, if the normalisation is over the last axis, with constant gain and bias.
fn fused_normalization(n: &Node, fact: &TypedFact, first: usize, epsilon: f32) -> TractResult<Option<AddLayerNorm>> {
    let parameter = |index| n.optional(index).and_then(|outlet| n.fact(outlet).ok()?.konst.clone());
    let width = fact.shape.last().and_then(|width| width.to_usize().ok()).unwrap_or(0);
    let fits = |values: &Arc<Tensor>| values.shape() == [width];
    let constant = parameter(1).is_some_and(|gain| fits(&gain))
        && (n.optional(2).is_none() || parameter(2).is_some_and(|bias| fits(&bias)));
    if first + 1 != fact.rank() || width == 0 || !constant {
        return Ok(None);
    }
    let gain = n.constant(1)?.unwrap_or_default();
    let bias = n.constant(2)?.unwrap_or_else(|| vec![0.0; width]);
    Ok(Some(AddLayerNorm::new(LayerNorm { gain, bias, epsilon })))
}

pub(super) fn mat_mul(n: &mut Node) -> Outlets {
    let inputs = [matrix_input(n, 0)?, matrix_input(n, 1)?];
    ensure!(n.rank(inputs[0])? > 0 && n.rank(inputs[1])? > 0, "MatMul of a scalar");
    n.expand(MatMulInference::default(), &inputs)
}

/// The result has the type of the base.
pub(super) fn pow(n: &mut Node) -> Outlets {
    let (base, exponent) = (n.input(0)?, n.input(1)?);
    let (dt, other) = (n.fact(base)?.datum_type, n.fact(exponent)?.datum_type);
    let result = if dt.is_float() == other.is_float() {
        n.binary(ops::math::pow().0, base, exponent)?
    } else {
        let (base, exponent) = (n.cast(base, DatumType::F64)?, n.cast(exponent, DatumType::F64)?);
        n.binary(ops::math::pow().0, base, exponent)?
    };
    Ok(tvec!(n.cast(result, dt)?))
}

/// Reduces the given axes, or all axes if none are given and `noop_with_empty_axes` is not set.
pub(super) fn reduce(n: &mut Node, reducer: hir::Reducer) -> Outlets {
    let input = n.input(0)?;
    let axes = n.integers("axes", 1)?.filter(|axes| !axes.is_empty());
    if axes.is_none() && n.flag("noop_with_empty_axes", false)? {
        return Ok(tvec!(input));
    }
    ensure!(n.fact(input)?.shape.iter().all(|size| *size != 0.to_dim()), "the op reduces an empty tensor");
    let keep = n.flag("keepdims", true)?;
    n.expand(hir::Reduce::new(axes, keep, reducer), &[input])
}

pub(super) fn relu(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let zero = n.scalar(0.0, input)?;
    Ok(tvec!(n.binary(max().0, input, zero)?))
}

pub(super) fn select(n: &mut Node) -> Outlets {
    let inputs = [n.input(0)?, n.input(1)?, n.input(2)?];
    n.expand(logic::Iff, &inputs)
}

/// Before opset 13, softmax was over all axes from `axis` on.
pub(super) fn softmax(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let rank = n.rank(input)?;
    let axes =
        if n.opset < 13 { (n.axis_attribute(1, rank)?..rank).collect() } else { tvec!(n.axis_attribute(-1, rank)?) };
    Ok(tvec!(n.wire(nn::Softmax { axes, ..nn::Softmax::default() }, &[input])?))
}
