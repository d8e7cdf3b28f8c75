//! Weights that are stored quantised, in unusual forms.

use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

use super::{alone, changed, changed_file, scales};
use crate::inference::encoder::Encoder;

#[test]
fn weights_with_a_scale_of_zero_are_zeros() {
    let encoder = changed(|graph| scales(graph).for_each(|tensor| tensor.raw_data.fill(0))).unwrap();
    let logits = |ids: &[i64]| encoder.encode(alone(ids)).unwrap().swap_remove(0).logits;
    let first = logits(&[1, 2, 3]);
    assert!(first.iter().all(|value| value.is_finite()), "{first:?}");
    assert_eq!(first, logits(&[9, 8, 7, 6, 5, 4]), "only biases are left, so all texts have the same logits");
    assert_ne!(first, [0.0, 0.0]);
}

/// Layers that share their weights, and a bias inside the product.
#[test]
fn products_in_blocks_may_share_weights_and_have_a_bias() {
    let logits = |change: &dyn Fn(&mut GraphProto)| {
        let encoder = changed_file("distilbert-dynamo20-sdpa-4bit-zeros.onnx", change).unwrap();
        encoder.encode(alone(&[1, 2, 3])).unwrap().swap_remove(0).logits
    };
    let products = |graph: &GraphProto| -> Vec<usize> {
        let nodes = graph.node.iter().enumerate();
        nodes.filter(|(_, node)| node.op_type == "MatMulNBits").map(|(i, _)| i).collect()
    };
    let before = logits(&|_| ());
    let shared = logits(&|graph| {
        // Keys with the weights of queries.
        let [query, key] = products(graph)[..2] else { panic!("no products") };
        let weights = graph.node[query].input[1..4].to_vec();
        graph.node[key].input[1..4].clone_from_slice(&weights);
    });
    assert_ne!(shared, before);
    assert!(shared.iter().all(|logit| logit.is_finite()));
    let inside = logits(&|graph| {
        let mut moved = 0;
        for product in products(graph) {
            let output = graph.node[product].output[0].clone();
            let adds = |node: &NodeProto| node.op_type == "Add" && node.input.contains(&output);
            let Some(at) = graph.node.iter().position(adds) else { continue };
            let bias = graph.node[at].input.iter().find(|name| **name != output).unwrap().clone();
            if graph.initializer.iter().any(|tensor| tensor.name == bias) {
                let sum = graph.node[at].output.clone();
                let same =
                    NodeProto { op_type: "Identity".into(), input: vec![output], output: sum, ..NodeProto::default() };
                graph.node[at] = same;
                graph.node[product].input.extend([String::new(), bias]);
                moved += 1;
            }
        }
        assert!(moved >= 12, "only {moved} biases");
    });
    assert_eq!(inside, before);
}

#[test]
fn blocks_may_have_256_weights() {
    let logits = |change: &dyn Fn(&mut GraphProto)| {
        let encoder = changed_file("distilbert-dynamo20-sdpa-4bit-128.onnx", change).unwrap();
        encoder.encode(alone(&[1, 2, 3])).unwrap().swap_remove(0).logits
    };
    let larger = logits(&|graph| {
        let mut weights = vec![];
        for node in graph.node.iter_mut().filter(|node| node.op_type == "MatMulNBits") {
            node.attribute.iter_mut().filter(|a| a.name == "block_size").for_each(|a| a.i = 256);
            weights.push(node.input[1].clone());
        }
        let blocks = graph.initializer.iter_mut().filter(|tensor| weights.contains(&tensor.name));
        for tensor in blocks {
            // Each channel is one block, the end of which is not used.
            assert_eq!(tensor.dims[1..], [1, 64]);
            tensor.dims[2] = 128;
            tensor.raw_data = tensor.raw_data.chunks(64).flat_map(|block| [block, &[0; 64]].concat()).collect();
        }
    });
    assert_eq!(larger, logits(&|_| ()));
}

/// Some quantisers write a `DequantizeLinear` for each node that reads the weights.
#[test]
fn two_nodes_may_dequantise_the_same_weights() {
    let logits = |change: &dyn Fn(&mut GraphProto)| {
        let encoder = changed(change).unwrap();
        encoder.encode(alone(&[1, 2, 3])).unwrap().swap_remove(0).logits
    };
    let twice = logits(&|graph| {
        let is_dequantize = |node: &&NodeProto| node.op_type == "DequantizeLinear";
        let mut copies: Vec<NodeProto> = graph.node.iter().filter(is_dequantize).cloned().collect();
        assert!(copies.len() > 5);
        for copy in &mut copies {
            let name = format!("{}_copy", copy.output[0]);
            let inputs = graph.node.iter_mut().flat_map(|node| &mut node.input);
            inputs.filter(|input| **input == copy.output[0]).for_each(|input| input.clone_from(&name));
            copy.output[0] = name;
        }
        graph.node.extend(copies);
    });
    assert_eq!(twice, logits(&|_| ()));
}

/// Files of an early version of the format list them so.
#[test]
fn quantised_weights_may_be_listed_among_the_inputs() {
    let encoder = changed(|graph| {
        let names = graph.initializer.iter().map(|tensor| tensor.name.clone());
        graph.input.extend(names.map(|name| ValueInfoProto { name, ..ValueInfoProto::default() }));
    });
    assert!(encoder.unwrap().encode(alone(&[1, 2, 3])).is_ok());
}
