//! Indices that come from a text, or from another op, are checked before they are used: tract panics at those outside.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{Gather, GatherElements, GatherNd};
use tract_onnx::tract_hir::internal::*;

/// An op whose second input is indices of the first.
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

super::typed_op!(Checked, |op, inputs| op.0.output_facts(inputs));

/// Has the indices of all ops checked whenever they are run.
pub(super) fn check_all(model: &mut TypedModel) {
    for node in model.nodes_mut() {
        if node.op_is::<Gather>() || node.op_is::<GatherElements>() || node.op_is::<GatherNd>() {
            node.op = Box::new(Checked(node.op.clone()));
        }
    }
}

/// Checks the indices that are known before any text.
pub(super) fn check_known(op: &dyn TypedOp, facts: &[&TypedFact]) -> TractResult<()> {
    match facts {
        [data, TypedFact { konst: Some(indices), .. }] => match data.shape.as_concrete() {
            Some(shape) => check(op, shape, indices),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn check(op: &dyn TypedOp, data: &[usize], indices: &Tensor) -> TractResult<()> {
    let inside = |index: i64, size: usize| (-(size as i64)..size as i64).contains(&index);
    let all = |indices: &Tensor, axis: usize| -> TractResult<bool> {
        let size = data.get(axis).copied().unwrap_or(0);
        Ok(indices.try_as_plain_ram()?.as_slice::<i64>()?.iter().all(|&index| inside(index, size)))
    };
    let sound = if let Some(gather) = op.downcast_ref::<Gather>() {
        all(indices, gather.axis)?
    } else if let Some(gather) = op.downcast_ref::<GatherElements>() {
        let mut sizes = indices.shape().iter().zip(data).enumerate();
        sizes.all(|(axis, (picked, size))| axis == gather.axis || picked <= size) && all(indices, gather.axis)?
    } else if let Some(gather) = op.downcast_ref::<GatherNd>() {
        let (axes, batch) = (indices.shape().last().copied().unwrap_or(0), gather.batch_dims);
        let sizes = data.get(batch..batch + axes).unwrap_or_default();
        let view = indices.try_as_plain_ram()?;
        let mut tuples = view.as_slice::<i64>()?.chunks_exact(axes.max(1));
        // It takes none from the end.
        sizes.len() == axes
            && data.get(..batch) == indices.shape().get(..batch)
            && tuples.all(|tuple| tuple.iter().zip(sizes).all(|(&index, &size)| index >= 0 && inside(index, size)))
    } else {
        true
    };
    ensure!(sound, "an index outside of {data:?}");
    Ok(())
}
