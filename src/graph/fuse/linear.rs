//! Linear layers: `EinSum` with a weight, `Add` of a bias, and GELU become one [`Linear`].

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::Add;
use tract_onnx::tract_core::ops::nn::{GeluApproximate, GeluExact};
use tract_onnx::tract_hir::internal::*;

use super::dims::{Dim, Dims};
use super::pack_weights::pack;
use super::pattern::{Rules, at_most_one, constant, only_user};
use crate::graph::op::typed_op;
use crate::graph::weights::Weight;
use crate::kernels::linear::{Activation, MAX_INPUTS, PackedLinear};

/// `activation(x · W + b)` over the innermost axes of `x`.
#[derive(Debug, Clone)]
pub(in crate::graph) struct Linear {
    layer: PackedLinear,
    /// The shape of the output.
    pub(super) dims: Dims,
}

impl Linear {
    /// The product of `x` and a matrix of weights, inputs × outputs, plus a bias. `None` if their sizes do not match,
    /// or if the weights are not constant, are not finite, or have too many inputs for the kernels.
    pub(in crate::graph) fn from_product(
        model: &TypedModel,
        x: OutletId,
        weight: OutletId,
        bias: Option<&[f32]>,
    ) -> TractResult<Option<Self>> {
        let shape = &model.outlet_fact(x)?.shape;
        let Some(weight) = Weight::find(model, weight) else { return Ok(None) };
        let (&[(inputs, _), (outputs, _)], Some(width)) = (&weight.axes[..], shape.last()) else { return Ok(None) };
        let fits = *width == inputs.to_dim() && bias.is_none_or(|bias| bias.len() == outputs);
        if !fits || !(1..=MAX_INPUTS).contains(&inputs) {
            return Ok(None);
        }
        let Some(mut layer) = pack(&weight, &[0], &[1], false) else { return Ok(None) };
        layer.add_bias(bias.unwrap_or_default().iter().copied());
        let leading = (0..shape.rank() - 1).map(Dim::Input);
        Ok(Some(Self { layer, dims: Dims(leading.chain([Dim::Fixed(outputs)]).collect()) }))
    }

    /// `activation(x + bias)`, where a layer without an activation computes `x`: as one layer, and its input. `None` if there
    /// is no such layer, or if the bias is not constant or has another size.
    pub(in crate::graph) fn activated(
        model: &TypedModel,
        x: OutletId,
        bias: Option<OutletId>,
        activation: Activation,
    ) -> TractResult<Option<(Self, OutletId)>> {
        let node = model.node(x.node);
        let Some(linear) = node.op_as::<Self>() else { return Ok(None) };
        let sum = match bias {
            Some(bias) => constant(model, bias).map(|bias| linear.with_bias(&bias)).transpose()?.flatten(),
            None => Some(linear.clone()),
        };
        let Some(mut linear) = sum.filter(|sum| sum.layer.activation == Activation::None) else { return Ok(None) };
        linear.layer.activation = activation;
        Ok(Some((linear, node.inputs[0])))
    }

    /// The layer plus a bias. `None` if the layer has an activation, or if the tensor does not [fit](Self::fits_bias).
    fn with_bias(&self, bias: &Tensor) -> TractResult<Option<Self>> {
        if self.layer.activation != Activation::None || !self.fits_bias(bias) {
            return Ok(None);
        }
        let mut linear = self.clone();
        linear.layer.add_bias(bias.try_as_plain_ram()?.as_slice::<f32>()?.iter().copied());
        Ok(Some(linear))
    }

    /// Whether a tensor has one value per output: it has the output's channel axes, and before them only axes of size
    /// 1.
    fn fits_bias(&self, bias: &Tensor) -> bool {
        let dims = &self.dims.0;
        let channel_axes = dims.iter().rev().take_while(|dim| matches!(dim, Dim::Fixed(_))).count();
        let (outer, inner) = bias.shape().split_at(bias.rank().saturating_sub(channel_axes));
        let mut sizes = inner.iter().zip(&dims[dims.len() - inner.len()..]);
        outer.iter().all(|&size| size == 1)
            && sizes.all(|(&size, dim)| *dim == Dim::Fixed(size))
            && bias.len() == self.layer.outputs
    }
}

