//! Which layers are computed in f32, and how much that helps.

use prost::Message;
use serde::Deserialize;
use tract_onnx::pb::{GraphProto, ModelProto};

use super::{alone, changed, fused, goldens, load_with, scales};
use crate::inference::encoder::{Encoder, TractEncoder};
use crate::load_options::Precision;
use crate::model::ModelFiles;

#[test]
fn ordinary_weights_are_computed_in_integers() {
    for model in goldens() {
        let float_layers = |precision| load_with(&model, precision).float_layers().len();
        assert_eq!(float_layers(Precision::Int8), 0, "{}", model.file);
        // MobileBERT has no normalisation.
        let is_float = model.file.starts_with("mobilebert");
        assert_eq!(float_layers(Precision::Auto) > 16, is_float, "{}", model.file);
        assert!(is_float || float_layers(Precision::Auto) == 0, "{}", model.file);
    }
}

/// The XLM-RoBERTa of the folders, after a change; and the largest difference of a logit from onnxruntime's for the file as it
/// is.
fn changed_folder(precision: Precision, change: impl FnOnce(&mut GraphProto)) -> (TractEncoder, f32) {
    #[derive(Deserialize)]
    struct Text {
        ids: Vec<i64>,
        logits: Vec<f32>,
    }
    #[derive(Deserialize)]
    struct Texts {
        cases: Vec<Text>,
    }
    let folder = "tests/fixtures/folders/xlm-roberta";
    let mut proto = ModelProto::decode(&std::fs::read(format!("{folder}/onnx/model.onnx")).unwrap()[..]).unwrap();
    change(proto.graph.as_mut().unwrap());
    let encoder = TractEncoder::read(&mut &proto.encode_to_vec()[..], &ModelFiles::new(), Some(3), precision).unwrap();
    let texts: Texts = serde_json::from_slice(&std::fs::read(format!("{folder}/golden.json")).unwrap()).unwrap();
    let error = |text: Text| {
        let ours = encoder.encode(alone(&text.ids)).unwrap().swap_remove(0).logits;
        ours.iter().zip(&text.logits).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let worst = texts.cases.into_iter().map(error).fold(0.0, f32::max);
    (encoder, worst)
}

#[derive(PartialEq)]
enum Axis {
    Rows,
    Columns,
}

/// Multiplies some rows of the weight of a linear layer by `factor`, or some columns together with the bias. The layer is found
/// by the name of its bias.
fn scale_layer(graph: &mut GraphProto, bias: &str, axis: Axis, factor: f32) {
    const CHANNELS: [usize; 3] = [3, 12, 29];
    let add = graph.node.iter().find(|node| node.input.iter().any(|input| input == bias)).unwrap();
    let product = graph.node.iter().find(|node| node.output[0] == add.input[0]).unwrap();
    let weight = product.input[1].clone();
    for tensor in &mut graph.initializer {
        if tensor.name != weight && !(tensor.name == bias && axis == Axis::Columns) {
            continue;
        }
        let width = *tensor.dims.last().unwrap() as usize;
        let (values, _) = tensor.raw_data.as_chunks_mut::<4>();
        for (i, value) in values.iter_mut().enumerate() {
            if CHANNELS.contains(&if axis == Axis::Rows { i / width } else { i % width }) {
                *value = (f32::from_le_bytes(*value) * factor).to_le_bytes();
            }
        }
    }
}

/// Multiplies value channels by `factor`, and the rows that read them by its reciprocal: attention between the two sums the
/// values, so the function stays the same.
fn scale_value_channels(graph: &mut GraphProto, factor: f32) {
    for layer in 0..2 {
        let name = |part: &str| format!("roberta.encoder.layer.{layer}.attention.{part}.bias");
        scale_layer(graph, &name("self.value"), Axis::Columns, factor);
        scale_layer(graph, &name("output.dense"), Axis::Rows, 1.0 / factor);
    }
}

/// The largest error of a model with outliers.
const OUTLIER_ERROR: f32 = 0.05;

#[test]
fn models_with_outlier_channels_are_computed_in_float32() {
    for factor in [20.0, 200.0, 1.0 / 20.0, 1.0 / 200.0] {
        let load = |precision| changed_folder(precision, |graph| scale_value_channels(graph, factor));
        let ((_, ruined), (encoder, worst)) = (load(Precision::Int8), load(Precision::Auto));
        assert!(worst < OUTLIER_ERROR && ruined > 2.0 * OUTLIER_ERROR, "{factor}: {worst}, in integers {ruined}");
        // Three tables, eight products and two attentions of two products each, and the head.
        assert_eq!(encoder.float_layers().len(), 3 + 12 + 4 + 2, "{factor}: {:?}", encoder.float_layers());
        assert_eq!(fused(&encoder), [14, 0, 5, 2]);
    }
    for factor in [1.0, 0.25, 4.0] {
        let (encoder, _) = changed_folder(Precision::Auto, |graph| scale_value_channels(graph, factor));
        assert_eq!(encoder.float_layers(), [""; 0], "{factor}");
    }
}

/// The output of a layer before a normalisation is never quantised.
#[test]
fn outliers_before_a_normalisation_do_no_harm() {
    let (encoder, _) = changed_folder(Precision::Auto, |graph| {
        scale_layer(graph, "roberta.encoder.layer.0.attention.output.dense.bias", Axis::Columns, 20.0);
    });
    assert_eq!(encoder.float_layers(), [""; 0]);
}

#[test]
fn a_table_with_an_outlier_column_stays_float() {
    let (encoder, _) = changed_folder(Precision::Auto, |graph| {
        let name = "roberta.embeddings.position_embeddings.weight";
        let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name == name).unwrap();
        let width = tensor.dims[1] as usize;
        let (values, _) = tensor.raw_data.as_chunks_mut::<4>();
        for value in values.iter_mut().skip(5).step_by(width) {
            *value = (f32::from_le_bytes(*value) * 100.0).to_le_bytes();
        }
    });
    assert_eq!(encoder.float_layers(), ["embedding_2"]);
    assert_eq!(fused(&encoder), [14, 2, 5, 2]);
}

/// Weights that are stored as integers have got the scales that their makers chose.
#[test]
fn stored_integers_are_not_examined() {
    let encoder = changed(|graph| {
        for tensor in scales(graph) {
            let (values, _) = tensor.raw_data.as_chunks_mut::<4>();
            values[0] = (f32::from_le_bytes(values[0]) * 1000.0).to_le_bytes();
        }
    });
    assert_eq!(encoder.unwrap().float_layers(), [""; 0]);
}
