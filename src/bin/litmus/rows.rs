//! `litmus --rows`: for each row of JSON Lines the row again, with its prediction or its error.

use std::borrow::Cow;
use std::io::{self, BufRead, BufWriter, Write};

use litmus_text::{Classifier, Error, Options};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::{Value, json};

use crate::{Failure, Line, prediction_json};

/// Reads rows from standard input and writes as many, in the same order. `chunk` of them are predicted together.
pub(crate) fn run(classifier: &Classifier, options: &Options, chunk: usize) -> Result<(), Failure> {
    let mut lines = io::stdin().lock().split(b'\n');
    let mut out = BufWriter::new(io::stdout().lock());
    loop {
        let row = |line: io::Result<Vec<u8>>| line.map(|bytes| Row::read(&bytes));
        let rows = lines.by_ref().take(chunk).map(row).collect::<io::Result<Vec<_>>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        let readable: Vec<Line> = rows.iter().filter_map(|row| row.texts.as_ref().ok()).map(Texts::line).collect();
        let mut results = classifier.job(&readable, options)?.finish().into_iter();
        for row in &rows {
            let answer = match &row.texts {
                Ok(texts) => match results.next() {
                    Some(Ok(prediction)) => Ok(prediction_json(&prediction, &texts.text)?),
                    Some(Err(e)) => Err(RowError::from(&e)),
                    None => return Err(io::Error::other("a row has no result").into()),
                },
                Err(e) => Err(e.clone()),
            };
            row.write(&mut out, answer)?;
        }
        out.flush()?;
    }
}

/// A line of the input.
struct Row {
    /// Without the line end, and with U+FFFD for what is not Unicode.
    line: String,
    /// Whether a field can be added: the line is a JSON object without an answer.
    extensible: bool,
    texts: Result<Texts, RowError>,
}

struct Texts {
    text: String,
    pair: Option<String>,
}

impl Texts {
    fn line(&self) -> Line<'_> {
        Line { text: &self.text, pair: self.pair.as_deref() }
    }
}

/// Why a row has no prediction. The codes are those of the HTTP service.
#[derive(Clone)]
struct RowError {
    code: &'static str,
    message: String,
}

impl RowError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<&Error> for RowError {
    fn from(e: &Error) -> Self {
        Self { code: e.code(), message: e.to_string() }
    }
}

/// The fields that are read; a row may have others.
#[derive(Deserialize)]
struct Fields {
    text: Option<String>,
    pair: Option<String>,
}

/// Whether the row already has a field that an answer adds.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "is_present")]
    prediction: bool,
    #[serde(default, deserialize_with = "is_present")]
    error: bool,
}

/// A field with the value null is present, too.
fn is_present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

impl Row {
    fn read(bytes: &[u8]) -> Self {
        let lossy = String::from_utf8_lossy(bytes);
        let line = replace_unpaired_surrogates(lossy.trim());
        let texts = check_object(&line).map(|()| match std::str::from_utf8(bytes) {
            Err(e) => {
                let message = format!("the row is not UTF-8: byte {} is invalid", e.valid_up_to() + 1);
                Err(RowError::new("malformed-text", message))
            }
            Ok(_) if line != lossy.trim() => Err(RowError::new("malformed-text", "the row has an unpaired surrogate")),
            Ok(_) => read_texts(&line),
        });
        Self { extensible: texts.is_ok(), texts: texts.flatten(), line: line.into_owned() }
    }

    fn write(&self, out: &mut impl Write, answer: Result<Value, RowError>) -> io::Result<()> {
        let (name, value) = match answer {
            Ok(prediction) => ("prediction", prediction),
            Err(RowError { code, message }) => ("error", json!({ "code": code, "message": message })),
        };
        match self.line.strip_suffix('}').filter(|_| self.extensible) {
            // The fields stay as they are: a number of twenty digits keeps all of them.
            Some(fields) => {
                let comma = if fields.trim_end() == "{" { "" } else { "," };
                writeln!(out, "{fields}{comma}\"{name}\":{value}}}")
            }
            None => writeln!(out, "{}", json!({ "row": self.line, name: value })),
        }
    }
}

/// Whether a field can be added to the line: it is a JSON object without an answer.
fn check_object(line: &str) -> Result<(), RowError> {
    serde_json::from_str::<IgnoredAny>(line)
        .map_err(|e| RowError::new("invalid-json", format!("the row is not JSON: {}", reason(&e))))?;
    if !line.starts_with('{') {
        return Err(RowError::new("invalid-input", r#"the row is not an object such as {"id": 1, "text": "good"}"#));
    }
    match serde_json::from_str(line) {
        Ok(Answer { prediction: false, error: false }) => Ok(()),
        _ => {
            Err(RowError::new("invalid-input", r#"the row has a field "prediction" or "error" already: leave it out"#))
        }
    }
}

fn read_texts(line: &str) -> Result<Texts, RowError> {
    let Fields { text, pair } = serde_json::from_str(line).map_err(|e| RowError::new("invalid-input", reason(&e)))?;
    let text = text.ok_or_else(|| RowError::new("invalid-input", r#"the row has no field "text" with a string"#))?;
    Ok(Texts { text, pair })
}

/// A row is one line, so that only the column is of interest.
fn reason(e: &serde_json::Error) -> String {
    e.to_string().replace(" at line 1 column ", ", at column ")
}

/// The line with `\ufffd` in place of each escape such as `\ud83d` that is not half of a pair: parsers of JSON differ in
/// whether they accept one, and in the output it must not make a row unreadable.
fn replace_unpaired_surrogates(line: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut rest = line;
    let mut kept = 0; // bytes of `rest` that stay as they are
    while let Some(escape) = rest[kept..].find('\\').map(|at| kept + at) {
        let code = escaped_unit(&rest[escape..]);
        let next = escaped_unit(rest.get(escape + 6..).unwrap_or_default());
        match (code, next) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => kept = escape + 12,
            (Some(0xd800..=0xdfff), _) => {
                replaced += &rest[..escape];
                replaced += "\\ufffd";
                rest = &rest[escape + 6..];
                kept = 0;
            }
            // The character after a backslash may be another backslash, which starts no escape.
            _ => kept = rest[escape + 1..].chars().next().map_or(rest.len(), |c| escape + 1 + c.len_utf8()),
        }
    }
    match replaced.is_empty() {
        true => Cow::Borrowed(line),
        false => Cow::Owned(replaced + rest),
    }
}

/// The UTF-16 code unit of the escape `\uXXXX` with which a text starts.
fn escaped_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}
