//! Files that are damaged or of a form that is not supported, and inputs that do not fit.

use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

use super::{alone, changed, changed_file, scales};
use crate::error::ErrorKind;
use crate::inference::encoder::{Encoder, TractEncoder};
use crate::load_options::Precision;
use crate::model::ModelFiles;

#[test]
fn damaged_weights_are_rejected() {
    let nan = f32::NAN.to_le_bytes();
    type Change<'a> = &'a dyn Fn(&mut GraphProto);
    let cases: [(&str, Change); 3] = [
        ("a scale that is not a number", &|graph| scales(graph).for_each(|t| t.raw_data[..4].copy_from_slice(&nan))),
        ("a scale too few", &|graph| {
            scales(graph).filter(|t| t.raw_data.len() > 8).for_each(|t| t.raw_data.truncate(8))
        }),
        ("values too few", &|graph| {
            let stored = |t: &&mut TensorProto| t.name.ends_with("_quantized") || t.name.ends_with("_Q4");
            graph.initializer.iter_mut().filter(stored).for_each(|t| t.raw_data.truncate(7));
        }),
    ];
    for file in ["distilbert-dynamo20-sdpa-int8.onnx", "distilbert-dynamo20-sdpa-4bit.onnx"] {
        for (what, change) in cases {
            let error = changed_file(file, change).err().unwrap_or_else(|| panic!("{file}: {what} was accepted"));
            assert_eq!(error.kind(), ErrorKind::ModelMalformed, "{file}, {what}: {error}");
        }
    }
}

