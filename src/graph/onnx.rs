//! Reads an ONNX file, rejects what would fail later, and prepares a graph of a few fused ops.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::optim::Optimizer;
use tract_onnx::tract_hir::internal::*;

use crate::error::Error;
use crate::graph::import::wiring::{Constants, Source};
use crate::graph::weights::external::{self, ExternalFiles};
use crate::graph::weights::{QuantTensors, dequantize_rest, dynamic, float16};
use crate::graph::{fuse, guard, import, precision};
use crate::load_options::Precision;

/// A decoded ONNX file with no unknown op.
pub(crate) struct OnnxModel {
    /// Its types and shapes of inner values are hints, and often too narrow: they are ignored.
    proto: ModelProto,
    /// The quantised weights, which are taken out of `proto`.
    weights: QuantTensors,
    /// The other tensors, which are also taken out of `proto`.
    constants: Constants,
    /// The names of the graph's inputs in their order, without weights.
    inputs: Vec<String>,
    /// Rows of the table that `input_ids` looks up, if the graph shows them.
    embedding_rows: Option<usize>,
    /// Whether attention, normalisations and GELU are one op each: see [`is_fused`].
    is_fused: bool,
}

/// A graph that is ready to run.
pub(crate) struct PreparedGraph {
    pub model: TypedModel,
    /// The sizes that the graph assumes to be equal.
    pub same_sizes: Vec<guard::SameSize>,
    /// The names of the layers that are computed in f32.
    pub float_layers: Vec<String>,
}

/// Indices of the outputs of a prepared graph: the logits always, the features where the file has them.
pub(crate) const LOGITS: usize = 0;
pub(crate) const FEATURES: usize = 1;

/// The input that has the token ids.
pub(crate) const INPUT_IDS: &str = "input_ids";

/// The declutter pass that is left out.
const ENDLESS_PASS: &str = "PropagateRoi";

impl OnnxModel {
    /// Decodes and checks a file. `files` are those that it may store weights in.
    pub(crate) fn read(bytes: &mut dyn bytes::Buf, files: &dyn ExternalFiles) -> Result<Self, Error> {
        let mut proto: ModelProto =
            prost::Message::decode(bytes).map_err(|e: prost::DecodeError| Error::damaged_graph(&e).caused_by(e))?;
        let graph = proto.graph.as_mut().ok_or_else(|| Error::damaged_graph("it has no graph"))?;
        external::inline(graph, files)?;
        guard::check_file(graph)?;
        let inputs = input_names(graph);
        float16::widen(graph)?;
        dynamic::undo(graph);
        drop_unused_nodes(graph);
        let weights = QuantTensors::take(graph)?;
        check_graph(graph, &weights)?;
        let (embedding_rows, is_fused) = (count_embedding_rows(graph, &weights), is_fused(graph));
        let constants = Constants::take(graph);
        Ok(Self { proto, weights, constants, inputs, embedding_rows, is_fused })
    }

    /// Rows of the table that `input_ids` looks up, if the graph shows them.
    pub(crate) fn embedding_rows(&self) -> Option<usize> {
        self.embedding_rows
    }

    /// The names of the graph's inputs in their order, without weights.
    pub(crate) fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Wires the graph in tract's ops and ours, with a symbolic sequence length, and a symbolic batch size if `rows` is `None`.
    fn wire(&self, rows: Option<usize>, precision: Precision) -> TractResult<TypedModel> {
        let graph = self.proto.graph.as_ref().context("the file has no graph")?;
        let model = TypedModel::default();
        let sequence = model.symbols.sym("sequence").to_dim();
        let batch = rows.map_or_else(|| model.symbols.sym("batch").to_dim(), |n| n.to_dim());
        let outputs = output_names(graph).context("the graph has no output")?;
        let fuses = self.is_fused && precision != Precision::Float32;
        let Self { proto, weights, constants, inputs, .. } = self;
        let source = Source { proto, weights, constants, inputs, fuses };
        let mut model = source.wire(model, &[batch, sequence], &outputs)?;
        // Heads read one vector of a fixed size per text. An output of that name with another shape is something else.
        if let Some(&features) = model.outputs.get(FEATURES)
            && !is_vector_per_text(model.outlet_fact(features)?)
        {
            model.outputs.truncate(FEATURES);
        }
        Ok(model)
    }

