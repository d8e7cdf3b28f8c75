//! Undoes onnxruntime's dynamic quantisation of activations, since our linear layers quantise their inputs themselves. The
//! weights stay quantised, behind a `DequantizeLinear` that [`extract`](super::extract) takes out.
//!
//! | in the file | becomes |
//! |---|---|
//! | `Mul(Cast(MatMulInteger(q(x), W)), x's scale × W's)`, `q` being `DynamicQuantizeLinear` | `MatMul(x, DequantizeLinear(W))` |
//! | the same with `q(y)` in place of `W` | `MatMul(x, y)` |
//! | `DequantizeLinear(Gather(W, ids))` | `Gather(DequantizeLinear(W), ids)` |
//! | `QAttention(q(x), W, …)` | `Attention(x, DequantizeLinear(W), …)` |
//! | `QEmbedLayerNormalization` of quantised tables | `EmbedLayerNormalization` of dequantised ones |

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use crate::graph::op::CONTRIB;

/// Rewrites the graph as in the table above. Nodes that are then of no use stay: `onnx.rs` drops them.
pub(in crate::graph) fn undo(graph: &mut GraphProto) {
    let mut replacements = Replacements::new(graph).collect();
    if replacements.is_empty() {
        return;
    }
    let mut nodes = vec![];
    for (index, node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        match replacements.remove(&index) {
            Some(replacement) => nodes.extend(replacement),
            None => nodes.push(node),
        }
    }
    graph.node = nodes;
}

/// Finds the nodes to replace.
struct Replacements<'a> {
    nodes: &'a [NodeProto],
    initializers: HashMap<&'a str, &'a TensorProto>,
    /// The node that computes each value.
    producers: HashMap<&'a str, &'a NodeProto>,
    /// Names of the weights that already have a `DequantizeLinear`.
    dequantized: HashSet<String>,
}

impl<'a> Replacements<'a> {
    fn new(graph: &'a GraphProto) -> Self {
        let outputs = |node: &'a NodeProto| node.output.iter().map(move |output| (output.as_str(), node));
        Self {
            nodes: &graph.node,
            initializers: graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect(),
            producers: graph.node.iter().flat_map(outputs).collect(),
            dequantized: HashSet::new(),
        }
    }