impl PartialEq for Linear {
    fn eq(&self, other: &Self) -> bool {
        self.layer.is_same(&other.layer) && self.dims == other.dims
    }
}
impl Eq for Linear {}

impl EvalOp for Linear {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let shape = self.dims.for_input(inputs[0].shape());
        let mut y = Tensor::zero::<f32>(&shape)?;
        let x = inputs[0].try_as_plain_ram()?;
        let rows = y.len() / self.layer.outputs.max(1);
        let fits = [inputs[0].len(), y.len()] == [self.layer.inputs, self.layer.outputs].map(|width| rows * width);
        ensure!(fits, "a linear layer of {} inputs cannot take {:?}", self.layer.inputs, inputs[0].shape());
        self.layer.run(x.as_slice::<f32>()?, y.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(tvec!(y.into_tvalue()))
    }
}

typed_op!(Linear, |op, inputs| Ok(tvec!(f32::fact(op.dims.for_input(&inputs[0].shape)))));

pub(super) fn rules(rules: Rules) -> Rules {
    rules
        .with_rule_for::<EinSum>("linear", |floats, model, node, name, op| {
            for (x, weight) in [(0, 1), (1, 0)] {
                if let Some(linear) = from_einsum(model, node, op, [x, weight], floats.has(node))? {
                    return TypedModelPatch::replace_single_op(model, node, &[node.inputs[x]], linear)
                        .map(|patch| Some(patch.with_context(name.to_string())));
                }
            }
            Ok(None)
        })
        .with_rule_for::<TypedBinOp>("bias", |_, model, node, _, op| {
            if !op.0.is::<Add>() {
                return Ok(None);
            }
            for (x, bias) in [(0, 1), (1, 0)] {
                let Some(bias) = constant(model, node.inputs[bias]) else { continue };
                if let Some(patch) = add_bias(model, node, node.inputs[x], &bias)? {
                    return Ok(Some(patch));
                }
            }
            Ok(None)
        })
        .with_rule_for::<ElementWiseOp>("activation", |_, model, node, _, op| {
            let activation = if op.0.is::<GeluExact>() {
                Activation::Gelu
            } else if op.0.is::<GeluApproximate>() {
                Activation::GeluTanh
            } else {
                return Ok(None);
            };
            let product = node.inputs[0];
            let Some((linear, x)) = Linear::activated(model, product, None, activation)? else { return Ok(None) };
            if !only_user(model, product.node, node.id) {
                return Ok(None);
            }
            TypedModelPatch::replace_single_op(model, node, &[x], linear).map(Some)
        })
}

/// The linear layer that computes an `EinSum` of `x` and a weight, which are its inputs of these indices. `None` if the
/// `EinSum` is no linear layer.
fn from_einsum(
    model: &TypedModel,
    node: &TypedNode,
    op: &EinSum,
    [x, weight]: [usize; 2],
    float32: bool,
) -> TractResult<Option<Linear>> {
    let fact = model.outlet_fact(node.inputs[x])?;
    let Some(stored) = Weight::find(model, node.inputs[weight]) else { return Ok(None) };
    if op.q_params.is_some() || node.inputs.len() != 2 || fact.datum_type != f32::datum_type() {
        return Ok(None);
    }
    let axes = LinearAxes::find(op, (x, fact), (weight, &stored));
    let Some(axes) = axes.filter(LinearAxes::are_in_order) else { return Ok(None) };
    let size = |axis: usize| stored.axes[axis].0;
    let inputs: Vec<usize> = axes.summed.iter().map(|&(_, in_weight)| in_weight).collect();
    let outputs: Vec<usize> = axes.channels.iter().map(|&(_, in_weight)| in_weight).collect();
    let count: usize = inputs.iter().map(|&axis| size(axis)).product();
    if inputs.is_empty() || !(1..=MAX_INPUTS).contains(&count) {
        return Ok(None);
    }
    let mut dims = vec![Dim::Fixed(1); op.axes.rank(InOut::Out(0))];
    for (in_x, out) in axes.leading {
        dims[out] = Dim::Input(in_x);
    }
    for (out, in_weight) in axes.channels {
        dims[out] = Dim::Fixed(size(in_weight));
    }
    Ok(pack(&stored, &inputs, &outputs, float32).map(|layer| Linear { layer, dims: Dims(dims.into()) }))
}

