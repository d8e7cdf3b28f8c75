//! Models as common exporters write them: which ops they end up with, and what they compute.

use prost::Message;
use serde::Deserialize;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};

use crate::error::{Error, ErrorKind};
use crate::inference::batch::Batch;
use crate::inference::encoder::{Encoder, TractEncoder};

const FOLDER: &str = "tests/fixtures/architectures";
/// The largest and the mean difference of a logit from onnxruntime's. Our weights have 7 bits and our activations 8.
/// The fixtures' logits spread over 2 to 6.
const MAX_ERROR: f32 = 0.5;
const MEAN_ERROR: f32 = 0.15;

#[derive(Deserialize)]
struct Goldens {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    file: String,
    labels: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    input_ids: Vec<Vec<i64>>,
    attention_mask: Vec<Vec<i64>>,
    logits: Vec<Vec<f32>>,
}

fn goldens() -> Vec<Model> {
    let json = std::fs::read(format!("{FOLDER}/golden.json")).unwrap();
    serde_json::from_slice::<Goldens>(&json).unwrap().models
}

fn load(model: &Model) -> TractEncoder {
    let bytes = std::fs::read(format!("{FOLDER}/{}", model.file)).unwrap();
    TractEncoder::read(&mut &bytes[..], Some(model.labels)).unwrap_or_else(|e| panic!("{}: {e}", model.file))
}

/// Linear layers, embeddings, normalisations and attentions of an architecture; the fixtures have two layers each.
fn expected(architecture: &str) -> [usize; 4] {
    match architecture {
        // Per layer six linear layers, then the pooler and the classifier; embeddings of words, segments and positions.
        "bert" | "minilm" => [14, 3, 5, 2],
        // No segments, and a hidden layer instead of the pooler.
        "distilbert" => [14, 2, 5, 2],
        "roberta" | "xlmroberta" => [14, 3, 5, 2],
        // One more linear layer, which widens the embeddings.
        "electra" | "albert" => [15, 3, 5, 2],
        other => panic!("no such architecture: {other}"),
    }
}

fn fused(encoder: &TractEncoder) -> [usize; 4] {
    let ops = encoder.ops();
    ["Linear", "Embedding", "AddLayerNorm", "Attention"].map(|op| ops.get(op).copied().unwrap_or(0))
}

/// What the fused ops replace; tract's names before and after its own optimisation.
const REPLACED: [&str; 9] =
    ["EinSum", "OptMatMul", "Softmax", "RmsNorm", "Reduce<Sum>", "Erf", "GeluExact", "GeluApproximate", "PowConst"];

#[test]
fn every_exporters_graph_becomes_fused_ops() {
    let models = goldens();
    assert!(models.len() >= 35, "only {} models", models.len());
    for model in models {
        let encoder = load(&model);
        let architecture = model.file.split('-').next().unwrap();
        let ops = encoder.ops();
        assert_eq!(fused(&encoder), expected(architecture), "{}: {ops:?}", model.file);
        assert!(REPLACED.iter().all(|op| !ops.contains_key(*op)), "{}: {ops:?}", model.file);
    }
}

