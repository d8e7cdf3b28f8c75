//! Ops of onnxruntime's domain `com.microsoft`, as its transformer optimizer writes them (`optimum --optimize O1` to `O3`).
//! Attention and layer normalisation become our fused ops here; GELU is absorbed by the linear layer before it.

use std::ops::Range;

use tract_onnx::tract_core::ops::array::{Gather, Slice};
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::{comp_gt, comp_lt};
use tract_onnx::tract_core::ops::math::{add, mul};
use tract_onnx::tract_core::ops::nn::{self, Reduce, Reducer};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::{array, logic, matmul::MatMulInference};

use super::node::{Node, Outlets};
use crate::graph::fuse::{AddLayerNorm, Attention, Embedding, Linear};
use crate::graph::weights::Weight;
use crate::kernels::layer_norm::LayerNorm;
use crate::kernels::linear::Activation;

/// `softmax(q · kᵀ · scale + mask) · v`, where one weight and one bias hold those of queries, keys and values side by side.
pub(super) fn attention(n: &mut Node) -> Outlets {
    reject_decoder(n, 4)?;
    ensure!(!n.flag("do_rotary", false)?, "rotary positions in Attention are not supported");
    let (x, weight) = (n.input(0)?, n.input(1)?);
    let shape = n.fact(weight)?.shape.clone();
    ensure!(shape.rank() == 2, "the weight of Attention has the shape {shape:?}");
    let width = shape[1].to_usize()?;
    let sizes = n.proto.get_attr_opt_vec::<usize>("qkv_hidden_sizes")?;
    let thirds = width.is_multiple_of(3) && sizes.is_none_or(|sizes| sizes == [width / 3; 3]);
    ensure!(thirds, "queries, keys and values of different sizes are not supported");
    let parts = [0, 1, 2].map(|i| i * width / 3..(i + 1) * width / 3);
    let qkv = if Weight::find(n.model, weight).is_some() {
        project_by_parts(n, x, weight, width, parts)?
    } else {
        project_at_once(n, x, weight, parts)?
    };
    wire_attention(n, qkv, 3, 5)
}

/// Queries, keys and values of `Attention`, by a product with each part of a constant weight of `width` columns: the
/// last layer computes only some of the queries, which a single product could not.
fn project_by_parts(
    n: &mut Node,
    x: OutletId,
    weight: OutletId,
    width: usize,
    parts: [Range<usize>; 3],
) -> TractResult<[OutletId; 3]> {
    let mut qkv = [x; 3];
    for (outlet, part) in qkv.iter_mut().zip(parts) {
        let weight = match n.fact(weight)?.konst.clone() {
            Some(weight) => n.add_const(weight.slice(1, part.start, part.end)?)?[0],
            None => n.wire(Slice::new(1, part.start, part.end), &[weight])?,
        };
        *outlet = wire_product(n, x, weight)?;
        if n.optional(2).is_some() {
            let bias = n.fact(n.input(2)?)?.konst.clone().context("the bias of Attention is not constant")?;
            ensure!(bias.shape() == [width], "the bias of Attention has the shape {:?}", bias.shape());
            let bias = n.add_const(bias.slice(0, part.start, part.end)?)?[0];
            *outlet = n.binary(add().0, *outlet, bias)?;
        }
    }
    Ok(qkv)
}

/// Queries, keys and values of `Attention` as parts of one product, with a weight that is not constant.
fn project_at_once(
    n: &mut Node,
    x: OutletId,
    weight: OutletId,
    parts: [Range<usize>; 3],
) -> TractResult<[OutletId; 3]> {
    let mut all = wire_product(n, x, weight)?;
    if let Some(bias) = n.optional(2) {
        all = n.binary(add().0, all, bias)?;
    }
    ensure!(n.rank(all)? == 3, "Attention needs an input of three axes");
    let mut qkv = [all; 3];
    for (outlet, part) in qkv.iter_mut().zip(parts) {
        *outlet = n.wire(Slice::new(2, part.start, part.end), &[all])?;
    }
    Ok(qkv)
}

