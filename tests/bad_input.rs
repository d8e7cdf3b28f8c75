//! Damaged, contradictory and unsupported models: each is rejected with its code and a message that names the cause.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{multilingual, sentiment};
use litmus_text::{Classifier, Error, ErrorKind, ModelFiles, Options};
use sha2::{Digest, Sha256};

/// The files of a small model, one of them replaced.
fn tiny_with<'a>(name: &'a str, bytes: &'a [u8]) -> Result<Classifier, Error> {
    Classifier::from_bytes(&ModelFiles::from_dir("tests/fixtures/tiny")?.with(name, bytes))
}

fn bad(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/fixtures/bad/{name}")).unwrap()
}

/// Asserts that loading fails with this kind and a message that contains `names`, and that another model still works.
fn assert_rejected(result: Result<Classifier, Error>, kind: ErrorKind, names: &str) {
    let error = result.expect_err("it loaded");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(names), "{error}");
    let prediction = sentiment().predict("I loved every minute of it", &Options::default()).unwrap();
    assert_eq!(prediction.label.as_deref(), Some("positive"));
}

#[test]
fn a_truncated_onnx_file_is_malformed() {
    let model = std::fs::read("tests/fixtures/tiny/model.onnx").unwrap();
    for tenth in 0..10 {
        let cut = &model[..model.len() * tenth / 10];
        assert_rejected(tiny_with("model.onnx", cut), ErrorKind::ModelMalformed, "model.onnx is damaged");
        assert_rejected(tiny_with("model.onnx", cut), ErrorKind::ModelMalformed, "download or export it again");
    }
}

#[test]
fn git_lfs_pointers_and_web_pages_are_called_so() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 90\n";
    let files = ["config.json", "tokenizer.json", "model.onnx", "tokenizer_config.json", "litmus.json", "heads/a.head"];
    for file in files {
        let kind = if file.ends_with(".head") { ErrorKind::HeadMalformed } else { ErrorKind::ModelMalformed };
        assert_rejected(tiny_with(file, pointer), kind, &format!("{file} is a Git LFS pointer"));
        let page = tiny_with(file, b"\n<!DOCTYPE html>\n<title>Not found</title>");
        assert_rejected(page, kind, &format!("{file} is a web page"));
    }
}

#[test]
fn a_file_that_is_missing_comes_with_the_command_that_makes_it() {
    let tiny = ModelFiles::from_dir("tests/fixtures/tiny").unwrap();
    let with = |names: &[&'static str]| {
        let files = names.iter().fold(ModelFiles::new(), |files, &name| files.with(name, tiny.get(name).unwrap()));
        Classifier::from_bytes(&files)
    };
    assert_rejected(with(&["config.json", "model.onnx"]), ErrorKind::ModelNotFound, "save_pretrained");
    assert_rejected(with(&["config.json", "tokenizer.json"]), ErrorKind::ModelNotFound, "optimum-cli");
    assert_rejected(with(&["model.onnx", "tokenizer.json"]), ErrorKind::ModelNotFound, "config.json");
}

#[test]
fn an_unknown_op_is_named_with_the_command_that_exports_without_it() {
    let model = bad("unsupported-op.onnx");
    assert_rejected(tiny_with("model.onnx", &model), ErrorKind::ModelUnsupported, "`NoSuchOp`");
    assert_rejected(tiny_with("model.onnx", &model), ErrorKind::ModelUnsupported, "optimum-cli export onnx");
}

#[test]
fn a_tokenizer_that_is_not_json_is_malformed() {
    for tokenizer in [&b"<!doctype html>"[..], b"", b"{}", b"{\"model\": {\"type\": \"WordPiece\"", &[0xff, 0xfe]] {
        assert_rejected(tiny_with("tokenizer.json", tokenizer), ErrorKind::ModelMalformed, "tokenizer.json");
    }
}

#[test]
fn a_vocabulary_larger_than_the_embedding_is_malformed() {
    let result = Classifier::from_dir("tests/fixtures/bad/small-embedding");
    assert_rejected(result, ErrorKind::ModelMalformed, "tokenizer.json");
}

/// Added tokens beyond the embedding fail only the texts that have them.
#[test]
fn an_added_token_without_an_embedding_fails_only_texts_that_spell_it() {
    let mut tokenizer: serde_json::Value =
        serde_json::from_slice(&std::fs::read("tests/fixtures/tiny/tokenizer.json").unwrap()).unwrap();
    let added = tokenizer["added_tokens"].as_array_mut().unwrap();
    let mut token = added[0].clone();
    token["id"] = 46.into();
    token["content"] = "[ENTITY]".into();
    token["special"] = false.into();
    added.push(token);
    let classifier = tiny_with("tokenizer.json", &serde_json::to_vec(&tokenizer).unwrap()).unwrap();
    let predict = |text| classifier.predict(text, &Options::default());
    assert!(predict("the dog is happy").is_ok());
    let error = predict("the [ENTITY] is happy").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelMalformed);
    assert!(error.to_string().contains("[ENTITY]"), "{error}");
}

