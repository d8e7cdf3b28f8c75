//! Reads an ONNX file, rejects what would fail later, and prepares a graph of a few fused ops.

use std::collections::HashSet;

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
    embedding_rows: Option<usize>,
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
const IDS: &str = "input_ids";

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
        float16::widen(graph)?;
        dynamic::undo(graph);
        let weights = QuantTensors::take(graph)?;
        check_graph(graph, &weights)?;
        let (embedding_rows, is_fused) = (count_embedding_rows(graph, &weights), is_fused(graph));
        let constants = Constants::take(graph);
        Ok(Self { proto, weights, constants, embedding_rows, is_fused })
    }

    /// Rows of the table that `input_ids` looks up, if the graph shows them.
    pub(crate) fn embedding_rows(&self) -> Option<usize> {
        self.embedding_rows
    }

    /// The names of the graph's inputs in their order, without weights.
    pub(crate) fn inputs(&self) -> Vec<String> {
        let Some(graph) = &self.proto.graph else { return Vec::new() };
        let initialized: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let names = graph.input.iter().map(|i| i.name.as_str());
        names.filter(|name| !initialized.contains(name)).map(String::from).collect()
    }

    /// Wires the graph in tract's ops and ours, with a symbolic sequence length, and a symbolic batch size if `rows` is `None`.
    fn wire(&self, rows: Option<usize>, precision: Precision) -> TractResult<TypedModel> {
        let graph = self.proto.graph.as_ref().context("the file has no graph")?;
        let model = TypedModel::default();
        let sequence = model.symbols.sym("sequence").to_dim();
        let batch = rows.map_or_else(|| model.symbols.sym("batch").to_dim(), |n| n.to_dim());
        let computed = |name: &str| graph.node.iter().any(|node| node.output.iter().any(|output| output == name));
        let logits = Some("logits").filter(|name| computed(name));
        let logits = logits.or_else(|| graph.output.first().map(|output| &output.name[..]));
        let features = Some("features").filter(|name| graph.output.iter().any(|output| output.name == *name));
        let outputs: Vec<&str> = [logits.context("the graph has no output")?].into_iter().chain(features).collect();
        let fuses = self.is_fused && precision != Precision::Float32;
        let (proto, weights, constants, inputs) = (&self.proto, &self.weights, &self.constants, &self.inputs()[..]);
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

    /// The graph of fused ops, ready to run.
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

fn is_vector_per_text(fact: &TypedFact) -> bool {
    fact.datum_type == f32::datum_type() && fact.rank() == 2 && fact.shape[1].to_usize().is_ok()
}

fn count_embedding_rows(graph: &GraphProto, weights: &QuantTensors) -> Option<usize> {
    let reads = |node: &NodeProto, input: usize, value: &str| node.input.get(input).is_some_and(|name| name == value);
    let casts = graph.node.iter().filter(|node| node.op_type == "Cast" && reads(node, 0, IDS));
    let ids: Vec<&str> = casts.flat_map(|node| &node.output).map(String::as_str).chain([IDS]).collect();
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
    let unknown = graph.node.iter().find(|node| {
        // Weights in a form of blocks that is not supported are still in the file.
        let blocks = match &node.op_type[..] {
            "MatMulNBits" => node.input.get(1),
            "GatherBlockQuantized" => node.input.first(),
            _ => None,
        };
        !import::supports(node) || blocks.is_some_and(|name| weights.shape(name).is_none())
    });
    if let Some(node) = unknown.filter(|node| node.op_type == "MatMulBnb4") {
        return Err(Error::unsupported(format!(
            "model.onnx has weights of 4 bits in the format of bitsandbytes (the op `{}`), which this runtime does not read: \
             take model_quantized.onnx, model_q4.onnx or model.onnx of the same model",
            node.op_type
        )));
    }
    if let Some(node) = unknown {
        let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
        return Err(Error::unsupported_graph(format_args!(
            "uses the op `{}` of {domain}, which this runtime does not support",
            node.op_type
        )));
    }
    let computed: HashSet<&str> = graph
        .node
        .iter()
        .flat_map(|n| &n.output)
        .chain(graph.input.iter().map(|i| &i.name))
        .chain(graph.initializer.iter().map(|t| &t.name))
        .map(String::as_str)
        .collect();
    match graph.output.iter().find(|o| !computed.contains(o.name.as_str())) {
        Some(output) => Err(Error::damaged_graph(format_args!("nothing computes its output `{}`", output.name))),
        None => Ok(()),
    }
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
