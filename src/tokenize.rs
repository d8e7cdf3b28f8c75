//! Text to token ids, through Hugging Face's `tokenizers`.

use tokenizers::utils::truncation::TruncationParams;

use crate::error::{Error, ErrorKind};

/// One text as the model sees it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Encoding {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// The tokens' spellings, one per id.
    pub tokens: Vec<String>,
    /// For each token the span it covers, in characters (Unicode scalar values) of the text;
    /// `(0, 0)` for special tokens.
    pub offsets: Vec<(usize, usize)>,
    /// Whether the text was longer than the model can read, and its end left out.
    pub truncated: bool,
}

/// The part of an [`Encoding`] that predicting needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TokenIds {
    pub ids: Vec<u32>,
    pub truncated: bool,
}

pub(crate) struct Tokenizer(tokenizers::Tokenizer);

impl Tokenizer {
    /// `tokenizer.json`, with its own padding and truncation replaced by ours.
    pub(crate) fn from_bytes(bytes: &[u8], max_tokens: usize) -> Result<Self, Error> {
        let malformed = |e| Error::malformed(format!("tokenizer.json cannot be read: {e}"));
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(bytes).map_err(malformed)?;
        let truncation = TruncationParams { max_length: max_tokens, stride: 0, ..Default::default() };
        tokenizer.with_padding(None).with_truncation(Some(truncation)).map_err(malformed)?;
        Ok(Self(tokenizer))
    }

    /// Number of tokens it can produce, added ones included.
    pub(crate) fn vocabulary(&self) -> usize {
        self.0.get_vocab_size(true)
    }

    /// What the model reads of a text; an error where there is nothing in it but white space.
    pub(crate) fn ids(&self, text: &str) -> Result<TokenIds, Error> {
        let encoding = self.0.encode_fast(text, true).map_err(failed)?;
        check_not_empty(&encoding)?;
        Ok(TokenIds { ids: encoding.get_ids().to_vec(), truncated: !encoding.get_overflowing().is_empty() })
    }

    /// The same with spellings and places.
    pub(crate) fn encode(&self, text: &str) -> Result<Encoding, Error> {
        let encoding = self.0.encode_char_offsets(text, true).map_err(failed)?;
        check_not_empty(&encoding)?;
        Ok(Encoding {
            truncated: !encoding.get_overflowing().is_empty(),
            ids: encoding.get_ids().to_vec(),
            tokens: encoding.get_tokens().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
        })
    }
}

fn failed(error: tokenizers::Error) -> Error {
    Error::internal(format!("the tokenizer failed: {error}"))
}

fn check_not_empty(encoding: &tokenizers::Encoding) -> Result<(), Error> {
    match encoding.get_special_tokens_mask().iter().all(|&special| special == 1) {
        true => Err(Error::new(ErrorKind::EmptyText, "the text is empty: there is nothing to classify")),
        false => Ok(()),
    }
}
