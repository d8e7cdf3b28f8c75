//! Models of all architectures and exporters: which ops they end up with, and what they compute.

use prost::Message;
use tract_onnx::pb::{ModelProto, NodeProto};

use super::{Model, alone, errors, fused, goldens, load, load_with};
use crate::inference::encoder::{Encoder, TractEncoder};
use crate::load_options::Precision;
use crate::model::ModelFiles;

/// The largest and the mean difference of a logit from onnxruntime's. Our weights have 7 bits and our activations 8.
/// The fixtures' logits spread over 2 to 6.
const MAX_ERROR: f32 = 0.5;
const MEAN_ERROR: f32 = 0.15;

/// Architectures whose layers have other parts than BERT's.
const UNLIKE_BERT: [&str; 4] = ["deberta", "mobilebert", "modernbert", "nomicbert"];

/// Linear layers, embeddings, normalisations and attentions of an architecture; the fixtures have two layers each.
fn expected(file: &str) -> [usize; 4] {
    let mut expected = match file.split('-').next().unwrap() {
        // Per layer six linear layers, then the pooler and the classifier; embeddings of words, segments and positions.
        "bert" | "minilm" => [14, 3, 5, 2],
        // No segments, and a hidden layer instead of the pooler.
        "distilbert" => [14, 2, 5, 2],
        "roberta" | "xlmroberta" | "data2vec" => [14, 3, 5, 2],
        // No segments; its table of relative positions is not looked up by rows.
        "mpnet" => [14, 2, 5, 2],
        // One more linear layer, which widens the embeddings.
        "electra" | "albert" => [15, 3, 5, 2],
        // Its attention to relative positions is left to tract.
        "deberta" => [12, 1, 5, 0],
        // Several feed-forward networks per layer, and no normalisation.
        "mobilebert" => [27, 0, 0, 2],
        // Its attention is left to tract. The first layer has one normalisation; one is behind the layers, one in the head.
        "modernbert" => [12, 1, 6, 0],
        // Gated feed-forward networks.
        "nomicbert" => [16, 2, 5, 2],
        other => panic!("no such architecture: {other}"),
    };
    // Where onnxruntime's optimizer recognises the embeddings, it leaves out positions that only count.
    let counts = ["bert-script14-eager-o2", "minilm-script14-eager-o2", "electra-script14-eager-o2"];
    if counts.iter().any(|start| file.starts_with(start)) {
        expected[1] -= 1;
    }
    expected
}

/// What the fused ops replace; tract's names before and after its own optimisation.
const REPLACED: [&str; 9] =
    ["EinSum", "OptMatMul", "Softmax", "RmsNorm", "Reduce<Sum>", "Erf", "GeluExact", "GeluApproximate", "PowConst"];

#[test]
fn every_exporters_graph_becomes_fused_ops() {
    let models = goldens();
    assert!(models.len() >= 64, "only {} models", models.len());
    for model in models {
        let encoder = load(&model);
        let ops = encoder.ops();
        let expected = expected(&model.file);
        assert_eq!(fused(&encoder), expected, "{}: {ops:?}", model.file);
        let [.., attentions] = expected;
        if attentions == 0 {
            continue;
        }
        // onnxruntime's optimizer counts the tokens with a sum.
        let replaced = REPLACED.iter().filter(|op| **op != "Reduce<Sum>" || !model.file.contains("-o"));
        assert!(replaced.into_iter().all(|op| !ops.contains_key(*op)), "{}: {ops:?}", model.file);
    }
}

#[test]
fn the_packaged_model_becomes_fused_ops() {
    let bytes = std::fs::read("models/english/model.onnx").unwrap();
    let encoder = TractEncoder::read(&mut &bytes[..], &ModelFiles::new(), Some(3), Precision::Auto).unwrap();
    // Six layers and the classifier; the position table is only sliced.
    assert_eq!(fused(&encoder), [37, 1, 13, 6], "{:?}", encoder.ops());
    assert_eq!(encoder.ops().get("Softmax"), None);
}

/// The first GELU becomes part of the layer before it; the second must stay.
#[test]
fn two_activations_one_after_the_other_are_both_computed() {
    for file in ["tests/fixtures/architectures/bert-script14-eager-o2.onnx", "models/english/model.onnx"] {
        let mut proto = ModelProto::decode(&std::fs::read(file).unwrap()[..]).unwrap();
        let mut logits = || {
            let encoder =
                TractEncoder::read(&mut &proto.encode_to_vec()[..], &ModelFiles::new(), None, Precision::Auto).unwrap();
            let logits = encoder.encode(alone(&[1, 2, 3])).unwrap().swap_remove(0).logits;
            let nodes = &mut proto.graph.as_mut().unwrap().node;
            let first = nodes.iter().position(|node| node.op_type == "BiasGelu").unwrap();
            let output = std::mem::replace(&mut nodes[first].output[0], "once".into());
            let again = NodeProto { input: vec!["once".into()], output: vec![output], ..nodes[first].clone() };
            nodes.insert(first + 1, NodeProto { op_type: "Gelu".into(), name: String::new(), ..again });
            logits
        };
        assert_ne!(logits(), logits(), "{file}");
    }
}

#[test]
fn logits_are_close_to_onnxruntime() {
    for model in goldens() {
        let (worst, mean) = errors(&model, &load(&model));
        println!("{}: {worst}, on average {mean}", model.file);
        assert!(worst < MAX_ERROR, "{}: a logit is {worst} from onnxruntime's", model.file);
        assert!(mean < MEAN_ERROR, "{}: logits are {mean} from onnxruntime's on average", model.file);
    }
}

/// All layers in f32, also those whose weights are stored quantised. onnxruntime quantises activations of dynamically
/// quantised graphs, and computes float16 in float16; we do neither.
#[test]
fn float32_gives_the_logits_of_onnxruntime() {
    for model in goldens() {
        let encoder = load_with(&model, Precision::Float32);
        assert!(encoder.float_layers().len() >= 16, "{}: {:?}", model.file, encoder.float_layers());
        let (worst, _) = errors(&model, &encoder);
        let max_error = match model.file.as_str() {
            file if file.contains("dynamic") => MAX_ERROR,
            file if file.ends_with("float16.onnx") => 0.02,
            // Blocks with different scales become rows of 7 bits.
            file if file.contains("4bit") || file.contains("8bit") => 0.3,
            // It has no normalisation, so its values are large.
            file if file.starts_with("mobilebert") => 1e-3,
            _ => 1e-4,
        };
        println!("{}: {worst}", model.file);
        assert!(worst < max_error, "{}: a logit is {worst} from onnxruntime's", model.file);
    }
}

/// In the last layer, the queries and everything after the attention are computed for one position.
#[test]
fn the_last_layer_is_computed_for_one_position() {
    let is_like_bert = |model: &Model| !UNLIKE_BERT.iter().any(|architecture| model.file.starts_with(architecture));
    for model in goldens().into_iter().filter(is_like_bert) {
        let one_position = load(&model).shapes().into_iter().filter(|(op, shape)| {
            let fused = ["Linear", "AddLayerNorm", "Attention"].contains(&op.as_str());
            fused && !shape.contains("sequence")
        });
        let counts = one_position.fold([0; 3], |[linear, norm, attention], (op, _)| match op.as_str() {
            "Linear" => [linear + 1, norm, attention],
            "AddLayerNorm" => [linear, norm + 1, attention],
            _ => [linear, norm, attention + 1],
        });
        // The queries, the attention's output, the two of the feed-forward network, and two after the encoder.
        assert_eq!(counts, [6, 2, 1], "{}", model.file);
    }
}
