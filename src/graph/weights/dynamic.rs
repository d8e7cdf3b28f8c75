//! onnxruntime's dynamic quantisation is undone but for the weights, which stay as they are behind a `DequantizeLinear`
//! for [`extract`](super::extract) to take: our own linear layers quantise what goes into them.
//!
//! | in the file | becomes |
//! |---|---|
//! | `Mul(Cast(MatMulInteger(q(x), W)), x's scale × W's)`, `q` being `DynamicQuantizeLinear` | `MatMul(x, DequantizeLinear(W))` |
//! | the same with `q(y)` in place of `W` | `MatMul(x, y)` |
//! | `DequantizeLinear(Gather(W, ids))` | `Gather(DequantizeLinear(W), ids)` |

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// Replaces what there is of it in a graph.
pub(in crate::graph) fn undo(graph: &mut GraphProto) {
    let mut replaced = Replacements::of(graph).all();
    if replaced.is_empty() {
        return;
    }
    let mut nodes = vec![];
    for (at, node) in std::mem::take(&mut graph.node).into_iter().enumerate() {
        match replaced.remove(&at) {
            Some(instead) => nodes.extend(instead),
            None => nodes.push(node),
        }
    }
    // From the last node to the first, so that who uses a value is known before the node that gives it.
    let mut used: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    for node in nodes.into_iter().rev() {
        if node.output.iter().any(|output| used.contains(output)) {
            used.extend(node.input.iter().cloned());
            graph.node.push(node);
        }
    }
    graph.node.reverse();
}

struct Replacements<'a> {
    nodes: &'a [NodeProto],
    initializers: HashMap<&'a str, &'a TensorProto>,
    /// The node that gives a value.
    givers: HashMap<&'a str, &'a NodeProto>,
    /// The weights that have their `DequantizeLinear`.
    dequantized: HashSet<String>,
}

impl<'a> Replacements<'a> {
    fn of(graph: &'a GraphProto) -> Self {
        let gives = |node: &'a NodeProto| node.output.iter().map(move |output| (output.as_str(), node));
        Self {
            nodes: &graph.node,
            initializers: graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect(),
            givers: graph.node.iter().flat_map(gives).collect(),
            dequantized: HashSet::new(),
        }
    }

    /// By the place of the node whose output they give.
    fn all(mut self) -> HashMap<usize, Vec<NodeProto>> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter_map(|(at, node)| Some((at, self.product(node).or_else(|| self.rows(node))?))).collect()
    }

    fn product(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let [a, b] = self.factors(node)?;
        let (sums, scales) = [(a, b), (b, a)].into_iter().find(|(a, _)| self.given_by("Cast", a).is_some())?;
        let integers = self.given_by("MatMulInteger", self.given_by("Cast", sums)?.input.first()?)?;
        let [a, b] = self.factors(self.given_by("Mul", scales)?)?;
        let mut instead = vec![];
        let [x, w] = [[a, b], [b, a]].into_iter().find_map(|scales| {
            let operand = |i: usize| self.operand(integers, i, scales[i]);
            Some([operand(0)?, operand(1)?])
        })?;
        let inputs = [x, w].map(|operand| match operand {
            Operand::Float(name) => name.into(),
            Operand::Weight(inputs) => self.dequantize(inputs, &mut instead),
        });
        instead.push(made("MatMul", inputs.into(), node));
        Some(instead)
    }

    fn rows(&mut self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let [values, parameters @ ..] = node.input.as_slice() else { return None };
        let gather = self.given_by("Gather", values).filter(|_| node.op_type == "DequantizeLinear")?;
        let mut inputs = vec![gather.input.first()?.as_str()];
        inputs.extend(parameters.iter().map(String::as_str));
        let one_scale = self.initializers.get(inputs.get(1)?)?.dims.iter().all(|&size| size == 1);
        if !one_scale || inputs.iter().any(|name| !self.initializers.contains_key(name)) {
            return None;
        }
        let mut instead = vec![];
        let table = self.dequantize(inputs, &mut instead);
        let rows = made("Gather", vec![table, gather.input.get(1)?.clone()], node);
        instead.push(NodeProto { attribute: gather.attribute.clone(), ..rows });
        Some(instead)
    }

    fn given_by(&self, op: &str, value: &str) -> Option<&'a NodeProto> {
        self.givers.get(value).copied().filter(|node| node.op_type == op)
    }

    fn factors<'n>(&self, node: &'n NodeProto) -> Option<[&'n str; 2]> {
        match node.input.as_slice() {
            [a, b] if node.op_type == "Mul" => Some([a, b]),
            _ => None,
        }
    }

    /// What an input of a `MatMulInteger` stands for, if that is its scale.
    fn operand(&self, integers: &'a NodeProto, index: usize, scale: &'a str) -> Option<Operand<'a>> {
        let values = integers.input.get(index)?.as_str();
        let zero_point = integers.input.get(index + 2).map_or("", String::as_str);
        if let Some(quantize) = self.given_by("DynamicQuantizeLinear", values) {
            let own = quantize.output.iter().eq([values, scale, zero_point]);
            return quantize.input.first().filter(|_| own).map(|x| Operand::Float(x));
        }
        let mut inputs = vec![values, scale];
        inputs.extend(Some(zero_point).filter(|name| !name.is_empty()));
        let constant = inputs.iter().all(|name| self.initializers.contains_key(name));
        constant.then_some(Operand::Weight(inputs))
    }

    /// The name of a weight's values. Its node is made once, as weights may be shared.
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

enum Operand<'a> {
    Float(&'a str),
    /// The inputs of its `DequantizeLinear`.
    Weight(Vec<&'a str>),
}

/// An op that gives what `node` gave.
fn made(op: &str, input: Vec<String>, node: &NodeProto) -> NodeProto {
    NodeProto { op_type: op.into(), input, output: node.output.clone(), ..NodeProto::default() }
}
