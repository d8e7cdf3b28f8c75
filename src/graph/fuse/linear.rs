//! Linear layers: `EinSum` with a weight, `Add` of a bias, and GELU become one [`Linear`].

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::Add;
use tract_onnx::tract_core::ops::nn::{GeluApproximate, GeluExact};
use tract_onnx::tract_hir::internal::*;

use super::dims::{Dim, Dims};
use super::pattern::{Rules, constant, only_user};
use crate::graph::op::typed_op;
use crate::graph::weights::{Base, Int8, Values, Weight};
use crate::kernels::four_bit::BLOCK;
use crate::kernels::linear::{Activation, MAX_INPUTS, PackedLinear, WEIGHT_LIMIT};
use crate::kernels::simd::{CHANNELS, F32x4, LANES};

/// `activation(x · W + b)` over the innermost axes of `x`.
#[derive(Debug, Clone)]
pub(in crate::graph) struct Linear {
    layer: PackedLinear,
    /// The shape of the output.
    pub(super) dims: Dims,
}

impl Linear {
    /// The product of `x` and a matrix of weights, plus a bias, if they fit together.
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
        if !fits || inputs == 0 || inputs > MAX_INPUTS {
            return Ok(None);
        }
        let channels: Vec<usize> = weight.offsets(&[1]).iter().map(|offset| offset + weight.first).collect();
        let Some(mut layer) = pack(&weight.base, &weight.offsets(&[0]), &channels, false) else { return Ok(None) };
        layer.add_bias(bias.unwrap_or_default().iter().copied());
        let leading = (0..shape.rank() - 1).map(Dim::Input);
        Ok(Some(Self { layer, dims: Dims(leading.chain([Dim::Fixed(outputs)]).collect()) }))
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
            let before = model.node(node.inputs[0].node);
            let Some(linear) = before.op_as::<Linear>().filter(|_| only_user(model, before.id, node.id)) else {
                return Ok(None);
            };
            let mut linear = linear.clone();
            linear.layer.activation = activation;
            TypedModelPatch::replace_single_op(model, node, &[before.inputs[0]], linear).map(Some)
        })
}

/// The linear layer that computes an `EinSum` of `x` and a weight: one that sums over the innermost axes of `x` and
/// appends the weight's other axes to the rest. Axes of size 1 may be added or removed.
fn from_einsum(
    model: &TypedModel,
    node: &TypedNode,
    op: &EinSum,
    [x, weight]: [usize; 2],
    float32: bool,
) -> TractResult<Option<Linear>> {
    let fact = model.outlet_fact(node.inputs[x])?;
    let Some(weight_found) = Weight::find(model, node.inputs[weight]) else { return Ok(None) };
    if op.q_params.is_some() || node.inputs.len() != 2 || fact.datum_type != f32::datum_type() {
        return Ok(None);
    }
    let at = |axes: &[usize]| match axes {
        [] => Some(None),
        [axis] => Some(Some(*axis)),
        _ => None,
    };
    let (mut leading, mut summed, mut channels) = (vec![], vec![], vec![]);
    let mut dims = vec![Dim::Fixed(1); op.axes.rank(InOut::Out(0))];
    for axis in op.axes.iter_all_axes() {
        let (Some(in_x), Some(in_w), Some(out)) = (at(&axis.inputs[x]), at(&axis.inputs[weight]), at(&axis.outputs[0]))
        else {
            return Ok(None);
        };
        let one_in_x = in_x.is_none_or(|a| fact.shape[a].is_one());
        match (in_x, in_w, out) {
            _ if one_in_x && in_w.is_none_or(|a| weight_found.axes[a].0 == 1) => {}
            (Some(a), None, Some(out)) => leading.push((a, out)),
            (Some(a), Some(w), None) => summed.push((a, w)),
            (None, Some(w), Some(out)) => channels.push((out, w)),
            _ => return Ok(None),
        }
    }
    leading.sort_unstable();
    summed.sort_unstable();
    channels.sort_unstable();
    // Axes longer than 1, in `x`: first the leading ones, then the summed ones; in the output: the leading ones, then the
    // channels.
    let precedes = |a: Option<usize>, b: Option<usize>| a.zip(b).is_none_or(|(a, b)| a < b);
    let in_order = precedes(leading.last().map(|l| l.0), summed.first().map(|s| s.0))
        && leading.is_sorted_by_key(|l| l.1)
        && precedes(leading.last().map(|l| l.1), channels.first().map(|c| c.0));
    let length: usize = summed.iter().map(|&(_, w)| weight_found.axes[w].0).product();
    if !in_order || summed.is_empty() || length > MAX_INPUTS {
        return Ok(None);
    }
    for &(a, out) in &leading {
        dims[out] = Dim::Input(a);
    }
    for &(out, w) in &channels {
        dims[out] = Dim::Fixed(weight_found.axes[w].0);
    }
    let offsets = |axes: &[(usize, usize)]| weight_found.offsets(&axes.iter().map(|a| a.1).collect::<Vec<_>>());
    let (inputs, mut outputs) = (offsets(&summed), offsets(&channels));
    outputs.iter_mut().for_each(|output| *output += weight_found.first);
    let Some(layer) = pack(&weight_found.base, &inputs, &outputs, float32) else {
        return Ok(None);
    };
    Ok(Some(Linear { layer, dims: Dims(dims.into()) }))
}

