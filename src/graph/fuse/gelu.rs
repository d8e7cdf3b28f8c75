//! GELU as exporters spell it: forms that tract does not recognise become its `GeluExact` or `GeluApproximate`, which
//! the linear layer before it then absorbs.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::{Add, Erf, Mul, Pow, PowConst, Tanh};
use tract_onnx::tract_core::ops::nn::{GeluApproximate, GeluExact};
use tract_onnx::tract_hir::internal::*;

use super::pattern::{Rules, binary, constant, unscaled};

/// The largest difference of a constant in the graph from the formula's.
const TOLERANCE: f32 = 1e-4;

fn is(value: f32, expected: f32) -> bool {
    (value - expected).abs() < TOLERANCE
}

pub(super) fn rules(rules: Rules) -> Rules {
    rules.with_rule_for::<ElementWiseOp>("gelu", |_, model, node, _, op| {
        let (x, gelu): (_, Box<dyn ElementWiseMiniOp>) = if op.0.is::<Erf>() {
            let (x, factor) = unscaled(model, node.inputs[0])?;
            if !is(factor, std::f32::consts::FRAC_1_SQRT_2) {
                return Ok(None);
            }
            (x, Box::new(GeluExact {}))
        } else if op.0.is::<Tanh>() {
            let Some(x) = tanh_argument(model, node.inputs[0])? else { return Ok(None) };
            (x, Box::new(GeluApproximate { fast_impl: false }))
        } else {
            return Ok(None);
        };
        let Some(last) = gelu_output(model, node, x)? else { return Ok(None) };
        let mut patch = TypedModelPatch::default();
        let input = patch.tap_model(model, x)?;
        let output = patch.wire_node(&last.name, ElementWiseOp(gelu, None), &[input])?[0];
        patch.shunt_outside(model, last.id.into(), output)?;
        Ok(Some(patch))
    })
}

/// The `x` of `0.798 (x + 0.0447 x³)`.
fn tanh_argument(model: &TypedModel, outlet: OutletId) -> TractResult<Option<OutletId>> {
    let (sum, factor) = unscaled(model, outlet)?;
    let Some([a, b]) = binary::<Add>(model, sum).filter(|_| is(factor, 0.797_884_6)) else { return Ok(None) };
    for (x, cube) in [(a, b), (b, a)] {
        let (cube, factor) = unscaled(model, cube)?;
        if is(factor, 0.044_715) && is_cube(model, cube, x) {
            return Ok(Some(x));
        }
    }
    Ok(None)
}

fn is_cube(model: &TypedModel, outlet: OutletId, x: OutletId) -> bool {
    let node = model.node(outlet.node);
    if let Some(power) = node.op_as::<ElementWiseOp>().and_then(|op| op.0.downcast_ref::<PowConst>()) {
        return is(power.exponent, 3.0) && node.inputs[0] == x;
    }
    if let Some([base, exponent]) = binary::<Pow>(model, outlet) {
        let exponent = constant(model, exponent).and_then(|t| t.cast_to_scalar::<f32>().ok());
        return base == x && exponent.is_some_and(|exponent| is(exponent, 3.0));
    }
    let is_square = |outlet| binary::<Mul>(model, outlet).is_some_and(|factors| factors == [x, x]);
    binary::<Mul>(model, outlet).is_some_and(|[a, b]| (a == x && is_square(b)) || (b == x && is_square(a)))
}

/// The node whose output is `x · 0.5 · (1 + f)`, in any order of factors, where `f` is the output of `node`.
fn gelu_output<'m>(model: &'m TypedModel, node: &TypedNode, x: OutletId) -> TractResult<Option<&'m TypedNode>> {
    let Some(sum) = model.single_succ(node.id)? else { return Ok(None) };
    let one = |outlet| constant(model, outlet).filter(|t| t.len() == 1).and_then(|t| t.cast_to_scalar::<f32>().ok());
    let adds_one = binary::<Add>(model, sum.id.into())
        .is_some_and(|inputs| inputs.into_iter().any(|outlet| one(outlet).is_some_and(|value| is(value, 1.0))));
    if !adds_one {
        return Ok(None);
    }
    let (mut last, mut factor, mut has_x) = (sum, 1.0, false);
    while !(has_x && is(factor, 0.5)) {
        let Some(next) = model.single_succ(last.id)? else { return Ok(None) };
        let Some([a, b]) = next.op_as::<TypedBinOp>().and_then(|_| binary::<Mul>(model, next.id.into())) else {
            return Ok(None);
        };
        let other = if a == last.id.into() { b } else { a };
        match (one(other), unscaled(model, other)?) {
            (Some(value), _) => factor *= value,
            (None, (source, value)) if source == x && !has_x => (factor, has_x) = (factor * value, true),
            _ => return Ok(None),
        }
        last = next;
    }
    Ok(Some(last))
}
