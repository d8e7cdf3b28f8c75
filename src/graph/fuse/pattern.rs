//! What the fusion rules look for in a graph.

use std::collections::HashSet;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::Rewriter;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::math::Mul;

pub(in crate::graph) type Rules = Rewriter<FloatLayers>;

/// The nodes that are computed in f32, by name: nodes keep their names while the graph is rewritten.
#[derive(Debug, Default)]
pub(in crate::graph) struct FloatLayers(pub HashSet<String>);

impl FloatLayers {
    pub(in crate::graph) fn has(&self, node: &TypedNode) -> bool {
        self.0.contains(&node.name)
    }

    /// The names in alphabetical order.
    pub(in crate::graph) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.iter().cloned().collect();
        names.sort_unstable();
        names
    }
}

/// The f32 tensor that an outlet holds, if it is a constant.
pub(in crate::graph) fn constant(model: &TypedModel, outlet: OutletId) -> Option<Arc<Tensor>> {
    let tensor = model.outlet_fact(outlet).ok()?.konst.clone()?;
    (tensor.datum_type() == f32::datum_type() && tensor.is_plain_ram()).then_some(tensor)
}

/// The inputs of the node that computes an outlet, if it is the binary op `O`.
pub(in crate::graph) fn binary<O: BinMiniOp>(model: &TypedModel, outlet: OutletId) -> Option<[OutletId; 2]> {
    let node = model.node(outlet.node);
    let op = node.op_as::<TypedBinOp>()?;
    op.0.is::<O>().then(|| [node.inputs[0], node.inputs[1]])
}

/// The outlet without multiplications by scalars, and the product of these scalars.
pub(in crate::graph) fn unscaled(model: &TypedModel, mut outlet: OutletId) -> (OutletId, f32) {
    let mut scale = 1.0;
    while let Some([a, b]) = binary::<Mul>(model, outlet) {
        let (x, factor) = match (scalar(model, a), scalar(model, b)) {
            (_, Some(factor)) => (a, factor),
            (Some(factor), _) => (b, factor),
            _ => break,
        };
        scale *= factor;
        outlet = x;
    }
    (outlet, scale)
}

/// The value of an outlet, if it is a constant with one element.
pub(in crate::graph) fn scalar(model: &TypedModel, outlet: OutletId) -> Option<f32> {
    constant(model, outlet).filter(|tensor| tensor.len() == 1)?.cast_to_scalar::<f32>().ok()
}

/// The only one of an operand's axes that an axis of an `EinSum` stands for: `Some(None)` if there is none, `None` if
/// there are several.
pub(in crate::graph) fn at_most_one(axes: &[usize]) -> Option<Option<usize>> {
    (axes.len() < 2).then(|| axes.first().copied())
}

/// Whether `user` alone reads the output of `node`.
pub(in crate::graph) fn only_user(model: &TypedModel, node: usize, user: usize) -> bool {
    let users = model.outlet_successors(node.into());
    users.len() == 1 && users[0].node == user && !model.outputs.contains(&node.into())
}
