//! Text to token ids, through Hugging Face's `tokenizers`.

use std::ops::Range;

use tokenizers::ModelWrapper;
use tokenizers::utils::truncation::TruncationDirection;

use super::tokenizer_check;
use crate::error::{Error, ErrorKind};

/// One text as the model sees it. One element for each token, special tokens included.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The tokens' spellings.
    pub tokens: Vec<String>,
    /// For each token the span that it covers, in bytes of the text; `0..0` for special tokens.
    pub offsets: Vec<Range<usize>>,
    /// The share of the tokens, special ones left out, that the vocabulary does not know, 0 to 1.
    pub unknown_share: f32,
}

/// The part of an [`Encoding`] that predicting needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tokens {
    /// Special tokens included.
    pub ids: Vec<u32>,
    /// For each token, where in the text it starts, in bytes; `None` for special tokens. Empty if not asked for.
    pub starts: Vec<Option<usize>>,
    /// Where in the text the last one ends, in bytes; 0 if places were not asked for.
    pub end: usize,
    /// How many are not special.
    pub count: usize,
    /// How many of those the vocabulary knows.
    pub known: usize,
    /// How many it does not, and characters that are no text, of which tokenizers make no tokens at all.
    pub unknown: usize,
}

pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// How many special tokens a text gets.
    special: usize,
    unknown: Option<u32>,
    mask: Option<u32>,
}

impl Tokenizer {
    /// `tokenizer.json`, without its own padding and truncation.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = |e| Error::malformed(format!("tokenizer.json cannot be read: {e}"));
        tokenizer_check::check(bytes)?;
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(malformed)?;
        inner.with_padding(None).with_truncation(None).map_err(malformed)?;
        let unknown = match inner.get_model() {
            ModelWrapper::WordPiece(model) => Some(model.unk_token.as_str()),
            ModelWrapper::WordLevel(model) => Some(model.unk_token.as_str()),
            ModelWrapper::BPE(model) => model.unk_token.as_deref(),
            ModelWrapper::Unigram(_) => Some("<unk>"),
        };
        let unknown = unknown.and_then(|token| inner.token_to_id(token));
        let mask = ["[MASK]", "<mask>"].iter().find_map(|token| inner.token_to_id(token));
        let special = inner.get_post_processor().map_or(0, added_tokens);
        Ok(Self { inner, special, unknown, mask })
    }

    /// Number of tokens it can produce, added ones included.
    pub(crate) fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// How many special tokens are put around a text.
    pub(crate) fn special(&self) -> usize {
        self.special
    }

    /// What stands for a word that is left out: the mask token, or where there is none the unknown one.
    pub(crate) fn mask(&self) -> Option<u32> {
        self.mask.or(self.unknown)
    }

    /// How many tokens a text has, special ones left out.
    pub(crate) fn count(&self, text: &str) -> Result<usize, Error> {
        Ok(self.inner.encode_fast(text, false).map_err(failed)?.len())
    }

    /// What the model reads of a text: its first `token_budget` tokens, and the special ones around them.
    pub(crate) fn tokens(&self, text: &str, token_budget: usize, with_offsets: bool) -> Result<Tokens, Error> {
        let mut raw = match with_offsets {
            true => self.inner.encode_char_offsets(text, false),
            false => self.inner.encode_fast(text, false),
        }
        .map_err(failed)?;
        raw.truncate(token_budget, 0, TruncationDirection::Right);
        let count = raw.len();
        let unknown = raw.get_ids().iter().filter(|&&id| Some(id) == self.unknown).count();
        let spans = if with_offsets { to_bytes(text, raw.get_offsets()) } else { Vec::new() };
        let whole = self.inner.post_process(raw, None, true).map_err(failed)?;
        let mut starts = spans.iter().map(|span| span.start);
        let place = |&special: &u32| if special == 1 { None } else { starts.next() };
        Ok(Tokens {
            ids: whole.get_ids().to_vec(),
            starts: if with_offsets { whole.get_special_tokens_mask().iter().map(place).collect() } else { Vec::new() },
            end: spans.iter().map(|span| span.end).max().unwrap_or(0),
            count,
            known: count - unknown,
            unknown: unknown + text.chars().filter(is_no_text).count(),
        })
    }

    /// All of a text's tokens, with spellings and spans.
    pub(crate) fn encode(&self, text: &str) -> Result<Encoding, Error> {
        let encoding = self.inner.encode_char_offsets(text, true).map_err(failed)?;
        let special = encoding.get_special_tokens_mask();
        let count = special.iter().filter(|&&special| special == 0).count();
        if count == 0 {
            return Err(nothing());
        }
        let unknown =
            encoding.get_ids().iter().zip(special).filter(|&(&id, &special)| special == 0 && Some(id) == self.unknown);
        Ok(Encoding {
            unknown_share: unknown.count() as f32 / count as f32,
            ids: encoding.get_ids().to_vec(),
            tokens: encoding.get_tokens().to_vec(),
            offsets: to_bytes(text, encoding.get_offsets()),
        })
    }
}

/// What bytes become that are no text: control characters, and what stands for those that could not be read.
fn is_no_text(character: &char) -> bool {
    *character == char::REPLACEMENT_CHARACTER || character.is_control() && !character.is_whitespace()
}

fn added_tokens(processor: &impl tokenizers::PostProcessor) -> usize {
    processor.added_tokens(false)
}

/// Spans in characters to spans in bytes.
fn to_bytes(text: &str, spans: &[(usize, usize)]) -> Vec<Range<usize>> {
    let mut places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    places.push(text.len());
    let byte = |char: usize| places.get(char).copied().unwrap_or(text.len());
    spans.iter().map(|&(start, end)| byte(start)..byte(end)).collect()
}

/// What is wrong with a text that has no tokens.
pub(crate) fn nothing() -> Error {
    Error::new(ErrorKind::EmptyText, "the text is empty: there is nothing to classify")
}

fn failed(error: tokenizers::Error) -> Error {
    Error::internal(format!("the tokenizer failed: {error}"))
}
