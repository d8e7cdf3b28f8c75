//! A text to the parts of it that the model reads at once: itself, if it is not too long.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::tokenizer::{Tokenizer, Tokens, nothing};
use crate::error::{Error, ErrorKind};
use crate::limits::MAX_PIECE_BYTES;
use crate::options::LongText;

/// Most tokens of a window, special ones left out, as far as the model reads so many. Many models could read more at
/// once; they were taught on texts of this length and less, and passages should be short enough to be looked at.
const WINDOW_TOKENS: usize = 128;
/// Most tokens that a window shares with the one before, so that no sentence is read without those before it.
const OVERLAP_TOKENS: usize = 32;

/// A part of a text that the model reads at once.
#[derive(Debug)]
pub(crate) struct Window {
    /// Where it is, in bytes of the text.
    pub span: Range<usize>,
    pub tokens: Tokens,
    /// How many tokens it has that are not in the window before, special ones left out.
    pub new_tokens: usize,
}

/// What is read of a text, in its order; never nothing.
#[derive(Debug)]
pub(crate) struct Windows {
    pub windows: Vec<Window>,
    /// Whether some of the text is in none.
    pub truncated: bool,
}

impl Windows {
    /// `limit`: the most tokens that the model reads at once, special ones included.
    pub(crate) fn of(
        text: &str,
        tokenizer: &Tokenizer,
        limit: usize,
        long_text: LongText,
        with_offsets: bool,
    ) -> Result<Self, Error> {
        let token_budget = limit.saturating_sub(tokenizer.special()).max(1);
        let reader = Reader { text, tokenizer, token_budget, with_offsets };
        if text.len() <= MAX_PIECE_BYTES
            && let Some(whole) = reader.whole()?
        {
            return Ok(whole);
        }
        let pieces = reader.pieces()?;
        // Alone, sentences can have more tokens: the space between two of them may be one only where it ends a text.
        if pieces.iter().map(|piece| piece.tokens).sum::<usize>() <= 2 * token_budget
            && let Some(whole) = reader.whole()?
        {
            return Ok(whole);
        }
        match long_text {
            LongText::Window => reader.windows(&pieces),
            LongText::Truncate => reader.beginning(&pieces),
            LongText::Error => {
                let count = tokenizer.count(text)? + tokenizer.special();
                let message = format!("the text has {count} tokens, the model reads {limit}");
                Err(Error::new(ErrorKind::TextTooLong, message))
            }
        }
    }
}

/// A piece of a text, at most a sentence, and how many tokens it has.
struct Piece {
    span: Range<usize>,
    tokens: usize,
}

struct Reader<'a> {
    text: &'a str,
    tokenizer: &'a Tokenizer,
    /// Tokens that the model reads, special ones left out.
    token_budget: usize,
    with_offsets: bool,
}

