//! Model folders of other architectures, from text to label: compared with token ids and offsets of Hugging Face's
//! `tokenizers` for Python and with logits of onnxruntime. `tests/fixtures/folders.py` generates them.
#![cfg(not(target_arch = "wasm32"))]

mod common;

#[path = "../build.rs"]
#[allow(dead_code, reason = "main runs in the build")]
mod build;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::{fixture, in_characters, load};
use litmus_text::{Classifier, ErrorKind, LongText, ModelFiles, Options};
use prost::Message;
use serde::Deserialize;
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{ModelProto, StringStringEntryProto};

/// Byte-level BPE, Unigram, and Unigram with a normaliser. Each folder stores its graph in another form and path.
const FOLDERS: [&str; 3] = ["roberta", "xlm-roberta", "albert"];
/// Largest difference of a logit from onnxruntime's, and the mean. The logits spread over 3 to 6.
const MAX_ERROR: f32 = 0.5;
const MEAN_ERROR: f32 = 0.15;
/// The difference of two ways to compute a probability in f32.
const SCORE_ERROR: f32 = 1e-5;
/// Positions of the models. The tables of RoBERTa and XLM-RoBERTa have two more, which are never used.
const MAX_TOKENS: usize = 64;

#[derive(Deserialize)]
struct Goldens {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
    truncated: bool,
    logits: Vec<f32>,
}

fn folders() -> impl Iterator<Item = (&'static str, Classifier, Vec<Case>)> {
    FOLDERS.into_iter().map(|name| {
        let Goldens { cases } = fixture(&format!("folders/{name}/golden.json"));
        assert!(cases.len() >= 50, "{name}: only {} cases", cases.len());
        (name, load(&format!("tests/fixtures/folders/{name}")), cases)
    })
}

#[test]
fn tokens_equal_those_of_hugging_face() {
    for (name, classifier, cases) in folders() {
        assert_eq!(classifier.info().max_tokens, MAX_TOKENS, "{name}");
        assert!(cases.iter().any(|case| case.truncated), "{name}: nothing is truncated");
        for case in cases {
            let ours = classifier.tokenize(&case.text).unwrap();
            // The goldens end with the special token after as much text as the model reads.
            let kept = if case.truncated { MAX_TOKENS - 1 } else { case.ids.len() };
            assert_eq!(ours.ids[..kept], case.ids[..kept], "{name}: {:?}", case.text);
            assert_eq!(ours.ids.last(), case.ids.last(), "{name}: {:?}", case.text);
            let offsets = in_characters(&case.text, &ours.offsets);
            assert_eq!(offsets[..kept], case.offsets[..kept], "{name}: {:?}", case.text);
            let read = classifier.predict(&case.text, &Options::default().long_text(LongText::Truncate)).unwrap();
            assert_eq!((read.truncated, read.tokens), (case.truncated, case.ids.len()), "{name}: {:?}", case.text);
        }
    }
}

/// Each text alone, and all in one batch with padding.
#[test]
fn logits_are_close_to_onnxruntime() {
    for (name, classifier, cases) in folders() {
        let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
        let alone = texts.iter().flat_map(|text| classifier.logits(&[text]).unwrap()).collect();
        for ours in [alone, classifier.logits(&texts).unwrap()] {
            let pairs = ours.iter().zip(&cases).flat_map(|(ours, case)| ours.iter().zip(&case.logits));
            let errors: Vec<f32> = pairs.map(|(a, b)| (a - b).abs()).collect();
            let worst = errors.iter().copied().fold(0.0, f32::max);
            let mean = errors.iter().sum::<f32>() / errors.len() as f32;
            println!("{name}: {worst}, on average {mean}");
            assert_eq!(errors.len(), 3 * texts.len(), "{name}");
            assert!(worst < MAX_ERROR, "{name}: a logit is {worst} from onnxruntime's");
            assert!(mean < MEAN_ERROR, "{name}: logits are {mean} from onnxruntime's on average");
        }
    }
}

