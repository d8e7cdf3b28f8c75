//! ONNX files: read, checked for what would fail later, and prepared as tract graphs of a few fused ops.
//!
//! ```text
//! bytes ─ OnnxModel::read ─▶ protobuf ─ onnx_ops ─▶ tract's graph ─ tract ─▶ normal form ─ rules ─▶ fused ops
//!                              └─ int8 and 4-bit weights, taken out (quantized.rs) ─────────────────┘
//! ```
//!
//! What is quantised dynamically (`dynamic`) or stored in float16 (`half`) is rewritten first, in the protobuf.
//!
//! | file | rule and op |
//! |---|---|
//! | `quant_linear` | `x · W + b` and GELU, with int8 weights |
//! | `quant_gather` | embeddings, with int8 rows |
//! | `gelu` | spells of GELU that tract does not know, for `quant_linear` |
//! | `add_layer_norm` | layer normalisation, of a sum where there is one |
//! | `attention` | scores, mask, softmax and values of all heads |
//! | `position` | no op: of the last layer, only what the classifier reads |
//!
//! `limits` has what a file may ask for, `indices` checks those that come from a text.
//! What no rule knows is left to tract's own ops.

mod add_layer_norm;
mod attention;
mod dynamic;
mod gelu;
mod half;
mod indices;
mod limits;
mod onnx_ops;
mod position;
mod quant_gather;
mod quant_linear;
mod quantized;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
mod weight;

use std::collections::HashSet;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, tensor_proto::DataLocation};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::model::Rewriter;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math::Mul;
use tract_onnx::tract_core::optim::Optimizer;
use tract_onnx::tract_hir::internal::*;

use crate::error::Error;
pub(crate) use limits::{SameSize, check_batch};
use quantized::QuantTensors;

/// The graph inputs that a text classifier may have, each `[batch, sequence]` of int64.
pub(crate) const INPUTS: [&str; 3] = ["input_ids", "attention_mask", "token_type_ids"];

type Rules = Rewriter<()>;

/// A decoded ONNX file whose every op is known.
pub(crate) struct OnnxModel {
    onnx: Onnx,
    proto: ModelProto,
    /// The quantised weights, which are no longer in `proto`.
    weights: QuantTensors,
    vocabulary: Option<usize>,
}

impl OnnxModel {
    pub(crate) fn read(bytes: &mut dyn bytes::Buf) -> Result<Self, Error> {
        // Types and shapes that the file declares for inner values are only hints, often too narrow ones.
        let mut onnx = Onnx::default().with_ignore_value_info(true).with_ignore_output_shapes(true);
        onnx_ops::register(&mut onnx.op_register);
        let mut proto: ModelProto =
            prost::Message::decode(bytes).map_err(|e| Error::malformed(format!("model.onnx is damaged: {e:#}")))?;
        let graph = proto.graph.as_mut().ok_or_else(|| Error::malformed("model.onnx is damaged: it has no graph"))?;
        check_weights(graph)?;
        limits::check_file(graph)?;
        half::widen(graph)?;
        dynamic::undo(graph);
        let weights = QuantTensors::take(graph)?;
        check_graph(graph, &onnx)?;
        let vocabulary = vocabulary(graph, &weights);
        Ok(Self { onnx, proto, weights, vocabulary })
    }

    /// Rows of the table that `input_ids` looks up, where they can be told.
    pub(crate) fn vocabulary(&self) -> Option<usize> {
        self.vocabulary
    }

    /// The names of the graph's inputs, in order, weights left out.
    pub(crate) fn inputs(&self) -> Vec<String> {
        let Some(graph) = &self.proto.graph else { return Vec::new() };
        let initialized: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let names = graph.input.iter().map(|i| i.name.as_str());
        names.filter(|name| !initialized.contains(name) && !self.weights.has(name)).map(String::from).collect()
    }

    /// The graph in tract's normal form, for any sequence length, and for any number of rows where `rows` is `None`.
    fn decluttered(&self, rows: Option<usize>) -> TractResult<TypedModel> {
        let parsed = self.onnx.parse(&self.proto, None)?;
        ensure!(parsed.unresolved_inputs.is_empty(), "values {:?} come from nowhere", parsed.unresolved_inputs);
        let mut model = parsed.model;
        let sequence = model.symbols.sym("sequence").to_dim();
        let batch = rows.map_or_else(|| model.symbols.sym("batch").to_dim(), |n| n.to_dim());
        let ids = InferenceFact::dt_shape(i64::datum_type(), tvec![batch, sequence]);
        for name in self.inputs() {
            let outlet = parsed.outlets_by_name.get(&name).context("an input is missing")?;
            model.set_outlet_fact(*outlet, ids.clone())?;
        }
        let logits = parsed.outlets_by_name.get("logits").copied();
        let output = logits.or_else(|| model.outputs.first().copied()).context("the graph has no output")?;
        model.select_output_outlets(&[output])?;
        let mut model = model.into_typed()?;
        self.weights.put(&mut model).context("put")?;
        let mut optimizer = Optimizer::declutter();
        // Which part of a value is read is of no use here, and there are graphs for which tract never stops asking.
        optimizer.passes.retain(|pass| format!("{pass:?}") != "PropagateRoi");
        optimizer.optimize(&mut model).context("declutter")?;
        Ok(model)
    }

