//! Shared by the native tests: the models, loaded once, and the golden values.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use litmus_text::Classifier;
use serde::de::DeserializeOwned;

pub fn load(folder: &str) -> Classifier {
    Classifier::from_dir(folder).unwrap()
}

/// The packaged English model.
pub fn sentiment() -> &'static Classifier {
    static MODEL: LazyLock<Classifier> = LazyLock::new(|| load("models/english"));
    &MODEL
}

/// The packaged multilingual model.
pub fn multilingual() -> &'static Classifier {
    static MODEL: LazyLock<Classifier> = LazyLock::new(|| load("models/multilingual"));
    &MODEL
}

/// A random multi-label BERT with three labels and token types.
pub fn tiny() -> &'static Classifier {
    static MODEL: LazyLock<Classifier> = LazyLock::new(|| load("tests/fixtures/tiny"));
    &MODEL
}

pub fn fixture<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new("tests/fixtures").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A text that was written for this project and is not used for training.
pub struct HeldOut {
    /// File and line, as in `held-out.txt`.
    pub row: String,
    pub text: String,
}

/// The English texts of `models/train/data` that are held out of training; its README has the format.
pub fn held_out() -> Vec<HeldOut> {
    held_out_in("held-out.txt", "written")
}

/// The Chinese texts of `models/train/data` that are held out of training.
pub fn held_out_chinese() -> Vec<HeldOut> {
    held_out_in("held-out-zh.txt", "written-zh")
}

/// Those of seven more languages.
pub fn held_out_languages() -> Vec<HeldOut> {
    held_out_in("held-out-languages.txt", "written-languages")
}

fn held_out_in(rows: &str, folder: &str) -> Vec<HeldOut> {
    let data = Path::new("models/train/data");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut files: HashMap<&str, String> = HashMap::new();
    let rows = read(&data.join(rows));
    let rows = rows.lines().map(|row| (row, row.split_once(':').expect("file:line")));
    rows.filter(|(_, (file, _))| *file != "toxicity")
        .map(|(row, (file, line))| {
            let lines = files.entry(file).or_insert_with(|| read(&data.join(folder).join(format!("{file}.tsv"))));
            let line = lines.lines().nth(line.parse::<usize>().expect("a line number") - 1).expect("a line");
            let text = line.rsplit('\t').next().expect("a text").to_owned();
            HeldOut { row: row.to_owned(), text }
        })
        .collect()
}

/// Spans in bytes to spans in characters, which is how Hugging Face counts.
pub fn in_characters(text: &str, spans: &[Range<usize>]) -> Vec<(usize, usize)> {
    let bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
    let character = |byte: usize| bytes.binary_search(&byte).expect("a character boundary");
    spans.iter().map(|span| (character(span.start), character(span.end))).collect()
}

/// A generator of pseudo-random numbers below a bound, the same ones in each run.
pub fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below as u64) as usize
    }
}
