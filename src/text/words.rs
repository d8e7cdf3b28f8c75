//! The words of a text: the units of an explanation.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// The spans of the words, in bytes: word segments of Unicode Standard Annex 29, without white space. Adjacent
/// punctuation, such as `?!` or `:-)`, is one word.
pub(crate) fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut after_punctuation = false;
    for (start, segment) in text.split_word_bound_indices().filter(|(_, segment)| !segment.trim().is_empty()) {
        let end = start + segment.len();
        let punctuation = segment.bytes().all(|byte| byte.is_ascii_punctuation());
        match words.last_mut() {
            Some(last) if punctuation && after_punctuation && last.end == start => last.end = end,
            _ => words.push(start..end),
        }
        after_punctuation = punctuation;
    }
    words
}

/// The index of the word of a token that starts at byte `offset`: the word at that offset or, if white space is there, the
/// next word.
pub(crate) fn word_at(words: &[Range<usize>], offset: usize) -> Option<usize> {
    let index = words.partition_point(|word| word.end <= offset);
    (index < words.len()).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(words(text).into_iter().map(|word| &text[word]).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn words_are_unicode_segments_and_runs_of_punctuation() {
        check("  I don't\tlike 3.5 €!\r\n", &["I", "don't", "like", "3.5", "€", "!"]);
        check("really?! :-) ...", &["really", "?!", ":-)", "..."]);
        check("你好", &["你", "好"]);
        check("👨‍👩‍👧😀 e\u{301}te\u{301}", &["👨‍👩‍👧", "😀", "e\u{301}te\u{301}"]);
        check("שלום עולם", &["שלום", "עולם"]);
        check(" \n", &[]);
    }

    #[test]
    fn a_token_belongs_to_the_word_at_its_start_or_to_the_next() {
        let words = words("ab  cd");
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|offset| word_at(&words, offset)), {
            [Some(0), Some(0), Some(1), Some(1), Some(1), Some(1), None]
        });
    }
}
