//! Attention over queries, keys and values whose heads are an axis of their own, because other ops come between them and
//! the linear layers: rotary positions, for instance.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::{AxisOp, perm_to_ops};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::internal::*;

use super::pattern::{at_most_one, unscaled};

/// The axes that mean batch, sequence, head and column, in this order.
type Order = [usize; 4];
const BATCH: usize = 0;
const SEQUENCE: usize = 1;
const HEAD: usize = 2;
const COLUMN: usize = 3;

/// Attention over inputs of four axes.
pub(super) struct SplitHeads {
    pub heads: usize,
    head_dim: usize,
    /// The product of the scales of queries and keys.
    pub scale: f32,
    /// Queries, keys and values, and the order of their axes.
    inputs: [(OutletId, Order); 3],
    /// The order of the output's axes.
    output: Order,
}

impl SplitHeads {
    /// Finds attention between two products: `product` multiplies queries by keys, and `sum` attention weights by
    /// values. `weights` is the input of `sum` that has the attention weights. `None` if the products are not those of
    /// attention.
    pub(super) fn find(
        model: &TypedModel,
        product: &TypedNode,
        (sum, weights): (&TypedNode, usize),
    ) -> TractResult<Option<Self>> {
        let (Some(product_op), Some(sum_op)) = (product.op_as::<EinSum>(), sum.op_as::<EinSum>()) else {
            return Ok(None);
        };
        if product.inputs.len() != 2
            || sum.inputs.len() != 2
            || product_op.q_params.is_some()
            || sum_op.q_params.is_some()
        {
            return Ok(None);
        }
        let Some((values, output)) = orders_of_sum(&sum_op.axes, weights) else { return Ok(None) };
        for query in [0, 1] {
            let Some([queries, keys]) = orders_of_product(&product_op.axes, query) else { continue };
            let (q, q_scale) = unscaled(model, product.inputs[query]);
            let (k, k_scale) = unscaled(model, product.inputs[1 - query]);
            let inputs = [(q, queries), (k, keys), (sum.inputs[1 - weights], values)];
            let mut shapes = vec![];
            for (outlet, order) in inputs {
                let fact = model.outlet_fact(outlet)?;
                if fact.rank() != 4 || fact.datum_type != f32::datum_type() {
                    return Ok(None);
                }
                shapes.push(order.map(|axis| fact.shape[axis].clone()));
            }
            let alike = |axis: usize| shapes.iter().all(|shape| shape[axis] == shapes[0][axis]);
            if !alike(BATCH) || !alike(HEAD) || !alike(COLUMN) || shapes[1] != shapes[2] {
                return Ok(None);
            }
            let (Ok(heads), Ok(head_dim)) = (shapes[0][HEAD].to_usize(), shapes[0][COLUMN].to_usize()) else {
                return Ok(None);
            };
            return Ok(Some(Self { heads, head_dim, scale: q_scale * k_scale, inputs, output }));
        }
        Ok(None)
    }

    /// Columns of all heads.
    pub(super) fn width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Wires `attention`, an op over inputs of three axes, with the axes of its inputs and of its output moved and
    /// merged as they must be.
    pub(super) fn wire(
        &self,
        patch: &mut TypedModelPatch,
        model: &TypedModel,
        (name, attention): (&str, Box<dyn TypedOp>),
        mask: Option<OutletId>,
    ) -> TractResult<OutletId> {
        let (split, width) = (tvec![self.heads.to_dim(), self.head_dim.to_dim()], self.width());
        let mut inputs = tvec![];
        for (i, (outlet, order)) in self.inputs.iter().enumerate() {
            let mut outlet = patch.tap_model(model, *outlet)?;
            let merge = AxisOp::Reshape(HEAD, split.clone(), tvec![width.to_dim()]);
            for (j, op) in perm_to_ops(order).into_iter().chain([merge]).enumerate() {
                outlet = patch.wire_node(format!("{name}.input{i}.{j}"), op, &[outlet])?[0];
            }
            inputs.push(outlet);
        }
        inputs.extend(mask);
        let mut y = patch.wire_node(format!("{name}.attention"), attention, &inputs)?[0];
        let mut back = [0; 4];
        for (axis, &to) in self.output.iter().enumerate() {
            back[to] = axis;
        }
        let split = AxisOp::Reshape(HEAD, tvec![width.to_dim()], split);
        for (j, op) in [split].into_iter().chain(perm_to_ops(&back)).enumerate() {
            y = patch.wire_node(format!("{name}.output.{j}"), op, &[y])?[0];
        }
        Ok(y)
    }
}

/// The order, if every axis is found.
fn complete(order: [Option<usize>; 4]) -> Option<Order> {
    let [Some(a), Some(b), Some(c), Some(d)] = order else { return None };
    Some([a, b, c, d])
}

/// The orders of queries and keys, if the product is `batch, head, query, key`. `query` is the input that has the queries.
fn orders_of_product(axes: &AxesMapping, query: usize) -> Option<[Order; 2]> {
    let [mut queries, mut keys] = [[None; 4]; 2];
    for axis in axes.iter_all_axes() {
        let q = at_most_one(&axis.inputs[query])?;
        let k = at_most_one(&axis.inputs[1 - query])?;
        let (in_queries, in_keys) = match (q, k, at_most_one(&axis.outputs[0])?) {
            (Some(_), Some(_), Some(0)) => (Some(BATCH), Some(BATCH)),
            (Some(_), Some(_), Some(1)) => (Some(HEAD), Some(HEAD)),
            (Some(_), None, Some(2)) => (Some(SEQUENCE), None),
            (None, Some(_), Some(3)) => (None, Some(SEQUENCE)),
            (Some(_), Some(_), None) => (Some(COLUMN), Some(COLUMN)),
            _ => return None,
        };
        in_queries.into_iter().for_each(|tag| queries[tag] = q);
        in_keys.into_iter().for_each(|tag| keys[tag] = k);
    }
    Some([complete(queries)?, complete(keys)?])
}

/// The orders of values and of the output, if the attention weights are `batch, head, query, key`.
fn orders_of_sum(axes: &AxesMapping, weights: usize) -> Option<(Order, Order)> {
    let [mut values, mut output] = [[None; 4]; 2];
    for axis in axes.iter_all_axes() {
        let w = at_most_one(&axis.inputs[weights])?;
        let v = at_most_one(&axis.inputs[1 - weights])?;
        let out = at_most_one(&axis.outputs[0])?;
        let (in_values, in_output) = match (w, v, out) {
            (Some(0), Some(_), Some(_)) => (Some(BATCH), Some(BATCH)),
            (Some(1), Some(_), Some(_)) => (Some(HEAD), Some(HEAD)),
            (Some(2), None, Some(_)) => (None, Some(SEQUENCE)),
            (Some(3), Some(_), None) => (Some(SEQUENCE), None),
            (None, Some(_), Some(_)) => (Some(COLUMN), Some(COLUMN)),
            _ => return None,
        };
        in_values.into_iter().for_each(|tag| values[tag] = v);
        in_output.into_iter().for_each(|tag| output[tag] = out);
    }
    Some((complete(values)?, complete(output)?))
}