/// `softmax(q · kᵀ · scale + mask) · v` of queries, keys and values that the graph has computed, except for an optional bias.
pub(super) fn multi_head_attention(n: &mut Node) -> Outlets {
    reject_decoder(n, 6)?;
    reject_decoder(n, 7)?;
    let mut qkv = [n.input(0)?, n.input(1)?, n.input(2)?];
    if n.optional(3).is_some() {
        let bias = n.fact(n.input(3)?)?.konst.clone().context("the bias of MultiHeadAttention is not constant")?;
        let mut start = 0;
        for outlet in &mut qkv {
            let end = start + n.fact(*outlet)?.shape.last().context("MultiHeadAttention of a scalar")?.to_usize()?;
            ensure!(bias.rank() == 1 && end <= bias.len(), "the bias of MultiHeadAttention is too short");
            let part = n.add_const(bias.slice(0, start, end)?)?[0];
            *outlet = n.binary(add().0, *outlet, part)?;
            start = end;
        }
    }
    wire_attention(n, qkv, 4, 5)
}

/// Rejects what only decoders have: keys and values of an earlier call, which the input of index `cache` holds, and
/// attention to earlier positions only.
fn reject_decoder(n: &Node, cache: usize) -> TractResult<()> {
    ensure!(n.optional(cache).is_none(), "attention with keys and values of an earlier call is not supported");
    ensure!(!n.flag("unidirectional", false)?, "attention in one direction is not supported");
    Ok(())
}

/// The matrix product of two f32 values.
fn wire_product(n: &mut Node, x: OutletId, weight: OutletId) -> TractResult<OutletId> {
    for fact in n.facts(&[x, weight])? {
        ensure!(fact.datum_type == DatumType::F32 && fact.rank() > 0, "a matrix product of {fact:?} is not supported");
    }
    Ok(n.expand(MatMulInference::default(), &[x, weight])?[0])
}

/// Checks that a bias, if there is one, has a value for each column.
fn check_bias(n: &Node, bias: Option<OutletId>, columns_of: OutletId) -> TractResult<()> {
    let Some(bias) = bias else { return Ok(()) };
    let (bias, columns) = (&n.fact(bias)?.shape, n.fact(columns_of)?.shape.last());
    ensure!(bias.rank() == 1 && bias.last() == columns, "a bias of shape {bias:?} for {columns:?} columns");
    Ok(())
}

/// A product with weights in blocks, and an optional bias.
pub(super) fn mat_mul_n_bits(n: &mut Node) -> Outlets {
    let (x, weight) = (n.cast(n.input(0)?, DatumType::F32)?, n.input(1)?);
    let bias = n.optional(5);
    check_bias(n, bias, weight)?;
    if n.fuses {
        let bias = bias.map(|_| n.constant(5)).transpose()?.flatten();
        if let Some(linear) = Linear::from_product(n.model, x, weight, bias.as_deref())? {
            return Ok(tvec!(n.wire(linear, &[x])?));
        }
    }
    let y = wire_product(n, x, weight)?;
    Ok(tvec!(match bias {
        Some(bias) => n.binary(add().0, y, bias)?,
        None => y,
    }))
}

/// Rows of a table of weights in blocks.
pub(super) fn gather_block_quantized(n: &mut Node) -> Outlets {
    let (table, indices) = (n.input(0)?, n.cast(n.input(1)?, DatumType::I64)?);
    let embedding = if n.fuses { Embedding::from_table(n.model, table)? } else { None };
    Ok(tvec!(match embedding {
        Some(embedding) => n.wire(embedding, &[indices])?,
        None => n.wire(Gather::new(0), &[table, indices])?,
    }))
}

/// Attention over queries, keys and values `[batch, sequence, heads · head_dim]`. `mask` and `bias` are the indices of
/// the inputs that have the padding mask and a bias of the scores; both are optional.
fn wire_attention(n: &mut Node, qkv: [OutletId; 3], mask: usize, bias: usize) -> Outlets {
    let heads: usize = n.proto.get_attr("num_heads")?;
    let [q, k, v] = qkv.map(|outlet| n.fact(outlet).map(|fact| fact.shape.clone()));
    let (q, k, v) = (q?, k?, v?);
    ensure!(q.rank() == 3 && k.rank() == 3 && *k == *v, "attention of {q:?}, {k:?} and {v:?} is not supported");
    ensure!(q[0] == k[0] && q[2] == k[2], "queries {q:?} and keys {k:?} do not fit together");
    let width = q[2].to_usize()?;
    ensure!(
        heads > 0 && width.is_multiple_of(heads) && width > 0,
        "{width} columns cannot be divided into {heads} heads"
    );
    let scale = n.proto.get_attr_opt("scale")?.filter(|scale| *scale != 0.0);
    let scale = scale.unwrap_or_else(|| 1.0 / ((width / heads) as f32).sqrt());
    let mut added = match n.optional(mask) {
        Some(mask) => Some(wire_mask(n, mask, &k)?),
        None => None,
    };
    if let Some(bias) = n.optional(bias) {
        ensure!(n.rank(bias)? == 4, "the bias of attention scores needs four axes");
        added = Some(match added {
            Some(mask) => n.binary(add().0, mask, bias)?,
            None => bias,
        });
    }
    let inputs: TVec<OutletId> = qkv.into_iter().chain(added).collect();
    Ok(tvec!(n.wire(Attention::new(heads, scale, width), &inputs)?))
}

