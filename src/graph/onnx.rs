//! An ONNX file: read, checked for what would fail later, and prepared as a graph of a few fused ops.

use std::collections::HashSet;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, tensor_proto::DataLocation};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::optim::Optimizer;
use tract_onnx::tract_hir::internal::*;

use crate::error::Error;
use crate::graph::weights::{QuantTensors, dequantize_rest, dynamic, float16};
use crate::graph::{fuse, guard, import};

/// A decoded ONNX file with no unknown op.
pub(crate) struct OnnxModel {
    onnx: Onnx,
    proto: ModelProto,
    /// The quantised weights, which are taken out of `proto`.
    weights: QuantTensors,
    vocabulary: Option<usize>,
}

/// Indices of the outputs of a prepared graph: the logits always, the features where the file has them.
pub(crate) const LOGITS: usize = 0;
pub(crate) const FEATURES: usize = 1;

/// The declutter pass that is left out.
const ENDLESS_PASS: &str = "PropagateRoi";

impl OnnxModel {
    /// Decodes and checks a file.
    pub(crate) fn read(bytes: &mut dyn bytes::Buf) -> Result<Self, Error> {
        // The file's types and shapes of inner values are hints, and often too narrow. They are ignored.
        let mut onnx = Onnx::default().with_ignore_value_info(true).with_ignore_output_shapes(true);
        import::register(&mut onnx.op_register);
        let mut proto: ModelProto = prost::Message::decode(bytes)
            .map_err(|e: prost::DecodeError| Error::malformed(format!("model.onnx is damaged: {e:#}")).caused_by(e))?;
        let graph = proto.graph.as_mut().ok_or_else(|| Error::malformed("model.onnx is damaged: it has no graph"))?;
        check_weights(graph)?;
        guard::check_file(graph)?;
        float16::widen(graph)?;
        dynamic::undo(graph);
        let weights = QuantTensors::take(graph)?;
        check_graph(graph, &onnx)?;
        let vocabulary = vocabulary(graph, &weights);
        Ok(Self { onnx, proto, weights, vocabulary })
    }

    /// Rows of the table that `input_ids` looks up, if the graph shows them.
    pub(crate) fn vocabulary(&self) -> Option<usize> {
        self.vocabulary
    }

    /// The names of the graph's inputs in their order, without weights.
    pub(crate) fn inputs(&self) -> Vec<String> {
        let Some(graph) = &self.proto.graph else { return Vec::new() };
        let initialized: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let names = graph.input.iter().map(|i| i.name.as_str());
        names.filter(|name| !initialized.contains(name) && !self.weights.has(name)).map(String::from).collect()
    }

    /// The graph in tract's normal form, with a symbolic sequence length, and a symbolic batch size if `rows` is `None`.
    fn decluttered(&self, rows: Option<usize>) -> TractResult<TypedModel> {
        let parsed = self.onnx.parse(&self.proto, None)?;
        ensure!(parsed.unresolved_inputs.is_empty(), "no op computes the values {:?}", parsed.unresolved_inputs);
        let mut model = parsed.model;
        let sequence = model.symbols.sym("sequence").to_dim();
        let batch = rows.map_or_else(|| model.symbols.sym("batch").to_dim(), |n| n.to_dim());
        let ids = InferenceFact::dt_shape(i64::datum_type(), tvec![batch, sequence]);
        for name in self.inputs() {
            let outlet = parsed.outlets_by_name.get(&name).context("an input is missing")?;
            model.set_outlet_fact(*outlet, ids.clone())?;
        }
        let logits = parsed.outlets_by_name.get("logits").copied();
        let logits = logits.or_else(|| model.outputs.first().copied()).context("the graph has no output")?;
        let features = parsed.outlets_by_name.get("features").filter(|features| model.outputs.contains(features));
        model.select_output_outlets(&[&[logits][..], features.copied().as_slice()].concat())?;
        let mut model = model.into_typed()?;
        // Heads read one vector of a fixed size per text. An output of that name with another shape is something else.
        if let Some(&features) = model.outputs.get(FEATURES)
            && !is_vector_per_text(model.outlet_fact(features)?)
        {
            model.outputs.truncate(FEATURES);
        }
        self.weights.put(&mut model).context("put")?;
        let mut optimizer = Optimizer::declutter();
        // On some graphs this pass does not terminate (tract 0.23.9), and it is of no use for text encoders. Its type is
        // private, so it is found by its `Debug` name; a test fails if that name changes.
        optimizer.passes.retain(|pass| format!("{pass:?}") != ENDLESS_PASS);
        optimizer.optimize(&mut model).context("declutter")?;
        Ok(model)
    }

    /// The graph of fused ops, ready to run, and the sizes that it assumes to be equal.
    pub(crate) fn prepare(&self, rows: Option<usize>) -> TractResult<(TypedModel, Vec<guard::SameSize>)> {
        let mut model = self.decluttered(rows)?;
        fuse::fuse(&mut model)?;
        dequantize_rest(&mut model).context("rest")?;
        let same = guard::same_sizes(&model)?;
        // tract's optimisation passes cost as much load time as all fusion, and only its matrix products gain from them.
        if model.nodes().iter().any(|node| node.op_is::<EinSum>()) {
            model = model.into_optimized().context("optimize")?;
        }
        guard::check_all_indices(&mut model);
        Ok((model, same))
    }
}

fn is_vector_per_text(fact: &TypedFact) -> bool {
    fact.datum_type == f32::datum_type() && fact.rank() == 2 && fact.shape[1].to_usize().is_ok()
}

fn vocabulary(graph: &GraphProto, weights: &QuantTensors) -> Option<usize> {
    let looked_up = |n: &&NodeProto| n.op_type == "Gather" && n.input.get(1).is_some_and(|i| i == "input_ids");
    let table = graph.node.iter().find(looked_up)?.input.first()?;
    if let Some(shape) = weights.shape(table) {
        return shape.first().copied();
    }
    let rows = graph.initializer.iter().find(|t| &t.name == table)?.dims.first()?;
    usize::try_from(*rows).ok()
}

fn check_weights(graph: &GraphProto) -> Result<(), Error> {
    match graph.initializer.iter().find(|t| t.data_location == Some(DataLocation::External as i32)) {
        Some(tensor) => Err(Error::unsupported(format!(
            "model.onnx stores `{}` in another file: export it again with its weights inside",
            tensor.name
        ))),
        None => Ok(()),
    }
}

/// Reports unknown ops and missing values by name, where tract would fail with a general error.
fn check_graph(graph: &GraphProto, onnx: &Onnx) -> Result<(), Error> {
    let unknown = graph.node.iter().find(|n| !onnx.op_register.0.contains_key(&n.op_type));
    if let Some(node) = unknown {
        let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
        return Err(Error::unsupported(format!(
            "model.onnx uses the op `{}` of {domain}, which this runtime does not support",
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
        Some(output) => {
            Err(Error::malformed(format!("model.onnx is damaged: nothing computes its output `{}`", output.name)))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tract_still_has_the_pass_that_is_left_out() {
        let names: Vec<String> = Optimizer::declutter().passes.iter().map(|pass| format!("{pass:?}")).collect();
        assert_eq!(names.iter().filter(|name| *name == ENDLESS_PASS).count(), 1, "{names:?}");
    }
}
