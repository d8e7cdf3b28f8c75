//! The words of a text, as people would point at them.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Where the words are, in bytes: the segments of Unicode's annex 29 that are not white space. Punctuation that stands
/// together, like `?!` or `:-)`, is one word.
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

/// Which word a token belongs to that starts at `place`: the one there, or the next one where that is white space.
pub(crate) fn word_at(words: &[Range<usize>], place: usize) -> Option<usize> {
    let index = words.partition_point(|word| word.end <= place);
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
    fn finds_words_as_people_see_them() {
        check("  I don't\tlike 3.5 €!\r\n", &["I", "don't", "like", "3.5", "€", "!"]);
        check("really?! :-) ...", &["really", "?!", ":-)", "..."]);
        check("你好", &["你", "好"]);
        check("👨‍👩‍👧😀 e\u{301}te\u{301}", &["👨‍👩‍👧", "😀", "e\u{301}te\u{301}"]);
        check("שלום עולם", &["שלום", "עולם"]);
        check(" \n", &[]);
    }

    #[test]
    fn a_token_belongs_to_the_word_where_it_starts_or_to_the_next() {
        let words = words("ab  cd");
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|place| word_at(&words, place)), {
            [Some(0), Some(0), Some(1), Some(1), Some(1), Some(1), None]
        });
    }
}
