//! `litmus "text"`: labels for texts given as arguments, or for the lines of standard input.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use litmus_text::{Classifier, Error, Explain, LongText, Options, Prediction, Warning};

/// Lines read before they are predicted together: enough for batches of like length.
const CHUNK: usize = 256;

/// Weights below the first are not coloured, from the second on they are bold.
const PALE: f32 = 0.02;
const BOLD: f32 = 0.1;

/// Labels texts, on this machine alone.
#[derive(Parser)]
#[command(name = "litmus", version)]
struct Arguments {
    /// Texts to label; without any, each line of standard input is one
    texts: Vec<String>,
    /// Print one JSON object per text: {"text", "label", "score", "scores", "tokens", "truncated", "windows",
    /// "attributions", "warnings"}, or {"text", "error": {"code", "message"}}; places are bytes of UTF-8
    #[arg(long)]
    jsonl: bool,
    /// Say for each word how much of the score is its doing
    #[arg(long)]
    explain: bool,
    /// Give no label to what scores less, 0 to 1; it is then "-", in JSON null
    #[arg(long, value_name = "SCORE")]
    threshold: Option<f32>,
    /// What to do with a text of more tokens than the model reads at once
    #[arg(long, value_enum, value_name = "HOW", default_value = "window")]
    long_text: How,
    /// The model's folder, in Hugging Face layout; by default the sentiment model
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    /// Read all of it, in overlapping windows
    Window,
    /// Read its beginning
    Truncate,
    /// Refuse it
    Error,
}

impl Arguments {
    fn options(&self) -> Options {
        let mut options = Options::default().long_text(match self.long_text {
            How::Window => LongText::Window,
            How::Truncate => LongText::Truncate,
            How::Error => LongText::Error,
        });
        options.threshold = self.threshold;
        options.explain = self.explain.then(Explain::default);
        options
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        // Some text could not be labelled, and its line says so.
        Ok(false) => ExitCode::from(1),
        Err(Failure::Model(e)) => {
            eprintln!("litmus: {e} [{}]", e.code());
            ExitCode::from(2)
        }
        // Whoever reads our output has seen enough.
        Err(Failure::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(e)) => {
            eprintln!("litmus: {e}");
            ExitCode::from(2)
        }
    }
}

enum Failure {
    Model(Error),
    Io(io::Error),
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Model(e)
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let classifier = match &arguments.model {
        Some(folder) => Classifier::from_dir(folder)?,
        None => default_model()?,
    };
    let options = arguments.options();
    // Refuses the options once, before any text is read.
    classifier.job::<&str>(&[], &options)?;
    let mut printer = Printer {
        colours: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        out: BufWriter::new(io::stdout().lock()),
        jsonl: arguments.jsonl,
        all_well: true,
        options,
    };
    if !arguments.texts.is_empty() {
        printer.predict(&classifier, &arguments.texts)?;
        return Ok(printer.all_well);
    }
    let stdin = io::stdin();
    // At a terminal each line is answered at once.
    let chunk = if stdin.is_terminal() { 1 } else { CHUNK };
    let mut lines = stdin.lock().split(b'\n');
    loop {
        // Bytes that are not UTF-8 become U+FFFD rather than end the run.
        let text =
            |line: io::Result<Vec<u8>>| line.map(|l| String::from_utf8_lossy(&l).trim_end_matches('\r').to_owned());
        let texts = lines.by_ref().take(chunk).map(text).collect::<io::Result<Vec<_>>>()?;
        if texts.is_empty() {
            return Ok(printer.all_well);
        }
        printer.predict(&classifier, &texts)?;
    }
}

#[cfg(feature = "embed-model")]
fn default_model() -> Result<Classifier, Error> {
    Classifier::embedded()
}

/// Without the model inside, it is where the repository has it.
#[cfg(not(feature = "embed-model"))]
fn default_model() -> Result<Classifier, Error> {
    Classifier::from_dir("models/sentiment")
}

struct Printer<W> {
    out: W,
    jsonl: bool,
    colours: bool,
    all_well: bool,
    options: Options,
}

impl<W: Write> Printer<W> {
    fn predict(&mut self, classifier: &Classifier, texts: &[String]) -> Result<(), Failure> {
        let results = classifier.job(texts, &self.options)?.finish();
        for (text, result) in texts.iter().zip(results) {
            self.print(text, result)?;
        }
        Ok(self.out.flush()?)
    }

    fn print(&mut self, text: &str, result: Result<Prediction, Error>) -> io::Result<()> {
        self.all_well &= result.is_ok();
        if self.jsonl {
            let mut line = match result {
                Ok(p) => {
                    let mut line = serde_json::to_value(&p)?;
                    let words = line["attributions"].as_array_mut().into_iter().flatten();
                    for (line, word) in words.zip(p.attributions.iter().flatten()) {
                        line["text"] = text[word.start..word.end].into();
                    }
                    line
                }
                Err(e) => serde_json::json!({ "error": { "code": e.code(), "message": e.to_string() } }),
            };
            line["text"] = text.into();
            return writeln!(self.out, "{line}");
        }
        match result {
            Ok(p) => {
                let mut notes = String::new();
                if p.truncated {
                    notes += " (end not read: too long)";
                }
                if p.warnings.contains(&Warning::MostlyUnknownTokens) {
                    notes += " (mostly unknown tokens)";
                }
                let label = p.label.as_deref().unwrap_or("-");
                writeln!(self.out, "{label:<10} {:.3}  {}{notes}", p.score, self.painted(text, &p))?;
                for word in p.attributions.iter().flatten() {
                    let line = format!("{:+.3}  {}", word.weight, &text[word.start..word.end]);
                    writeln!(self.out, "{:10} {}", "", self.paint(&line, word.weight))?;
                }
                Ok(())
            }
            Err(e) => writeln!(self.out, "{:<10} {}  {text}", "error", e.code()),
        }
    }

    /// The text with its words in the colours of their weights.
    fn painted(&self, text: &str, prediction: &Prediction) -> String {
        let mut painted = String::new();
        let mut end = 0;
        for word in prediction.attributions.iter().flatten() {
            painted += &text[end..word.start];
            painted += &self.paint(&text[word.start..word.end], word.weight);
            end = word.end;
        }
        painted + &text[end..]
    }

    /// Green speaks for the label, red against it; bold is what matters more.
    fn paint(&self, text: &str, weight: f32) -> String {
        let colour = if weight > 0.0 { 32 } else { 31 };
        match weight.abs() {
            weight if !self.colours || weight < PALE => text.to_owned(),
            weight if weight < BOLD => format!("\x1b[{colour}m{text}\x1b[0m"),
            _ => format!("\x1b[1;{colour}m{text}\x1b[0m"),
        }
    }
}
