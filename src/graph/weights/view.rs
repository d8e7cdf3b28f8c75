//! A weight as an op sees it: its values, and its axes behind any transposition, reshape or slice.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Slice;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_hir::internal::*;

use super::quant_tensor::{QuantConst, QuantTensor, offsets, row_major, sizes};

/// The stored values of a weight.
#[derive(Clone)]
pub(in crate::graph) enum Base {
    Quantized(Arc<QuantTensor>),
    Float(Arc<Tensor>),
}

/// A weight with its axes as the op that reads it sees them.
#[derive(Clone)]
pub(in crate::graph) struct Weight {
    pub base: Base,
    /// The size of each axis and its stride in the base.
    pub axes: TVec<(usize, usize)>,
    /// The offset of the first value in the base.
    pub first: usize,
}

impl Weight {
    /// The constant weight that an outlet holds, traced back through changes of axes and slices. `None` if it is no
    /// constant of f32 values or quantised ones.
    pub(in crate::graph) fn find(model: &TypedModel, outlet: OutletId) -> Option<Self> {
        let mut node = model.node(outlet.node);
        let mut changes = vec![];
        while node.op_is::<AxisOp>() || node.op_is::<Slice>() {
            changes.push(node);
            node = model.node(node.inputs[0].node);
        }
        let weight = if let Some(QuantConst(tensor)) = node.op_as::<QuantConst>() {
            Self { axes: tensor.axes.clone(), first: 0, base: Base::Quantized(tensor.clone()) }
        } else {
            let tensor = node.op_as::<Const>()?.val();
            if tensor.datum_type() != f32::datum_type() || !tensor.is_plain_ram() {
                return None;
            }
            Self { axes: row_major(tensor.shape()), first: 0, base: Base::Float(tensor.clone()) }
        };
        changes.into_iter().rev().try_fold(weight, |weight, node| match node.op_as::<Slice>() {
            Some(slice) => weight.sliced(slice),
            None => weight.changed(node.op_as::<AxisOp>()?),
        })
    }

    /// The weight after a slice; `None` if the slice is not within its axis.
    fn sliced(mut self, slice: &Slice) -> Option<Self> {
        let (start, end) = (slice.start.to_usize().ok()?, slice.end.to_usize().ok()?);
        let (size, stride) = self.axes.get_mut(slice.axis)?;
        if start > end || end > *size {
            return None;
        }
        *size = end - start;
        self.first += start * *stride;
        Some(self)
    }

    /// The weight after a change of axes; `None` if strides cannot express it, such as a reshape of axes that are not
    /// adjacent in the base.
    fn changed(mut self, change: &AxisOp) -> Option<Self> {
        match change {
            AxisOp::Add(at) => self.axes.insert(*at, (1, 0)),
            AxisOp::Rm(at) => {
                self.axes.remove(*at);
            }
            AxisOp::Move(from, to) => {
                let axis = self.axes.remove(*from);
                self.axes.insert(*to, axis);
            }
            AxisOp::Reshape(at, from, to) => {
                let mut old = self.axes.drain(*at..at + from.len());
                let first = old.next()?;
                // Two axes are one if a step along the outer is as long as the whole inner one. An axis that was added
                // has the stride 0.
                let (count, step) = old.try_fold(first, |(outer_size, outer_stride), (size, stride)| {
                    let adjacent = stride != 0 && outer_stride == size * stride;
                    adjacent.then_some((outer_size.saturating_mul(size), stride))
                })?;
                drop(old);
                let sizes = to.iter().map(|dim| dim.to_usize().ok()).collect::<Option<TVec<usize>>>()?;
                if count != sizes.iter().product::<usize>() {
                    return None;
                }
                for (i, (size, stride)) in row_major(&sizes).into_iter().enumerate() {
                    self.axes.insert(at + i, (size, stride * step));
                }
            }
        }
        Some(self)
    }

    /// The offset from the first value of each combination of indices of these axes, the last axis fastest.
    pub(in crate::graph) fn offsets(&self, axes: &[usize]) -> Vec<usize> {
        offsets(&self.axes, axes)
    }

    /// Whether the weight is all of the base, and row-major in these axes.
    pub(in crate::graph) fn is_row_major(&self) -> bool {
        let count = match &self.base {
            Base::Quantized(tensor) => tensor.len(),
            Base::Float(tensor) => tensor.len(),
        };
        count == sizes(&self.axes).iter().product::<usize>() && self.axes == row_major(&sizes(&self.axes))
    }
}
