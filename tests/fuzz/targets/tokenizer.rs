//! `tokenizer.json` beside a model that is fixed, and, behind a zero byte, a text for it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use litmus_text::{Classifier, ErrorKind, LongText, ModelFolder, ModelParts, Options};

const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/bad/small-embedding");

/// Ten rows of embeddings and a mean of them: it takes a hundredth of what a transformer would.
static FOLDER: LazyLock<ModelFolder> = LazyLock::new(|| ModelFolder::read(SMALL).expect("a fixture"));

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let tokenizer = parts.next().unwrap_or_default();
    let text = String::from_utf8_lossy(parts.next().unwrap_or(b"The unhappy dog's sun: so good\xf0\x9f\x98\x80!"));
    let classifier = match Classifier::from_parts(&ModelParts { tokenizer, ..FOLDER.parts() }) {
        Ok(classifier) => classifier,
        Err(error) => return assert!(matches!(error.kind(), ErrorKind::ModelMalformed | ErrorKind::ModelUnsupported), "{error}"),
    };
    if let Ok(encoding) = classifier.tokenize(&text) {
        assert!(encoding.offsets.iter().all(|span| text.get(span.clone()).is_some()), "{:?}", encoding.offsets);
    }
    for long_text in [LongText::Window, LongText::Truncate] {
        // Whatever a tokenizer makes of a text, it is a prediction or an error.
        let _ = classifier.predict(&text, &Options::default().long_text(long_text));
    }
});
