//! The tokens of a text: their ids and spans.

use std::ops::Range;

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
    pub unknown_fraction: f32,
}

/// One input of the model, special tokens included: a text or a pair of texts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sequence {
    pub ids: Vec<u32>,
    /// For each token, which of two texts it belongs to, as the tokenizer counts them.
    pub type_ids: Vec<u32>,
}

/// The tokens of one window: the part of an [`Encoding`] that a prediction needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tokens {
    /// The window with each of its pairs, or one sequence without a pair.
    pub sequences: Vec<Sequence>,
    /// The span of each token of the first sequence in the whole text, in bytes; `None` for special tokens and those of
    /// the pair. Empty without offsets.
    pub spans: Vec<Option<Range<usize>>>,
    /// The end of the last token in the whole text, in bytes; the window's start without offsets.
    pub end: usize,
    /// Number of tokens of the window's text, special tokens not counted.
    pub count: usize,
    /// Number of these tokens that are in the vocabulary.
    pub known: usize,
    /// Number of these tokens that are not, plus characters that are no text, for which tokenizers return no token.
    pub unknown: usize,
}
