//! Models as common exporters write them: which ops they end up with, and what they compute.

use prost::Message;
use serde::Deserialize;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use crate::error::{Error, ErrorKind};
use crate::inference::batch::Batch;
use crate::inference::encoder::{Encoder, TractEncoder};
use crate::load_options::Precision;
use crate::model::ModelFiles;

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

/// Linear layers, embeddings, normalisations and attentions of an architecture; the fixtures have two layers each.
/// `None` where some of it is left to tract's ops.
fn expected(file: &str) -> Option<[usize; 4]> {
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
        "deberta" | "mobilebert" | "modernbert" | "nomicbert" => return None,
        other => panic!("no such architecture: {other}"),
    };
    // Where onnxruntime's optimizer recognises the embeddings, it leaves out positions that only count.
    let counts = ["bert-script14-eager-o2", "minilm-script14-eager-o2", "electra-script14-eager-o2"];
    if counts.iter().any(|start| file.starts_with(start)) {
        expected[1] -= 1;
    }
    Some(expected)
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
    assert!(models.len() >= 51, "only {} models", models.len());
    for model in models {
        let encoder = load(&model);
        let ops = encoder.ops();
        let Some(expected) = expected(&model.file) else {
            println!("{}: {:?} {ops:?}", model.file, fused(&encoder));
            continue;
        };
        assert_eq!(fused(&encoder), expected, "{}: {ops:?}", model.file);
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

/// In the last layer, the queries and everything after the attention are computed for one position.
#[test]
fn the_last_layer_is_computed_for_one_position() {
    for model in goldens().into_iter().filter(|model| expected(&model.file).is_some()) {
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
    TractEncoder::read(&mut &proto.encode_to_vec()[..], &ModelFiles::new(), Some(2), Precision::Auto)
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

/// Many tensors at one place of a file would take more memory than the file.
#[test]
fn external_data_are_not_multiplied() {
    let file = "minilm-dynamo20-eager-external.onnx";
    let mut proto = ModelProto::decode(&std::fs::read(format!("{FOLDER}/{file}")).unwrap()[..]).unwrap();
    let graph = proto.graph.as_mut().unwrap();
    let first = graph.initializer.iter().find(|tensor| tensor.external_data.len() > 1).unwrap().clone();
    graph.initializer.extend((0..9999).map(|i| TensorProto { name: format!("copy {i}"), ..first.clone() }));
    let files = ModelFiles::new().with(format!("{file}.data"), std::fs::read(format!("{FOLDER}/{file}.data")).unwrap());
    let read = TractEncoder::read(&mut &proto.encode_to_vec()[..], &files, Some(3), Precision::Auto);
    let error = read.err().expect("it was accepted");
    assert_eq!(error.kind(), ErrorKind::ModelMalformed);
    assert!(error.to_string().contains("shares bytes"), "{error}");
}

/// Weights in another file: it must be there, in the same folder, and large enough.
#[test]
fn wrong_external_data_are_rejected() {
    let file = "minilm-dynamo20-eager-external.onnx";
    let data = std::fs::read(format!("{FOLDER}/{file}.data")).unwrap();
    let read = |data: &[u8], key: &str, value: &str| {
        let mut proto = ModelProto::decode(&std::fs::read(format!("{FOLDER}/{file}")).unwrap()[..]).unwrap();
        let tensors = proto.graph.as_mut().unwrap().initializer.iter_mut();
        let entries = tensors.flat_map(|tensor| &mut tensor.external_data);
        entries.filter(|entry| entry.key == key).for_each(|entry| entry.value = value.into());
        let files = ModelFiles::new().with(format!("{file}.data"), data).with("other", data);
        TractEncoder::read(&mut &proto.encode_to_vec()[..], &files, Some(3), Precision::Auto).err()
    };
    assert!(read(&data, "", "").is_none());
    assert!(read(&data, "location", "other").is_none());
    let cases: [(&[u8], &str, &str, ErrorKind, &str); 8] = [
        (&data, "location", "absent.data", ErrorKind::ModelNotFound, "absent.data"),
        (&data, "location", "../other", ErrorKind::ModelMalformed, "same folder"),
        (&data, "location", "/other", ErrorKind::ModelMalformed, "same folder"),
        (&data, "location", "C:other", ErrorKind::ModelMalformed, "same folder"),
        (&data, "location", "", ErrorKind::ModelMalformed, "same folder"),
        (&data[..100], "", "", ErrorKind::ModelMalformed, "is that file complete?"),
        (&data, "length", "4", ErrorKind::ModelMalformed, "instead of"),
        (&data, "offset", "-1", ErrorKind::ModelMalformed, "has the offset \"-1\""),
    ];
    for (data, key, value, kind, message) in cases {
        let error = read(data, key, value).unwrap_or_else(|| panic!("{key} {value:?} was accepted"));
        assert_eq!(error.kind(), kind, "{key} {value:?}: {error}");
        assert!(error.to_string().contains(message), "{key} {value:?}: {error}");
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