/// The packaged model stores its embedding in 4 bits, in another op than the folder above.
#[test]
fn a_vocabulary_larger_than_a_quantised_embedding_is_malformed() {
    let files = ModelFiles::from_dir("models/english").unwrap();
    let mut tokenizer: serde_json::Value =
        serde_json::from_slice(&std::fs::read("models/english/tokenizer.json").unwrap()).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
    let size = vocabulary.len();
    for extra in 0..1000 {
        vocabulary.insert(format!("litmusextra{extra}"), (size + extra).into());
    }
    let tokenizer = serde_json::to_vec(&tokenizer).unwrap();
    let result = Classifier::from_bytes(&files.with("tokenizer.json", &tokenizer));
    assert_rejected(result, ErrorKind::ModelMalformed, "tokenizer.json");
}

#[test]
fn a_config_that_is_not_json_is_malformed() {
    for config in [&b"{"[..], b"", b"<!doctype html>"] {
        assert_rejected(tiny_with("config.json", config), ErrorKind::ModelMalformed, "config.json");
    }
}

#[test]
fn labels_that_the_graph_has_no_logits_for_are_malformed() {
    for config in [r#"{"id2label": {"0": "only"}}"#, r#"{"num_labels": 2}"#] {
        let result = tiny_with("config.json", config.as_bytes());
        assert_rejected(result, ErrorKind::ModelMalformed, "model.onnx has 3 logits, but config.json has");
    }
}

#[test]
fn a_missing_folder_or_file_is_named() {
    for path in ["tests/fixtures/no-such-model", "tests/fixtures/tiny/model.onnx"] {
        assert_rejected(Classifier::from_dir(path), ErrorKind::ModelNotFound, &format!("{path} is not a folder"));
    }
    let error = Classifier::from_dir("tests/fixtures/folders").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModelNotFound);
    assert!(error.to_string().contains("config.json"), "{error}");
}

#[test]
fn text_without_tokens_is_empty() {
    let message = |text| {
        let error = sentiment().predict(text, &Options::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EmptyText, "{text:?}");
        error.to_string()
    };
    for text in ["", " ", "\t\r\n", "\u{3000}\u{a0}"] {
        assert_eq!(message(text), "the text is empty: there is nothing to classify", "{text:?}");
    }
    for text in ["\0\u{1}", "\u{200b}\u{feff}", "\u{fffd}"] {
        assert!(message(text).starts_with("the text has nothing that the model reads"), "{text:?}");
    }
}

/// Its tokenizer, a Unigram, has a token for a blank.
#[test]
fn blanks_are_empty_to_the_multilingual_model() {
    for text in [" ", "\t\r\n", "\u{3000}\u{a0}", "\u{200b}\u{feff}", "\0\u{1}", "\u{fffd}"] {
        for result in
            [multilingual().predict(text, &Options::default()).map(drop), multilingual().tokenize(text).map(drop)]
        {
            assert_eq!(result.expect_err("it was read").kind(), ErrorKind::EmptyText, "{text:?}");
        }
    }
}

const HEAD: &str = "heads/sentiment.head";

#[test]
fn a_truncated_head_is_malformed() {
    let head = std::fs::read(format!("models/english/{HEAD}")).unwrap();
    for tenth in 0..10 {
        let cut = &head[..head.len() * tenth / 10];
        let files = ModelFiles::from_dir("models/english").unwrap().with(HEAD, cut);
        assert_rejected(Classifier::from_bytes(&files), ErrorKind::HeadMalformed, HEAD);
    }
}

#[test]
fn a_head_of_another_encoder_is_a_mismatch() {
    let files = ModelFiles::from_dir("models/english").unwrap();
    assert_rejected(tiny_with(HEAD, files.get(HEAD).unwrap()), ErrorKind::HeadMismatch, "SHA-256");
    // The same tokens, but other bytes.
    let tokenizer = [files.get("tokenizer.json").unwrap(), b"\n"].concat();
    let changed = files.with("tokenizer.json", tokenizer);
    assert_rejected(Classifier::from_bytes(&changed), ErrorKind::ModelMalformed, "litmus.json: `encoder`");
    let without_id = changed.with("litmus.json", b"{}");
    assert_rejected(Classifier::from_bytes(&without_id), ErrorKind::HeadMismatch, "heads/");
}

#[test]
fn a_head_needs_features_of_its_size() {
    let tiny = ModelFiles::from_dir("tests/fixtures/tiny").unwrap();
    let head = std::fs::read(format!("models/english/{HEAD}")).unwrap();
    let encoder = Sha256::new().chain_update(tiny.get("model.onnx").unwrap());
    let digest = encoder.chain_update(tiny.get("tokenizer.json").unwrap()).finalize();
    let id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let start = head.windows(9).position(|bytes| bytes == b"\"encoder\"").unwrap() + 11;
    let claimed = [&head[..start], id.as_bytes(), &head[start + 64..]].concat();
    assert_rejected(tiny_with(HEAD, &claimed), ErrorKind::HeadMismatch, "`features`");
}
