//! Embeddings: `Gather` of a table of weights becomes [`Embedding`], which reads rows of int8 or 4 bits.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Gather;
use tract_onnx::tract_hir::internal::*;

use super::pattern::Rules;
use crate::graph::op::typed_op;
use crate::graph::weights::{Base, Values, Weight};
use crate::kernels::embedding::{EmbeddingTable, TableValues};
use crate::kernels::four_bit::BLOCK;

/// Looks up rows of a table. The output has the shape of the indices and one more axis, the row's.
#[derive(Debug, Clone)]
pub(in crate::graph) struct Embedding(Arc<EmbeddingTable>);

impl Embedding {
    /// The embedding of the table that an outlet holds, if it is weights of two axes in their order.
    pub(in crate::graph) fn from_table(model: &TypedModel, table: OutletId) -> TractResult<Option<Self>> {
        let Some(weight) = Weight::find(model, table) else { return Ok(None) };
        if weight.axes.len() != 2 || !weight.is_row_major() {
            return Ok(None);
        }
        Ok(build_table(&weight)?.map(|table| Self(table.into())))
    }
}

impl PartialEq for Embedding {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Embedding {}

impl EvalOp for Embedding {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let indices = inputs[0].cast_to::<i64>()?;
        let mut shape: TVec<usize> = indices.shape().into();
        shape.push(self.0.width);
        let mut y = Tensor::zero::<f32>(&shape)?;
        let mut view = y.try_as_plain_ram_mut()?;
        let rows = view.as_slice_mut::<f32>()?.chunks_exact_mut(self.0.width.max(1));
        for (&index, row) in indices.try_as_plain_ram()?.as_slice::<i64>()?.iter().zip(rows) {
            ensure!(self.0.row(index, row), "index {index} is outside an embedding table of {} rows", self.0.rows());
        }
        Ok(tvec!(y.into_tvalue()))
    }
}

typed_op!(Embedding, |op, inputs| {
    let mut shape: TVec<TDim> = inputs[0].shape.iter().cloned().collect();
    shape.push(op.0.width.to_dim());
    Ok(tvec!(f32::fact(shape)))
});

pub(super) fn rules(rules: Rules) -> Rules {
    rules.with_rule_for::<Gather>("embedding", |floats, model, node, _, op| {
        if floats.has(node) || op.axis != 0 || op.output_type.is_some() {
            return Ok(None);
        }
        let Some(embedding) = Embedding::from_table(model, node.inputs[0])? else { return Ok(None) };
        TypedModelPatch::replace_single_op(model, node, &[node.inputs[1]], embedding).map(Some)
    })
}

/// The table of a row-major weight. `None` if its scales are not per row, its blocks reach over the ends of rows, or a
/// value is not finite.
fn build_table(weight: &Weight) -> TractResult<Option<EmbeddingTable>> {
    let (rows, width) = (weight.axes[0].0, weight.axes[1].0);
    Ok(match &weight.base {
        Base::Quantized(tensor) => match &tensor.values {
            Values::Int8(int8) => {
                let scales = (0..rows).map(|row| int8.scale(row * width)).collect();
                let per_row = int8.scales.len() == 1 || int8.run == width;
                let values = TableValues::Int8 { values: int8.values.clone(), scales };
                per_row.then_some(EmbeddingTable { width, values })
            }
            Values::FourBit(weights) => {
                let values = TableValues::FourBit(weights.clone());
                width.is_multiple_of(BLOCK).then_some(EmbeddingTable { width, values })
            }
        },
        Base::Float(tensor) => {
            let plain = tensor.try_as_plain_ram()?;
            let values = plain.as_slice::<f32>()?;
            values.iter().all(|v| v.is_finite()).then(|| EmbeddingTable::quantize(width, values))
        }
    })
}