/// The values that are added to the scores for a padding mask, `[batch, 1, queries or 1, keys]`. Layers with the same mask share
/// them. The mask has, by its axes:
/// 1. `[batch]`: the number of valid keys of each text.
/// 2. `[batch, keys]`: a value per key, above 0 if it is valid.
/// 3. `[batch, queries, keys]`: such values for each query.
fn wire_mask(n: &mut Node, mask: OutletId, keys: &ShapeFact) -> TractResult<OutletId> {
    let masked: f32 = n.proto.get_attr_opt("mask_filter_value")?.unwrap_or(-10000.0);
    let key = (mask, masked.to_bits(), keys[1].clone());
    if let Some(shared) = n.masks.get(&key) {
        return Ok(*shared);
    }
    let shape = n.fact(mask)?.shape.clone();
    let valid = match shape.rank() {
        1 => {
            ensure!(shape[0] == keys[0], "an attention mask of shape {shape:?} is not supported");
            let [start, end, step] = [0.to_dim(), keys[1].clone(), 1.to_dim()].map(|dim| n.add_const(tensor0(dim)));
            let positions = n.expand(array::Range, &[start?[0], end?[0], step?[0]])?[0];
            let positions = n.wire(AxisOp::Add(0), &[positions])?;
            let count = n.cast(mask, DatumType::I64)?;
            let count = n.wire(AxisOp::Add(1), &[count])?;
            n.binary(comp_lt(), positions, count)?
        }
        2 | 3 => {
            let zero = n.scalar(0.0, mask)?;
            n.binary(comp_gt(), mask, zero)?
        }
        _ => bail!("an attention mask of shape {shape:?} is not supported"),
    };
    let (zero, masked) = (n.add_const(tensor0(0f32))?[0], n.add_const(tensor0(masked))?[0]);
    let mut added = n.expand(logic::Iff, &[valid, zero, masked])?[0];
    while n.rank(added)? < 4 {
        added = n.wire(AxisOp::Add(1), &[added])?;
    }
    n.masks.insert(key, added);
    Ok(added)
}

/// Layer normalisation of the sum of a value, a residual and an optional bias. The fourth output is the sum.
pub(super) fn skip_layer_normalization(n: &mut Node) -> Outlets {
    let (mut x, skip) = (n.cast(n.input(0)?, DatumType::F32)?, n.cast(n.input(1)?, DatumType::F32)?);
    if let Some(bias) = n.optional(4) {
        x = n.binary(add().0, x, bias)?;
    }
    let norm = layer_norm(n, 2, 3)?;
    let wanted = |index: usize| n.proto.output.get(index).is_some_and(|name| !name.is_empty());
    ensure!(!wanted(1) && !wanted(2), "the mean and the deviation of SkipLayerNormalization are not supported");
    if wanted(3) || n.fact(x)?.shape != n.fact(skip)?.shape {
        let sum = n.binary(add().0, x, skip)?;
        let y = n.wire(norm, &[sum])?;
        // Nothing reads outputs 1 and 2, as checked above: any outlet will do.
        return Ok(tvec!(y, y, y, sum));
    }
    Ok(tvec!(n.wire(norm, &[x, skip])?))
}

/// The sum of the embeddings of words, positions and segments, normalised. If there is a mask, the second output is the number of tokens
/// of each text, and the third one the sum before the normalisation.
pub(super) fn embed_layer_normalization(n: &mut Node) -> Outlets {
    let ids = n.input(0)?;
    ensure!(n.rank(ids)? == 2, "EmbedLayerNormalization needs ids of two axes");
    for table in [2, 3, 4] {
        let rank = n.optional(table).map_or(Ok(2), |table| n.rank(table))?;
        ensure!(rank == 2, "a table of EmbedLayerNormalization has {rank} axes");
    }
    let mut sum = gather_rows(n, 2, ids)?;
    let positions = match n.optional(8) {
        Some(positions) => gather_rows(n, 3, positions)?,
        None => {
            let (table, length) = (n.input(3)?, n.fact(ids)?.shape[1].clone());
            let positions = n.wire(Slice::new(0, 0, length), &[table])?;
            n.wire(AxisOp::Add(0), &[positions])?
        }
    };
    sum = n.binary(add().0, sum, positions)?;
    if let (Some(segments), Some(_)) = (n.optional(1), n.optional(4)) {
        let segments = gather_rows(n, 4, segments)?;
        sum = n.binary(add().0, sum, segments)?;
    }
    let norm = layer_norm(n, 5, 6)?;
    let mut outputs = tvec!(n.wire(norm, &[sum])?);
    if let Some(mask) = n.optional(7) {
        ensure!(n.rank(mask)? == 2, "EmbedLayerNormalization needs a mask of two axes");
        let mask = n.cast(mask, DatumType::I64)?;
        let count = n.wire(Reduce::new(tvec![1], Reducer::Sum), &[mask])?;
        outputs.push(n.wire(AxisOp::Rm(1), &[count])?);
        outputs.push(sum);
    }
    Ok(outputs)
}

