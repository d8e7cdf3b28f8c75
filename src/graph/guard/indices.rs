//! Bounds checks for gather ops: tract panics at an index outside of the data.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{Gather, GatherElements, GatherNd};
use tract_onnx::tract_hir::internal::*;

use crate::graph::op::typed_op;

/// A gather op, which looks up its second input's indices in its first input, with a bounds check before it.
#[derive(Debug, Clone)]
struct Checked(Box<dyn TypedOp>);

impl PartialEq for Checked {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}
impl Eq for Checked {}

impl EvalOp for Checked {
    op_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        check(&*self.0, inputs[0].shape(), &inputs[1])?;
        self.0.eval(context, inputs)
    }
}

typed_op!(Checked, |op, inputs| op.0.output_facts(inputs));

/// Wraps every gather op in a bounds check.
pub(in crate::graph) fn check_all(model: &mut TypedModel) {
    for node in model.nodes_mut() {
        if node.op_is::<Gather>() || node.op_is::<GatherElements>() || node.op_is::<GatherNd>() {
            node.op = Box::new(Checked(node.op.clone()));
        }
    }
}

/// Checks the indices of a gather op while the graph is wired, if they are constants and the data has a fixed shape:
/// tract may compute such an op at once. Other ops pass.
pub(in crate::graph) fn check_known(op: &dyn TypedOp, facts: &[&TypedFact]) -> TractResult<()> {
    match facts {
        [data, TypedFact { konst: Some(indices), .. }] => match data.shape.as_concrete() {
            Some(shape) => check(op, shape, indices),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Checks that all indices of a gather op are inside of data of this shape. Other ops pass.
fn check(op: &dyn TypedOp, data: &[usize], indices: &Tensor) -> TractResult<()> {
    let inside = |index: i64, size: usize| (-(size as i64)..size as i64).contains(&index);
    let all = |indices: &Tensor, axis: usize| -> TractResult<bool> {
        let size = data.get(axis).copied().unwrap_or(0);
        Ok(indices.try_as_plain_ram()?.as_slice::<i64>()?.iter().all(|&index| inside(index, size)))
    };
    let in_bounds = if let Some(gather) = op.downcast_ref::<Gather>() {
        all(indices, gather.axis)?
    } else if let Some(gather) = op.downcast_ref::<GatherElements>() {
        // The indices pick from the data at their own position along all other axes.
        let mut sizes = indices.shape().iter().zip(data).enumerate();
        sizes.all(|(axis, (picked, size))| axis == gather.axis || picked <= size) && all(indices, gather.axis)?
    } else if let Some(gather) = op.downcast_ref::<GatherNd>() {
        let (axes, batch) = (indices.shape().last().copied().unwrap_or(0), gather.batch_dims);
        let sizes = data.get(batch..batch + axes).unwrap_or_default();
        let view = indices.try_as_plain_ram()?;
        let mut tuples = view.as_slice::<i64>()?.chunks_exact(axes.max(1));
        // GatherND has no negative indices in tract.
        sizes.len() == axes
            && data.get(..batch) == indices.shape().get(..batch)
            && tuples.all(|tuple| tuple.iter().zip(sizes).all(|(&index, &size)| index >= 0 && inside(index, size)))
    } else {
        true
    };
    ensure!(in_bounds, "an index is outside of data of shape {data:?}");
    Ok(())
}