#[test]
fn the_packaged_model_becomes_fused_ops() {
    let bytes = std::fs::read("models/english/model.onnx").unwrap();
    let encoder = TractEncoder::read(&mut &bytes[..], Some(3)).unwrap();
    // Six layers and the classifier; the position table is only sliced.
    assert_eq!(fused(&encoder), [37, 1, 13, 6], "{:?}", encoder.ops());
    assert_eq!(encoder.ops().get("Softmax"), None);
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

/// In the last layer, the queries and everything after the attention are computed for one position.
#[test]
fn the_last_layer_is_computed_for_one_position() {
    for model in goldens() {
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

/// The largest and the mean difference of logits from their golden values, over all cases.
fn errors(model: &Model, encoder: &TractEncoder) -> (f32, f32) {
    let mut errors: Vec<f32> = vec![];
    for case in &model.cases {
        let columns = case.input_ids[0].len();
        let at_once = encoder.max_rows().min(case.input_ids.len());
        for rows in (0..case.input_ids.len()).collect::<Vec<_>>().chunks(at_once) {
            // A model that runs one text at a time gets it without padding.
            let kept = |row: usize| match at_once {
                1 => case.attention_mask[row].iter().sum::<i64>() as usize,
                _ => columns,
            };
            let of = |rows: &[usize], from: &[Vec<i64>]| -> Vec<i64> {
                rows.iter().flat_map(|&row| from[row][..kept(row)].to_vec()).collect()
            };
            let batch = Batch {
                rows: rows.len(),
                columns: kept(rows[0]),
                ids: of(rows, &case.input_ids),
                type_ids: vec![0; rows.len() * kept(rows[0])],
                mask: of(rows, &case.attention_mask),
            };
            let logits = encoder.encode(batch).unwrap_or_else(|e| panic!("{}: {e}", model.file));
            for (ours, &row) in logits.iter().map(|output| &output.logits).zip(rows) {
                for (a, b) in ours.iter().zip(&case.logits[row]) {
                    assert!(a.is_finite(), "{}: {ours:?}", model.file);
                    errors.push((a - b).abs());
                }
            }
        }
    }
    (errors.iter().copied().fold(0.0, f32::max), errors.iter().sum::<f32>() / errors.len() as f32)
}

/// Loads the small int8 fixture after a change.
fn changed(change: impl FnOnce(&mut GraphProto)) -> Result<TractEncoder, Error> {
    changed_file("distilbert-dynamo20-sdpa-int8.onnx", change)
}

fn changed_file(file: &str, change: impl FnOnce(&mut GraphProto)) -> Result<TractEncoder, Error> {
    let bytes = std::fs::read(format!("{FOLDER}/{file}")).unwrap();
    let mut proto = ModelProto::decode(&bytes[..]).unwrap();
    change(proto.graph.as_mut().unwrap());
    TractEncoder::read(&mut &proto.encode_to_vec()[..], Some(2))
}

/// The scales of the graph's quantised weights.
fn scales(graph: &mut GraphProto) -> impl Iterator<Item = &mut TensorProto> {
    graph.initializer.iter_mut().filter(|tensor| tensor.name.ends_with("_scale") || tensor.name.ends_with("_scales"))
}

fn alone(ids: &[i64]) -> Batch {
    Batch { rows: 1, columns: ids.len(), ids: ids.to_vec(), type_ids: vec![0; ids.len()], mask: vec![1; ids.len()] }
}

#[test]
fn weights_with_a_scale_of_zero_are_zeros() {
    let encoder = changed(|graph| scales(graph).for_each(|tensor| tensor.raw_data.fill(0))).unwrap();
    let logits = |ids: &[i64]| encoder.encode(alone(ids)).unwrap().swap_remove(0).logits;
    let first = logits(&[1, 2, 3]);
    assert!(first.iter().all(|value| value.is_finite()), "{first:?}");
    assert_eq!(first, logits(&[9, 8, 7, 6, 5, 4]), "only biases are left, so all texts have the same logits");
    assert_ne!(first, [0.0, 0.0]);
}

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

/// The error names a 4-bit form that is not supported.
#[test]
fn other_forms_of_4_bits_are_rejected() {
    let error = changed_file("distilbert-dynamo20-sdpa-4bit.onnx", |graph| {
        let products = graph.node.iter_mut().filter(|node| node.op_type == "MatMulNBits");
        products.flat_map(|node| &mut node.attribute).filter(|a| a.name == "block_size").for_each(|a| a.i = 64);
    });
    let error = error.err().expect("it was accepted");
    assert_eq!(error.kind(), ErrorKind::ModelUnsupported);
    assert!(error.to_string().contains("`MatMulNBits` of com.microsoft"), "{error}");
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
