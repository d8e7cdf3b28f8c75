//! Divides a text into windows, the parts that the model reads at once. A short text is one window.

use std::ops::Range;

use super::pieces::{Piece, split_pieces};
use super::tokenizer::{Pair, Tokenizer, empty_text};
use super::tokens::{Tokens, is_blank};
use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_COUNTED_BYTES, MAX_PIECE_BYTES};
use crate::options::{LongText, SpecialTokens};

/// Maximum tokens of a window of a long text, special tokens not counted. Most models could read more at once, but they
/// were trained on texts of this length and less, and a user should be able to take in a window at a glance.
const WINDOW_TOKENS: usize = 128;
/// Maximum tokens that a window repeats from the one before, so that no sentence is read without its context.
const OVERLAP_TOKENS: usize = 32;

/// Minimum tokens of a long text that a window must have room for beside its pair.
const MIN_WINDOW_TOKENS: usize = 16;

/// A part of a text that the model reads at once.
#[derive(Debug)]
pub(crate) struct TokenizedWindow {
    /// Its span in the text, in bytes.
    pub span: Range<usize>,
    pub tokens: Tokens,
    /// Its tokens that are not in the window before, special tokens not counted.
    pub new_tokens: usize,
}

/// The windows of a text, in their order; at least one.
#[derive(Debug)]
pub(crate) struct Windows {
    pub windows: Vec<TokenizedWindow>,
    /// Whether part of the text is in no window.
    pub truncated: bool,
}

impl Windows {
    /// Divides a text into windows; each is read with each of the pairs, which are never divided. The model reads at most
    /// `max_tokens` at once, special tokens included.
    ///
    /// # Errors
    /// `EmptyText` for a text without tokens; `TextTooLong` with [`LongText::Error`], or if a pair leaves no room for the
    /// text.
    pub(crate) fn divide(
        text: &str,
        pairs: &[Pair],
        tokenizer: &Tokenizer,
        max_tokens: usize,
        options: ReadOptions,
    ) -> Result<Self, Error> {
        // Tokens that are read with each window: special ones, and the longest pair.
        let added = tokenizer.added_count(!pairs.is_empty()) + pairs.iter().map(Pair::len).max().unwrap_or(0);
        let token_budget = max_tokens.saturating_sub(added);
        if token_budget == 0 && !pairs.is_empty() {
            return Err(pair_too_long(added, max_tokens, "at least one"));
        }
        if is_blank(text) {
            return Err(empty_text(text));
        }
        let reader = Reader { text, pairs, tokenizer, token_budget: token_budget.max(1), options };
        if text.len() <= MAX_PIECE_BYTES
            && let Some(whole) = reader.as_one_window()?
        {
            return Ok(whole);
        }
        let count_tokens = |part: &str| tokenizer.count_tokens(part, options.special_tokens);
        let pieces = split_pieces(text, reader.window_budget(), &count_tokens)?;
        let sum: usize = pieces.iter().map(|piece| piece.tokens).sum();
        // Sentences can have more tokens alone than together: some tokenizers turn a space at the end into a token.
        if sum <= 2 * token_budget
            && let Some(whole) = reader.as_one_window()?
        {
            return Ok(whole);
        }
        match options.long_text {
            // With less room, the text would take very many windows, each with the whole pair.
            LongText::Window if token_budget < MIN_WINDOW_TOKENS && !pairs.is_empty() => {
                Err(pair_too_long(added, max_tokens, &format!("at least {MIN_WINDOW_TOKENS} in each window")))
            }
            LongText::Window => reader.group_pieces(&pieces),
            LongText::Truncate => reader.truncate(&pieces),
            LongText::Error => {
                let (about, count) = match text.len() {
                    ..=MAX_COUNTED_BYTES => ("", tokenizer.count_tokens(text, options.special_tokens)?),
                    // The tokens of the whole text would take memory without limit.
                    _ => ("about ", sum),
                };
                let count = count + added;
                let what = if pairs.is_empty() { "the text has" } else { "text and pair have" };
                let message = format!(
                    "{what} {about}{count} tokens, the model reads {max_tokens}: shorten it, or choose window or truncate for long \
                     texts"
                );
                Err(Error::new(ErrorKind::TextTooLong, message))
            }
        }
    }
}

/// The error for a pair that, with the special tokens, leaves the text fewer than the `needed` tokens.
fn pair_too_long(added: usize, max_tokens: usize, needed: &str) -> Error {
    let message = format!(
        "the pair takes {added} tokens, special tokens included, of the {max_tokens} that the model reads at once; the text needs \
         {needed}: shorten the pair"
    );
    Error::new(ErrorKind::TextTooLong, message)
}

/// The options that decide how a text is divided and turned into tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadOptions {
    pub long_text: LongText,
    pub special_tokens: SpecialTokens,
    /// Whether to compute the offsets of the tokens, which takes time.
    pub with_offsets: bool,
}

