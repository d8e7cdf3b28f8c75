//! ONNX files: read, checked for what would fail later, and prepared as tract graphs.

use std::collections::HashSet;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, tensor_proto::DataLocation};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use crate::error::Error;

/// The graph inputs that a text classifier may have, each `[batch, sequence]` of int64.
pub(crate) const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];

/// A decoded ONNX file whose every op is known.
pub(crate) struct OnnxModel {
    onnx: Onnx,
    proto: ModelProto,
}

impl OnnxModel {
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Result<Self, Error> {
        // Types and shapes that the file declares for inner values are only hints, often too narrow ones.
        let onnx = onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
        let proto = onnx
            .proto_model_for_read(&mut bytes)
            .map_err(|e| Error::malformed(format!("model.onnx is damaged: {e:#}")))?;
        let graph = proto.graph.as_ref().ok_or_else(|| Error::malformed("model.onnx is damaged: it has no graph"))?;
        check_graph(graph, &onnx)?;
        Ok(Self { onnx, proto })
    }

    /// Rows of the table that `input_ids` looks up, where they can be told.
    pub(crate) fn vocabulary(&self) -> Option<usize> {
        let graph = self.proto.graph.as_ref()?;
        let looked_up = |n: &&NodeProto| n.op_type == "Gather" && n.input.get(1).is_some_and(|i| i == "input_ids");
        let table = graph.node.iter().find(looked_up)?.input.first()?;
        let dequantized =
            graph.node.iter().find(|n| n.op_type == "DequantizeLinear" && n.output.first() == Some(table));
        let table = dequantized.and_then(|n| n.input.first()).unwrap_or(table);
        let rows = graph.initializer.iter().find(|t| &t.name == table)?.dims.first()?;
        usize::try_from(*rows).ok()
    }

    /// The names of the graph's inputs, in order, initializers left out.
    pub(crate) fn inputs(&self) -> Vec<String> {
        let Some(graph) = &self.proto.graph else { return Vec::new() };
        let initialized: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let names = graph.input.iter().map(|i| i.name.as_str());
        names.filter(|name| !initialized.contains(name)).map(String::from).collect()
    }

    /// The optimised graph for any sequence length, and for any number of rows where `rows` is `None`.
    pub(crate) fn prepare(&self, rows: Option<usize>) -> TractResult<TypedModel> {
        let parsed = self.onnx.parse(&self.proto, None)?;
        ensure!(parsed.unresolved_inputs.is_empty(), "values {:?} come from nowhere", parsed.unresolved_inputs);
        let mut model = parsed.model;
        let sequence = model.symbols.sym("sequence").to_dim();
        let batch = rows.map_or_else(|| model.symbols.sym("batch").to_dim(), |n| n.to_dim());
        for ix in 0..model.input_outlets()?.len() {
            model.set_input_fact(
                ix,
                InferenceFact::dt_shape(i64::datum_type(), tvec![batch.clone(), sequence.clone()]),
            )?;
        }
        let logits = parsed.outlets_by_name.get("logits").copied();
        let output = logits.or_else(|| model.outputs.first().copied()).context("the graph has no output")?;
        model.select_output_outlets(&[output])?;
        model.into_typed()?.into_optimized()
    }
}

/// Names what tract would only stumble over: each finding is one sentence to the person whose model it is.
fn check_graph(graph: &GraphProto, onnx: &Onnx) -> Result<(), Error> {
    let unknown = graph.node.iter().find(|n| !onnx.op_register.0.contains_key(&n.op_type));
    if let Some(node) = unknown {
        let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
        return Err(Error::unsupported(format!(
            "model.onnx uses the op `{}` of {domain}, which this runtime does not have",
            node.op_type
        )));
    }
    let external = graph.initializer.iter().find(|t| t.data_location == Some(DataLocation::External as i32));
    if let Some(tensor) = external {
        return Err(Error::unsupported(format!(
            "model.onnx keeps `{}` in another file; store its weights inside",
            tensor.name
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
