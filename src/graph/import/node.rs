//! A node of the file while it is wired into the graph: its inputs, attributes and constants.

use tract_onnx::data_resolver::FopenDataResolver;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::cast::wire_cast;
use tract_onnx::tract_core::ops::change_axes::wire_rank_broadcast;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_hir::internal::*;

use crate::graph::guard::{check_expansion, check_known_indices};

pub(super) type Outlets = TractResult<TVec<OutletId>>;

/// Reads a tensor of the file.
pub(super) fn load(tensor: &TensorProto) -> TractResult<Tensor> {
    tract_onnx::tensor::load_tensor(&FopenDataResolver, tensor, None)
}

/// A node of the file while it is wired into the graph.
pub(super) struct Node<'a> {
    pub proto: &'a NodeProto,
    pub opset: i64,
    /// The inputs in the file's order; omitted ones are `None`.
    pub inputs: Vec<Option<OutletId>>,
    pub model: &'a mut TypedModel,
    /// Whether products with weights in blocks become fused ops.
    pub fuses: bool,
    /// The values that are added to attention scores, by the padding mask, the bits of the value for masked scores, and the number of
    /// keys.
    pub masks: &'a mut HashMap<(OutletId, u32, TDim), OutletId>,
}

impl Node<'_> {
    /// The input at `index`, unless it is omitted.
    pub(super) fn optional(&self, index: usize) -> Option<OutletId> {
        self.inputs.get(index).copied().flatten()
    }

    /// The input at `index`, which the op requires.
    pub(super) fn input(&self, index: usize) -> TractResult<OutletId> {
        self.optional(index).with_context(|| format!("input {index} is missing"))
    }

    pub(super) fn fact(&self, outlet: OutletId) -> TractResult<&TypedFact> {
        self.model.outlet_fact(outlet)
    }

    pub(super) fn facts(&self, outlets: &[OutletId]) -> TractResult<Vec<&TypedFact>> {
        outlets.iter().map(|outlet| self.fact(*outlet)).collect()
    }

    pub(super) fn rank(&self, outlet: OutletId) -> TractResult<usize> {
        Ok(self.fact(outlet)?.rank())
    }

    /// An axis counted from the front; the file may count it from the end.
    pub(super) fn axis(axis: i64, rank: usize) -> TractResult<usize> {
        let from_front = if axis < 0 { axis + rank as i64 } else { axis };
        ensure!((0..rank as i64).contains(&from_front), "axis {axis} is outside of {rank} axes");
        Ok(from_front as usize)
    }

    /// The attribute `axis`, counted from the front.
    pub(super) fn axis_attribute(&self, default: i64, rank: usize) -> TractResult<usize> {
        Self::axis(self.proto.get_attr_opt("axis")?.unwrap_or(default), rank)
    }

    /// An attribute that is 0 or 1.
    pub(super) fn flag(&self, attribute: &str, default: bool) -> TractResult<bool> {
        Ok(self.proto.get_attr_opt(attribute)?.unwrap_or(default))
    }

    /// The values of an input that must be constant or follow from shapes; `None` if it is omitted.
    pub(super) fn constant<T: Datum>(&self, index: usize) -> TractResult<Option<Vec<T>>> {
        let Some(outlet) = self.optional(index) else { return Ok(None) };
        let value = self.fact(outlet)?.konst.as_ref().with_context(|| format!("input {index} is not constant"))?;
        Ok(Some(value.cast_to::<T>()?.try_as_plain_ram()?.as_slice::<T>()?.to_vec()))
    }

    /// Integers that older opsets store in an attribute and newer ones in an input.
    pub(super) fn integers(&self, attribute: &str, index: usize) -> TractResult<Option<Vec<i64>>> {
        match self.constant(index)? {
            None => self.proto.get_attr_opt_vec(attribute),
            input => Ok(input),
        }
    }

    /// A unique name for a new node of the graph, after the output: names of nodes need not be unique in ONNX.
    pub(super) fn name(&self) -> String {
        let name = self.proto.output.first().map_or("", |output| output);
        self.model.unique_name(name).into_owned()
    }

    /// Wires an op of one output, after checks of the output's size and of constant indices.
    pub(super) fn wire(&mut self, op: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> TractResult<OutletId> {
        let (name, op) = (self.name(), op.into());
        // tract folds ops on small constants as they are wired, however large the result: so its size is checked before.
        let facts = self.facts(inputs)?;
        let made = op.output_facts(&facts)?;
        check_expansion(&made.iter().collect::<Vec<_>>(), &facts)?;
        check_known_indices(&*op, &facts)?;
        let wires = self.model.wire_node(name, op, inputs)?;
        wires.first().copied().context("the op has no outputs")
    }

    pub(super) fn cast(&mut self, outlet: OutletId, to: DatumType) -> TractResult<OutletId> {
        if self.fact(outlet)?.datum_type == to {
            Ok(outlet)
        } else {
            self.wire(tract_core::ops::cast::cast(to), &[outlet])
        }
    }

    /// A scalar constant of the same type as `like`.
    pub(super) fn scalar(&mut self, value: f32, like: OutletId) -> TractResult<OutletId> {
        let value = tensor0(value).cast_to_dt(self.fact(like)?.datum_type)?.into_owned();
        Ok(self.add_const(value)?[0])
    }

    pub(super) fn add_const(&mut self, tensor: Tensor) -> Outlets {
        let name = self.name();
        Ok(tvec!(self.model.add_const(name, tensor)?))
    }

    /// Wires a binary op; its operands are broadcast to one rank and cast to one type.
    pub(super) fn binary(&mut self, op: Box<dyn BinMiniOp>, a: OutletId, b: OutletId) -> TractResult<OutletId> {
        let mut dt = op.operating_datum_type(self.fact(a)?.datum_type, self.fact(b)?.datum_type)?;
        // A symbolic dimension combined with values of the text is an i64 once the text is there.
        if dt.is_tdim() && (self.fact(a)?.konst.is_none() || self.fact(b)?.konst.is_none()) {
            dt = DatumType::I64;
        }
        let name = self.name();
        let wires = wire_rank_broadcast(&name, self.model, &[a, b])?;
        let wires = wire_cast(&name, self.model, &wires, dt)?;
        self.wire(TypedBinOp(op, None), &wires)
    }

    /// Folds all inputs with a binary op, from the first to the last.
    pub(super) fn fold(&mut self, op: Box<dyn BinMiniOp>) -> Outlets {
        let mut result = self.input(0)?;
        for index in 1..self.inputs.len() {
            result = self.binary(op.clone(), result, self.input(index)?)?;
        }
        Ok(tvec!(result))
    }

    /// Applies an op to each element of the only input.
    pub(super) fn each(&mut self, op: ElementWiseOp) -> Outlets {
        let input = self.input(0)?;
        let dt = op.0.operating_datum_type(self.fact(input)?.datum_type);
        let input = self.cast(input, dt)?;
        Ok(tvec!(self.wire(op, &[input])?))
    }

    /// Wires one of tract's expansions, which may become several ops.
    pub(super) fn expand(&mut self, op: impl Expansion, inputs: &[OutletId]) -> Outlets {
        let made = op.wire(&self.name(), self.model, inputs)?;
        check_expansion(&self.facts(&made)?, &self.facts(inputs)?)?;
        Ok(made)
    }

    pub(super) fn identity(&mut self) -> Outlets {
        Ok(tvec!(self.input(0)?))
    }
}