/// The rows of the table at input `table`.
fn gather_rows(n: &mut Node, table: usize, indices: OutletId) -> TractResult<OutletId> {
    let (table, indices) = (n.input(table)?, n.cast(indices, DatumType::I64)?);
    n.wire(Gather::new(0), &[table, indices])
}

/// The normalisation with the gain and the bias at these inputs.
fn layer_norm(n: &Node, gain: usize, bias: usize) -> TractResult<AddLayerNorm> {
    let gain: Vec<f32> = n.constant(gain)?.context("the gain of the normalisation is missing")?;
    let bias = n.constant(bias)?.unwrap_or_else(|| vec![0.0; gain.len()]);
    ensure!(
        gain.len() == bias.len() && !gain.is_empty(),
        "the normalisation has {} gains, {} biases",
        gain.len(),
        bias.len()
    );
    let epsilon = n.proto.get_attr_opt("epsilon")?.unwrap_or(1e-12);
    Ok(AddLayerNorm::new(LayerNorm { gain, bias, epsilon }))
}

/// GELU of the sum of the input and an optional bias.
pub(super) fn bias_gelu(n: &mut Node) -> Outlets {
    wire_gelu(n, Activation::Gelu, nn::gelu_exact::gelu_exact())
}

/// The tanh approximation of GELU of the sum of the input and an optional bias.
pub(super) fn fast_gelu(n: &mut Node) -> Outlets {
    wire_gelu(n, Activation::GeluTanh, nn::gelu_approximate::gelu_approximate(false))
}

/// The activation of the sum of the input and an optional bias: in the layer that computes the input, if a fused one does, else by
/// the op `gelu`.
fn wire_gelu(n: &mut Node, activation: Activation, gelu: ElementWiseOp) -> Outlets {
    let (mut x, bias) = (n.cast(n.input(0)?, DatumType::F32)?, n.optional(1));
    check_bias(n, bias, x)?;
    if let Some((linear, input)) = Linear::activated(n.model, x, bias, activation)? {
        return Ok(tvec!(n.wire(linear, &[input])?));
    }
    if let Some(bias) = bias {
        x = n.binary(add().0, x, bias)?;
    }
    Ok(tvec!(n.wire(gelu, &[x])?))
}

/// `x · sigmoid(alpha · x)`
pub(super) fn quick_gelu(n: &mut Node) -> Outlets {
    let x = n.cast(n.input(0)?, DatumType::F32)?;
    let alpha = n.scalar(n.proto.get_attr_opt("alpha")?.unwrap_or(1.702), x)?;
    let scaled = n.binary(mul().0, x, alpha)?;
    let gate = n.wire(nn::sigmoid(), &[scaled])?;
    Ok(tvec!(n.binary(mul().0, x, gate)?))
}

/// A matrix product with transposed factors and a scale.
pub(super) fn fused_mat_mul(n: &mut Node) -> Outlets {
    ensure!(!n.flag("transBatchA", false)? && !n.flag("transBatchB", false)?, "transposed batches are not supported");
    let mut factors = [n.input(0)?, n.input(1)?];
    for (factor, attribute) in factors.iter_mut().zip(["transA", "transB"]) {
        let rank = n.rank(*factor)?;
        if n.flag(attribute, false)? && rank >= 2 {
            *factor = n.wire(AxisOp::Move(rank - 2, rank - 1), &[*factor])?;
        }
    }
    let product = wire_product(n, factors[0], factors[1])?;
    let alpha: f32 = n.proto.get_attr_opt("alpha")?.unwrap_or(1.0);
    let alpha = n.scalar(alpha, product)?;
    Ok(tvec!(n.binary(mul().0, product, alpha)?))
}
