//! Scaled dot-product attention: from the product of queries and keys to the weighted sum of values, one [`Attention`].

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::math::{self, Add, IsNan};
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};
use tract_onnx::tract_hir::internal::*;

use super::attention_operand::{Operand, Tag};
use super::dims::{Dim, Dims};
use super::pattern::{Rules, binary, constant, unscaled};
use super::split_heads::SplitHeads;
use crate::graph::op::typed_op;
use crate::kernels::attention::{self, Mask, Shape};
use crate::kernels::attention_f32;

/// Inputs: queries `[batch,] queries, heads · head_dim`, keys and values `[batch,] keys, heads · head_dim`, and optionally
/// an additive mask that broadcasts to `batch, heads, queries, keys`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::graph) struct Attention {
    heads: usize,
    /// Multiplies the products of queries and keys.
    scale: f32,
    /// Whether to compute in f32 instead of integers.
    pub(super) float32: bool,
    /// The shape of the output.
    pub(super) dims: Dims,
}
impl Eq for Attention {}

impl Attention {
    /// Attention over three axes, whose output has the shape of the queries, with `width` columns.
    pub(in crate::graph) fn new(heads: usize, scale: f32, width: usize) -> Self {
        let dims = Dims(tvec![Dim::Input(0), Dim::Input(1), Dim::Fixed(width)]);
        Self { heads, scale, float32: false, dims }
    }
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut y = Tensor::zero::<f32>(&self.dims.for_input(inputs[0].shape()))?;
        let (outer, [queries, width]) = inputs[0].shape().split_at(inputs[0].rank() - 2) else {
            bail!("attention needs queries of at least two axes, not {:?}", inputs[0])
        };
        let (queries, width, batch) = (*queries, *width, outer.iter().product());
        let keys = inputs[1].shape()[inputs[1].rank() - 2];
        let shape = Shape { batch, queries, keys, heads: self.heads, head_dim: width / self.heads };
        let views = inputs.iter().map(|input| input.try_as_plain_ram()).collect::<TractResult<TVec<_>>>()?;
        let slices = views.iter().map(|view| view.as_slice::<f32>()).collect::<TractResult<TVec<_>>>()?;
        let mask = match (inputs.get(3), slices.get(3)) {
            (Some(tensor), Some(values)) => Some(broadcast_mask(tensor.shape(), values, shape)?),
            _ => None,
        };
        let [q, k, v] = [slices[0], slices[1], slices[2]];
        let fits = q.len() == batch * queries * width && [k, v].iter().all(|x| x.len() == batch * keys * width);
        ensure!(fits, "queries, keys and values have shapes that do not fit: {inputs:?}");
        let run = if self.float32 { attention_f32::run } else { attention::run };
        run(shape, self.scale, [q, k, v], mask, y.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(tvec!(y.into_tvalue()))
    }
}

typed_op!(Attention, |op, inputs| Ok(tvec!(f32::fact(op.dims.for_input(&inputs[0].shape)))));

/// The mask of this shape as strides; an axis of size 1 has the stride 0.
fn broadcast_mask<'a>(sizes: &[usize], values: &'a [f32], shape: Shape) -> TractResult<Mask<'a>> {
    let full = [shape.batch, shape.heads, shape.queries, shape.keys];
    let fits = sizes.len() == 4 && sizes.iter().zip(full).all(|(&size, full)| size == 1 || size == full);
    ensure!(fits && sizes[3] == shape.keys, "an attention mask of shape {sizes:?} does not broadcast to {full:?}");
    let mut stride = shape.keys;
    let mut strides = [0; 3];
    for axis in (0..3).rev() {
        if sizes[axis] > 1 {
            strides[axis] = stride;
        }
        stride *= sizes[axis];
    }
    Ok(Mask { values, strides })
}