impl Reader<'_> {
    fn window_budget(&self) -> usize {
        self.token_budget.min(WINDOW_TOKENS)
    }

    /// The text as one window, if the model can read it at once.
    fn whole(&self) -> Result<Option<Windows>, Error> {
        let tokens = self.tokenizer.tokens(self.text, self.token_budget + 1, self.with_offsets)?;
        match tokens.count {
            0 => Err(nothing()),
            count if count > self.token_budget => Ok(None),
            new_tokens => {
                let window = Window { span: 0..self.text.len(), tokens, new_tokens };
                Ok(Some(Windows { windows: vec![window], truncated: false }))
            }
        }
    }

    /// Its beginning, up to where the model can read it at once.
    fn beginning(&self, pieces: &[Piece]) -> Result<Windows, Error> {
        let mut tokens = 0;
        let enough = pieces.iter().position(|piece| {
            tokens += piece.tokens;
            tokens >= 2 * self.token_budget // as above: more than enough
        });
        let read = enough.map_or(self.text, |last| &self.text[..pieces[last].span.end]);
        let tokens = self.tokenizer.tokens(read, self.token_budget, true)?;
        let window = Window { span: 0..tokens.end, new_tokens: tokens.count, tokens };
        Ok(Windows { windows: vec![window], truncated: true })
    }

    /// The text in sentences, those that are too long for a window in parts.
    fn pieces(&self) -> Result<Vec<Piece>, Error> {
        let mut pieces = Vec::new();
        for (start, sentence) in self.text.split_sentence_bound_indices() {
            self.divide(start..start + sentence.len(), &mut pieces)?;
        }
        Ok(pieces)
    }

    /// A part of the text as one piece, or where that is too long, each half of it so.
    fn divide(&self, span: Range<usize>, pieces: &mut Vec<Piece>) -> Result<(), Error> {
        let part = &self.text[span.clone()];
        let tokens = if part.len() <= MAX_PIECE_BYTES { self.tokenizer.count(part)? } else { usize::MAX };
        if tokens > self.window_budget()
            && let Some(middle) = middle(part)
        {
            self.divide(span.start..span.start + middle, pieces)?;
            return self.divide(span.start + middle..span.end, pieces);
        }
        pieces.push(Piece { span, tokens });
        Ok(())
    }

    /// As many pieces as fit into each window, the last ones of it again in the next.
    fn windows(&self, pieces: &[Piece]) -> Result<Windows, Error> {
        let token_budget = self.window_budget();
        let mut windows = Vec::new();
        let mut truncated = false;
        let (mut first, mut covered, mut end) = (0, 0, 0);
        while covered < pieces.len() {
            let mut last = first;
            let mut tokens = 0;
            while last < pieces.len() && (last == first || tokens + pieces[last].tokens <= token_budget) {
                tokens += pieces[last].tokens;
                last += 1;
            }
            let (span, tokens) = loop {
                let span = trim(self.text, pieces[first].span.start..pieces[last - 1].span.end);
                let tokens =
                    self.tokenizer.tokens(&self.text[span.clone()], self.token_budget + 1, self.with_offsets)?;
                // Pieces can have more tokens together than alone.
                match tokens.count <= self.token_budget || last - first == 1 {
                    true => break (span, tokens),
                    false if last - covered > 1 => last -= 1,
                    false => first += 1,
                }
            };
            let new_tokens = pieces[covered..last].iter().map(|piece| piece.tokens).sum();
            let tokens = if tokens.count > self.token_budget {
                // A character of more tokens than the model reads.
                truncated = true;
                self.tokenizer.tokens(&self.text[span.clone()], self.token_budget, self.with_offsets)?
            } else {
                tokens
            };
            // Otherwise what is new is nothing, or white space, which to some tokenizers is something.
            if new_tokens > 0 && span.end > end {
                end = span.end;
                windows.push(Window { span, tokens, new_tokens });
            }
            covered = last;
            first = overlap(pieces, first, last, token_budget);
        }
        Ok(Windows { windows, truncated })
    }
}

/// The first piece of the window after that of `first..last`: as much of it as may be again, and leaves token_budget for the next.
fn overlap(pieces: &[Piece], first: usize, last: usize, token_budget: usize) -> usize {
    let coming = pieces.get(last).map_or(0, |piece| piece.tokens);
    let most = OVERLAP_TOKENS.min(token_budget.saturating_sub(coming));
    let mut next = last;
    let mut tokens = 0;
    while next > first + 1 && tokens + pieces[next - 1].tokens <= most {
        next -= 1;
        tokens += pieces[next].tokens;
    }
    next
}

/// Where a text is best cut in two: the word boundary nearest to its middle, or in a single word that of characters.
fn middle(text: &str) -> Option<usize> {
    let half = text.len() / 2;
    let nearest = |places: &mut dyn Iterator<Item = usize>| places.filter(|&p| p > 0).min_by_key(|p| p.abs_diff(half));
    nearest(&mut text.split_word_bound_indices().map(|(place, _)| place))
        .or_else(|| nearest(&mut text.grapheme_indices(true).map(|(place, _)| place)))
        .or_else(|| nearest(&mut text.char_indices().map(|(place, _)| place)))
}