/// The axes of an `EinSum` of `x` and a weight, by what a linear layer does with them. Axes of size 1 are left out:
/// exporters add and remove them.
struct LinearAxes {
    /// Axes of `x` that the output keeps: their indices in `x`, in ascending order, and in the output.
    leading: Vec<(usize, usize)>,
    /// Axes that are summed over: their indices in `x`, in ascending order, and in the weight.
    summed: Vec<(usize, usize)>,
    /// Axes of the weight that the output keeps: their indices in the output, in ascending order, and in the weight.
    channels: Vec<(usize, usize)>,
}

impl LinearAxes {
    /// `x` and `weight` are the inputs of the `EinSum`, each with its index. `None` if an axis is used in another way:
    /// a linear layer has none, for instance, that both inputs and the output have.
    fn find(op: &EinSum, (x, fact): (usize, &TypedFact), (weight, stored): (usize, &Weight)) -> Option<Self> {
        let mut axes = Self { leading: vec![], summed: vec![], channels: vec![] };
        for axis in op.axes.iter_all_axes() {
            let in_x = at_most_one(&axis.inputs[x])?;
            let in_weight = at_most_one(&axis.inputs[weight])?;
            let out = at_most_one(&axis.outputs[0])?;
            let one_in_x = in_x.is_none_or(|axis| fact.shape[axis].is_one());
            if one_in_x && in_weight.is_none_or(|axis| stored.axes[axis].0 == 1) {
                continue;
            }
            match (in_x, in_weight, out) {
                (Some(in_x), None, Some(out)) => axes.leading.push((in_x, out)),
                (Some(in_x), Some(in_weight), None) => axes.summed.push((in_x, in_weight)),
                (None, Some(in_weight), Some(out)) => axes.channels.push((out, in_weight)),
                _ => return None,
            }
        }
        axes.leading.sort_unstable();
        axes.summed.sort_unstable();
        axes.channels.sort_unstable();
        Some(axes)
    }

    /// Whether rows lie one after the other in memory: in `x` the leading axes come before the summed ones, in the
    /// output the leading axes, in the same order, before the channels.
    fn are_in_order(&self) -> bool {
        let precedes =
            |last: Option<usize>, first: Option<usize>| last.zip(first).is_none_or(|(last, first)| last < first);
        let last = self.leading.last();
        precedes(last.map(|&(in_x, _)| in_x), self.summed.first().map(|&(in_x, _)| in_x))
            && self.leading.is_sorted_by_key(|&(_, out)| out)
            && precedes(last.map(|&(_, out)| out), self.channels.first().map(|&(out, _)| out))
    }
}

/// Replaces an `Add` of a bias by the linear layer before it, if that is free to take the bias: nothing else reads its
/// output, and it has no activation yet.
fn add_bias(model: &TypedModel, node: &TypedNode, x: OutletId, bias: &Tensor) -> TractResult<Option<TypedModelPatch>> {
    let before = model.node(x.node);
    let Some(linear) = before.op_as::<Linear>() else { return Ok(None) };
    let keeps_rank = model.outlet_fact(x)?.rank() == model.outlet_fact(node.id.into())?.rank();
    if !keeps_rank || !only_user(model, before.id, node.id) {
        return Ok(None);
    }
    let Some(linear) = linear.with_bias(bias)? else { return Ok(None) };
    TypedModelPatch::replace_single_op(model, node, &[before.inputs[0]], linear).map(Some)
}
