//! The shapes of the ops that the fusion rules make.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

/// One dimension of an op's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) enum Dim {
    /// The length of this axis of the first input.
    Input(usize),
    /// This length.
    Fixed(usize),
}

/// The shape of an op's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::graph) struct Dims(pub TVec<Dim>);

impl Dims {
    /// The axis of the first input from which an output axis has its length.
    pub(in crate::graph) fn input_axis(&self, axis: usize) -> Option<usize> {
        match self.0.get(axis) {
            Some(Dim::Input(input)) => Some(*input),
            _ => None,
        }
    }

    /// The shape, given that of the first input.
    pub(in crate::graph) fn for_input<D: DimLike>(&self, input: &[D]) -> TVec<D> {
        let dim = |dim: &Dim| match *dim {
            Dim::Input(axis) => input[axis].clone(),
            Dim::Fixed(size) => size.into(),
        };
        self.0.iter().map(dim).collect()
    }
}