fn trim(text: &str, span: Range<usize>) -> Range<usize> {
    let part = &text[span.clone()];
    let start = span.start + part.len() - part.trim_start().len();
    start..start.max(span.start + part.trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One token for each word; two special ones.
    fn tokenizer() -> Tokenizer {
        let json = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": {"type": "BertProcessing", "sep": ["?", 0], "cls": ["?", 0]},
            "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}"#;
        Tokenizer::from_bytes(json.as_bytes()).unwrap()
    }

    fn windows(text: &str, limit: usize, long_text: LongText) -> Result<Windows, Error> {
        Windows::of(text, &tokenizer(), limit, long_text, true)
    }

    /// Sentences of so many words each.
    fn text(words: &[usize]) -> String {
        let sentence = |&n: &usize| format!("{}end. ", "Word ".repeat(n - 1));
        words.iter().map(sentence).collect()
    }

    #[test]
    fn what_fits_is_one_window() {
        let read = windows(" One two. Three? ", 5, LongText::Error).unwrap();
        assert_eq!((read.windows.len(), read.truncated), (1, false));
        let Window { span, tokens, new_tokens } = &read.windows[0];
        assert_eq!((span.clone(), tokens.ids.len(), *new_tokens), (0..17, 5, 3));
        assert_eq!(tokens.starts, [None, Some(1), Some(5), Some(10), None]);
    }

    #[test]
    fn windows_end_with_sentences_overlap_and_leave_nothing_out() {
        let text = text(&[60, 50, 10, 30, 100, 127, 3]);
        let read = windows(&text, 512 - 200, LongText::Window).unwrap().windows;
        let sizes: Vec<_> = read.iter().map(|window| (window.tokens.count, window.new_tokens)).collect();
        // 60 50 10 | 10 30 | 100 | 127 | 3: before 30 come the last 10 again; before 100, 30 would not leave token_budget
        assert_eq!(sizes, [(120, 120), (40, 30), (100, 100), (127, 127), (3, 3)]);
        assert_eq!(read.iter().map(|window| window.new_tokens).sum::<usize>(), 380);
        for window in &read {
            let part = &text[window.span.clone()];
            assert!(part.starts_with("Word") && part.ends_with("end."), "{part}");
        }
        for pair in read.windows(2) {
            assert!(text[..pair[1].span.start].trim_end().len() <= pair[0].span.end, "a gap");
        }
    }

    #[test]
    fn a_sentence_that_is_too_long_is_cut_between_words() {
        let text = text(&[1000]);
        let read = windows(&text, 512, LongText::Window).unwrap().windows;
        assert_eq!(read.iter().map(|window| window.new_tokens).sum::<usize>(), 1000);
        assert!(read.iter().all(|window| window.tokens.count <= WINDOW_TOKENS));
    }

    #[test]
    fn a_word_of_a_megabyte_is_read() {
        let read = windows(&"é".repeat(1 << 19), 4, LongText::Window).unwrap().windows;
        let mut end = 0;
        for window in &read {
            assert!(window.span.start <= end && window.span.end > end);
            end = window.span.end;
        }
        assert_eq!(end, 1 << 20);
    }

    #[test]
    fn the_beginning_says_where_it_ends() {
        let read = windows(&text(&[3, 3]), 6, LongText::Truncate).unwrap();
        assert!(read.truncated);
        assert_eq!((read.windows[0].span.clone(), read.windows[0].tokens.ids.len()), (0..19, 6));
    }

    #[test]
    fn an_error_counts_the_tokens() {
        let error = windows(&text(&[3, 3]), 6, LongText::Error).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TextTooLong);
        assert_eq!(error.to_string(), "the text has 8 tokens, the model reads 6");
    }

    #[test]
    fn nothing_is_an_error_however_long() {
        for text in [String::new(), " \n".into(), " ".repeat(10_000)] {
            assert_eq!(windows(&text, 6, LongText::Window).unwrap_err().kind(), ErrorKind::EmptyText);
        }
    }
}