    /// The graph of fused ops, ready to run: for batches of `rows` rows, or of any number if `None`.
    pub(crate) fn prepare(&self, rows: Option<usize>, option: Precision) -> TractResult<PreparedGraph> {
        let mut model = self.wire(rows, option)?;
        if !self.is_fused {
            declutter(&mut model).context("declutter")?;
        }
        model.compact()?;
        let floats = precision::choose(&model, option).context("precision")?;
        fuse::fuse(&mut model, &floats)?;
        dequantize_rest(&mut model).context("rest")?;
        let same_sizes = guard::same_sizes(&model)?;
        // tract's optimisation passes cost as much load time as all fusion, and only its matrix products gain from them.
        if model.nodes().iter().any(|node| node.op_is::<EinSum>()) {
            model = model.into_optimized().context("optimize")?;
        }
        guard::check_all_indices(&mut model);
        Ok(PreparedGraph { model, same_sizes, float_layers: floats.names() })
    }
}

/// The names of a graph's inputs in their order, without weights, which old files list among them.
fn input_names(graph: &GraphProto) -> Vec<String> {
    let initialized: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let names = graph.input.iter().map(|i| i.name.as_str());
    names.filter(|name| !initialized.contains(name)).map(String::from).collect()
}

/// The names of the logits, which are the first output if nothing has that name, and of the features if the file has
/// them. `None` if the graph has no output.
fn output_names(graph: &GraphProto) -> Option<Vec<&str>> {
    let is_computed = |name: &str| graph.node.iter().any(|node| node.output.iter().any(|output| output == name));
    let first = graph.output.first().map(|output| &output.name[..]);
    let logits = if is_computed("logits") { Some("logits") } else { first };
    let features = Some("features").filter(|name| graph.output.iter().any(|output| output.name == *name));
    Some([logits?].into_iter().chain(features).collect())
}

/// Drops the nodes that neither logits nor features need: those whose users [`dynamic::undo`] has replaced, and those of other
/// outputs, such as the index of the best label, whose ops may be unsupported.
fn drop_unused_nodes(graph: &mut GraphProto) {
    let nodes = graph.node.iter().enumerate();
    let named = nodes.flat_map(|(index, node)| node.output.iter().map(move |name| (&name[..], index)));
    let producers: HashMap<&str, usize> = named.filter(|(name, _)| !name.is_empty()).collect();
    let mut is_used = vec![false; graph.node.len()];
    let mut left = output_names(graph).unwrap_or_default();
    // From the outputs back, because the nodes of a file may be in any order.
    while let Some(name) = left.pop() {
        if let Some(&index) = producers.get(name)
            && !std::mem::replace(&mut is_used[index], true)
        {
            left.extend(graph.node[index].input.iter().map(String::as_str));
        }
    }
    let mut is_used = is_used.into_iter();
    graph.node.retain(|_| is_used.next().unwrap_or(false));
}

/// The ops of which exporters make attention, normalisations and GELU.
const UNFUSED_OPS: [&str; 4] = ["Erf", "ReduceMean", "ReduceSum", "Softmax"];

/// Whether attention, normalisations and GELU are one op each, as onnxruntime's optimizer writes them. The rules that fuse their
/// parts expect tract's normal form.
fn is_fused(graph: &GraphProto) -> bool {
    !graph.node.iter().any(|node| UNFUSED_OPS.contains(&&node.op_type[..]))
}

/// Brings a graph into tract's normal form.
fn declutter(model: &mut TypedModel) -> TractResult<()> {
    let mut optimizer = Optimizer::declutter();
    // On some graphs this pass does not terminate (tract 0.23.9), and it is of no use for text encoders. Its type is
    // private, so it is found by its `Debug` name; a test fails if that name changes.
    optimizer.passes.retain(|pass| format!("{pass:?}") != ENDLESS_PASS);
    optimizer.optimize(model)
}

