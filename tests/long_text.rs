//! Texts of any length and script: all of a text is read, and every offset is a character boundary.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::ops::Range;
use std::sync::LazyLock;

use common::{fixture, load, numbers, sentiment, tiny};
use litmus_text::{Classifier, ErrorKind, Explain, LongText, Options, Prediction, Score, Warning};
use proptest::prelude::*;

/// Bytes of a book of 200 pages, and of a shorter one for CI.
const BOOK: usize = 600_000;
const BOOKLET: usize = 60_000;

/// Models that read 64 tokens: WordPiece, byte-level BPE and Unigram. Their windows are short and fast to compute.
fn small() -> impl Iterator<Item = &'static Classifier> {
    static OTHERS: LazyLock<Vec<Classifier>> = LazyLock::new(|| {
        ["roberta", "xlm-roberta", "albert"].map(|name| load(&format!("tests/fixtures/folders/{name}"))).into()
    });
    OTHERS.iter().chain([tiny()])
}

/// Texts with unusual boundaries of sentences, words and characters.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "good",
        "bad ",
        "The film was dull. ",
        "Is it? ",
        "\r\n",
        "\0",
        "  ",
        "👨‍👩‍👧‍👦",
        "🙂",
        "e\u{301}",
        "\u{301}",
        "素晴らしい映画でした。",
        "שלום עולם ",
        "كان الفيلم جميلا. ",
        "หนังเรื่องนี้สนุกมาก",
        "\u{feff}",
        "\u{200d}",
        "ﬁ",
        "İ",
        "a.b@c.de ",
        "\u{a0}",
        "𝒳",
    ]);
    prop_oneof![
        4 => prop::collection::vec(pieces, 1..120).prop_map(|pieces| pieces.concat()),
        1 => (any::<String>(), 1..20usize).prop_map(|(text, times)| text.repeat(times)),
        1 => any::<String>(),
    ]
}

/// Whether a text has no tokens.
fn has_no_tokens(classifier: &Classifier, text: &str) -> bool {
    text.trim().is_empty() || classifier.tokenize(text).is_err()
}

fn check(classifier: &Classifier, text: &str) -> Result<(), TestCaseError> {
    let options = Options::default().explain(Explain::default());
    let p = match classifier.predict(text, &options) {
        Ok(p) => p,
        Err(e) => {
            prop_assert_eq!(e.kind(), ErrorKind::EmptyText);
            return Ok(());
        }
    };
    let words: Vec<_> = p.attributions.iter().flatten().map(|word| word.start..word.end).collect();
    prop_assert!(
        words.iter().all(|word| word.start < word.end && !text[word.clone()].trim().is_empty()),
        "{:?}",
        words
    );
    prop_assert!(words.windows(2).all(|pair| pair[0].end <= pair[1].start), "{:?}", words);
    prop_assert!(!p.truncated);
    let mut end = 0;
    for window in &p.windows {
        let gap = &text[end.min(window.start)..window.start];
        prop_assert!(has_no_tokens(classifier, gap), "{:?} is not read", gap);
        prop_assert!(window.end > end, "{:?}", p.windows);
        end = window.end;
        let alone = classifier.predict(&text[window.start..window.end], &Options::default()).unwrap();
        prop_assert_eq!((&alone.scores, alone.tokens), (&window.scores, window.tokens));
    }
    prop_assert!(has_no_tokens(classifier, &text[end..]), "{:?} is not read", &text[end..]);
    prop_assert_eq!(p.tokens, p.windows.iter().map(|window| window.tokens).sum::<usize>());
    if let [only] = &p.windows[..] {
        prop_assert_eq!(&p.scores, &only.scores);
    }
    Ok(())
}

fn check_beginning(classifier: &Classifier, text: &str) -> Result<(), TestCaseError> {
    let Ok(p) = classifier.predict(text, &Options::default().long_text(LongText::Truncate)) else { return Ok(()) };
    let [window] = &p.windows[..] else { return Err(TestCaseError::fail("one window")) };
    prop_assert!(window.start == 0 && text.is_char_boundary(window.end));
    let all = classifier.tokenize(text).unwrap();
    prop_assert_eq!(p.truncated, all.ids.len() > classifier.info().max_tokens);
    if p.truncated {
        prop_assert_eq!(p.tokens, classifier.info().max_tokens);
        // Without the special token at the end.
        let read = &all.offsets[..p.tokens - 1];
        prop_assert_eq!(window.end, read.iter().map(|span| span.end).max().unwrap());
        let error = classifier.predict(text, &Options::default().long_text(LongText::Error)).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::TextTooLong);
    }
    Ok(())
}

