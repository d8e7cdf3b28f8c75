//! Which layers are computed in f32, because integers would lose too much.
//!
//! A layer quantises each row of its input, and the weights of each output channel, with one scale. Where one channel is far
//! larger than the others, the others get few steps or none. Such outliers show in the weights:
//!
//! | outlier | layers in f32 |
//! |---|---|
//! | an input channel of a linear layer | every layer with float weights |
//! | an output channel of a linear layer | every layer with float weights |
//! | a gain of a normalisation | every layer with float weights |
//! | a column of an embedding table | the table |
//!
//! An output channel or a gain does no harm if a normalisation or a softmax reads it: then it is not quantised.
//!
//! A model without any normalisation, such as MobileBERT, is computed in f32, too: nothing bounds its activations, and in
//! integers the logits of the one in `tests/fixtures/architectures` are 2.4 off.
//!
//! One outlier puts all layers with float weights into f32, because a model with such channels has not been made for integers: with
//! the layers of the outliers alone in f32, the logits of the XLM-RoBERTa in `tests/fixtures/folders` are still 0.13 off.
//!
//! The magnitude of a channel is the mean of its weights' magnitudes. In ordinary models single weights are up to 96 times
//! as large as the median without harm, but means of channels at most 8 times (MiniLM and MPNet, without tables). With value
//! channels of that XLM-RoBERTa scaled up, int8 is 0.15 off as it is, 0.29 at 8 times, 0.61 at 16 and 1.4 at 32.

use std::collections::HashSet;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Gather;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::Mul;
use tract_onnx::tract_core::ops::nn::{RmsNorm, Softmax};

use super::fuse::pattern::{binary, constant};
use super::fuse::{AddLayerNorm, Attention, FloatLayers};
use super::weights::{Base, Weight};
use crate::load_options::Precision;

/// A channel is an outlier if its magnitude is more than this multiple of the layer's median.
const OUTLIER_RATIO: f32 = 16.0;

/// Chooses the layers of a graph in tract's normal form.
pub(in crate::graph) fn choose(model: &TypedModel, precision: Precision) -> TractResult<FloatLayers> {
    let everywhere = match precision {
        Precision::Float32 => true,
        Precision::Int8 => return Ok(FloatLayers::default()),
        Precision::Auto => !has_normalisation(model) || has_any_outlier_channel(model)?,
    };
    if !everywhere {
        return tables_with_outliers(model);
    }
    let is_float = |base: &Base| precision == Precision::Float32 || matches!(base, Base::Float(_));
    let is_layer = |node: &&TypedNode| match (node.op_as::<EinSum>(), find_table(model, node)) {
        // A product of two variables is one of attention's.
        (Some(op), _) => find_weight(model, node, op).is_none_or(|(weight, ..)| is_float(&weight.base)),
        (None, Some(table)) => is_float(&table.base),
        (None, None) => node.op_is::<Attention>(),
    };
    Ok(FloatLayers(model.nodes().iter().filter(is_layer).map(|node| node.name.clone()).collect()))
}

fn has_normalisation(model: &TypedModel) -> bool {
    model.nodes().iter().any(|node| node.op_is::<RmsNorm>() || node.op_is::<AddLayerNorm>())
}

