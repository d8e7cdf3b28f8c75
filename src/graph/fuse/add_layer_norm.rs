//! Layer normalisation, alone or of a sum, becomes one [`AddLayerNorm`].
//!
//! tract's normal form is `RmsNorm(x - mean(x)) * gain + bias`, however the exporter writes it.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::math::{Add, Mul, Sub};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, RmsNorm};
use tract_onnx::tract_hir::internal::*;

use super::pattern::{Rules, binary, constant, only_user};
use crate::graph::op::typed_op;
use crate::kernels::layer_norm::LayerNorm;

/// The layer normalisation of its input, or of the sum of its two inputs.
#[derive(Debug, Clone)]
pub(in crate::graph) struct AddLayerNorm(Arc<LayerNorm>);

impl AddLayerNorm {
    pub(in crate::graph) fn new(norm: LayerNorm) -> Self {
        Self(norm.into())
    }

    /// The gain of each column.
    pub(in crate::graph) fn gain(&self) -> &[f32] {
        &self.0.gain
    }
}

impl PartialEq for AddLayerNorm {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for AddLayerNorm {}

impl EvalOp for AddLayerNorm {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let addend = if inputs.len() > 1 { inputs.pop() } else { None };
        // Computes in place where no other op uses the input.
        let mut x = inputs.remove(0).into_tensor();
        let addend = addend.as_ref().map(|t| t.try_as_plain_ram()).transpose()?;
        let addend = addend.as_ref().map(|view| view.as_slice::<f32>()).transpose()?;
        let fits = x.len().is_multiple_of(self.0.gain.len().max(1)) && addend.is_none_or(|a| a.len() == x.len());
        ensure!(fits, "layer normalisation of {:?}: its rows or its addend have another size", x.shape());
        self.0.run(x.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?, addend);
        Ok(tvec!(x.into_tvalue()))
    }
}

typed_op!(AddLayerNorm, |_op, inputs| Ok(tvec!(inputs[0].without_value())));

pub(super) fn rules(rules: Rules) -> Rules {
    rules.with_rule_for::<RmsNorm>("layer norm", |_, model, node, _, op| {
        let fact = model.outlet_fact(node.inputs[0])?;
        let Ok(width) = fact.shape[fact.rank() - 1].to_usize() else { return Ok(None) };
        if op.axis + 1 != fact.rank() || fact.datum_type != f32::datum_type() {
            return Ok(None);
        }
        let Some(x) = match_centred(model, node.inputs[0], op.axis, width)? else { return Ok(None) };
        let (gain, scaled) = match_parameter::<Mul>(model, node, width)?.unwrap_or((vec![1.0; width], node));
        let (bias, last) = match_parameter::<Add>(model, scaled, width)?.unwrap_or((vec![0.0; width], scaled));
        let norm = AddLayerNorm::new(LayerNorm { gain, bias, epsilon: op.eps.cast_to_scalar()? });

        let mut patch = TypedModelPatch::default();
        let inputs = match match_sum(model, x, node.inputs[0].node)? {
            Some([a, b]) => vec![patch.tap_model(model, a)?, patch.tap_model(model, b)?],
            None => vec![patch.tap_model(model, x)?],
        };
        let normal = patch.wire_node(&last.name, norm, &inputs)?[0];
        patch.shunt_outside(model, last.id.into(), normal)?;
        Ok(Some(patch))
    })
}

/// The rule for the sum before a normalisation that is one op already, because the file has it so.
pub(super) fn sum_rules(rules: Rules) -> Rules {
    rules.with_rule_for::<AddLayerNorm>("layer norm of a sum", |_, model, node, _, op| {
        let [x] = *node.inputs else { return Ok(None) };
        let Some(addends) = match_addends(model, x)?.filter(|_| only_user(model, x.node, node.id)) else {
            return Ok(None);
        };
        TypedModelPatch::replace_single_op(model, node, &addends, op.clone()).map(Some)
    })
}

/// The `x` of `x - sum(x) · 1/width`.
fn match_centred(model: &TypedModel, outlet: OutletId, axis: usize, width: usize) -> TractResult<Option<OutletId>> {
    let Some([x, mean]) = binary::<Sub>(model, outlet) else { return Ok(None) };
    let Some([a, b]) = binary::<Mul>(model, mean) else { return Ok(None) };
    for (sum, factor) in [(a, b), (b, a)] {
        let (Some(factor), node) = (constant(model, factor), model.node(sum.node)) else { continue };
        let Some(reduce) = node.op_as::<Reduce>() else { continue };
        let is_mean = factor.len() == 1 && (factor.cast_to_scalar::<f32>()? * width as f32 - 1.0).abs() < 1e-4;
        if is_mean && reduce.reducer == Reducer::Sum && *reduce.axes == [axis] && node.inputs[0] == x {
            return Ok(Some(x));
        }
    }
    Ok(None)
}

/// The constant, one value per column, that the only user of a node's output combines with it; and that user.
fn match_parameter<'m, O: BinMiniOp>(
    model: &'m TypedModel,
    node: &'m TypedNode,
    width: usize,
) -> TractResult<Option<(Vec<f32>, &'m TypedNode)>> {
    let Some(user) = model.single_succ(node.id)? else { return Ok(None) };
    let Some(inputs) = user.op_as::<TypedBinOp>().and_then(|_| binary::<O>(model, user.id.into())) else {
        return Ok(None);
    };
    for outlet in inputs {
        if let Some(values) = constant(model, outlet)
            && values.len() == width
            && values.shape().last() == Some(&width)
        {
            return Ok(Some((values.try_as_plain_ram()?.as_slice::<f32>()?.to_vec(), user)));
        }
    }
    Ok(None)
}

/// The addends of `x`, if it is a sum that only the normalisation uses: for its mean, and in the node `difference`.
fn match_sum(model: &TypedModel, x: OutletId, difference: usize) -> TractResult<Option<[OutletId; 2]>> {
    let users = model.outlet_successors(x);
    let is_inner = |node: usize| node == difference || model.node(node).op_is::<Reduce>();
    let only_inner = users.len() == 2 && users.iter().all(|user| is_inner(user.node)) && !model.outputs.contains(&x);
    Ok(match_addends(model, x)?.filter(|_| only_inner))
}

/// The two addends of `x`, if it is a sum of two variables of one shape.
fn match_addends(model: &TypedModel, x: OutletId) -> TractResult<Option<[OutletId; 2]>> {
    let Some([a, b]) = binary::<Add>(model, x) else { return Ok(None) };
    let alike = model.outlet_fact(a)?.shape == model.outlet_fact(b)?.shape;
    let variable = constant(model, a).is_none() && constant(model, b).is_none();
    Ok((alike && variable).then_some([a, b]))
}