/// The tokenizer of RoBERTa has tokens for line breaks.
#[test]
fn white_space_before_a_long_text_is_no_window() {
    let text = "\u{a0}\r\ngooda.b@c.de a.b@c.de หนังเรื่องนี้สนุกมาก素晴らしい映画でした。good";
    for classifier in small() {
        check(classifier, text).unwrap();
        let error = classifier.predict("\u{a0}\r\n".repeat(200), &Options::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EmptyText);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_read_and_every_offset_is_valid(text in text()) {
        small().try_for_each(|classifier| check(classifier, &text))?;
    }

    #[test]
    fn a_truncated_window_ends_with_the_last_character_that_was_read(text in text()) {
        small().try_for_each(|classifier| check_beginning(classifier, &text))?;
    }
}

#[test]
fn a_truncated_text_has_as_many_tokens_as_the_model_reads() {
    for text in ["It ended. ".repeat(1000), "x".repeat(5000), "素晴らしい映画でした。".repeat(300)] {
        small().try_for_each(|classifier| check_beginning(classifier, &text)).unwrap();
    }
}

#[test]
fn words_of_a_megabyte_are_read() {
    let megabyte = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for piece in ["x", "é", "e\u{301}", "👨‍👩‍👧‍👦", "🇩🇪", "a.", "3.", "?!"] {
        let p = sentiment().predict(&megabyte(piece)[..], &Options::default().long_text(LongText::Truncate)).unwrap();
        let end = p.windows[0].end;
        assert!(end > 0 && end <= 1 << 20, "{piece:?}: {end}");
    }
    let text = megabyte("é");
    let p = sentiment().predict(&text, &Options::default().explain(Explain::default())).unwrap();
    assert_eq!(p.windows.last().unwrap().end, text.len());
    assert_eq!(p.warnings, [Warning::MostlyUnknownTokens]);
}

#[test]
fn a_text_too_long_error_has_the_number_of_tokens() {
    let text = "The story has no middle and no end. ".repeat(70);
    let count = sentiment().tokenize(&text).unwrap().ids.len();
    let error = sentiment().predict(&text, &Options::default().long_text(LongText::Error)).unwrap_err();
    assert!(error.to_string().starts_with(&format!("the text has {count} tokens, the model reads 512: ")), "{error}");
    // The count is that of the whole text, not the sum over sentences, which can be larger.
    for classifier in small() {
        let text = "It ended. ".repeat(30);
        let count = classifier.tokenize(&text).unwrap().ids.len();
        let error = classifier.predict(&text, &Options::default().long_text(LongText::Error)).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("the text has {count} tokens, the model reads 64: ")),
            "{error}"
        );
    }
    let fits = sentiment().predict("Short.", &Options::default().long_text(LongText::Error)).unwrap();
    assert!(!fits.truncated && fits.windows.len() == 1);
}

#[test]
fn only_texts_of_unknown_tokens_have_a_warning() {
    let warnings = |text: &str| sentiment().predict(text, &Options::default()).unwrap().warnings;
    let unknown = "\u{fffd}PNG\u{1a}\u{fffd}\u{fffd}\u{7}\u{fffd}\u{2}\u{fffd}ß\u{fffd}\u{fffd}§";
    assert_eq!(warnings(unknown), [Warning::MostlyUnknownTokens]);
    for text in
        ["这部电影太长了,我睡着了两次。", "หนังเรื่องนี้สนุกมาก ดูแล้วชอบ", "정말 재미있는 책이에요!", "Очень плохой фильм"]
    {
        assert_eq!(warnings(text), [Warning::OtherScript, Warning::MostlyUnknownTokens], "{text:?}");
    }
    #[derive(serde::Deserialize)]
    struct Goldens {
        cases: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
    }
    let Goldens { cases } = fixture("logits.json");
    let english = cases.iter().filter(|case| case.text.is_ascii());
    assert!(english.clone().count() > 50);
    english.for_each(|case| assert_eq!(warnings(&case.text), [], "{:?}", case.text));
}

const DELIGHT: &str = "What a wonderful, brilliant, moving chapter. I loved every single word of it. A perfect joy. ";
const DISGUST: &str = "What a terrible, tedious, stupid chapter. I hated every single word of it. A complete waste. ";

/// Neutral sentences with a positive and a negative passage, each as long as a window; returns the text and the passages.
fn book(bytes: usize) -> (String, [Range<usize>; 2]) {
    let subjects =
        ["The baker", "A widow", "My brother", "The train", "An old clerk", "The letter", "Nobody", "The river"];
    let verbs = ["went to", "looked at", "came from", "stood near", "spoke about", "waited for", "passed by", "drew"];
    let objects = ["the town", "a table", "the second house", "her papers", "the north road", "a map", "the harbour"];
    let ends = [".", " in March.", " at noon, as on any other day.", ", and then it rained.", "; it was Tuesday."];
    let mut next = numbers(11);
    let mut text = String::new();
    let mut passages = [0..0, 0..0];
    for (i, passage) in [DELIGHT, DISGUST, ""].iter().enumerate() {
        while text.len() < bytes * (i + 1) / 3 {
            let mut pick = |from: &[&'static str]| from[next(from.len())];
            text += &format!("{} {} {}{}", pick(&subjects), pick(&verbs), pick(&objects), pick(&ends));
            text += if text.len().is_multiple_of(11) { "\n\n" } else { " " };
        }
        if i < 2 {
            let start = text.len();
            text += &passage.repeat(6);
            passages[i] = start..text.len();
        }
    }
    (text, passages)
}

#[test]
fn the_most_positive_and_negative_passages_of_a_book_are_found() {
    let quick = std::env::var_os("CI").is_some();
    let (text, passages) = book(if quick { BOOKLET } else { BOOK });
    let p = sentiment().predict(&text, &Options::default()).unwrap();
    assert!(p.windows.len() > text.len() / 1000 && !p.truncated, "{} windows", p.windows.len());
    assert!(p.windows.iter().all(|window| window.tokens <= 130), "special tokens included");
    for (label, passage) in ["positive", "negative"].into_iter().zip(passages) {
        let window = best(&p, label);
        assert!(window.start < passage.end && passage.start < window.end, "{label}: {window:?}, not {passage:?}");
    }
}

fn best(p: &Prediction, label: &str) -> Range<usize> {
    let score = |scores: &[Score]| scores.iter().find(|score| score.label == label).unwrap().score;
    let window = p.windows.iter().max_by(|a, b| score(&a.scores).total_cmp(&score(&b.scores))).unwrap();
    window.start..window.end
}