pub(super) fn rules(rules: Rules) -> Rules {
    rules.with_rule_for::<Softmax>("attention", |floats, model, node, _, op| {
        let rank = model.outlet_fact(node.inputs[0])?.rank();
        if op.kind != SoftmaxKind::Softmax || *op.axes != [rank - 1] || rank != 4 {
            return Ok(None);
        }
        let Some(scores) = Scores::find(model, node.inputs[0]) else { return Ok(None) };
        let Some((weighted_sum, weights)) = find_weighted_sum(model, node)? else { return Ok(None) };
        let float32 = floats.has(scores.product) || floats.has(weighted_sum);
        let found = Match::find(model, &scores, weighted_sum, weights)?;

        let mut patch = TypedModelPatch::default();
        let mask = wire_masks(scores.masking, &mut patch, model, &node.name)?;
        let name = &weighted_sum.name;
        let y = if let Some(mut attention) = found {
            attention.op.float32 = float32;
            let mut inputs = tvec!();
            for outlet in attention.inputs {
                inputs.push(patch.tap_model(model, outlet)?);
            }
            inputs.extend(mask);
            patch.wire_node(name, attention.op, &inputs)?[0]
        } else if let Some(split) = SplitHeads::find(model, scores.product, (weighted_sum, weights))? {
            let mut attention = Attention::new(split.heads, scores.scale * split.scale, split.width());
            attention.float32 = float32;
            split.wire(&mut patch, model, (name, Box::new(attention)), mask)?
        } else {
            return Ok(None);
        };
        patch.shunt_outside(model, weighted_sum.id.into(), y)?;
        Ok(Some(patch))
    })
}

/// Wires the sum of all masks and biases; `None` if there are none.
fn wire_masks(
    masks: Vec<Masking>,
    patch: &mut TypedModelPatch,
    model: &TypedModel,
    name: &str,
) -> TractResult<Option<OutletId>> {
    let mut sum = None;
    for (i, mask) in masks.into_iter().enumerate() {
        let name = format!("{name}.{i}");
        let next = mask.wire(patch, model, &name)?;
        sum = Some(match sum {
            None => next,
            Some(sum) => patch.wire_node(format!("{name}.sum"), math::add(), &[sum, next])?[0],
        });
    }
    Ok(sum)
}

/// The most masks and biases of one attention.
const MAX_MASKS: usize = 3;

/// How a graph masks scores.
enum Masking {
    /// Adds this outlet.
    Add(OutletId),
    /// Replaces scores by a constant where the condition equals `replaced_if`.
    Replace { condition: OutletId, by: Arc<Tensor>, replaced_if: bool },
}

impl Masking {
    /// Wires the mask as an outlet that is added to the scores.
    fn wire(self, patch: &mut TypedModelPatch, model: &TypedModel, name: &str) -> TractResult<OutletId> {
        match self {
            Self::Add(outlet) => patch.tap_model(model, outlet),
            Self::Replace { condition, by, replaced_if } => {
                let condition = patch.tap_model(model, condition)?;
                let by = patch.add_const(format!("{name}.masked"), by)?;
                let zero = patch.add_const(format!("{name}.unmasked"), Tensor::zero::<f32>(&[1; 4])?)?;
                let [yes, no] = if replaced_if { [by, zero] } else { [zero, by] };
                Ok(patch.wire_node(format!("{name}.mask"), Iff, &[condition, yes, no])?[0])
            }
        }
    }
}

/// The scores before the softmax: `product · scale + masking`.
struct Scores<'m> {
    /// The product of queries and keys.
    product: &'m TypedNode,
    scale: f32,
    /// Masks and biases, all of which are added.
    masking: Vec<Masking>,
}

impl<'m> Scores<'m> {
    fn find(model: &'m TypedModel, outlet: OutletId) -> Option<Self> {
        Self::find_below(model, outlet, MAX_MASKS)
    }

