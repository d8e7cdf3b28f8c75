//! The nodes of the file that its outputs need, wired one by one into tract's graph. Shapes follow from the inputs alone.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_hir::internal::*;

use super::node::{Node, load};
use super::wire;
use crate::graph::weights::QuantTensors;

/// The tensors of the file that are not quantised, by name.
pub(in crate::graph) struct Constants(HashMap<String, Arc<Tensor>>);

impl Constants {
    /// Takes their values out of the file one by one, so that all of them are never in memory twice. A tensor of a type that
    /// is not supported stays: the node that reads it, if one does, is an error.
    pub(in crate::graph) fn take(graph: &mut GraphProto) -> Self {
        let take = |tensor: &mut TensorProto| {
            let value = load(tensor).ok()?.into_arc_tensor();
            let TensorProto { name, dims, data_type, .. } = std::mem::take(tensor);
            *tensor = TensorProto { name: name.clone(), dims, data_type, ..TensorProto::default() };
            Some((name, value))
        };
        Self(graph.initializer.iter_mut().filter_map(take).collect())
    }
}

/// What a graph is wired from.
pub(in crate::graph) struct Source<'a> {
    pub proto: &'a ModelProto,
    /// The weights that were taken out of `proto`.
    pub weights: &'a QuantTensors,
    pub constants: &'a Constants,
    /// The names of the inputs, all of them int64 of the same shape.
    pub inputs: &'a [String],
    /// Whether products with weights in blocks become fused ops. Else they are left to the fusion rules, which compute them in
    /// f32 where that is wanted, and find attention around them.
    pub fuses: bool,
}

impl Source<'_> {
    /// Wires a graph with these inputs' shape and the outputs of these names.
    pub(in crate::graph) fn wire(
        &self,
        mut model: TypedModel,
        shape: &[TDim],
        outputs: &[&str],
    ) -> TractResult<TypedModel> {
        let graph = self.proto.graph.as_ref().context("the file has no graph")?;
        // Answers about symbolic dimensions are kept while it lives.
        let symbols = model.symbols.clone();
        let _session = symbols.proof_cache_session();
        let mut values = Values {
            outlets: HashMap::new(),
            initializers: graph.initializer.iter().map(|tensor| (&tensor.name[..], tensor)).collect(),
            weights: self.weights,
            constants: self.constants,
        };
        for name in self.inputs {
            values.outlets.insert(name, model.add_source(name, i64::fact(shape))?);
        }
        let mut masks = HashMap::new();
        let (opset, fuses) = (self.opset(), self.fuses);
        for proto in nodes_in_order(graph, outputs)? {
            let inputs = proto.input.iter().map(|name| values.optional(&mut model, name));
            let inputs = inputs.collect::<TractResult<_>>()?;
            let wire = wire(proto).context("the op is not registered")?;
            let made = wire(&mut Node { proto, opset, inputs, model: &mut model, fuses, masks: &mut masks });
            let made = made.map_err(|error| {
                let name = if proto.name.is_empty() { proto.output.first() } else { Some(&proto.name) };
                format_err!("the node `{}` of the op {}: {error:#}", name.map_or("", |name| name), proto.op_type)
            })?;
            values.outlets.extend(proto.output.iter().map(|name| &name[..]).zip(made));
        }
        let outputs = outputs.iter().map(|name| values.get(&mut model, name)).collect::<TractResult<Vec<_>>>()?;
        model.select_output_outlets(&outputs)?;
        Ok(model)
    }

    /// The version of the standard ops.
    fn opset(&self) -> i64 {
        let mut imports = self.proto.opset_import.iter();
        imports.find(|import| ["", "ai.onnx"].contains(&&import.domain[..])).map_or(0, |import| import.version)
    }
}

/// The values of the file that are in the graph, by name.
struct Values<'a> {
    outlets: HashMap<&'a str, OutletId>,
    initializers: HashMap<&'a str, &'a TensorProto>,
    weights: &'a QuantTensors,
    constants: &'a Constants,
}

impl<'a> Values<'a> {
    /// The value of an input of a node; `None` if the node omits it.
    fn optional(&mut self, model: &mut TypedModel, name: &'a str) -> TractResult<Option<OutletId>> {
        if name.is_empty() { Ok(None) } else { self.get(model, name).map(Some) }
    }

    /// A value. Weights come into the graph when they are asked for.
    fn get(&mut self, model: &mut TypedModel, name: &'a str) -> TractResult<OutletId> {
        if let Some(outlet) = self.outlets.get(name) {
            return Ok(*outlet);
        }
        let unique = model.unique_name(name).into_owned();
        let outlet = if let Some(weight) = self.weights.constant(name) {
            model.wire_node(unique, weight, &[])?[0]
        } else {
            let tensor = match self.constants.0.get(name) {
                Some(tensor) => tensor.clone(),
                None => {
                    let tensor = self.initializers.get(name);
                    load(tensor.with_context(|| format!("no op computes the value `{name}`"))?)?.into_arc_tensor()
                }
            };
            // Not by `add_const`, which compares the tensor with all others.
            let fact = TypedFact::try_from(tensor.clone())?;
            model.add_node(unique, Const::new(tensor)?, tvec!(fact))?.into()
        };
        self.outlets.insert(name, outlet);
        Ok(outlet)
    }
}

/// The nodes that the outputs need, each behind those that it reads.
fn nodes_in_order<'a>(graph: &'a GraphProto, outputs: &[&str]) -> TractResult<Vec<&'a NodeProto>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        /// The nodes that it reads are on the stack above it.
        Open,
        Done,
    }
    let nodes = graph.node.iter().enumerate();
    let named = nodes.flat_map(|(index, node)| node.output.iter().map(move |name| (&name[..], index)));
    let producers: HashMap<&str, usize> = named.filter(|(name, _)| !name.is_empty()).collect();
    let producer = |name: &str| producers.get(name).copied();
    let mut states = vec![State::New; graph.node.len()];
    let mut stack: Vec<usize> = outputs.iter().filter_map(|name| producer(name)).collect();
    let mut order = vec![];
    while let Some(&index) = stack.last() {
        let node = &graph.node[index];
        match states[index] {
            State::New => {
                states[index] = State::Open;
                for read in node.input.iter().rev().filter_map(|name| producer(name)) {
                    ensure!(states[read] != State::Open, "the node `{}` depends on itself", graph.node[read].name);
                    stack.push(read);
                }
            }
            State::Open => {
                states[index] = State::Done;
                order.push(node);
            }
            State::Done => {
                stack.pop();
            }
        }
    }
    Ok(order)
}
