//! Fuzzes `tokenizer.json` and, after a zero byte each, a text for it and `tokenizer_config.json`, without a model.
#![no_main]
#![allow(dead_code)]

#[path = "../../../src/error.rs"]
mod error;
#[path = "../library_panics.rs"]
mod library_panics;
#[path = "../../../src/limits.rs"]
mod limits;
#[path = "../../../src/options.rs"]
mod options;
#[path = "../../../src/text/mod.rs"]
mod text;

use error::ErrorKind;
use libfuzzer_sys::fuzz_target;
use options::{LongText, SpecialTokens};

const TEXT: &[u8] = "The unhappy dog's sun: so good\u{1f600}! \u{3000}e\u{301} \u{fdfa} <s>[MASK]\r\n".as_bytes();

fuzz_target!(|data: &[u8]| library_panics::tolerate(|| {
    let mut parts = data.splitn(3, |&byte| byte == 0);
    let file = parts.next().unwrap_or_default();
    let text = String::from_utf8_lossy(parts.next().unwrap_or(TEXT));
    let tokenizer = match text::tokenizer::Tokenizer::from_bytes(file, parts.next()) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            return assert!(matches!(error.kind(), ErrorKind::ModelMalformed | ErrorKind::ModelUnsupported), "{error}");
        }
    };
    if let Ok(encoding) = tokenizer.encode(&text) {
        assert!(encoding.offsets.iter().all(|span| text.get(span.clone()).is_some()), "{:?}", encoding.offsets);
    }
    // Any text gives windows or an error.
    for long_text in [LongText::Window, LongText::Truncate, LongText::Error] {
        for limit in [4, 64] {
            for special_tokens in [SpecialTokens::Text, SpecialTokens::Special] {
                let options = text::windows::ReadOptions { long_text, special_tokens, with_offsets: true };
                let pair = tokenizer.encode_pair("A pair.", special_tokens);
                let _ = text::windows::Windows::divide(&text, &[], &tokenizer, limit, options);
                let _ = pair.map(|pair| text::windows::Windows::divide(&text, &[pair], &tokenizer, limit, options));
            }
        }
    }
}));