    /// The scores that become the value at `outlet` by at most `max_masks` masks.
    fn find_below(model: &'m TypedModel, outlet: OutletId, max_masks: usize) -> Option<Self> {
        let (product, scale) = unscaled(model, outlet);
        let node = model.node(product.node);
        if node.op_is::<EinSum>() {
            return Some(Self { product: node, scale, masking: vec![] });
        }
        let max_masks = max_masks.checked_sub(1)?;
        possible_masks(model, outlet).into_iter().find_map(|(scores, mask)| {
            let mut found = Self::find_below(model, scores, max_masks)?;
            found.masking.push(mask);
            Some(found)
        })
    }
}

/// The ways to read an outlet as masked scores: the outlet of the scores without the mask, and the mask.
fn possible_masks(model: &TypedModel, outlet: OutletId) -> Vec<(OutletId, Masking)> {
    if let Some([a, b]) = binary::<Add>(model, outlet) {
        return vec![(a, Masking::Add(b)), (b, Masking::Add(a))];
    }
    let node = model.node(outlet.node);
    if !node.op_is::<Iff>() {
        return vec![];
    }
    let ways = [(node.inputs[2], node.inputs[1], true), (node.inputs[1], node.inputs[2], false)];
    let replaced = ways.into_iter().filter_map(|(scores, by, replaced_if)| {
        let by = constant(model, by).filter(|by| by.len() == 1)?;
        Some((scores, Masking::Replace { condition: node.inputs[0], by, replaced_if }))
    });
    replaced.collect()
}

/// The product of the softmax's attention weights with the values, and which of its inputs the weights are. Exporters may
/// put `weights is NaN ? 0 : weights` between the two.
fn find_weighted_sum<'m>(model: &'m TypedModel, softmax: &TypedNode) -> TractResult<Option<(&'m TypedNode, usize)>> {
    let users = &softmax.outputs[0].successors;
    let weights = match users.iter().find(|user| model.node(user.node).op_is::<Iff>()) {
        None => OutletId::from(softmax.id),
        Some(user) => {
            let iff = model.node(user.node);
            let test = model.node(iff.inputs[0].node);
            let is_nan = test.op_as::<ElementWiseOp>().is_some_and(|op| op.0.is::<IsNan>());
            if !(is_nan && test.inputs[0] == softmax.id.into() && user.slot == 2 && users.len() == 2) {
                return Ok(None);
            }
            iff.id.into()
        }
    };
    let [user] = model.outlet_successors(weights) else { return Ok(None) };
    let node = model.node(user.node);
    Ok((node.op_is::<EinSum>() && node.inputs.len() == 2).then_some((node, user.slot)))
}

/// A subgraph that is attention: the op that replaces it, and its inputs.
struct Match {
    op: Attention,
    inputs: [OutletId; 3],
}

impl Match {
    /// `weights` is the input of `weighted_sum` that has the attention weights. `None` if queries, keys and values do
    /// not come from linear layers in the way that [`Operand`] finds, or the products are not those of attention.
    fn find(
        model: &TypedModel,
        scores: &Scores,
        weighted_sum: &TypedNode,
        weights: usize,
    ) -> TractResult<Option<Self>> {
        let (Some(product), Some(sum)) = (scores.product.op_as::<EinSum>(), weighted_sum.op_as::<EinSum>()) else {
            return Ok(None);
        };
        if product.q_params.is_some() || sum.q_params.is_some() || scores.product.inputs.len() != 2 {
            return Ok(None);
        }
        let Some(v) = Operand::find(model, weighted_sum.inputs[1 - weights])? else { return Ok(None) };
        for (query, key) in [(0, 1), (1, 0)] {
            let Some(q) = Operand::find(model, scores.product.inputs[query])? else { return Ok(None) };
            let Some(k) = Operand::find(model, scores.product.inputs[key])? else { return Ok(None) };
            let alike = |a: &Operand, b: &Operand| -> TractResult<bool> {
                Ok(a.heads == b.heads && model.outlet_fact(a.source)?.shape == model.outlet_fact(b.source)?.shape)
            };
            if !(alike(&q, &k)? && alike(&q, &v)? && v.scale == 1.0) {
                return Ok(None);
            }
            if is_product(&product.axes, [(query, &q), (key, &k)]) && is_weighted_sum(&sum.axes, weights, &v) {
                let source = model.outlet_fact(q.source)?;
                let sequence = source.rank() - 2;
                let head_dim = source.shape[source.rank() - 1].to_usize()? / q.heads;
                let dims = output_tags(&sum.axes, weights, &v).into_iter().map(|tag| match tag {
                    Some(Tag::Sequence) => Dim::Input(sequence),
                    Some(Tag::Batch) => Dim::Input(0),
                    Some(Tag::Head) => Dim::Fixed(q.heads),
                    Some(_) => Dim::Fixed(head_dim),
                    None => Dim::Fixed(1),
                });
                let scale = scores.scale * q.scale * k.scale;
                let op = Attention { heads: q.heads, scale, float32: false, dims: Dims(dims.collect()) };
                return Ok(Some(Self { op, inputs: [q.source, k.source, v.source] }));
            }
        }
        Ok(None)
    }
}