fn has_any_outlier_channel(model: &TypedModel) -> TractResult<bool> {
    for node in model.nodes() {
        if has_outlier_channel(model, node)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The embedding tables in which a column is an outlier.
fn tables_with_outliers(model: &TypedModel) -> TractResult<FloatLayers> {
    let mut tables = FloatLayers::default();
    for node in model.nodes() {
        let Some(table) = find_table(model, node) else { continue };
        if mean_magnitudes(&table, [&[0], &[1]])?.is_some_and(|[_, columns]| has_outlier(columns)) {
            tables.0.insert(node.name.clone());
        }
    }
    Ok(tables)
}

/// Whether a node multiplies with float weights in which an input channel is an outlier, or an output channel or gain whose products
/// are quantised as they are.
fn has_outlier_channel(model: &TypedModel, node: &TypedNode) -> TractResult<bool> {
    if let Some(op) = node.op_as::<EinSum>() {
        let Some((weight, summed, kept)) = find_weight(model, node, op) else { return Ok(false) };
        let Some([inputs, outputs]) = mean_magnitudes(&weight, [&summed, &kept])? else { return Ok(false) };
        return Ok(has_outlier(inputs) || has_outlier(outputs) && is_quantized(model, node));
    }
    let gain: Vec<f32> = if let Some(op) = node.op_as::<AddLayerNorm>() {
        op.gain().into()
    } else if let Some([a, b]) = binary::<Mul>(model, node.id.into()) {
        let gain = [(a, b), (b, a)].into_iter().find(|(x, _)| model.node(x.node).op_is::<RmsNorm>());
        let Some(gain) = gain.and_then(|(_, gain)| constant(model, gain)) else { return Ok(false) };
        gain.try_as_plain_ram()?.as_slice::<f32>()?.into()
    } else {
        return Ok(false);
    };
    Ok(has_outlier(gain.into_iter().map(f32::abs).collect()) && is_quantized(model, node))
}

/// The table that a node looks up rows in.
fn find_table(model: &TypedModel, node: &TypedNode) -> Option<Weight> {
    let op = node.op_as::<Gather>()?;
    let weight = Weight::find(model, node.inputs[0])?;
    (op.axis == 0 && weight.axes.len() == 2).then_some(weight)
}

/// The weight that a product multiplies, its axes that are summed over, and those that the output has. `None` if both
/// factors are variables.
fn find_weight(model: &TypedModel, node: &TypedNode, op: &EinSum) -> Option<(Weight, Vec<usize>, Vec<usize>)> {
    let [a, b] = *node.inputs else { return None };
    let (slot, weight) =
        [(1, b), (0, a)].into_iter().find_map(|(slot, outlet)| Some((slot, Weight::find(model, outlet)?)))?;
    let (mut summed, mut kept) = (vec![], vec![]);
    for axis in op.axes.iter_all_axes() {
        let axes = if axis.outputs[0].is_empty() { &mut summed } else { &mut kept };
        axes.extend(axis.inputs[slot].iter().copied());
    }
    Some((weight, summed, kept))
}

/// The mean magnitude of the weights of each row and of each column, where the first group of axes counts as rows, and
/// the second as columns. `None` if the weights are stored quantised.
fn mean_magnitudes(weight: &Weight, axes: [&[usize]; 2]) -> TractResult<Option<[Vec<f32>; 2]>> {
    let Base::Float(tensor) = &weight.base else { return Ok(None) };
    let plain = tensor.try_as_plain_ram()?;
    let values = plain.as_slice::<f32>()?;
    let offsets = axes.map(|axes| weight.offsets(axes));
    let mut sums = offsets.each_ref().map(|offsets| vec![0.0f32; offsets.len()]);
    let [of_rows, of_columns] = &mut sums;
    for (&row, of_row) in offsets[0].iter().zip(of_rows) {
        for (&column, of_column) in offsets[1].iter().zip(of_columns.iter_mut()) {
            let magnitude = values[weight.first + row + column].abs();
            *of_row += magnitude;
            *of_column += magnitude;
        }
    }
    let [rows, columns] = offsets.each_ref().map(|offsets| offsets.len().max(1) as f32);
    sums[0].iter_mut().for_each(|sum| *sum /= columns);
    sums[1].iter_mut().for_each(|sum| *sum /= rows);
    Ok(Some(sums))
}

/// Whether the largest magnitude is an outlier among those above 0.
fn has_outlier(mut magnitudes: Vec<f32>) -> bool {
    magnitudes.retain(|magnitude| *magnitude > 0.0);
    magnitudes.sort_unstable_by(f32::total_cmp);
    match magnitudes.as_slice() {
        [.., largest] => *largest > magnitudes[magnitudes.len() / 2] * OUTLIER_RATIO,
        [] => false,
    }
}

/// Whether a product reads a node's output before any normalisation or softmax: then the output is quantised as it is.
fn is_quantized(model: &TypedModel, node: &TypedNode) -> bool {
    let (mut seen, mut left) = (HashSet::new(), vec![node.id]);
    while let Some(id) = left.pop() {
        for successor in &model.node(id).outputs[0].successors {
            let node = model.node(successor.node);
            if node.op_is::<EinSum>() || node.op_is::<Attention>() {
                return true;
            }
            let ends = node.op_is::<RmsNorm>() || node.op_is::<AddLayerNorm>() || node.op_is::<Softmax>();
            if !ends && seen.insert(node.id) {
                left.push(node.id);
            }
        }
    }
    false
}
