//! The words of a text: the units of an explanation.

use std::ops::Range;

use unicode_categories::UnicodeCategories;
use unicode_segmentation::UnicodeSegmentation;

/// The spans of the words, in bytes: word segments of Unicode Standard Annex 29, without white space. Adjacent
/// punctuation, such as `?!`, `……` or `:-)`, is one word. Of Chinese, Japanese and Thai, which have no blanks between words,
/// the segments are characters: see [`join_words`].
pub(crate) fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut after_punctuation = false;
    for (start, segment) in text.split_word_bound_indices().filter(|(_, segment)| !segment.trim().is_empty()) {
        let end = start + segment.len();
        let punctuation = segment.chars().all(|c| c.is_ascii_punctuation() || c.is_punctuation());
        match words.last_mut() {
            Some(last) if punctuation && after_punctuation && last.end == start => last.end = end,
            _ => words.push(start..end),
        }
        after_punctuation = punctuation;
    }
    words
}

/// Joins words that share a token: their effects cannot be told apart. In a language without blanks, where each character is a word
/// at first, the tokens of the model's vocabulary become the words. `tokens`: the spans of the tokens, in bytes.
pub(crate) fn join_words<'a>(
    words: Vec<Range<usize>>,
    tokens: impl Iterator<Item = &'a Range<usize>>,
) -> Vec<Range<usize>> {
    // How many tokens begin before each word and reach into it, as differences from one word to the next.
    let mut changes = vec![0_isize; words.len() + 1];
    for token in tokens {
        let first = words.partition_point(|word| word.end <= token.start);
        let end = words.partition_point(|word| word.start < token.end);
        if first + 1 < end {
            changes[first + 1] += 1;
            changes[end] -= 1;
        }
    }
    let mut joined: Vec<Range<usize>> = Vec::new();
    let mut tokens_across = 0;
    for (word, change) in words.into_iter().zip(changes) {
        tokens_across += change;
        match joined.last_mut() {
            Some(last) if tokens_across > 0 => last.end = word.end,
            _ => joined.push(word),
        }
    }
    joined
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
    #[cfg(not(target_arch = "wasm32"))]
    use crate::{options::SpecialTokens, text::tokenizer::Tokenizer};

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
    fn full_width_punctuation_is_punctuation() {
        check("不行……！他說：「好」。", &["不", "行", "……！", "他", "說", "：「", "好", "」。"]);
        check("¿Qué? «Sí»…", &["¿", "Qué", "?", "«", "Sí", "»…"]);
        check("جميل؟!", &["جميل", "؟!"]);
    }

    /// In scripts with blanks between words the segments are those of ICU, which follows the same annex:
    /// `tests/fixtures/words.mjs`.
    #[test]
    #[cfg(not(target_arch = "wasm32"))]
    fn words_are_those_of_icu_where_blanks_separate_them() {
        let cases: Vec<(String, Vec<String>)> =
            serde_json::from_slice(&std::fs::read("tests/fixtures/words.json").unwrap()).unwrap();
        assert!(cases.len() > 20);
        for (text, expected) in &cases {
            check(text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    #[track_caller]
    fn check_joined(text: &str, tokens: &[&str], expected: &[&str]) {
        let mut end = 0;
        let spans: Vec<Range<usize>> = tokens
            .iter()
            .map(|token| {
                let start = end + text[end..].find(token).unwrap();
                end = start + token.len();
                start..end
            })
            .collect();
        let joined = join_words(words(text), spans.iter());
        assert_eq!(joined.into_iter().map(|word| &text[word]).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn words_of_one_token_are_joined() {
        check_joined(
            "这部电影太好看了。",
            &["这部", "电影", "太好", "看", "了", "。"],
            &["这部", "电影", "太好", "看", "了", "。"],
        );
        check_joined("หนังสนุก มาก", &["หนัง", "สนุก", " มาก"], &["หนัง", "สนุก", "มาก"]);
        check_joined("面白い! I", &["面白い", "!", " I"], &["面白い", "!", "I"]);
        // Tokens within a word, and one for all that is left.
        check_joined("don't go there", &["don", "'", "t", " go there"], &["don't", "go there"]);
        // A token that begins within a word that another token joins.
        check_joined("一二三四", &["一二", "三四"], &["一二", "三四"]);
        let joined = join_words(words("一二三四"), [0..6, 3..12].iter());
        assert_eq!((joined.len(), &joined[0]), (1, &(0..12)));
        assert!(join_words(Vec::new(), [0..6, 3..12].iter()).is_empty());
    }

    /// A Unigram model with a blank before each word, as multilingual models have.
    #[test]
    #[cfg(not(target_arch = "wasm32"))]
    fn words_of_chinese_are_those_of_the_vocabulary() {
        let json = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Metaspace", "replacement": "▁",
            "prepend_scheme": "always", "split": true}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0],
            ["▁我", -3], ["喜欢", -3], ["这部", -3], ["电影", -3], ["。", -3], ["▁go", -3], ["od", -3], ["▁", -3]]}}"#;
        let tokenizer = Tokenizer::from_bytes(json.as_bytes(), None).unwrap();
        let text = "我喜欢这部电影。 good 好";
        let tokens = tokenizer.encode_window(text, 0..text.len(), &[], 100, SpecialTokens::Text, true).unwrap();
        let joined = join_words(words(text), tokens.spans.iter().flatten());
        let found: Vec<&str> = joined.into_iter().map(|word| &text[word]).collect();
        assert_eq!(found, ["我", "喜欢", "这部", "电影", "。", "good", "好"]);
    }

    #[test]
    fn a_token_belongs_to_the_word_at_its_start_or_to_the_next() {
        let words = words("ab  cd");
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|offset| word_at(&words, offset)), {
            [Some(0), Some(0), Some(1), Some(1), Some(1), Some(1), None]
        });
    }
}
