//! Classifiers read one position of the last layer, usually the first. The slice of that position is moved up through
//! the last layer, so that its linear layers, normalisations and queries are computed for this position alone.
//!
//! The slice moves from an op's output to its inputs until it meets a value that other ops use as well.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{Gather, Slice};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_hir::internal::*;

use super::add_layer_norm::AddLayerNorm;
use super::attention::Attention;
use super::linear::Linear;
use super::pattern::{Rules, only_user};

pub(super) fn rules(rules: Rules) -> Rules {
    rules
        .with_rule_for::<Gather>("gather of one position", |_, model, node, _, op| {
            let indices = model.outlet_fact(node.inputs[1])?.konst.clone();
            let Some(indices) = indices.filter(|indices| indices.len() == 1 && indices.rank() <= 1) else {
                return Ok(None);
            };
            let Ok(index) = usize::try_from(indices.cast_to_scalar::<i64>()?) else { return Ok(None) };
            if !only_user(model, node.inputs[0].node, node.id) {
                return Ok(None);
            }
            let mut patch = TypedModelPatch::default();
            let Some(mut sliced) =
                move_up(model, &mut patch, node.inputs[0], Position { axis: op.axis, index, max_ops: MAX_OPS })?
            else {
                return Ok(None);
            };
            if indices.rank() == 0 {
                sliced = patch.wire_node(format!("{}.axis", node.name), AxisOp::Rm(op.axis), &[sliced])?[0];
            }
            patch.shunt_outside(model, node.id.into(), sliced)?;
            Ok(Some(patch))
        })
        .with_rule_for::<Slice>("slice of one position", |_, model, node, _, op| {
            let (Some(start), Some(end)) = (op.start.as_usize(), op.end.as_usize()) else { return Ok(None) };
            // A residual connection has two users; they must read the same position.
            let users = model.outlet_successors(node.inputs[0]);
            let alike = users.iter().all(|user| model.node(user.node).op_as::<Slice>() == Some(op));
            if end != start + 1 || !alike || model.outputs.contains(&node.inputs[0]) {
                return Ok(None);
            }
            let mut patch = TypedModelPatch::default();
            let Some(sliced) =
                move_up(model, &mut patch, node.inputs[0], Position { axis: op.axis, index: start, max_ops: MAX_OPS })?
            else {
                return Ok(None);
            };
            for user in users {
                patch.shunt_outside(model, user.node.into(), sliced)?;
            }
            Ok(Some(patch))
        })
}

/// Upper bound on the ops the slice is moved through: more than one encoder layer has, and it bounds the recursion.
const MAX_OPS: usize = 64;

/// One index of one axis.
#[derive(Clone, Copy)]
struct Position {
    axis: usize,
    index: usize,
    /// How many more ops the slice may move through.
    max_ops: usize,
}

/// The slice of `outlet` that `user` reads, moved up as far as possible.
fn slice(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    outlet: OutletId,
    user: &TypedNode,
    position: Position,
) -> TractResult<OutletId> {
    if only_user(model, outlet.node, user.id)
        && let Some(sliced) = move_up(model, patch, outlet, position)?
    {
        return Ok(sliced);
    }
    let all = patch.tap_model(model, outlet)?;
    let Position { axis, index, .. } = position;
    let name = format!("{}.{}.position", user.name, model.node(outlet.node).name);
    Ok(patch.wire_node(name, Slice::new(axis, index, index + 1), &[all])?[0])
}

/// The slice of `outlet`, if the op that computes it can compute this position alone.
fn move_up(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    outlet: OutletId,
    position: Position,
) -> TractResult<Option<OutletId>> {
    let Some(max_ops) = position.max_ops.checked_sub(1) else { return Ok(None) };
    let node = model.node(outlet.node);
    let fact = model.outlet_fact(outlet)?;
    // The position's axis in each input that has one.
    let axes: TVec<Option<usize>> = if let Some(op) = node.op_as::<Linear>() {
        let Some(axis) = op.dims.input_axis(position.axis) else { return Ok(None) };
        tvec![Some(axis)]
    } else if node.op_is::<AddLayerNorm>() && position.axis + 1 < fact.rank() {
        node.inputs.iter().map(|_| Some(position.axis)).collect()
    } else if let Some(op) = node.op_as::<Attention>() {
        let rank = model.outlet_fact(node.inputs[0])?.rank();
        if op.dims.input_axis(position.axis) != Some(rank - 2) {
            return Ok(None);
        }
        let mask = node.inputs.get(3).map(|mask| model.outlet_fact(*mask)).transpose()?;
        let own_masks = mask.filter(|mask| !mask.shape[2].is_one()).map(|_| 2);
        [Some(rank - 2), None, None, own_masks].into_iter().take(node.inputs.len()).collect()
    } else if node.op_is::<ElementWiseOp>() || node.op_is::<TypedBinOp>() {
        let own = |input: &OutletId| -> TractResult<_> {
            Ok((!model.outlet_fact(*input)?.shape[position.axis].is_one()).then_some(position.axis))
        };
        node.inputs.iter().map(own).collect::<TractResult<_>>()?
    } else {
        return Ok(None);
    };
    let mut inputs = tvec![];
    for (&input, axis) in node.inputs.iter().zip(axes) {
        inputs.push(match axis {
            Some(axis) => slice(model, patch, input, node, Position { axis, max_ops, ..position })?,
            None => patch.tap_model(model, input)?,
        });
    }
    Ok(Some(patch.wire_node(&node.name, node.op.clone(), &inputs)?[0]))
}