    /// The new nodes, by the index of the node that they replace.
    fn collect(mut self) -> HashMap<usize, Vec<NodeProto>> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter_map(|(index, node)| Some((index, self.replace_node(node)?))).collect()
    }

    fn replace_node(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        match &node.op_type[..] {
            "QAttention" => self.replace_attention(node),
            "QEmbedLayerNormalization" => self.replace_embedding(node),
            _ => self.replace_product(node).or_else(|| self.replace_lookup(node)),
        }
    }

    /// Replaces attention whose input and weight are quantised.
    fn replace_attention(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let input = |i: usize| node.input.get(i).map_or("", String::as_str);
        let quantize = self.producer("DynamicQuantizeLinear", input(0))?;
        if !quantize.output.iter().eq([input(0), input(3), input(6)]) {
            return None;
        }
        let weight = self.constants([input(1), input(4), input(7)])?;
        let mut nodes = vec![];
        let weight = self.dequantize(weight, &mut nodes);
        let inputs = [quantize.input.first()?, &weight, input(2), input(5), input(8)].map(String::from);
        nodes.push(self.contrib_like("Attention", inputs.into(), node));
        Some(nodes)
    }

    /// Replaces embeddings whose tables and vectors are quantised.
    fn replace_embedding(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let input = |i: usize| node.input.get(i).map_or("", String::as_str);
        // Five tables and vectors from input 2 on, their scales from input 8 on, their zero points from input 13 on.
        let (mut nodes, mut inputs) = (vec![], vec![input(0).to_string(), input(1).to_string()]);
        for i in 0..5 {
            let values = input(2 + i);
            if values.is_empty() {
                inputs.push(String::new());
                continue;
            }
            let constants = self.constants([values, input(8 + i), input(13 + i)])?;
            inputs.push(self.dequantize(constants, &mut nodes));
        }
        inputs.push(input(7).into());
        nodes.push(self.contrib_like("EmbedLayerNormalization", inputs, node));
        Some(nodes)
    }

    /// The inputs of a `DequantizeLinear`, if all are constants. The zero point may be missing.
    fn constants<'n>(&self, [values, scale, zero_point]: [&'n str; 3]) -> Option<Vec<&'n str>> {
        let mut inputs = vec![values, scale];
        inputs.extend(Some(zero_point).filter(|name| !name.is_empty()));
        inputs.iter().all(|name| self.initializers.contains_key(name)).then_some(inputs)
    }

    /// An op of onnxruntime's domain with the outputs and attributes of `node`.
    fn contrib_like(&self, op: &str, input: Vec<String>, node: &NodeProto) -> NodeProto {
        let domain = CONTRIB.into();
        NodeProto { domain, attribute: node.attribute.clone(), ..node_like(op, input, node) }
    }

    /// Replaces a dynamically quantised matrix product: the `Mul` of the cast sums by the product of the operands'
    /// scales. Both factors of a `Mul` may be in either order.
    fn replace_product(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let [a, b] = self.factors(node)?;
        let (sums, scales) = [(a, b), (b, a)].into_iter().find(|(a, _)| self.producer("Cast", a).is_some())?;
        let integers = self.producer("MatMulInteger", self.producer("Cast", sums)?.input.first()?)?;
        let [a, b] = self.factors(self.producer("Mul", scales)?)?;
        let operands = [[a, b], [b, a]].into_iter().find_map(|scales| {
            let operand = |i: usize| self.operand(integers, i, scales[i]);
            Some([operand(0)?, operand(1)?])
        })?;
        let mut replacement = vec![];
        let inputs = operands.map(|operand| match operand {
            Operand::Float(name) => name.into(),
            Operand::Weight(inputs) => self.dequantize(inputs, &mut replacement),
        });
        replacement.push(node_like("MatMul", inputs.into(), node));
        Some(replacement)
    }

    /// Replaces a dequantised lookup of rows. It must have one scale for the whole table.
    fn replace_lookup(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let [values, parameters @ ..] = node.input.as_slice() else { return None };
        let gather = self.producer("Gather", values).filter(|_| node.op_type == "DequantizeLinear")?;
        let mut inputs = vec![gather.input.first()?.as_str()];
        inputs.extend(parameters.iter().map(String::as_str));
        let one_scale = self.initializers.get(inputs.get(1)?)?.dims.iter().all(|&size| size == 1);
        if !one_scale || inputs.iter().any(|name| !self.initializers.contains_key(name)) {
            return None;
        }
        let mut replacement = vec![];
        let table = self.dequantize(inputs, &mut replacement);
        let rows = node_like("Gather", vec![table, gather.input.get(1)?.clone()], node);
        replacement.push(NodeProto { attribute: gather.attribute.clone(), ..rows });
        Some(replacement)
    }

    /// The node that computes a value, if it is this op.
    fn producer(&self, op: &str, value: &str) -> Option<&'a NodeProto> {
        self.producers.get(value).copied().filter(|node| node.op_type == op)
    }

    /// The inputs of a `Mul`.
    fn factors<'n>(&self, node: &'n NodeProto) -> Option<[&'n str; 2]> {
        match node.input.as_slice() {
            [a, b] if node.op_type == "Mul" => Some([a, b]),
            _ => None,
        }
    }

    /// The f32 operand that an input of a `MatMulInteger` represents, if `scale` is its scale.
    fn operand(&self, integers: &'a NodeProto, index: usize, scale: &'a str) -> Option<Operand<'a>> {
        let values = integers.input.get(index)?.as_str();
        let zero_point = integers.input.get(index + 2).map_or("", String::as_str);
        if let Some(quantize) = self.producer("DynamicQuantizeLinear", values) {
            let own = quantize.output.iter().eq([values, scale, zero_point]);
            return quantize.input.first().filter(|_| own).map(|x| Operand::Float(x));
        }
        self.constants([values, scale, zero_point]).map(Operand::Weight)
    }

    /// The name of a weight's f32 values. Weights may be shared: the `DequantizeLinear` is added once.
    fn dequantize(&mut self, inputs: Vec<&str>, nodes: &mut Vec<NodeProto>) -> String {
        let name = format!("{}.dequantized", inputs[0]);
        if self.dequantized.insert(name.clone()) {
            let last =
                AttributeProto { name: "axis".into(), i: -1, r#type: AttributeType::Int as i32, ..Default::default() };
            nodes.push(NodeProto {
                op_type: "DequantizeLinear".into(),
                input: inputs.into_iter().map(String::from).collect(),
                output: vec![name.clone()],
                attribute: vec![last],
                ..NodeProto::default()
            });
        }
        name
    }
}

/// An operand of a quantised product, in f32.
enum Operand<'a> {
    /// The value that `DynamicQuantizeLinear` quantises.
    Float(&'a str),
    /// A quantised weight, as the inputs of its `DequantizeLinear`.
    Weight(Vec<&'a str>),
}

/// A node with the outputs of `node`.
fn node_like(op: &str, input: Vec<String>, node: &NodeProto) -> NodeProto {
    NodeProto { op_type: op.into(), input, output: node.output.clone(), ..NodeProto::default() }
}
