//! GELU as exporters spell it: forms that tract does not recognise become its `GeluExact` or `GeluApproximate`, which
//! the linear layer before it then absorbs.
//!
//! | op | form |
//! |---|---|
//! | `GeluExact` | `x · 0.5 · (1 + erf(x / √2))` |
//! | `GeluApproximate` | `x · 0.5 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))` |
//!
//! Factors may be in any order.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::{Add, Erf, Mul, Pow, PowConst, Tanh};
use tract_onnx::tract_core::ops::nn::{GeluApproximate, GeluExact};
use tract_onnx::tract_hir::internal::*;

use super::pattern::{Rules, binary, scalar, unscaled};

/// √(2/π)
const SQRT_FRAC_2_PI: f32 = 0.797_884_6;
/// The largest difference of a constant in the graph from the formula's.
const TOLERANCE: f32 = 1e-4;

fn is_near(value: f32, expected: f32) -> bool {
    (value - expected).abs() < TOLERANCE
}

pub(super) fn rules(rules: Rules) -> Rules {
    rules.with_rule_for::<ElementWiseOp>("gelu", |_, model, node, _, op| {
        let (x, gelu): (_, Box<dyn ElementWiseMiniOp>) = if op.0.is::<Erf>() {
            (erf_argument(model, node.inputs[0]), Box::new(GeluExact {}))
        } else if op.0.is::<Tanh>() {
            (tanh_argument(model, node.inputs[0]), Box::new(GeluApproximate { fast_impl: false }))
        } else {
            return Ok(None);
        };
        let Some(x) = x else { return Ok(None) };
        let Some(last) = gelu_output(model, node, x)? else { return Ok(None) };
        let mut patch = TypedModelPatch::default();
        let input = patch.tap_model(model, x)?;
        let output = patch.wire_node(&last.name, ElementWiseOp(gelu, None), &[input])?[0];
        patch.shunt_outside(model, last.id.into(), output)?;
        Ok(Some(patch))
    })
}

/// The `x` of `x / √2`.
fn erf_argument(model: &TypedModel, outlet: OutletId) -> Option<OutletId> {
    let (x, factor) = unscaled(model, outlet);
    is_near(factor, std::f32::consts::FRAC_1_SQRT_2).then_some(x)
}

/// The `x` of `√(2/π) · (x + 0.044715 · x³)`.
fn tanh_argument(model: &TypedModel, outlet: OutletId) -> Option<OutletId> {
    let (sum, factor) = unscaled(model, outlet);
    let [a, b] = binary::<Add>(model, sum).filter(|_| is_near(factor, SQRT_FRAC_2_PI))?;
    let has_cube = |&(x, addend): &(OutletId, OutletId)| {
        let (cube, factor) = unscaled(model, addend);
        is_near(factor, 0.044_715) && is_cube(model, cube, x)
    };
    [(a, b), (b, a)].into_iter().find(has_cube).map(|(x, _)| x)
}

/// Whether an outlet is `x³`: as a power with a fixed or a constant exponent, or as two products.
fn is_cube(model: &TypedModel, outlet: OutletId, x: OutletId) -> bool {
    let node = model.node(outlet.node);
    if let Some(power) = node.op_as::<ElementWiseOp>().and_then(|op| op.0.downcast_ref::<PowConst>()) {
        return is_near(power.exponent, 3.0) && node.inputs[0] == x;
    }
    if let Some([base, exponent]) = binary::<Pow>(model, outlet) {
        return base == x && scalar(model, exponent).is_some_and(|exponent| is_near(exponent, 3.0));
    }
    let is_square = |outlet| binary::<Mul>(model, outlet) == Some([x, x]);
    binary::<Mul>(model, outlet).is_some_and(|[a, b]| (a == x && is_square(b)) || (b == x && is_square(a)))
}

/// The node whose output is `x · 0.5 · (1 + f)`, where `f` is the output of `node`.
fn gelu_output<'m>(model: &'m TypedModel, node: &TypedNode, x: OutletId) -> TractResult<Option<&'m TypedNode>> {
    let Some(sum) = model.single_succ(node.id)? else { return Ok(None) };
    let is_one = |outlet| scalar(model, outlet).is_some_and(|value| is_near(value, 1.0));
    if !binary::<Add>(model, sum.id.into()).is_some_and(|addends| addends.into_iter().any(is_one)) {
        return Ok(None);
    }
    // Follows the products from the sum on until x and the factor 0.5 are in them.
    let (mut last, mut factor, mut has_x) = (sum, 1.0, false);
    while !(has_x && is_near(factor, 0.5)) {
        let Some(next) = model.single_succ(last.id)? else { return Ok(None) };
        let Some([a, b]) = next.op_as::<TypedBinOp>().and_then(|_| binary::<Mul>(model, next.id.into())) else {
            return Ok(None);
        };
        let other = if a == last.id.into() { b } else { a };
        if let Some(value) = scalar(model, other) {
            factor *= value;
        } else {
            let (source, value) = unscaled(model, other);
            if source != x || has_x {
                return Ok(None);
            }
            factor *= value;
            has_x = true;
        }
        last = next;
    }
    Ok(Some(last))
}
