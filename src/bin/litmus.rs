//! `litmus "text"`: labels for texts given as arguments, or for the lines of standard input.
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use litmus_text::{Classifier, Error, ModelFolder, Options, Prediction};

/// Lines read before they are predicted together: enough for batches of like length.
const CHUNK: usize = 256;

/// Labels texts, on this machine alone.
#[derive(Parser)]
#[command(name = "litmus", version)]
struct Arguments {
    /// Texts to label; without any, each line of standard input is one
    texts: Vec<String>,
    /// Print one JSON object per text: {"text", "label", "score", "scores", "tokens", "truncated"},
    /// or {"text", "error": {"code", "message"}}
    #[arg(long)]
    jsonl: bool,
    /// The model's folder, in Hugging Face layout; by default the sentiment model
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
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
        Some(folder) => Classifier::from_parts(&ModelFolder::read(folder)?.parts())?,
        None => default_model()?,
    };
    let mut printer = Printer { out: BufWriter::new(io::stdout().lock()), jsonl: arguments.jsonl, all_well: true };
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
    Classifier::from_parts(&ModelFolder::read("models/sentiment")?.parts())
}

struct Printer<W> {
    out: W,
    jsonl: bool,
    all_well: bool,
}

impl<W: Write> Printer<W> {
    fn predict(&mut self, classifier: &Classifier, texts: &[String]) -> io::Result<()> {
        match classifier.predict_batch(texts, &Options::default()) {
            Ok(predictions) => {
                for (text, prediction) in texts.iter().zip(predictions) {
                    self.print(text, Ok(prediction))?;
                }
            }
            // One bad line must not take the others with it.
            Err(_) => {
                for text in texts {
                    self.print(text, classifier.predict(text, &Options::default()))?;
                }
            }
        }
        self.out.flush()
    }

    fn print(&mut self, text: &str, result: Result<Prediction, Error>) -> io::Result<()> {
        self.all_well &= result.is_ok();
        if self.jsonl {
            let mut line = match result {
                Ok(prediction) => serde_json::to_value(prediction)?,
                Err(e) => serde_json::json!({ "error": { "code": e.code(), "message": e.to_string() } }),
            };
            line["text"] = text.into();
            return writeln!(self.out, "{line}");
        }
        match result {
            Ok(p) => {
                let note = if p.truncated { " (end not read: too long)" } else { "" };
                writeln!(self.out, "{:<10} {:.3}  {text}{note}", p.label, p.score)
            }
            Err(e) => writeln!(self.out, "{:<10} {}  {text}", "error", e.code()),
        }
    }
}
