//! Fuzzes `config.json` and, after a zero byte, `litmus.json`, with a fixed model.
#![no_main]

#[path = "../library_panics.rs"]
mod library_panics;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use litmus_text::{Classifier, ErrorKind, ModelFiles, Options};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/tiny");

static FILES: LazyLock<ModelFiles<'static>> = LazyLock::new(|| ModelFiles::from_dir(TINY).expect("a fixture"));

fuzz_target!(|data: &[u8]| library_panics::tolerate(|| {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let mut files = FILES.clone().with("config.json", parts.next().unwrap_or_default());
    if let Some(manifest) = parts.next() {
        files = files.with("litmus.json", manifest);
    }
    match Classifier::from_bytes(&files) {
        Ok(classifier) => {
            let info = classifier.info();
            assert!(!info.labels.is_empty() && info.max_tokens > 2);
            match classifier.predict("the dog is happy", &Options::default()) {
                Ok(prediction) => assert_eq!(prediction.scores.len(), info.labels.len()),
                // The config may name more positions than the model has, or a padding token outside of its vocabulary.
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Internal | ErrorKind::ModelMalformed), "{error}")
                }
            }
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::ModelMalformed | ErrorKind::ModelUnsupported), "{error}")
        }
    }
}));