fn pack(base: &Base, inputs: &[usize], outputs: &[usize], float32: bool) -> Option<PackedLinear> {
    let (n_in, n_out) = (inputs.len(), outputs.len());
    Some(match base {
        Base::Quantized(tensor) if float32 => {
            PackedLinear::float32(n_in, n_out, |i, o| tensor.value(inputs[i] + outputs[o]))
        }
        Base::Quantized(tensor) => match &tensor.values {
            Values::FourBit(weights) => {
                let whole = |offset: usize| offset.is_multiple_of(BLOCK);
                if is_contiguous(inputs) && whole(n_in) && outputs.iter().all(|output| whole(inputs[0] + output)) {
                    PackedLinear::pack_outputs(n_in, n_out, |output, to| {
                        weights.requantize_row(inputs[0] + outputs[output], WEIGHT_LIMIT, to)
                    })
                } else {
                    PackedLinear::quantize(n_in, n_out, |i, o| weights.value(inputs[i] + outputs[o]))
                }
            }
            Values::Int8(int8) => pack_int8(int8, inputs, outputs),
        },
        Base::Float(tensor) => {
            let plain = tensor.try_as_plain_ram().ok()?;
            let values = plain.as_slice::<f32>().ok()?;
            if values.iter().any(|v| !v.is_finite()) {
                return None;
            }
            if float32 {
                PackedLinear::float32(n_in, n_out, |i, o| values[inputs[i] + outputs[o]])
            } else {
                let outputs = OutputOffsets::new(outputs);
                PackedLinear::pack(n_in, n_out, None, |i, first| {
                    let eight = outputs.load_eight(&values[inputs[i]..], first);
                    [F32x4::load_first(&eight), F32x4::load_first(&eight[LANES..])]
                })
            }
        }
    })
}

fn is_contiguous(offsets: &[usize]) -> bool {
    offsets.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// The offset of each output's weight. Most exporters store the weights of all outputs side by side: then eight are loaded at once.
struct OutputOffsets<'a> {
    offsets: &'a [usize],
    contiguous: bool,
}

impl<'a> OutputOffsets<'a> {
    fn new(offsets: &'a [usize]) -> Self {
        Self { offsets, contiguous: is_contiguous(offsets) }
    }

    /// The weights of eight outputs from `first` on, with zeros after the last output.
    #[inline(always)]
    fn load_eight<T: Copy + Default>(&self, weights: &[T], first: usize) -> [T; CHANNELS] {
        match weights[self.offsets[first]..].first_chunk() {
            Some(eight) if self.contiguous && first + CHANNELS <= self.offsets.len() => *eight,
            _ => std::array::from_fn(|i| self.offsets.get(first + i).map_or(T::default(), |&offset| weights[offset])),
        }
    }
}

fn pack_int8(int8: &Int8, inputs: &[usize], outputs: &[usize]) -> PackedLinear {
    let (n_in, n_out) = (inputs.len(), outputs.len());
    let scales: Vec<f32> = outputs.iter().map(|&o| int8.scale(o)).collect();
    let per_output = inputs.iter().all(|&i| int8.scale(i) == scales[0])
        && inputs.last().is_some_and(|&i| outputs.iter().zip(&scales).all(|(&o, &s)| int8.scale(i + o) == s));
    if per_output && is_contiguous(inputs) {
        PackedLinear::pack_rows(n_in, &scales, |output| &int8.values[outputs[output] + inputs[0]..][..n_in])
    } else if per_output {
        let outputs = OutputOffsets::new(outputs);
        PackedLinear::pack(n_in, n_out, Some(&scales), |i, first| {
            let eight = outputs.load_eight(&int8.values[inputs[i]..], first);
            [[0, 1, 2, 3], [4, 5, 6, 7]].map(|lanes| F32x4::load_i8(&lanes.map(|lane| eight[lane])))
        })
    } else {
        PackedLinear::quantize(n_in, n_out, |i, o| int8.value(inputs[i] + outputs[o]))
    }
}

fn add_bias(model: &TypedModel, node: &TypedNode, x: OutletId, bias: &Tensor) -> TractResult<Option<TypedModelPatch>> {
    let before = model.node(x.node);
    let Some(linear) = before.op_as::<Linear>() else { return Ok(None) };
    let fits = {
        // A bias has the channel axes and no others.
        let rank = model.outlet_fact(x)?.rank();
        let channels = linear.dims.0.iter().rev().take_while(|dim| matches!(dim, Dim::Fixed(_))).count();
        let (outer, inner) = bias.shape().split_at(bias.rank().saturating_sub(channels));
        let sizes = linear.dims.0[rank - inner.len()..].iter().map(|dim| match dim {
            Dim::Fixed(size) => *size,
            Dim::Input(_) => 0,
        });
        outer.iter().all(|&size| size == 1) && bias.len() == linear.layer.outputs && inner.iter().copied().eq(sizes)
    };
    let free = linear.layer.activation == Activation::None && only_user(model, before.id, node.id);
    if !fits || !free || model.outlet_fact(x)?.rank() != model.outlet_fact(node.id.into())?.rank() {
        return Ok(None);
    }
    let mut linear = linear.clone();
    linear.layer.add_bias(bias.try_as_plain_ram()?.as_slice::<f32>()?.iter().copied());
    TypedModelPatch::replace_single_op(model, node, &[before.inputs[0]], linear).map(Some)
}