/// The error names the op, and for bitsandbytes' format the remedy.
#[test]
fn other_forms_of_4_bits_are_rejected() {
    type Change<'a> = &'a dyn Fn(&mut NodeProto);
    let cases: [(&str, Change); 2] = [
        ("`MatMulNBits` of com.microsoft", &|node| {
            node.attribute.iter_mut().filter(|a| a.name == "bits").for_each(|a| a.i = 3);
        }),
        ("bitsandbytes (the op `MatMulBnb4`), which this runtime does not read: take", &|node| {
            node.op_type = "MatMulBnb4".into();
        }),
    ];
    for (message, change) in cases {
        let error = changed_file("distilbert-dynamo20-sdpa-4bit.onnx", |graph| {
            graph.node.iter_mut().filter(|node| node.op_type == "MatMulNBits").for_each(change);
        });
        let error = error.err().expect("it was accepted");
        assert_eq!(error.kind(), ErrorKind::ModelUnsupported);
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// Without its zero points, a quantised product means something else.
#[test]
fn other_forms_of_dynamic_quantisation_are_rejected() {
    let error = changed_file("distilbert-dynamo20-sdpa-dynamic-uint8.onnx", |graph| {
        graph.node.iter_mut().filter(|node| node.op_type == "MatMulInteger").for_each(|node| node.input.truncate(2));
    });
    let error = error.err().expect("it was accepted");
    assert_eq!(error.kind(), ErrorKind::ModelUnsupported);
    assert!(error.to_string().contains("`DynamicQuantizeLinear` of ai.onnx"), "{error}");
}

#[test]
fn an_odd_number_of_float16_bytes_is_rejected() {
    let error = changed_file("distilbert-dynamo20-sdpa-float16.onnx", |graph| {
        let stored = graph.initializer.iter_mut().filter(|tensor| tensor.data_type == DataType::Float16 as i32);
        stored.for_each(|tensor| tensor.raw_data.truncate(7));
    });
    assert_eq!(error.err().expect("it was accepted").kind(), ErrorKind::ModelMalformed);
}

#[test]
fn shapes_that_contradict_each_other_are_an_error() {
    for tenth in [3, 7] {
        // A shape with the same number of weights that fits no other tensor.
        let error = changed(|graph| {
            let weights: Vec<_> =
                graph.initializer.iter_mut().filter(|t| t.name.ends_with("_quantized") && t.dims.len() == 2).collect();
            let at = weights.len() * tenth / 10;
            let tensor = weights.into_iter().nth(at).unwrap();
            tensor.dims = vec![tensor.dims[0] * 2, tensor.dims[1] / 2];
        });
        let error = error.err().expect("it was accepted");
        assert!([ErrorKind::ModelMalformed, ErrorKind::ModelUnsupported].contains(&error.kind()), "{error}");
    }
}

/// The order of nodes says nothing: each is wired behind those that it reads.
#[test]
fn nodes_may_be_in_any_order() {
    let logits = |change: &dyn Fn(&mut GraphProto)| {
        changed(change).unwrap().encode(alone(&[1, 2, 3])).unwrap().swap_remove(0).logits
    };
    assert_eq!(logits(&|graph| graph.node.reverse()), logits(&|_| ()));
}

/// Such as the index of the best label, beside the logits. The nodes of quantised ones are replaced, whatever their order.
#[test]
fn nodes_that_no_needed_output_reads_are_ignored() {
    for file in ["distilbert-dynamo20-sdpa-int8.onnx", "distilbert-dynamo20-sdpa-dynamic-uint8.onnx"] {
        let logits = |change: &dyn Fn(&mut GraphProto)| {
            changed_file(file, change).unwrap().encode(alone(&[1, 2, 3])).unwrap().swap_remove(0).logits
        };
        let with_label = logits(&|graph| {
            let mut output = graph.output[0].clone();
            output.name = "label".into();
            graph.node.push(NodeProto {
                op_type: "ArgMax".into(),
                input: vec![graph.output[0].name.clone()],
                output: vec![output.name.clone()],
                ..NodeProto::default()
            });
            graph.output.push(output);
            graph.node.reverse();
        });
        assert_eq!(with_label, logits(&|_| ()), "{file}");
    }
}

/// Padding would be read as text.
#[test]
fn a_graph_without_a_mask_reads_one_text_at_a_time() {
    let encoder = changed(|graph| {
        graph.input.retain(|input| input.name != "attention_mask");
        let node = |op_type: &str, inputs: [&str; 2], output: &str| NodeProto {
            op_type: op_type.into(),
            input: inputs.map(String::from).into_iter().filter(|input| !input.is_empty()).collect(),
            output: vec![output.into()],
            ..NodeProto::default()
        };
        let mut cast = node("Cast", ["equal", ""], "attention_mask");
        let to = AttributeType::Int as i32;
        cast.attribute.push(AttributeProto { name: "to".into(), r#type: to, i: 7, ..AttributeProto::default() });
        graph.node.extend([node("Equal", ["input_ids", "input_ids"], "equal"), cast]);
    });
    let encoder = encoder.unwrap();
    assert_eq!(encoder.max_rows(), 1);
    assert!(encoder.encode(alone(&[1, 2, 3])).is_ok());
    assert!(changed(|_| ()).unwrap().max_rows() > 1);
}

#[test]
fn values_that_cannot_be_computed_are_named() {
    fn softmax(graph: &mut GraphProto) -> &mut NodeProto {
        graph.node.iter_mut().find(|node| node.op_type == "Softmax").unwrap()
    }
    let missing = changed(|graph| softmax(graph).input[0] = "nothing".into());
    let circular = changed(|graph| {
        let node = softmax(graph);
        (node.name, node.input[0]) = ("a circle".into(), node.output[0].clone());
    });
    let cases = [(missing, "no op computes the value `nothing`"), (circular, "the node `a circle` depends on itself")];
    for (model, message) in cases {
        let error = model.err().expect("it was accepted");
        assert_eq!(error.kind(), ErrorKind::ModelUnsupported);
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// In the form of the packaged model, whose nodes become fused ops without a search for patterns.
#[test]
fn parts_that_do_not_fit_a_fused_op_are_rejected() {
    type Change = fn(&mut GraphProto);
    fn resize(graph: &mut GraphProto, name: &str) {
        let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name == name).unwrap();
        (tensor.dims, tensor.raw_data) = (vec![7], vec![0; 28]);
    }
    let cases: [(&str, Change); 7] = [
        ("a bias", |graph| resize(graph, "query.bias")),
        ("a bias of GELU", |graph| resize(graph, "intermediate.bias")),
        ("block scales", |graph| resize(graph, "output.scale")),
        ("scales of the table", |graph| resize(graph, "words.scale")),
        ("a gain", |graph| resize(graph, "attention.norm.weight")),
        ("the input", |graph| graph.node.iter_mut().find(|node| node.name == "key").unwrap().input[0] = "mask".into()),
        ("the heads", |graph| {
            let attributes = graph.node.iter_mut().flat_map(|node| &mut node.attribute);
            attributes.filter(|attribute| attribute.name == "num_heads").for_each(|attribute| attribute.i = 3);
        }),
    ];
    let read = |change: Change| {
        let bytes = std::fs::read("tests/fixtures/tiny/packaged.onnx").unwrap();
        let mut proto = ModelProto::decode(&bytes[..]).unwrap();
        change(proto.graph.as_mut().unwrap());
        TractEncoder::read(&mut &proto.encode_to_vec()[..], &ModelFiles::new(), Some(3), Precision::Auto)
    };
    assert!(read(|_| ()).is_ok());
    for (what, change) in cases {
        let error = read(change).err().unwrap_or_else(|| panic!("{what} was accepted"));
        assert!([ErrorKind::ModelMalformed, ErrorKind::ModelUnsupported].contains(&error.kind()), "{what}: {error}");
    }
}

#[test]
fn extreme_lengths_and_ids_do_not_panic() {
    let encoder = changed(|_| ()).unwrap();
    // No token, one token, as many tokens as positions, one more, and a token outside of the vocabulary.
    assert_eq!(encoder.encode(alone(&[])).unwrap_err().kind(), ErrorKind::Internal);
    assert!(encoder.encode(alone(&[3])).is_ok());
    assert!(encoder.encode(alone(&[3; 40])).is_ok());
    assert_eq!(encoder.encode(alone(&[3; 41])).unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(encoder.encode(alone(&[3, 50])).unwrap_err().kind(), ErrorKind::Internal);
}

/// By its name and op, without the types of tract.
#[test]
fn a_node_that_is_not_supported_is_named() {
    let error = changed(|graph| {
        let node = graph.node.iter_mut().find(|node| node.op_type == "Transpose").unwrap();
        node.name = "the node".into();
        node.attribute.iter_mut().for_each(|attribute| attribute.ints = vec![0, 0, 0, 0]);
    });
    let error = error.err().expect("it was accepted");
    assert_eq!(error.kind(), ErrorKind::ModelUnsupported);
    let start =
        "model.onnx cannot be prepared: the node `the node` of the op Transpose: [0, 0, 0, 0] is not a permutation";
    assert!(error.to_string().starts_with(start), "{error}");
}
