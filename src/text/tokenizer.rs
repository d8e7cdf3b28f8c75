//! Text to token ids, through Hugging Face's `tokenizers`.

use std::ops::Range;

use tokenizers::ModelWrapper;
use tokenizers::utils::truncation::TruncationDirection;

use super::tokenizer_check;
use crate::error::{Error, ErrorKind};

/// The tokens of a text: one element of each list per token, special tokens included.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The tokens as the vocabulary spells them.
    pub tokens: Vec<String>,
    /// The span of each token in the text, in bytes of UTF-8; `0..0` for special tokens.
    pub offsets: Vec<Range<usize>>,
    /// The fraction of tokens that the vocabulary does not know, special tokens not counted, 0 to 1.
    pub unknown_share: f32,
}

/// The tokens of one window: the part of an [`Encoding`] that a prediction needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tokens {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// The start of each token in the whole text, in bytes; `None` for special tokens. Empty without offsets.
    pub starts: Vec<Option<usize>>,
    /// The end of the last token in the whole text, in bytes; the window's start without offsets.
    pub end: usize,
    /// Tokens that are not special.
    pub count: usize,
    /// Those of them that the vocabulary knows.
    pub known: usize,
    /// Those that it does not know, plus characters that are no text, for which tokenizers return no token.
    pub unknown: usize,
}

/// The tokenizer of a model.
pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// Special tokens that are added to a text.
    special: usize,
    unknown: Option<u32>,
    mask: Option<u32>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`. Its own padding and truncation are switched off.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let malformed =
            |e: tokenizers::Error| Error::malformed(format!("tokenizer.json cannot be read: {e}")).caused_by(e);
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

    /// The size of the vocabulary, added tokens included.
    pub(crate) fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The number of special tokens that are added to a text.
    pub(crate) fn special(&self) -> usize {
        self.special
    }

    /// The token that replaces a masked word: the mask token, or the unknown token where the vocabulary has no mask.
    pub(crate) fn mask(&self) -> Option<u32> {
        self.mask.or(self.unknown)
    }

    /// The number of tokens of a text, special tokens not counted.
    pub(crate) fn count(&self, text: &str) -> Result<usize, Error> {
        Ok(self.inner.encode_fast(text, false).map_err(failed)?.len())
    }

    /// The first `token_budget` tokens of a span of the text, with special tokens around them. Offsets take time and are
    /// optional.
    pub(crate) fn tokens(
        &self,
        text: &str,
        span: Range<usize>,
        token_budget: usize,
        with_offsets: bool,
    ) -> Result<Tokens, Error> {
        let (start, text) = (span.start, &text[span]);
        let mut raw = match with_offsets {
            true => self.inner.encode_char_offsets(text, false),
            false => self.inner.encode_fast(text, false),
        }
        .map_err(failed)?;
        raw.truncate(token_budget, 0, TruncationDirection::Right);
        let count = raw.len();
        let unknown = raw.get_ids().iter().filter(|&&id| Some(id) == self.unknown).count();
        let spans = if with_offsets { byte_spans(text, start, raw.get_offsets()) } else { Vec::new() };
        let whole = self.inner.post_process(raw, None, true).map_err(failed)?;
        let mut starts = spans.iter().map(|span| span.start);
        let next_start = |&special: &u32| if special == 1 { None } else { starts.next() };
        Ok(Tokens {
            ids: whole.get_ids().to_vec(),
            starts: if with_offsets {
                whole.get_special_tokens_mask().iter().map(next_start).collect()
            } else {
                Vec::new()
            },
            end: spans.iter().map(|span| span.end).max().unwrap_or(start),
            count,
            known: count - unknown,
            unknown: unknown + text.chars().filter(is_no_text).count(),
        })
    }

    /// All tokens of a text, with spellings and spans.
    pub(crate) fn encode(&self, text: &str) -> Result<Encoding, Error> {
        let encoding = self.inner.encode_char_offsets(text, true).map_err(failed)?;
        let special = encoding.get_special_tokens_mask();
        let count = special.iter().filter(|&&special| special == 0).count();
        if count == 0 {
            return Err(empty_text());
        }
        let unknown =
            encoding.get_ids().iter().zip(special).filter(|&(&id, &special)| special == 0 && Some(id) == self.unknown);
        Ok(Encoding {
            unknown_share: unknown.count() as f32 / count as f32,
            ids: encoding.get_ids().to_vec(),
            tokens: encoding.get_tokens().to_vec(),
            offsets: byte_spans(text, 0, encoding.get_offsets()),
        })
    }
}

/// Whether a character is no text: a control character, or U+FFFD, which stands for bytes that are not UTF-8.
fn is_no_text(character: &char) -> bool {
    *character == char::REPLACEMENT_CHARACTER || character.is_control() && !character.is_whitespace()
}

fn added_tokens(processor: &impl tokenizers::PostProcessor) -> usize {
    processor.added_tokens(false)
}

/// Spans in characters to spans in bytes, moved by `start`. Byte offsets of `tokenizers` may lie within a character; those
/// in characters never do.
fn byte_spans(text: &str, start: usize, spans: &[(usize, usize)]) -> Vec<Range<usize>> {
    let bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
    let byte = |character: usize| start + bytes.get(character).copied().unwrap_or(text.len());
    spans.iter().map(|&(first, end)| byte(first)..byte(end)).collect()
}

/// The error for a text without tokens.
pub(crate) fn empty_text() -> Error {
    Error::new(ErrorKind::EmptyText, "the text is empty: there is nothing to classify")
}

fn failed(error: tokenizers::Error) -> Error {
    Error::internal(format!("the tokenizer failed: {error}")).caused_by(error)
}
