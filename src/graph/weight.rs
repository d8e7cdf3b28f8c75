//! Weights as the rules find them: int8 straight from the file, or f32, behind any change of axes.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_hir::internal::*;

/// An int8 tensor and its scales. It stands in the graph for the f32 tensor that they mean, which is never built
/// where a rule takes the weight as it is.
#[derive(Debug)]
pub(super) struct QuantTensor {
    /// For each axis its size and how far apart its indices are in `values`.
    pub axes: TVec<(usize, usize)>,
    pub values: Arc<Vec<i8>>,
    /// In turn, each for `run` values, and from the first again.
    pub scales: Vec<f32>,
    pub run: usize,
}

impl QuantTensor {
    /// The scale of the value at that place of `values`.
    pub(super) fn scale(&self, at: usize) -> f32 {
        self.scales[at / self.run.max(1) % self.scales.len()]
    }

    pub(super) fn shape(&self) -> TVec<usize> {
        sizes(&self.axes)
    }

    fn dequantized(&self) -> TractResult<Tensor> {
        let all: Vec<usize> = (0..self.axes.len()).collect();
        let places = offsets(&self.axes, &all).into_iter();
        let values: Vec<f32> = places.map(|at| f32::from(self.values[at]) * self.scale(at)).collect();
        Tensor::from_shape(&self.shape(), &values)
    }
}

/// The op that has a [`QuantTensor`] as its value.
#[derive(Debug, Clone)]
pub(super) struct QuantConst(pub Arc<QuantTensor>);

impl PartialEq for QuantConst {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for QuantConst {}

impl EvalOp for QuantConst {
    /// Nothing, so that it is not taken for a constant to be folded.
    fn eval_out_of_plan(&self, _inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        Ok(None)
    }

    fn eval(&self, _: &EvalContext, _: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(tvec!(self.0.dequantized()?.into_tvalue()))
    }
}

super::typed_op!(QuantConst, |op, _inputs| Ok(tvec!(f32::fact(&*op.0.shape()))));

/// Where the values are.
#[derive(Clone)]
pub(super) enum Base {
    Int8(Arc<QuantTensor>),
    Float(Arc<Tensor>),
}

/// A weight with its axes as the op that takes it sees them.
#[derive(Clone)]
pub(super) struct Weight {
    pub base: Base,
    /// For each axis its size and how far apart in the base its indices are.
    pub axes: TVec<(usize, usize)>,
}

impl Weight {
    /// The weight that an outlet carries, if it is one.
    pub(super) fn find(model: &TypedModel, outlet: OutletId) -> Option<Self> {
        let mut node = model.node(outlet.node);
        let mut changes = vec![];
        while let Some(change) = node.op_as::<AxisOp>() {
            changes.push(change);
            node = model.node(node.inputs[0].node);
        }
        let weight = if let Some(QuantConst(tensor)) = node.op_as::<QuantConst>() {
            Self { axes: tensor.axes.clone(), base: Base::Int8(tensor.clone()) }
        } else {
            let tensor = node.op_as::<Const>()?.val();
            if tensor.datum_type() != f32::datum_type() || !tensor.is_plain_ram() {
                return None;
            }
            Self { axes: row_major(tensor.shape()), base: Base::Float(tensor.clone()) }
        };
        changes.into_iter().rev().try_fold(weight, |weight, change| weight.changed(change))
    }

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
                let merged = self.axes.drain(*at..at + from.len()).reduce(|a, b| match b {
                    (_, 0) => (usize::MAX, 0),
                    (size, stride) if a.1 == size * stride => (a.0.saturating_mul(size), stride),
                    _ => (usize::MAX, 0),
                })?;
                let sizes = to.iter().map(|dim| dim.to_usize().ok()).collect::<Option<TVec<usize>>>()?;
                if merged.0 != sizes.iter().product::<usize>() {
                    return None;
                }
                for (i, (size, stride)) in row_major(&sizes).into_iter().enumerate() {
                    self.axes.insert(at + i, (size, stride * merged.1));
                }
            }
        }
        Some(self)
    }

    /// For each combination of indices of the chosen axes, the last one fastest, how far into the base it is.
    pub(super) fn offsets(&self, axes: &[usize]) -> Vec<usize> {
        offsets(&self.axes, axes)
    }

    /// Whether the values lie in the order of the axes.
    pub(super) fn is_plain(&self) -> bool {
        self.axes == row_major(&sizes(&self.axes))
    }
}

fn sizes(axes: &[(usize, usize)]) -> TVec<usize> {
    axes.iter().map(|axis| axis.0).collect()
}

fn offsets(axes: &[(usize, usize)], chosen: &[usize]) -> Vec<usize> {
    chosen.iter().fold(vec![0], |offsets, &axis| {
        let (size, stride) = axes[axis];
        offsets.iter().flat_map(|&offset| (0..size).map(move |i| offset + i * stride)).collect()
    })
}

pub(super) fn row_major(shape: &[usize]) -> TVec<(usize, usize)> {
    let mut stride = 1;
    let mut axes: TVec<(usize, usize)> = tvec!();
    for &size in shape.iter().rev() {
        axes.insert(0, (size, stride));
        stride *= size;
    }
    axes
}

/// Replaces the weights that no rule took by f32 constants.
pub(super) fn dequantize_rest(model: &mut TypedModel) -> TractResult<()> {
    for node in model.nodes_mut() {
        if let Some(QuantConst(tensor)) = node.op_as::<QuantConst>() {
            let value = tensor.dequantized()?.into_arc_tensor();
            node.outputs[0].fact = TypedFact::try_from(value.clone())?;
            node.op = Box::new(Const::new(value)?);
        }
    }
    Ok(())
}
