//! Resource limits for untrusted model files. A graph whose memory use is out of proportion to its file size is rejected
//! before anything runs. CPU time is not limited here: the caller's timeout ends the worker.

use std::collections::HashSet;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, TensorProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::nn::Reduce;
use tract_onnx::tract_hir::internal::*;

use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_EXPANDED_ELEMENTS, MAX_NODES, MAX_RANK, MAX_TENSOR_BYTES};

/// Rejects a graph with too many nodes, with impossible tensors, or with two values of one name.
pub(in crate::graph) fn check_file(graph: &GraphProto) -> Result<(), Error> {
    if graph.node.len() > MAX_NODES {
        let count = graph.node.len();
        return Err(Error::unsupported_graph(format_args!("has {count} nodes; the limit is {MAX_NODES}")));
    }
    let in_nodes = graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
    graph.initializer.iter().chain(in_nodes).try_for_each(check_tensor)?;
    let inputs = graph.input.iter().map(|input| &input.name);
    let mut defined: HashSet<&str> = inputs.map(String::as_str).collect();
    // An initializer may have the name of an input: it is the input's default value.
    let initializers: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    defined.extend(&initializers);
    let named = |name: &&String| !name.is_empty();
    match graph.node.iter().flat_map(|node| &node.output).filter(named).find(|name| !defined.insert(name)) {
        Some(twice) => Err(Error::damaged_graph(format_args!("the value `{twice}` is defined twice"))),
        None => Ok(()),
    }
}

/// Rejects a tensor of an impossible shape, or of strings.
fn check_tensor(tensor: &TensorProto) -> Result<(), Error> {
    let dims = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok());
    let count = dims.clone().try_fold(1usize, |count, dim| count.checked_mul(dim?));
    if count.is_none() || dims.len() > MAX_RANK {
        let (name, dims) = (&tensor.name, &tensor.dims);
        return Err(Error::damaged_graph(format_args!("the tensor `{name}` has the shape {dims:?}")));
    }
    if tensor.data_type == DataType::String as i32 {
        return Err(Error::unsupported_graph(format_args!(
            "has a tensor of strings, `{}`, which no supported op reads",
            tensor.name
        )));
    }
    Ok(())
}

/// Rejects an op whose output is far larger than its inputs.
pub(in crate::graph) fn check_expansion(outputs: &[&TypedFact], inputs: &[&TypedFact]) -> TractResult<()> {
    let count = |fact: &TypedFact| {
        let dims = fact.shape.as_concrete()?;
        Some(dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim)).unwrap_or(usize::MAX))
    };
    let max = inputs.iter().filter_map(|fact| count(fact)).fold(MAX_EXPANDED_ELEMENTS, usize::max);
    for fact in outputs {
        ensure!(fact.rank() <= MAX_RANK, "a tensor of {} axes; the limit is {MAX_RANK}", fact.rank());
        if let Some(count) = count(fact) {
            ensure!(count <= max, "a tensor of {count} elements, made out of fewer; the limit is {max}");
        }
    }
    Ok(())
}

/// Two sizes in symbols of the batch's rows and columns, which tract assumes to be equal.
pub(crate) type SameSize = [TDim; 2];

/// The sizes that matrix products assume to be equal. Rejects a product whose sizes can never be equal.
pub(in crate::graph) fn same_sizes(model: &TypedModel) -> TractResult<Vec<SameSize>> {
    let mut pairs = vec![];
    for node in model.nodes() {
        let Some(op) = node.op_as::<EinSum>() else { continue };
        let facts = model.node_input_facts(node.id)?;
        let shapes = op.actual_input_shapes_from_facts(&facts)?;
        for axis in op.axes.iter_all_axes() {
            let inputs = axis.inputs.iter().zip(&shapes);
            let sizes = inputs.flat_map(|(axes, shape)| axes.iter().map(|&axis| &shape[axis]));
            // An axis that is summed over is never broadcast.
            let summed = axis.outputs.iter().all(|axes| axes.is_empty());
            let mut sizes = sizes.filter(|size| summed || **size != 1.to_dim());
            let Some(first) = sizes.next() else { continue };
            for size in sizes.filter(|size| *size != first) {
                let never = (first.clone() - size).as_i64().is_some();
                ensure!(!never, "`{}` multiplies matrices of sizes that never match: {first} and {size}", node.name);
                pairs.push([first.clone(), size.clone()]);
            }
        }
    }
    Ok(pairs)
}

/// Checks a batch of `rows` × `columns` tokens before it is computed.
///
/// # Errors
/// `Internal` where sizes that must be equal differ, or an op would reduce an empty axis; `OutOfMemory` where a tensor would be too
/// large.
pub(crate) fn check_batch(model: &TypedModel, same: &[SameSize], rows: usize, columns: usize) -> Result<(), Error> {
    let size = |name, value: usize| (model.symbols.sym(name), value as i64);
    let [batch, sequence] = [size("batch", rows), size("sequence", columns)];
    let sizes = SymbolValues::default().with(&batch.0, batch.1).with(&sequence.0, sequence.1);
    // tract itself checks sizes that do not depend on the batch.
    let value = |dim: &TDim| dim.eval_to_i64(&sizes).ok();
    if let Some([a, b]) = same.iter().find(|[a, b]| value(a).zip(value(b)).is_some_and(|(a, b)| a != b)) {
        return Err(Error::internal(format!("the model multiplies matrices of sizes that do not match: {a} and {b}")));
    }
    if let Some(node) = model.nodes().iter().find(|node| reduces_empty_axis(model, node, value)) {
        return Err(Error::internal(format!("the model reduces an axis of size 0 in `{}`", node.name)));
    }
    let computed = model.nodes().iter().filter(|node| !node.inputs.is_empty()).flat_map(|node| &node.outputs);
    match computed.map(|outlet| count_bytes(&outlet.fact, value)).find(|bytes| *bytes > MAX_TENSOR_BYTES) {
        Some(_) => Err(Error::new(
            ErrorKind::OutOfMemory,
            format!("a batch of {rows} × {columns} tokens needs a tensor of more than {} MiB", MAX_TENSOR_BYTES >> 20),
        )),
        None => Ok(()),
    }
}

/// Whether a node reduces an axis whose size for this batch, which `value` returns, is 0.
fn reduces_empty_axis(model: &TypedModel, node: &TypedNode, value: impl Fn(&TDim) -> Option<i64>) -> bool {
    let Some(reduce) = node.op_as::<Reduce>() else { return false };
    let fact = node.inputs.first().and_then(|&input| model.outlet_fact(input).ok());
    fact.is_some_and(|fact| reduce.axes.iter().any(|&axis| fact.shape.get(axis).and_then(&value) == Some(0)))
}

/// The bytes of a tensor whose sizes for this batch `value` returns. Axes of unknown size count as 1.
fn count_bytes(fact: &TypedFact, value: impl Fn(&TDim) -> Option<i64>) -> u64 {
    let dims = fact.shape.iter().filter_map(|dim| u64::try_from(value(dim)?).ok());
    dims.fold(fact.datum_type.size_of() as u64, u64::saturating_mul)
}