/// A text, and what it takes to read parts of it.
struct Reader<'a> {
    text: &'a str,
    pairs: &'a [Pair],
    tokenizer: &'a Tokenizer,
    /// Maximum tokens of the text in a window, special tokens and the pair not counted.
    token_budget: usize,
    options: ReadOptions,
}

impl Reader<'_> {
    /// The first `token_budget` tokens of a span of the text.
    fn encode_span(&self, span: Range<usize>, token_budget: usize, with_offsets: bool) -> Result<Tokens, Error> {
        self.tokenizer.encode_window(
            self.text,
            span,
            self.pairs,
            token_budget,
            self.options.special_tokens,
            with_offsets,
        )
    }

    /// Maximum tokens of the text in a window of a long text.
    fn window_budget(&self) -> usize {
        self.token_budget.min(WINDOW_TOKENS)
    }

    /// The text as one window, or `None` if it has too many tokens.
    fn as_one_window(&self) -> Result<Option<Windows>, Error> {
        let tokens = self.encode_span(0..self.text.len(), self.token_budget + 1, self.options.with_offsets)?;
        match tokens.count {
            0 => Err(empty_text(self.text)),
            count if count > self.token_budget => Ok(None),
            new_tokens => {
                let window = TokenizedWindow { span: 0..self.text.len(), tokens, new_tokens };
                Ok(Some(Windows { windows: vec![window], truncated: false }))
            }
        }
    }

    /// The beginning of the text: as many tokens as the model reads at once.
    fn truncate(&self, pieces: &[Piece]) -> Result<Windows, Error> {
        let mut window = self.first_window(pieces)?;
        if is_blank(&self.text[window.span.clone()]) {
            // Invisible characters fill the budget: the window begins behind them instead.
            let blank = pieces.iter().take_while(|piece| is_blank(&self.text[piece.span.clone()])).count();
            window = self.first_window(&pieces[blank..])?;
        }
        Ok(Windows { windows: vec![window], truncated: true })
    }

    /// A window that begins with the first of these pieces, which are the rest of the text: as many tokens as the model reads at once.
    fn first_window(&self, pieces: &[Piece]) -> Result<TokenizedWindow, Error> {
        let start = pieces.first().map_or(0, |piece| piece.span.start);
        let mut tokens = 0;
        let enough = pieces.iter().position(|piece| {
            tokens += piece.tokens;
            tokens >= 2 * self.token_budget // twice the budget: sentences can have more tokens alone than together
        });
        let end = enough.map_or(self.text.len(), |last| pieces[last].span.end);
        let tokens = self.encode_span(start..end, self.token_budget, true)?;
        Ok(TokenizedWindow { span: start..tokens.end, new_tokens: tokens.count, tokens })
    }

    /// Windows of as many pieces as fit. The last pieces of a window are the first of the next.
    fn group_pieces(&self, pieces: &[Piece]) -> Result<Windows, Error> {
        let token_budget = self.window_budget();
        let mut windows: Vec<TokenizedWindow> = Vec::new();
        let mut truncated = false;
        let mut first = 0;
        // The number of pieces that are in a window.
        let mut covered = 0;
        while covered < pieces.len() {
            let end = first + count_fitting(&pieces[first..], token_budget);
            let (group, span, mut tokens) = self.encode_pieces(pieces, first..end, covered)?;
            let new_tokens = pieces[covered..group.end].iter().map(|piece| piece.tokens).sum();
            if tokens.count > self.token_budget {
                // One character has more tokens than the model reads.
                truncated = true;
                tokens = self.encode_span(span.clone(), self.token_budget, self.options.with_offsets)?;
            }
            // Drops a window that adds only white space or invisible characters, which some tokenizers count as tokens.
            let last_end = windows.last().map_or(0, |window| window.span.end);
            if new_tokens > 0 && span.end > last_end && !is_blank(&self.text[span.clone()]) {
                windows.push(TokenizedWindow { span, tokens, new_tokens });
            }
            covered = group.end;
            first = start_of_next_window(pieces, group, token_budget);
        }
        if windows.is_empty() {
            return Err(empty_text(self.text));
        }
        Ok(Windows { windows, truncated })
    }

    /// The tokens of a window of these pieces, and its span. Pieces can have more tokens together than alone: then
    /// leaves out new pieces at the end, or if there is only one, repeated ones at the start, and returns the pieces
    /// that are left. A single piece may still have too many. The first `covered` pieces of the text are not new.
    fn encode_pieces(
        &self,
        pieces: &[Piece],
        mut group: Range<usize>,
        covered: usize,
    ) -> Result<(Range<usize>, Range<usize>, Tokens), Error> {
        loop {
            let span = trim_span(self.text, pieces[group.start].span.start..pieces[group.end - 1].span.end);
            let tokens = self.encode_span(span.clone(), self.token_budget + 1, self.options.with_offsets)?;
            if tokens.count <= self.token_budget || group.len() == 1 {
                return Ok((group, span, tokens));
            }
            match group.end - covered > 1 {
                true => group.end -= 1,
                false => group.start += 1,
            }
        }
    }
}

