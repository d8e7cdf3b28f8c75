//! Models as common exporters write them, and what is wrong with damaged ones. They are made by
//! `tests/fixtures/architectures.sh`.

mod architectures;
mod external_data;
mod precision;
mod quantised;
mod rejected;

use prost::Message;
use serde::Deserialize;
use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};

use crate::error::Error;
use crate::inference::batch::Batch;
use crate::inference::encoder::{Encoder, TractEncoder};
use crate::load_options::Precision;
use crate::model::ModelFiles;

const FOLDER: &str = "tests/fixtures/architectures";

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
    load_with(model, Precision::Auto)
}

fn load_with(model: &Model, precision: Precision) -> TractEncoder {
    let bytes = std::fs::read(format!("{FOLDER}/{}", model.file)).unwrap();
    let name = format!("{}.data", model.file);
    let files = match std::fs::read(format!("{FOLDER}/{name}")) {
        Ok(data) => ModelFiles::new().with(name, data),
        Err(_) => ModelFiles::new(),
    };
    TractEncoder::read(&mut &bytes[..], &files, Some(model.labels), precision)
        .unwrap_or_else(|e| panic!("{}: {e}", model.file))
}

fn fused(encoder: &TractEncoder) -> [usize; 4] {
    let ops = encoder.ops();
    ["Linear", "Embedding", "AddLayerNorm", "Attention"].map(|op| ops.get(op).copied().unwrap_or(0))
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
    TractEncoder::read(&mut &proto.encode_to_vec()[..], &ModelFiles::new(), Some(2), Precision::Auto)
}

/// The scales of the graph's quantised weights.
fn scales(graph: &mut GraphProto) -> impl Iterator<Item = &mut TensorProto> {
    graph.initializer.iter_mut().filter(|tensor| tensor.name.ends_with("_scale") || tensor.name.ends_with("_scales"))
}

fn alone(ids: &[i64]) -> Batch {
    Batch { rows: 1, columns: ids.len(), ids: ids.to_vec(), type_ids: vec![0; ids.len()], mask: vec![1; ids.len()] }
}
