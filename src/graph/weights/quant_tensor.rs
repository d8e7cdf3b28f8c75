//! A quantised weight as a constant of the graph.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_hir::internal::*;

use crate::graph::op::typed_op;
use crate::kernels::four_bit::FourBit;

/// A tensor of integers and their scales. In the graph it represents an f32 tensor, which is never built where a fused op reads
/// the integers.
#[derive(Debug)]
pub(in crate::graph) struct QuantTensor {
    /// The size of each axis and its stride in `values`.
    pub axes: TVec<(usize, usize)>,
    pub values: Values,
}

/// The values of a quantised weight.
#[derive(Debug, Clone)]
pub(in crate::graph) enum Values {
    Int8(Int8),
    FourBit(Arc<FourBit>),
}

/// Integers with scales: `integer · scale`.
#[derive(Debug, Clone)]
pub(in crate::graph) struct Int8 {
    pub values: Arc<Vec<i8>>,
    /// The scales in turn, each for `run` consecutive values, and then from the first again.
    pub scales: Vec<f32>,
    /// The product of the sizes of the axes after the one along which the scales vary.
    pub run: usize,
}

impl Int8 {
    /// The scale of `values[index]`.
    pub(in crate::graph) fn scale(&self, index: usize) -> f32 {
        self.scales[index / self.run.max(1) % self.scales.len()]
    }

    /// The f32 that `values[index]` stands for.
    pub(in crate::graph) fn value(&self, index: usize) -> f32 {
        f32::from(self.values[index]) * self.scale(index)
    }
}

impl QuantTensor {
    /// The f32 that the integer at `index` stands for.
    pub(in crate::graph) fn value(&self, index: usize) -> f32 {
        match &self.values {
            Values::Int8(int8) => int8.value(index),
            Values::FourBit(weights) => weights.value(index),
        }
    }

    /// Number of values.
    pub(in crate::graph) fn len(&self) -> usize {
        match &self.values {
            Values::Int8(int8) => int8.values.len(),
            Values::FourBit(weights) => weights.count(),
        }
    }

    pub(in crate::graph) fn shape(&self) -> TVec<usize> {
        sizes(&self.axes)
    }

    /// The f32 values in the order of the axes.
    fn dequantized(&self) -> TractResult<Tensor> {
        let all: Vec<usize> = (0..self.axes.len()).collect();
        let indices = offsets(&self.axes, &all).into_iter();
        let values: Vec<f32> = indices.map(|index| self.value(index)).collect();
        Tensor::from_shape(&self.shape(), &values)
    }
}

/// The op whose value is a [`QuantTensor`].
#[derive(Debug, Clone)]
pub(in crate::graph) struct QuantConst(pub Arc<QuantTensor>);

impl PartialEq for QuantConst {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for QuantConst {}

impl EvalOp for QuantConst {
    /// `None`, so that tract does not fold it into an f32 constant.
    fn eval_out_of_plan(&self, _inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        Ok(None)
    }

    fn eval(&self, _: &EvalContext, _: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(tvec!(self.0.dequantized()?.into_tvalue()))
    }
}

typed_op!(QuantConst, |op, _inputs| Ok(tvec!(f32::fact(&*op.0.shape()))));

/// The sizes of axes that are given by size and stride.
pub(super) fn sizes(axes: &[(usize, usize)]) -> TVec<usize> {
    axes.iter().map(|axis| axis.0).collect()
}

/// The offset of each combination of indices along the `chosen` axes, the index along the last of them fastest. Along the other axes
/// the index is 0. `axes` has the size and the stride of each axis.
pub(super) fn offsets(axes: &[(usize, usize)], chosen: &[usize]) -> Vec<usize> {
    chosen.iter().fold(vec![0], |offsets, &axis| {
        let (size, stride) = axes[axis];
        offsets.iter().flat_map(|&offset| (0..size).map(move |i| offset + i * stride)).collect()
    })
}

/// The size and the stride of each axis of a row-major tensor.
pub(in crate::graph) fn row_major(shape: &[usize]) -> TVec<(usize, usize)> {
    let mut stride = 1;
    let mut axes: TVec<(usize, usize)> = tvec!();
    for &size in shape.iter().rev() {
        axes.insert(0, (size, stride));
        stride *= size;
    }
    axes
}

/// Replaces the quantised weights that no fused op reads by f32 constants.
pub(in crate::graph) fn dequantize_rest(model: &mut TypedModel) -> TractResult<()> {
    for node in model.nodes_mut() {
        if let Some(QuantConst(tensor)) = node.op_as::<QuantConst>() {
            let value = tensor.dequantized()?.into_arc_tensor();
            node.outputs[0].fact = TypedFact::try_from(value.clone())?;
            node.op = Box::new(Const::new(value)?);
        }
    }
    Ok(())
}