/// A folder may have one graph in several forms. Here only the quantised one is valid.
#[test]
fn the_quantised_graph_is_preferred() {
    let (from, to) =
        (Path::new("tests/fixtures/folders/roberta"), Path::new(env!("CARGO_TARGET_TMPDIR")).join("forms"));
    std::fs::create_dir_all(to.join("onnx")).unwrap();
    for file in ["config.json", "tokenizer.json", "onnx/model_quantized.onnx"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    std::fs::write(to.join("onnx/model.onnx"), "not read").unwrap();
    let classifier = load(to.to_str().unwrap());
    assert!(classifier.predict("The trailer lied.", &Options::default()).is_ok());
}

/// Writes a folder with a graph whose weights are in other files. Tensor by tensor, they go to the next of `data`.
fn write_external(to: &Path, graph: &str, data: &[&str]) {
    let from = Path::new("tests/fixtures/folders/xlm-roberta");
    std::fs::create_dir_all(to.join("onnx")).unwrap();
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let mut proto = ModelProto::decode(&std::fs::read(from.join("onnx/model.onnx")).unwrap()[..]).unwrap();
    let mut files = vec![vec![]; data.len()];
    let tensors = proto.graph.as_mut().unwrap().initializer.iter_mut().filter(|t| t.raw_data.len() > 100);
    for (i, tensor) in tensors.enumerate() {
        let bytes = &mut files[i % data.len()];
        let entries = [("location", data[i % data.len()].into()), ("offset", bytes.len().to_string())];
        let entry = |(key, value): (&str, String)| StringStringEntryProto { key: key.into(), value };
        tensor.external_data = entries.map(entry).into();
        tensor.data_location = Some(DataLocation::External as i32);
        bytes.append(&mut tensor.raw_data);
    }
    assert!(files.concat().len() > 50_000);
    std::fs::write(to.join(graph), proto.encode_to_vec()).unwrap();
    for (name, bytes) in data.iter().zip(files) {
        std::fs::write(to.join(graph).with_file_name(name), bytes).unwrap();
    }
}

/// The graph of a folder with its weights in other files: as exporters name them, of a graph that was renamed, in two files.
#[test]
fn weights_may_be_in_other_files() {
    let whole = load("tests/fixtures/folders/xlm-roberta").logits(&["The trailer lied."]).unwrap();
    for (graph, data) in [
        ("model.onnx", &["model.onnx.data"][..]),
        ("model.onnx", &["model_quantized.onnx_data"]),
        ("onnx/model.onnx", &["model.onnx_data", "model.onnx_data_1"]),
        ("onnx/model_quantized.onnx", &["weights.bin"]),
    ] {
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("external-{}", data[0]));
        write_external(&to, graph, data);
        assert_eq!(load(to.to_str().unwrap()).logits(&["The trailer lied."]).unwrap(), whole);
        assert_embedded_files(&to);
        let file = to.join(graph).with_file_name(data[0]);
        std::fs::write(&file, "version https://git-lfs.github.com/spec/v1\n").unwrap();
        let error = Classifier::from_dir(&to).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{} is a Git LFS pointer", data[0])), "{error}");
        std::fs::remove_file(file).unwrap();
        let error = Classifier::from_dir(&to).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ModelNotFound);
        assert!(error.to_string().contains(data[0]), "{error}");
    }
}

/// Asserts that the feature `embed-model` embeds the files that are read from a folder.
fn assert_embedded_files(folder: &Path) {
    let embedded: BTreeMap<_, _> = build::model_files(folder).into_iter().collect();
    let read = ModelFiles::from_dir(folder).unwrap();
    let names = format!("{read:?}");
    let names: BTreeSet<&str> = names.split('"').skip(1).step_by(4).collect();
    assert_eq!(embedded.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    assert!(names.iter().all(|name| read.get(name).unwrap() == std::fs::read(&embedded[*name]).unwrap()));
}

#[test]
fn the_embedded_model_has_all_files_of_its_folder() {
    for folder in ["models/english", "tests/fixtures/folders/roberta", "tests/fixtures/trained/bert"] {
        assert_embedded_files(Path::new(folder));
    }
}

#[test]
fn single_label_models_use_softmax_and_multi_label_models_sigmoid() {
    for (name, classifier, cases) in folders() {
        assert_eq!(classifier.info().multi_label, name == "roberta");
        let text = &cases[0].text;
        let powers: Vec<f32> = classifier.logits(&[text]).unwrap()[0].iter().map(|logit| logit.exp()).collect();
        let sum: f32 = powers.iter().sum();
        let prediction = classifier.predict(text, &Options::default()).unwrap();
        let best = (0..3).max_by(|&a, &b| powers[a].total_cmp(&powers[b])).unwrap();
        let label =
            Some(["negative", "neutral", "positive"][best]).filter(|_| name != "roberta" || powers[best] >= 1.0);
        assert_eq!(prediction.label.as_deref(), label, "{name}");
        for score in prediction.scores {
            let power = powers[classifier.info().labels.iter().position(|label| *label == score.label).unwrap()];
            let expected = power / if name == "roberta" { 1.0 + power } else { sum };
            assert!((score.score - expected).abs() < SCORE_ERROR, "{name}: {score:?} is not {expected}");
        }
    }
}

/// Token ids and logits of transformers.
#[derive(Deserialize)]
struct TrainedCase {
    text: String,
    ids: Vec<u32>,
    logits: Vec<f32>,
}

/// Classifiers that Trainer has fine-tuned, in the folders that `optimum-cli export onnx` has written for them.
/// `tests/fixtures/trained.py` makes them.
#[test]
fn the_folders_of_trainer_and_optimum_have_the_logits_of_transformers() {
    let goldens: BTreeMap<String, Vec<TrainedCase>> = fixture("trained.json");
    assert_eq!(goldens.len(), 2);
    for (name, cases) in goldens {
        let classifier = load(&format!("tests/fixtures/trained/{name}"));
        let labels = if name == "bert" { &["negative", "neutral", "positive"][..] } else { &["LABEL_0", "LABEL_1"] };
        assert_eq!(classifier.info().labels, labels, "{name}");
        assert_eq!(classifier.info().max_tokens, 96, "{name}");
        assert!(cases.len() >= 30, "{name}: only {} cases", cases.len());
        for TrainedCase { text, ids, logits } in cases {
            assert_eq!(classifier.tokenize(&text).unwrap().ids, ids, "{name}: {text:?}");
            let ours = &classifier.logits(&[&text]).unwrap()[0];
            let error = ours.iter().zip(&logits).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < MAX_ERROR, "{name}: a logit of {text:?} is {error} from transformers'");
            let mut ranked: Vec<usize> = (0..logits.len()).collect();
            ranked.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
            if logits[ranked[0]] - logits[ranked[1]] > 2.0 * MAX_ERROR {
                let prediction = classifier.predict(&text, &Options::default()).unwrap();
                assert_eq!(prediction.label.as_deref(), Some(labels[ranked[0]]), "{name}: {text:?}");
            }
        }
    }
}
