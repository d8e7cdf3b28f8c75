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

/// Upper bound on the ops the slice is moved through: more than one encoder layer has, and it bounds the recursion.
const MAX_OPS: usize = 64;

pub(super) fn rules(rules: Rules) -> Rules {
    rules
        .with_rule_for::<Gather>("gather of one position", |_, model, node, _, op| move_gather(model, node, op))
        .with_rule_for::<Slice>("slice of one position", |_, model, node, _, op| move_slice(model, node, op))
}

fn move_gather(model: &TypedModel, node: &TypedNode, op: &Gather) -> TractResult<Option<TypedModelPatch>> {
    let input = node.inputs[0];
    let indices = model.outlet_fact(node.inputs[1])?.konst.clone();
    let Some(indices) = indices.filter(|indices| indices.len() == 1 && indices.rank() <= 1) else { return Ok(None) };
    let Ok(index) = usize::try_from(indices.cast_to_scalar::<i64>()?) else { return Ok(None) };
    if !only_user(model, input.node, node.id) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let position = Position { axis: op.axis, index, max_ops: MAX_OPS };
    let Some(mut moved) = move_up(model, &mut patch, input, position)? else { return Ok(None) };
    // An index without axes takes the axis away.
    if indices.rank() == 0 {
        moved = patch.wire_node(format!("{}.axis", node.name), AxisOp::Rm(op.axis), &[moved])?[0];
    }
    patch.shunt_outside(model, node.id.into(), moved)?;
    Ok(Some(patch))
}

fn move_slice(model: &TypedModel, node: &TypedNode, op: &Slice) -> TractResult<Option<TypedModelPatch>> {
    let input = node.inputs[0];
    let (Some(start), Some(end)) = (op.start.as_usize(), op.end.as_usize()) else { return Ok(None) };
    // A residual connection has two users; they must read the same position.
    let users = model.outlet_successors(input);
    let alike = users.iter().all(|user| model.node(user.node).op_as::<Slice>() == Some(op));
    if end != start + 1 || !alike || model.outputs.contains(&input) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let position = Position { axis: op.axis, index: start, max_ops: MAX_OPS };
    let Some(moved) = move_up(model, &mut patch, input, position)? else { return Ok(None) };
    for user in users {
        patch.shunt_outside(model, user.node.into(), moved)?;
    }
    Ok(Some(patch))
}

/// A slice of one index along one axis, while it is moved up.
#[derive(Clone, Copy)]
struct Position {
    axis: usize,
    index: usize,
    /// How many more ops the slice may move through.
    max_ops: usize,
}

/// Wires the op that computes `outlet` for the position alone, and returns its output. `None` if the op needs all
/// positions of its input.
fn move_up(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    outlet: OutletId,
    position: Position,
) -> TractResult<Option<OutletId>> {
    let Some(max_ops) = position.max_ops.checked_sub(1) else { return Ok(None) };
    let node = model.node(outlet.node);
    let Some(axes) = input_axes(model, node, position.axis)? else { return Ok(None) };
    let mut inputs = tvec![];
    for (&input, axis) in node.inputs.iter().zip(axes) {
        inputs.push(match axis {
            Some(axis) => slice_input(model, patch, input, node, Position { axis, max_ops, ..position })?,
            None => patch.tap_model(model, input)?,
        });
    }
    Ok(Some(patch.wire_node(&node.name, node.op.clone(), &inputs)?[0]))
}

/// The slice of an outlet that the node `user` reads. It is moved further up unless other ops read the outlet, too.
fn slice_input(
    model: &TypedModel,
    patch: &mut TypedModelPatch,
    outlet: OutletId,
    user: &TypedNode,
    position: Position,
) -> TractResult<OutletId> {
    if only_user(model, outlet.node, user.id)
        && let Some(moved) = move_up(model, patch, outlet, position)?
    {
        return Ok(moved);
    }
    let all = patch.tap_model(model, outlet)?;
    let Position { axis, index, .. } = position;
    let name = format!("{}.{}.position", user.name, model.node(outlet.node).name);
    Ok(patch.wire_node(name, Slice::new(axis, index, index + 1), &[all])?[0])
}

/// For each input of a node, the axis that its output has as `axis`; `None` for an input that is needed whole. `None`
/// for all if the op cannot compute one position of that axis alone.
fn input_axes(model: &TypedModel, node: &TypedNode, axis: usize) -> TractResult<Option<TVec<Option<usize>>>> {
    let has_axis = |input: OutletId, axis: usize| -> TractResult<bool> {
        // An axis of size 1 is broadcast.
        Ok(!model.outlet_fact(input)?.shape[axis].is_one())
    };
    if let Some(op) = node.op_as::<Linear>() {
        return Ok(op.dims.input_axis(axis).map(|axis| tvec![Some(axis)]));
    }
    if node.op_is::<AddLayerNorm>() {
        // The last axis is the one that is normalised.
        let is_last = axis + 1 >= model.outlet_fact(node.id.into())?.rank();
        return Ok((!is_last).then(|| node.inputs.iter().map(|_| Some(axis)).collect()));
    }
    if let Some(op) = node.op_as::<Attention>() {
        let queries = model.outlet_fact(node.inputs[0])?.rank() - 2;
        if op.dims.input_axis(axis) != Some(queries) {
            return Ok(None);
        }
        // Keys and values are needed whole; a mask `[batch, heads, queries, keys]` may have a row for each query.
        let mask = match node.inputs.get(3) {
            Some(&mask) if has_axis(mask, 2)? => Some(2),
            _ => None,
        };
        let axes = [Some(queries), None, None, mask];
        return Ok(Some(axes.into_iter().take(node.inputs.len()).collect()));
    }
    if node.op_is::<ElementWiseOp>() || node.op_is::<TypedBinOp>() {
        let axis_of = |&input: &OutletId| -> TractResult<_> { Ok(has_axis(input, axis)?.then_some(axis)) };
        return node.inputs.iter().map(axis_of).collect::<TractResult<_>>().map(Some);
    }
    Ok(None)
}
