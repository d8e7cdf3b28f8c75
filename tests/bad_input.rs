//! Damaged, contradictory and unsupported models: each is told apart by its code, and says what is wrong.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::sentiment;
use litmus_text::{Classifier, Error, ErrorKind, ModelFolder, ModelParts, Options};

fn tiny() -> ModelFolder {
    ModelFolder::read("tests/fixtures/tiny").unwrap()
}

fn bad(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/fixtures/bad/{name}")).unwrap()
}

/// The load fails with this code and names this; a model loaded before goes on working.
fn assert_refused(result: Result<Classifier, Error>, kind: ErrorKind, names: &str) {
    let error = result.err().expect("it loaded");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(names), "{error}");
    let prediction = sentiment().predict("I loved every minute of it", &Options::default()).unwrap();
    assert_eq!(prediction.label.as_deref(), Some("positive"));
}

#[test]
fn an_onnx_cut_anywhere_is_malformed() {
    let folder = tiny();
    let parts = folder.parts();
    for tenth in 0..10 {
        let cut = &parts.model[..parts.model.len() * tenth / 10];
        assert_refused(
            Classifier::from_parts(&ModelParts { model: cut, ..parts }),
            ErrorKind::ModelMalformed,
            "model.onnx",
        );
    }
}

#[test]
fn an_unknown_op_is_named() {
    let folder = tiny();
    let model = bad("unsupported-op.onnx");
    let parts = ModelParts { model: &model, ..folder.parts() };
    assert_refused(Classifier::from_parts(&parts), ErrorKind::ModelUnsupported, "`NoSuchOp`");
}

/// As an exporter writes an architecture that is not ours to run.
#[test]
fn the_op_that_deberta_needs_is_named() {
    let folder = tiny();
    let model = bad("deberta.onnx");
    let parts = ModelParts { model: &model, ..folder.parts() };
    assert_refused(Classifier::from_parts(&parts), ErrorKind::ModelUnsupported, "the op `Sign` of ai.onnx");
}

#[test]
fn a_tokenizer_that_is_not_json_is_malformed() {
    let folder = tiny();
    for tokenizer in [&b"<!doctype html>"[..], b"", b"{}", b"{\"model\": {\"type\": \"WordPiece\"", &[0xff, 0xfe]] {
        let parts = ModelParts { tokenizer, ..folder.parts() };
        assert_refused(Classifier::from_parts(&parts), ErrorKind::ModelMalformed, "tokenizer.json");
    }
}

#[test]
fn a_vocabulary_larger_than_the_embedding_is_malformed() {
    let folder = ModelFolder::read("tests/fixtures/bad/small-embedding").unwrap();
    assert_refused(Classifier::from_parts(&folder.parts()), ErrorKind::ModelMalformed, "tokenizer.json");
}

#[test]
fn a_config_without_labels_is_malformed() {
    let folder = tiny();
    let config = bad("no-labels/config.json");
    let parts = ModelParts { config: &config, ..folder.parts() };
    assert_refused(Classifier::from_parts(&parts), ErrorKind::ModelMalformed, "id2label");
}

#[test]
fn labels_that_the_graph_does_not_score_are_malformed() {
    let folder = tiny();
    let parts = ModelParts { config: br#"{"id2label": {"0": "only"}}"#, ..folder.parts() };
    assert_refused(Classifier::from_parts(&parts), ErrorKind::ModelMalformed, "labels");
}

#[test]
fn a_missing_file_is_named() {
    let error = ModelFolder::read("tests/fixtures/no-such-model").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelNotFound);
    assert!(error.to_string().contains("config.json"), "{error}");
}

#[test]
fn text_without_words_is_empty() {
    for text in ["", " ", "\t\r\n", "\u{3000}\u{a0}", "\0\u{1}", "\u{200b}\u{feff}"] {
        let error = sentiment().predict(text, &Options::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EmptyText, "{text:?}");
    }
}
