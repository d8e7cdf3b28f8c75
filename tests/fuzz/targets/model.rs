//! Fuzzes `model.onnx`: exporters' files after edits, or any bytes. A model that loads must predict or return an error.
#![no_main]

#[path = "../edits.rs"]
mod edits;
#[path = "../library_panics.rs"]
mod library_panics;

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use litmus_text::{Classifier, ErrorKind, ModelFiles, Options};
use prost::Message;
use tract_onnx::pb::ModelProto;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");

/// A folder with a tokenizer of a few words, and the file in which one of the graphs has its weights.
static FILES: LazyLock<ModelFiles<'static>> = LazyLock::new(|| {
    let name = "minilm-dynamo20-eager-external.onnx.data";
    let weights = std::fs::read(format!("{FIXTURES}/architectures/{name}")).expect("a fixture");
    ModelFiles::from_dir(format!("{FIXTURES}/bad/small-embedding")).expect("a fixture").with(name, weights)
});

/// The graphs of all fixtures, ordered by path. The first byte of an input is the index of one. A new fixture changes the
/// indices after it: then the first bytes in corpus/model.txt must be changed, too.
static GRAPHS: LazyLock<Vec<ModelProto>> = LazyLock::new(|| {
    let in_folder = |folder: &str| {
        let entries = std::fs::read_dir(format!("{FIXTURES}/{folder}")).expect("fixtures");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let mut paths: Vec<_> = ["tiny", "bad/small-embedding", "architectures"].into_iter().flat_map(in_folder).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    paths.sort();
    let read = |path| ModelProto::decode(&std::fs::read(path).expect("a fixture")[..]).expect("a graph");
    paths.into_iter().map(read).collect()
});

fuzz_target!(|data: &[u8]| library_panics::tolerate(|| {
    let Some((&chosen, rest)) = data.split_first() else { return };
    match GRAPHS.get(usize::from(chosen)) {
        Some(graph) => {
            let mut graph = graph.clone();
            // An error means that the bytes have run out.
            let _ = edits::edit(&mut graph, &mut Unstructured::new(rest));
            load(&graph.encode_to_vec());
        }
        None => load(rest),
    }
}));

fn load(model: &[u8]) {
    let labels = |count: usize| {
        let names: Vec<String> = (0..count).map(|id| format!("\"{id}\": \"{id}\"")).collect();
        format!("{{\"max_position_embeddings\": 32, \"id2label\": {{{}}}}}", names.join(","))
    };
    // The fixtures have 3 labels, and a few have 2.
    for count in [3, 2] {
        let config = labels(count);
        let files = FILES.clone().with("config.json", config.as_bytes()).with("model.onnx", model);
        match Classifier::from_bytes(&files) {
            Ok(classifier) => {
                let texts = ["the dog is happy", "zebra", "why is the sun so good?"];
                for result in [
                    classifier.predict_batch(&texts, &Options::default()),
                    classifier.predict_batch(&texts[1..2], &Options::default()),
                ] {
                    if let Err(error) = result {
                        assert!(
                            matches!(
                                error.kind(),
                                ErrorKind::Internal | ErrorKind::ModelMalformed | ErrorKind::OutOfMemory
                            ),
                            "{error}"
                        );
                    }
                }
                return;
            }
            Err(error) => {
                // A file of weights that the model does not have is not found.
                let expected = [ErrorKind::ModelMalformed, ErrorKind::ModelUnsupported, ErrorKind::ModelNotFound];
                assert!(expected.contains(&error.kind()), "{error}");
                if !error.to_string().contains("has 2 logits") {
                    return;
                }
            }
        }
    }
}
