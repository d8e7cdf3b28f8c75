//! The tokens of a text: their ids and spans.

use std::ops::Range;

use unicode_categories::UnicodeCategories;

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
    /// The window's text with each of its pairs, or alone if there are none.
    pub sequences: Vec<Sequence>,
    /// The span of each token of the first sequence in the whole text, in bytes; `None` for special tokens and those of
    /// the pair. Empty without offsets.
    pub spans: Vec<Option<Range<usize>>>,
    /// The end of the last token in the whole text, in bytes. Without offsets, or without tokens, the window's start.
    pub end: usize,
    /// Number of tokens of the window's text, special tokens not counted.
    pub count: usize,
    /// Number of these tokens that are in the vocabulary.
    pub known: usize,
    /// Number of these tokens that are not in it, plus control characters and U+FFFD, for which tokenizers return no token.
    pub unknown: usize,
}

/// Spans in characters of a text, as `tokenizers` gives them, to spans in bytes, moved by `start`. The byte offsets of
/// `tokenizers` are not used: they may lie within a character.
pub(super) fn byte_spans(text: &str, start: usize, spans: &[(usize, usize)]) -> Vec<Range<usize>> {
    let bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
    let byte = |character: usize| start + bytes.get(character).copied().unwrap_or(text.len());
    spans.iter().map(|&(first, end)| byte(first)..byte(end)).collect()
}

/// Whether a character is a control character, or U+FFFD, which stands for bytes that are not UTF-8.
pub(super) fn is_control_or_replacement(character: &char) -> bool {
    *character == char::REPLACEMENT_CHARACTER || character.is_control() && !character.is_whitespace()
}

/// Whether a text has only white space and invisible characters, such as zero-width ones. Some tokenizers have tokens for these.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_control_or_replacement(&c) || c.is_other_format())
}

/// The spans of all tokens of an input of the model, given those of its text; `None` for special tokens and those of
/// the pair.
pub(super) fn spans_in_input(
    input: &tokenizers::Encoding,
    token_spans: Vec<Range<usize>>,
) -> Vec<Option<Range<usize>>> {
    let mut token_spans = token_spans.into_iter();
    let tokens = input.get_special_tokens_mask().iter().zip(input.get_sequence_ids());
    // The id of the sequence is 1 for tokens of the pair.
    let span = |(&special, sequence): (&u32, Option<usize>)| {
        if special == 0 && sequence != Some(1) { token_spans.next() } else { None }
    };
    tokens.map(span).collect()
}
