//! Divides a text into pieces for windows: sentences, and parts of those that are too long for a window.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::error::Error;
use crate::limits::MAX_PIECE_BYTES;

/// Marks that end a clause if white space follows: without it, they are part of numbers and times.
const CLAUSE_MARKS: [char; 5] = [',', ';', ':', '،', '؛'];
/// Marks of Chinese and Japanese that end a clause; no white space follows them.
const WIDE_CLAUSE_MARKS: [char; 5] = ['，', '；', '：', '、', '､'];

/// A piece of a text, at most a sentence.
pub(super) struct Piece {
    /// Its span in the text, in bytes.
    pub span: Range<usize>,
    /// Its number of tokens when it is read alone, special tokens not counted.
    pub tokens: usize,
}

/// Counts the tokens of a text, special tokens not counted.
type CountTokens<'a> = &'a dyn Fn(&str) -> Result<usize, Error>;

/// The sentences of a text; one that has more than `max_tokens` is divided.
pub(super) fn split_pieces(text: &str, max_tokens: usize, count_tokens: CountTokens) -> Result<Vec<Piece>, Error> {
    let mut pieces = Vec::new();
    for (start, sentence) in text.split_sentence_bound_indices() {
        add_pieces(text, start..start + sentence.len(), max_tokens, count_tokens, &mut pieces)?;
    }
    Ok(pieces)
}

/// Adds a span as one piece, or divides it where it is too long. Only one character may stay too long.
fn add_pieces(
    text: &str,
    span: Range<usize>,
    max_tokens: usize,
    count_tokens: CountTokens,
    pieces: &mut Vec<Piece>,
) -> Result<(), Error> {
    let part = &text[span.clone()];
    let tokens = if part.len() <= MAX_PIECE_BYTES { count_tokens(part)? } else { usize::MAX };
    if tokens > max_tokens
        && let Some(middle) = find_middle(part)
    {
        add_pieces(text, span.start..span.start + middle, max_tokens, count_tokens, pieces)?;
        return add_pieces(text, span.start + middle..span.end, max_tokens, count_tokens, pieces);
    }
    pieces.push(Piece { span, tokens });
    Ok(())
}

/// Where to divide a text: the boundary nearest to its middle, of the first of these kinds that it has:
///
/// 1. within its middle half, the end of a clause;
/// 2. within its middle half, white space, which between Thai phrases is the only mark;
/// 3. between words;
/// 4. in a single word, between grapheme clusters;
/// 5. in a single cluster, between characters.
///
/// `None` for a single character.
fn find_middle(text: &str) -> Option<usize> {
    let half = text.len() / 2;
    let distance = |offset: &usize| offset.abs_diff(half);
    let nearest = |offsets: &mut dyn Iterator<Item = usize>| offsets.filter(|&offset| offset > 0).min_by_key(distance);
    let central = |offsets: &mut dyn Iterator<Item = usize>| nearest(offsets).filter(|o| distance(o) <= half / 2);
    central(&mut clause_ends(text))
        .or_else(|| central(&mut text.match_indices(char::is_whitespace).map(|(offset, _)| offset)))
        .or_else(|| nearest(&mut text.split_word_bound_indices().map(|(offset, _)| offset)))
        .or_else(|| nearest(&mut text.grapheme_indices(true).map(|(offset, _)| offset)))
        .or_else(|| nearest(&mut text.char_indices().map(|(offset, _)| offset)))
}

/// The offsets behind all marks that end a clause.
fn clause_ends(text: &str) -> impl Iterator<Item = usize> {
    let end = |(start, mark): (usize, &str)| start + mark.len();
    let wide = text.match_indices(WIDE_CLAUSE_MARKS).map(end);
    let before_space = text.match_indices(CLAUSE_MARKS).map(end);
    wide.chain(before_space.filter(|&end| text[end..].starts_with(char::is_whitespace)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of at most 128 tokens, where each character is a token.
    fn pieces(text: &str) -> Vec<Piece> {
        split_pieces(text, 128, &|part| Ok(part.chars().count())).unwrap()
    }

    #[test]
    fn a_sentence_that_is_too_long_is_divided_between_clauses() {
        for (clause, end) in [
            ("房间很干净，", "，"),
            ("早餐、", "、"),
            ("他們說價格：很低", "："),
            ("and the food, it was 1,000 times better at 12:30 ", "food,"),
            ("الغرفة نظيفة، ", "،"),
        ] {
            let text = clause.repeat(100);
            let pieces = pieces(&text);
            assert!(pieces.len() > 3);
            for piece in &pieces[..pieces.len() - 1] {
                let part = text[piece.span.clone()].trim_end();
                assert!(part.ends_with(end), "{part}");
            }
        }
    }

    #[test]
    fn a_long_text_without_marks_is_divided_at_blanks() {
        let phrase = "หนังเรื่องนี้สนุกมาก ";
        let text = phrase.repeat(40);
        let read = pieces(&text);
        assert!(read.len() > 2);
        for piece in read {
            let part = text[piece.span].trim();
            assert!(part.starts_with(phrase.trim()) && part.ends_with(phrase.trim()), "{part}");
        }
        // In one word, between characters of one to three bytes.
        assert_eq!(pieces(&"เ".repeat(200)).iter().map(|piece| piece.tokens).sum::<usize>(), 200);
    }
}
