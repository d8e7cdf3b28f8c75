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

/// The value of a constant outlet of f32.
pub(in crate::graph) fn constant(model: &TypedModel, outlet: OutletId) -> Option<Arc<Tensor>> {
    let tensor = model.outlet_fact(outlet).ok()?.konst.clone()?;
    (tensor.datum_type() == f32::datum_type() && tensor.is_plain_ram()).then_some(tensor)
}

/// The inputs of the node that computes an outlet, if it is the binary op `O`.
pub(in crate::graph) fn binary<O: BinMiniOp>(model: &TypedModel, outlet: OutletId) -> Option<[OutletId; 2]> {
    let node = model.node(outlet.node);
    let is = node.op_as::<TypedBinOp>().is_some_and(|op| op.0.is::<O>());
    is.then(|| [node.inputs[0], node.inputs[1]])
}

/// The outlet without multiplications by scalars, and the product of these scalars.
pub(in crate::graph) fn unscaled(model: &TypedModel, mut outlet: OutletId) -> TractResult<(OutletId, f32)> {
    let mut scale = 1.0;
    while let Some([a, b]) = binary::<Mul>(model, outlet) {
        let factor = |o| constant(model, o).filter(|t| t.len() == 1);
        let (x, factor) = match (factor(a), factor(b)) {
            (_, Some(factor)) => (a, factor),
            (Some(factor), _) => (b, factor),
            _ => break,
        };
        scale *= factor.cast_to_scalar::<f32>()?;
        outlet = x;
    }
    Ok((outlet, scale))
}

/// Whether `user` alone reads the output of `node`.
pub(in crate::graph) fn only_user(model: &TypedModel, node: usize, user: usize) -> bool {
    let users = model.outlet_successors(node.into());
    users.len() == 1 && users[0].node == user && !model.outputs.contains(&node.into())
}