    /// The graph of fused ops, ready to be run, and the sizes that it takes for equal.
    pub(crate) fn prepare(&self, rows: Option<usize>) -> TractResult<(TypedModel, Vec<SameSize>)> {
        let mut model = self.decluttered(rows)?;
        let mut rules = Rules::default();
        for add in [gelu::rules, quant_linear::rules, quant_gather::rules, add_layer_norm::rules, attention::rules] {
            rules = add(rules);
        }
        rules.rewrite(&(), &mut model).context("rules")?;
        position::rules(Rules::default()).rewrite(&(), &mut model).context("position")?;
        weight::dequantize_rest(&mut model).context("rest")?;
        let same = limits::same_sizes(&model)?;
        // What tract does better than its plain ops is matrix products; the passes cost as much as all rules together.
        if model.nodes().iter().any(|node| node.op_is::<EinSum>()) {
            model = model.into_optimized().context("optimize")?;
        }
        indices::check_all(&mut model);
        Ok((model, same))
    }
}

/// One dimension of an op's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dim {
    /// That axis of the first input.
    Input(usize),
    Fixed(usize),
}

/// The shape of an op's output.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dims(TVec<Dim>);

impl Dims {
    /// The axis of the first input that goes through to this one.
    fn input_axis(&self, axis: usize) -> Option<usize> {
        match self.0.get(axis) {
            Some(Dim::Input(input)) => Some(*input),
            _ => None,
        }
    }

    fn of<D: DimLike>(&self, input: &[D]) -> TVec<D> {
        let dim = |dim: &Dim| match *dim {
            Dim::Input(axis) => input[axis].clone(),
            Dim::Fixed(size) => size.into(),
        };
        self.0.iter().map(dim).collect()
    }
}

/// The value of an outlet that has one, in f32.
fn constant(model: &TypedModel, outlet: OutletId) -> Option<Arc<Tensor>> {
    let tensor = model.outlet_fact(outlet).ok()?.konst.clone()?;
    (tensor.datum_type() == f32::datum_type() && tensor.is_plain_ram()).then_some(tensor)
}

/// The inputs of the node behind an outlet, if it is that binary op.
fn binary<O: BinMiniOp>(model: &TypedModel, outlet: OutletId) -> Option<[OutletId; 2]> {
    let node = model.node(outlet.node);
    let is = node.op_as::<TypedBinOp>().is_some_and(|op| op.0.is::<O>());
    is.then(|| [node.inputs[0], node.inputs[1]])
}

/// What is left of an outlet without factors of one number, and their product.
fn unscaled(model: &TypedModel, mut outlet: OutletId) -> TractResult<(OutletId, f32)> {
    let mut scale = 1.0;
    while let Some([a, b]) = binary::<Mul>(model, outlet) {
        let factor = |o| constant(model, o).filter(|t| t.len() == 1);
        let (x, factor) = match (factor(a), factor(b)) {
            (_, Some(factor)) => (a, factor),
            (Some(factor), _) => (b, factor),
            _ => break,
        };
        scale *= factor.cast_to_scalar::<f32>()?;
        outlet = x;
    }
    Ok((outlet, scale))
}

/// Whether the output of `node` goes to `user` alone.
fn only_user(model: &TypedModel, node: usize, user: usize) -> bool {
    let users = model.outlet_successors(node.into());
    users.len() == 1 && users[0].node == user && !model.outputs.contains(&node.into())
}

/// Implements the two traits that say nothing about what an op computes; the closure gives its output facts.
macro_rules! typed_op {
    ($op:ident, |$this:ident, $inputs:ident| $facts:expr) => {
        impl Op for $op {
            fn name(&self) -> StaticName {
                stringify!($op).into()
            }

            fn as_typed(&self) -> Option<&dyn TypedOp> {
                Some(self)
            }
        }

        impl TypedOp for $op {
            fn output_facts(&self, $inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
                let $this = self;
                $facts
            }

            fn as_op(&self) -> &dyn Op {
                self
            }

            fn as_op_mut(&mut self) -> &mut dyn Op {
                self
            }
        }
    };
}
use typed_op;

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
            "model.onnx keeps `{}` in another file; store its weights inside",
            tensor.name
        ))),
        None => Ok(()),
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