/// Whether an output has the shape `[batch, size]` with a fixed size.
fn is_vector_per_text(fact: &TypedFact) -> bool {
    fact.datum_type == f32::datum_type() && fact.rank() == 2 && fact.shape[1].to_usize().is_ok()
}

/// Rows of the table that `input_ids` looks up, perhaps after a cast.
fn count_embedding_rows(graph: &GraphProto, weights: &QuantTensors) -> Option<usize> {
    let reads = |node: &NodeProto, input: usize, value: &str| node.input.get(input).is_some_and(|name| name == value);
    let casts = graph.node.iter().filter(|node| node.op_type == "Cast" && reads(node, 0, INPUT_IDS));
    let ids: Vec<&str> = casts.flat_map(|node| &node.output).map(String::as_str).chain([INPUT_IDS]).collect();
    let table = graph.node.iter().find_map(|node| match &node.op_type[..] {
        "Gather" | "GatherBlockQuantized" if ids.iter().any(|ids| reads(node, 1, ids)) => node.input.first(),
        "EmbedLayerNormalization" if ids.iter().any(|ids| reads(node, 0, ids)) => node.input.get(2),
        _ => None,
    })?;
    if let Some(shape) = weights.shape(table) {
        return shape.first().copied();
    }
    let rows = graph.initializer.iter().find(|t| &t.name == table)?.dims.first()?;
    usize::try_from(*rows).ok()
}

/// Reports unknown ops and missing values by name, where tract would fail with a general error.
fn check_graph(graph: &GraphProto, weights: &QuantTensors) -> Result<(), Error> {
    if let Some(node) = graph.node.iter().find(|node| !import::supports(node) || has_other_blocks(node, weights)) {
        return Err(unsupported_op(node));
    }
    let computed: HashSet<&str> = graph
        .node
        .iter()
        .flat_map(|n| &n.output)
        .chain(graph.input.iter().map(|i| &i.name))
        .chain(graph.initializer.iter().map(|t| &t.name))
        .map(String::as_str)
        .collect();
    match output_names(graph).unwrap_or_default().iter().find(|name| !computed.contains(*name)) {
        Some(name) => Err(Error::damaged_graph(format_args!("nothing computes its output `{name}`"))),
        None => Ok(()),
    }
}

/// Whether a node reads weights in a form of blocks that is not supported: these are still in the file.
fn has_other_blocks(node: &NodeProto, weights: &QuantTensors) -> bool {
    let blocks = match &node.op_type[..] {
        "MatMulNBits" => node.input.get(1),
        "GatherBlockQuantized" => node.input.first(),
        _ => None,
    };
    blocks.is_some_and(|name| weights.shape(name).is_none())
}

fn unsupported_op(node: &NodeProto) -> Error {
    let NodeProto { op_type, domain, .. } = node;
    if op_type == "MatMulBnb4" {
        return Error::unsupported(format!(
            "model.onnx has weights of 4 bits in the format of bitsandbytes (the op `{op_type}`), which this runtime does not \
             read: take model_quantized.onnx, model_q4.onnx or model.onnx of the same model"
        ));
    }
    let domain = if domain.is_empty() { "ai.onnx" } else { domain };
    Error::unsupported_graph(format_args!("uses the op `{op_type}` of {domain}, which this runtime does not support"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFiles;

    /// Decluttering would make each load of the packaged model slower.
    #[test]
    fn the_packaged_graph_needs_no_declutter() {
        let bytes = std::fs::read("models/english/model.onnx").unwrap();
        let onnx = OnnxModel::read(&mut &bytes[..], &ModelFiles::new()).unwrap();
        assert!(onnx.is_fused);
    }

    #[test]
    fn tract_still_has_the_pass_that_is_left_out() {
        let names: Vec<String> = Optimizer::declutter().passes.iter().map(|pass| format!("{pass:?}")).collect();
        assert_eq!(names.iter().filter(|name| *name == ENDLESS_PASS).count(), 1, "{names:?}");
    }
}