/// How many of the first pieces have at most `token_budget` tokens together; at least one, whatever its tokens.
fn count_fitting(pieces: &[Piece], token_budget: usize) -> usize {
    let mut tokens = 0;
    let fitting = pieces.iter().take_while(|piece| {
        tokens += piece.tokens;
        tokens <= token_budget
    });
    fitting.count().max(1)
}

/// The index of the first piece of the window that follows a window of the pieces `group`. It repeats as many of these
/// as the overlap allows, but leaves room for a new piece.
fn start_of_next_window(pieces: &[Piece], group: Range<usize>, token_budget: usize) -> usize {
    let next_piece = pieces.get(group.end).map_or(0, |piece| piece.tokens);
    let max_overlap = OVERLAP_TOKENS.min(token_budget.saturating_sub(next_piece));
    let mut next = group.end;
    let mut tokens = 0;
    while next > group.start + 1 && tokens + pieces[next - 1].tokens <= max_overlap {
        next -= 1;
        tokens += pieces[next].tokens;
    }
    next
}

/// The span without white space at both ends; empty if there is nothing else.
fn trim_span(text: &str, span: Range<usize>) -> Range<usize> {
    let part = &text[span.clone()];
    let start = span.start + part.len() - part.trim_start().len();
    start..start.max(span.start + part.trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One token per word, and two special tokens.
    fn tokenizer() -> Tokenizer {
        let json = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": {"type": "BertProcessing", "sep": ["?", 0], "cls": ["?", 0]},
            "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}"#;
        Tokenizer::from_bytes(json.as_bytes(), None).unwrap()
    }

    fn windows(text: &str, max_tokens: usize, long_text: LongText) -> Result<Windows, Error> {
        let options = ReadOptions { long_text, special_tokens: SpecialTokens::Text, with_offsets: true };
        Windows::divide(text, &[], &tokenizer(), max_tokens, options)
    }

    /// Sentences with these numbers of words.
    fn text(words: &[usize]) -> String {
        let sentence = |&n: &usize| format!("{}end. ", "Word ".repeat(n - 1));
        words.iter().map(sentence).collect()
    }

    #[test]
    fn a_short_text_is_one_window() {
        let read = windows(" One two. Three? ", 5, LongText::Error).unwrap();
        assert_eq!((read.windows.len(), read.truncated), (1, false));
        let TokenizedWindow { span, tokens, new_tokens } = &read.windows[0];
        assert_eq!((span.clone(), tokens.sequences[0].ids.len(), *new_tokens), (0..17, 5, 3));
        assert_eq!(tokens.spans, [None, Some(1..4), Some(5..9), Some(10..16), None]);
    }

    #[test]
    fn windows_end_with_sentences_overlap_and_cover_the_text() {
        let text = text(&[60, 50, 10, 30, 100, 127, 3]);
        let read = windows(&text, 512 - 200, LongText::Window).unwrap().windows;
        let sizes: Vec<_> = read.iter().map(|window| (window.tokens.count, window.new_tokens)).collect();
        // 60 50 10 | 10 30 | 100 | 127 | 3: the second window repeats 10; the third has no room to repeat 30
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
    fn a_sentence_that_is_too_long_is_divided_between_words() {
        let text = text(&[1000]);
        let read = windows(&text, 512, LongText::Window).unwrap().windows;
        assert_eq!(read.iter().map(|window| window.new_tokens).sum::<usize>(), 1000);
        assert!(read.iter().all(|window| window.tokens.count <= WINDOW_TOKENS));
    }

    /// One token per character, and two special tokens; at most 128 of the text are read at once.
    fn windows_of_characters(text: &str) -> Vec<TokenizedWindow> {
        let json = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."},
            "behavior": "Isolated", "invert": false}, "post_processor": {"type": "BertProcessing", "sep": ["?", 0],
            "cls": ["?", 0]}, "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}"#;
        let tokenizer = Tokenizer::from_bytes(json.as_bytes(), None).unwrap();
        let options =
            ReadOptions { long_text: LongText::Window, special_tokens: SpecialTokens::Text, with_offsets: false };
        Windows::divide(text, &[], &tokenizer, 130, options).unwrap().windows
    }

    #[test]
    fn windows_of_a_text_without_blanks_end_with_its_sentences() {
        for sentence in ["這部電影很好看。", "他说：“不行！”", "とても面白い？", "很好………！"]
        {
            let text = sentence.repeat(80);
            let read = windows_of_characters(&text);
            assert!(read.len() > 3);
            for TokenizedWindow { span, tokens, .. } in &read {
                let part = &text[span.clone()];
                assert_eq!(part.len() % sentence.len(), 0, "{part}");
                assert!(part.starts_with(sentence) && tokens.count <= WINDOW_TOKENS, "{part}");
            }
        }
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
    fn a_truncated_window_ends_where_the_last_token_ends() {
        let read = windows(&text(&[3, 3]), 6, LongText::Truncate).unwrap();
        assert!(read.truncated);
        assert_eq!((read.windows[0].span.clone(), read.windows[0].tokens.sequences[0].ids.len()), (0..19, 6));
    }

    #[test]
    fn a_text_too_long_error_has_the_number_of_tokens() {
        let error = windows(&text(&[3, 3]), 6, LongText::Error).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TextTooLong);
        assert!(error.to_string().starts_with("the text has 8 tokens, the model reads 6: shorten it"), "{error}");
    }

    #[test]
    fn the_tokens_of_a_very_long_text_are_not_counted_exactly() {
        let words = MAX_COUNTED_BYTES / "Word ".len() + 100;
        let error = windows(&text(&[words]), 6, LongText::Error).unwrap_err();
        assert!(error.to_string().starts_with(&format!("the text has about {} tokens, the", words + 2)), "{error}");
    }

    #[test]
    fn a_truncated_text_begins_behind_invisible_characters_that_fill_it() {
        let blank = "\u{200b} ".repeat(3000);
        let read = windows(&format!("{blank}One two three."), 6, LongText::Truncate).unwrap();
        let TokenizedWindow { span, tokens, .. } = &read.windows[0];
        assert!(read.truncated && tokens.count > 0 && !is_blank(&format!("{blank}One two three.")[span.clone()]));
        // They do not fill this one.
        let read = windows(&format!("\u{200b} {}", text(&[9])), 6, LongText::Truncate).unwrap();
        assert_eq!(read.windows[0].span.start, 0);
    }

    /// With a pair of `pair` words, and three special tokens.
    fn with_pair(text: &str, pair: usize, max_tokens: usize, long_text: LongText) -> Result<Windows, Error> {
        let options = ReadOptions { long_text, special_tokens: SpecialTokens::Text, with_offsets: true };
        let pair = tokenizer().encode_pair(&"pair ".repeat(pair), SpecialTokens::Text)?;
        Windows::divide(text, &[pair], &tokenizer(), max_tokens, options)
    }

    #[test]
    fn each_window_has_the_whole_pair() {
        let read = with_pair(&text(&[15, 15, 15]), 10, 33, LongText::Window).unwrap();
        let lengths: Vec<usize> = read.windows.iter().map(|window| window.tokens.sequences[0].ids.len()).collect();
        assert_eq!(lengths, [15 + 10 + 3; 3]);
        let tokens = &read.windows[1].tokens;
        assert_eq!(tokens.sequences[0].type_ids, [vec![0; 17], vec![1; 11]].concat());
        assert_eq!(tokens.spans[1].as_ref().map(|span| span.start), Some(read.windows[1].span.start));
        assert!(tokens.spans[0].is_none() && tokens.spans[16..].iter().all(Option::is_none));
        let cut = with_pair(&text(&[15, 15, 15]), 10, 33, LongText::Truncate).unwrap();
        assert!(cut.truncated && cut.windows[0].tokens.sequences[0].ids.len() == 33);
    }

    #[test]
    fn a_pair_that_leaves_no_room_is_an_error() {
        let kind = |pair, long_text| with_pair(&text(&[15, 15]), pair, 33, long_text).err().map(|e| e.kind());
        assert_eq!(kind(14, LongText::Window), None);
        assert_eq!(kind(15, LongText::Window), Some(ErrorKind::TextTooLong));
        assert_eq!(kind(15, LongText::Truncate), None);
        for long_text in [LongText::Window, LongText::Truncate, LongText::Error] {
            assert_eq!(kind(30, long_text), Some(ErrorKind::TextTooLong));
        }
        let error = with_pair("one", 30, 33, LongText::Window).unwrap_err();
        assert!(error.to_string().contains("the pair takes 33 tokens"), "{error}");
        assert!(with_pair("one", 29, 33, LongText::Window).is_ok());
        assert_eq!(with_pair("one", 0, 33, LongText::Window).unwrap_err().kind(), ErrorKind::EmptyText);
    }

    #[test]
    fn a_text_of_white_space_is_an_error_however_long() {
        for text in [String::new(), " \n".into(), " ".repeat(10_000)] {
            assert_eq!(windows(&text, 6, LongText::Window).unwrap_err().kind(), ErrorKind::EmptyText);
        }
    }
}
