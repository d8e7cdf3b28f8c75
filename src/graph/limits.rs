//! What a file may ask for: a graph is refused that would take much more than its size lets one expect, before anything
//! is computed. What is left to a model that means no good is time, and its worker can be ended.

use std::collections::HashSet;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, TensorProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::nn::Reduce;
use tract_onnx::tract_hir::internal::*;

use crate::error::{Error, ErrorKind};

/// Most nodes of a graph; the largest exports of encoders have some thousands.
const MAX_NODES: usize = 20_000;
/// Most axes of a value.
const MAX_RANK: usize = 16;
/// Most numbers in a constant that an op makes out of fewer.
const MAX_MADE: usize = 1 << 22;
/// Most bytes of one value while a batch is computed.
const MAX_VALUE_BYTES: u64 = 1 << 30;

/// Refuses a file whose graph is larger, or whose tensors are not what they are said to be.
pub(super) fn check_file(graph: &GraphProto) -> Result<(), Error> {
    if graph.node.len() > MAX_NODES {
        let count = graph.node.len();
        return Err(Error::unsupported(format!("model.onnx has {count} nodes; at most {MAX_NODES} are run")));
    }
    let in_nodes = graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
    graph.initializer.iter().chain(in_nodes).try_for_each(check_tensor)?;
    let inputs = graph.input.iter().map(|input| &input.name);
    let mut given: HashSet<&str> = inputs.map(String::as_str).collect();
    // An initializer may give an input its value.
    let of_initializers: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    given.extend(&of_initializers);
    let named = |name: &&String| !name.is_empty();
    match graph.node.iter().flat_map(|node| &node.output).filter(named).find(|name| !given.insert(name)) {
        Some(twice) => Err(Error::malformed(format!("model.onnx is damaged: `{twice}` is given twice"))),
        None => Ok(()),
    }
}

fn check_tensor(tensor: &TensorProto) -> Result<(), Error> {
    let dims = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok());
    let count = dims.clone().try_fold(1usize, |count, dim| count.checked_mul(dim?));
    if count.is_none() || dims.len() > MAX_RANK {
        let (name, dims) = (&tensor.name, &tensor.dims);
        return Err(Error::malformed(format!("model.onnx is damaged: `{name}` is of shape {dims:?}")));
    }
    if tensor.data_type == DataType::String as i32 {
        return Err(Error::unsupported(format!("`{}` of model.onnx is text, which no op here takes", tensor.name)));
    }
    Ok(())
}

/// Refuses an op that makes a large constant out of small ones.
pub(super) fn check_made(made: &[&TypedFact], from: &[&TypedFact]) -> TractResult<()> {
    let count = |fact: &TypedFact| {
        let dims = fact.shape.as_concrete()?;
        Some(dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim)).unwrap_or(usize::MAX))
    };
    let most = from.iter().filter_map(|fact| count(fact)).fold(MAX_MADE, usize::max);
    for fact in made {
        ensure!(fact.rank() <= MAX_RANK, "a value of {} axes", fact.rank());
        if let Some(count) = count(fact) {
            ensure!(count <= most, "a value of {count} numbers, made out of fewer");
        }
    }
    Ok(())
}

/// Two sizes that follow from the batch, which tract takes for equal.
pub(crate) type SameSize = [TDim; 2];

/// Where matrix products depend on it that two sizes are equal; refuses a product of which two never are.
pub(super) fn same_sizes(model: &TypedModel) -> TractResult<Vec<SameSize>> {
    let mut pairs = vec![];
    for node in model.nodes() {
        let Some(op) = node.op_as::<EinSum>() else { continue };
        let facts = model.node_input_facts(node.id)?;
        let shapes = op.actual_input_shapes_from_facts(&facts)?;
        for axis in op.axes.iter_all_axes() {
            let places = axis.inputs.iter().zip(&shapes);
            let sizes = places.flat_map(|(places, shape)| places.iter().map(|&place| &shape[place]));
            // What is summed over is not broadcast.
            let summed = axis.outputs.iter().all(|places| places.is_empty());
            let mut sizes = sizes.filter(|size| summed || **size != 1.to_dim());
            let Some(first) = sizes.next() else { continue };
            for size in sizes.filter(|size| *size != first) {
                let never = (first.clone() - size).as_i64().is_some();
                ensure!(!never, "`{}` multiplies matrices of sizes that do not fit: {first} and {size}", node.name);
                pairs.push([first.clone(), size.clone()]);
            }
        }
    }
    Ok(pairs)
}

/// Refuses a batch for which a value of the graph would be too large, for which sizes differ that have to be the same, or
/// for which nothing is left to reduce.
pub(crate) fn check_batch(model: &TypedModel, same: &[SameSize], rows: usize, columns: usize) -> Result<(), Error> {
    let size = |name, value: usize| (model.symbols.sym(name), value as i64);
    let [batch, sequence] = [size("batch", rows), size("sequence", columns)];
    let sizes = SymbolValues::default().with(&batch.0, batch.1).with(&sequence.0, sequence.1);
    // A size that does not follow from the batch is tract's to check.
    let value = |dim: &TDim| dim.eval_to_i64(&sizes).ok();
    if let Some([a, b]) = same.iter().find(|[a, b]| value(a).zip(value(b)).is_some_and(|(a, b)| a != b)) {
        return Err(Error::internal(format!("the model multiplies matrices of sizes that do not fit: {a} and {b}")));
    }
    let nothing = |node: &TypedNode| {
        let Some(reduce) = node.op_as::<Reduce>() else { return false };
        let fact = node.inputs.first().and_then(|&input| model.outlet_fact(input).ok());
        fact.is_some_and(|fact| reduce.axes.iter().any(|&axis| fact.shape.get(axis).and_then(value) == Some(0)))
    };
    if let Some(node) = model.nodes().iter().find(|node| nothing(node)) {
        return Err(Error::internal(format!("the model reduces an axis of size 0 in `{}`", node.name)));
    }
    let bytes = |fact: &TypedFact| {
        let dims = fact.shape.iter().filter_map(|dim| u64::try_from(value(dim)?).ok());
        dims.fold(fact.datum_type.size_of() as u64, u64::saturating_mul)
    };
    let computed = model.nodes().iter().filter(|node| !node.inputs.is_empty()).flat_map(|node| &node.outputs);
    match computed.map(|outlet| bytes(&outlet.fact)).find(|bytes| *bytes > MAX_VALUE_BYTES) {
        Some(_) => Err(Error::new(
            ErrorKind::OutOfMemory,
            format!("{rows} × {columns} tokens need a value of more than {} MiB", MAX_VALUE_BYTES >> 20),
        )),
        None => Ok(()),
    }
}