/// The einsum axis of an operand's axis that means `tag`.
fn einsum_axis<'a>(axes: &'a AxesMapping, (input, operand): (usize, &Operand), tag: Tag) -> Option<&'a Axis> {
    axes.axis((InOut::In(input), operand.axis_of(tag)?)).ok()
}

/// Whether the product sums `q · k` over the columns and returns `batch, heads, queries, keys`. Each operand comes with
/// its index among the inputs.
fn is_product(axes: &AxesMapping, [q, k]: [(usize, &Operand); 2]) -> bool {
    // Operands without a batch axis are those of a single text.
    let shared = |tag, out: Option<usize>| match (einsum_axis(axes, q, tag), einsum_axis(axes, k, tag)) {
        (Some(a), Some(b)) => a == b && a.outputs[0].first().copied() == out,
        (a, b) => a.is_none() && b.is_none() && tag == Tag::Batch,
    };
    let own = |operand, out| {
        einsum_axis(axes, operand, Tag::Sequence)
            .is_some_and(|axis| *axis.outputs[0] == [out] && axis.inputs.iter().map(|i| i.len()).sum::<usize>() == 1)
    };
    shared(Tag::Column, None) && shared(Tag::Head, Some(1)) && shared(Tag::Batch, Some(0)) && own(q, 2) && own(k, 3)
}

/// What each axis of the product of attention weights and values means; `None` for an axis of size 1.
fn output_tags(axes: &AxesMapping, weights: usize, v: &Operand) -> Vec<Option<Tag>> {
    (0..axes.rank(InOut::Out(0)))
        .map(|out| {
            let axis = axes.axis((InOut::Out(0), out)).ok()?;
            if *axis.inputs[weights] == [2] && axis.inputs[1 - weights].is_empty() {
                return Some(Tag::Sequence);
            }
            let tags = v.axes.get(*axis.inputs[1 - weights].first()?)?;
            tags.first().copied()
        })
        .collect()
}

/// Whether the product sums attention weights, `batch, heads, queries, keys`, times values over the keys, and returns
/// `batch, queries, heads, columns`.
fn is_weighted_sum(axes: &AxesMapping, weights: usize, v: &Operand) -> bool {
    let operand = (1 - weights, v);
    // Of the values' axis that means `tag`: its index in the attention weights, and how many axes of the output it is.
    let at = |tag| {
        einsum_axis(axes, operand, tag).map(|axis| (axis.inputs[weights].first().copied(), axis.outputs[0].len()))
    };
    let order: Vec<Tag> = output_tags(axes, weights, v).into_iter().flatten().collect();
    let expected = [Tag::Batch, Tag::Sequence, Tag::Head, Tag::Column];
    let has_batch = v.axis_of(Tag::Batch).is_some();
    at(Tag::Sequence) == Some((Some(3), 0))
        && at(Tag::Head) == Some((Some(1), 1))
        && at(Tag::Column) == Some((None, 1))
        && (!has_batch || at(Tag::Batch) == Some((Some(0), 1)))
        && order == expected[usize::from(!has_batch)..]
}
