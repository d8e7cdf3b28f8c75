//! Reads `tokenizer.json` in one pass. The reader of `tokenizers` keeps a whole model in three intermediate forms, one after the
//! other, before its vocabulary becomes a map.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tokenizers::models::{bpe::BPE, wordlevel::WordLevel, wordpiece::WordPiece};
use tokenizers::{
    AddedToken, DecoderWrapper, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, TokenizerBuilder, TokenizerImpl,
};

use super::pre_tokenizer::PreTokenizer;
use super::tokenizer_check;
use crate::error::Error;

/// The version of the format.
const VERSION: &str = "1.0";

/// The tokenizer of `tokenizers`, with a pre-tokenizer of ours.
pub(super) type Inner =
    TokenizerImpl<ModelWrapper, NormalizerWrapper, PreTokenizer, PostProcessorWrapper, DecoderWrapper>;

/// The content of `tokenizer.json`, without padding, truncation and decoder, which nothing here uses.
#[derive(Deserialize)]
struct File {
    version: Option<String>,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    model: TokenizerModel,
}

/// A tokenizer, and `model.unk_id` of a Unigram model, which `tokenizers` does not show.
pub(super) fn read(bytes: &[u8]) -> Result<(Inner, Option<u32>), Error> {
    let malformed = |e: tokenizers::Error| Error::malformed(format!("tokenizer.json cannot be read: {e}")).caused_by(e);
    let file: File = serde_json::from_slice(bytes).map_err(|e| malformed(e.into()))?;
    if let Some(version) = file.version.as_ref().filter(|version| *version != VERSION) {
        return Err(malformed(format!("its version is {version:?}, not {VERSION:?}").into()));
    }
    tokenizer_check::check(file.normalizer.as_ref(), file.post_processor.as_ref())?;
    let unk_id = file.model.unk_id;
    Ok((file.build().map_err(malformed)?, unk_id))
}

impl File {
    fn build(self) -> tokenizers::Result<Inner> {
        fn part<T: DeserializeOwned>(value: Option<Value>) -> serde_json::Result<Option<T>> {
            value.map(serde_json::from_value).transpose()
        }
        let mut tokenizer = TokenizerBuilder::new()
            .with_model(self.model.inner)
            .with_normalizer(part(self.normalizer)?)
            .with_pre_tokenizer(part(self.pre_tokenizer)?)
            .with_post_processor(part(self.post_processor)?)
            .build()?;
        tokenizer.add_tokens(self.added_tokens)?;
        Ok(tokenizer)
    }
}

struct TokenizerModel {
    inner: ModelWrapper,
    unk_id: Option<u32>,
}

impl<'de> Deserialize<'de> for TokenizerModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ModelVisitor)
    }
}

struct ModelVisitor;

impl<'de> Visitor<'de> for ModelVisitor {
    type Value = TokenizerModel;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a model")
    }

    /// If the type comes first, as `tokenizers` writes it, the rest is read as that type. Other models, and Unigram
    /// ones, are left to `tokenizers`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TokenizerModel, A::Error> {
        let first: Option<String> = map.next_key()?;
        let mut fields = Map::new();
        if let Some(key) = first {
            let value: Value = map.next_value()?;
            let kind = if key == "type" { value.as_str() } else { None };
            let rest = MapAccessDeserializer::new(&mut map);
            let inner: Option<ModelWrapper> = match kind {
                Some("BPE") => Some(BPE::deserialize(rest)?.into()),
                Some("WordLevel") => Some(WordLevel::deserialize(rest)?.into()),
                Some("WordPiece") => Some(WordPiece::deserialize(rest)?.into()),
                _ => None,
            };
            if let Some(inner) = inner {
                return Ok(TokenizerModel { inner, unk_id: None });
            }
            fields.insert(key, value);
        }
        while let Some((key, value)) = map.next_entry()? {
            fields.insert(key, value);
        }
        let unk_id = fields.get("unk_id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let inner = serde_json::from_value(Value::Object(fields)).map_err(A::Error::custom)?;
        Ok(TokenizerModel { inner, unk_id })
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// WordPiece, byte-level BPE and Unigram.
    const FOLDERS: [&str; 7] = [
        "models/english",
        "models/multilingual",
        "tests/fixtures/tiny",
        "tests/fixtures/trained/bert",
        "tests/fixtures/folders/roberta",
        "tests/fixtures/folders/xlm-roberta",
        "tests/fixtures/folders/albert",
    ];

    /// All parts but the pre-tokenizer.
    fn parts<P: tokenizers::PreTokenizer>(
        tokenizer: &TokenizerImpl<ModelWrapper, NormalizerWrapper, P, PostProcessorWrapper, DecoderWrapper>,
    ) -> Value {
        let (model, added) = (tokenizer.get_model(), tokenizer.get_added_vocabulary());
        serde_json::json!([model, added, tokenizer.get_normalizer(), tokenizer.get_post_processor()])
    }

    #[test]
    fn files_are_read_as_tokenizers_reads_them() {
        for folder in FOLDERS {
            let bytes = std::fs::read(format!("{folder}/tokenizer.json")).unwrap();
            let theirs = tokenizers::Tokenizer::from_bytes(&bytes).unwrap();
            // Sorted by their keys, the fields of a model do not begin with its type.
            let sorted = serde_json::from_slice::<Value>(&bytes).unwrap().to_string();
            for file in [&bytes[..], sorted.as_bytes()] {
                let ours = read(file).unwrap().0;
                assert!(parts(&ours) == parts(&theirs), "{folder}");
                if let Some(PreTokenizer::Library(inner)) = ours.get_pre_tokenizer() {
                    assert_eq!(Some(inner), theirs.get_pre_tokenizer(), "{folder}");
                }
                assert_eq!(ours.get_pre_tokenizer().is_some(), theirs.get_pre_tokenizer().is_some());
                assert!(
                    ours.get_padding().is_none() && ours.get_truncation().is_none() && ours.get_decoder().is_none()
                );
            }
        }
    }

    #[test]
    fn damaged_files_are_rejected() {
        let valid = r#"{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}"#;
        assert!(read(valid.as_bytes()).is_ok());
        for (part, damage) in
            [("1.0", "2.0"), ("WordLevel", "Letters"), (r#""vocab": {"a": 0}, "#, ""), ("model", "models")]
        {
            let error = read(valid.replace(part, damage).as_bytes()).err().unwrap_or_else(|| panic!("{damage:?}"));
            assert_eq!(error.kind(), ErrorKind::ModelMalformed);
        }
    }
}
