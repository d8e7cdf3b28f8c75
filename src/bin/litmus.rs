//! The command `litmus`: labels texts given as arguments, or the lines of standard input.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[path = "litmus/examples.rs"]
mod examples;
#[path = "litmus/rows.rs"]
mod rows;
#[path = "litmus/teach.rs"]
mod teach;

use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use litmus_text::{
    Activation, Classifier, Error, ErrorKind, Explain, Head, Input, LongText, Options, Prediction, SpecialTokens,
    Warning, ZeroShot,
};
use serde_json::Value;

/// The number of lines that are predicted together: enough for batches of lines of similar length.
const CHUNK: usize = 256;

/// Weights below this have no colour.
const MIN_COLOURED: f32 = 0.02;
/// Weights from this on are bold.
const MIN_BOLD: f32 = 0.1;

/// Label texts, on this machine alone
#[derive(Parser)]
#[command(name = "litmus", version, long_version = long_version(), args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Subcommands>,
    /// Texts to label; if there are none, each line of standard input is a text
    texts: Vec<String>,
    /// A tab in a text separates it from its pair; a text without a tab has none
    #[arg(long)]
    pairs: bool,
    /// Score these labels, separated by commas, instead of the model's own: needs a model for natural language inference
    #[arg(long, value_delimiter = ',', value_name = "LABELS", conflicts_with_all = ["pairs", "explain", "activation"])]
    labels: Vec<String>,
    /// Sentence in which each label replaces {}: the score says how strongly the text entails it
    #[arg(long, requires = "labels", default_value = ZeroShot::DEFAULT_HYPOTHESIS)]
    hypothesis: String,
    /// A text can have several of the labels
    #[arg(long, requires = "labels")]
    multi_label: bool,
    /// Print one JSON object per text: {"text", "label", "score", "scores", "tokens", "truncated", "windows",
    /// "attributions", "warnings"}, "labels" where a text can have several, "other" of a head that rejects texts, and "pair" where
    /// there is one; or {"text", "error": {"code", "message"}}. Offsets are in bytes of UTF-8
    #[arg(long)]
    jsonl: bool,
    /// Read JSON Lines, objects with the fields "text" and perhaps "pair", and print each of them again with one field more:
    /// "prediction", or "error": {"code", "message"}. A line that cannot be extended becomes {"row": LINE, "error"}. The exit
    /// status is 0 even if some rows are errors
    #[arg(long, conflicts_with_all = ["texts", "pairs", "jsonl"])]
    rows: bool,
    /// Print the weight of each word in the score
    #[arg(long)]
    explain: bool,
    /// Print "-" instead of a label (in JSON null) if the highest score is below this, 0 to 1
    #[arg(long, value_name = "SCORE")]
    threshold: Option<f32>,
    /// What turns the model's logits into scores, instead of its own activation
    #[arg(long, value_enum, value_name = "FUNCTION")]
    activation: Option<ActivationArgument>,
    /// How to read a text that has more tokens than the model reads at once
    #[arg(long, value_enum, value_name = "HOW", default_value = "window")]
    long_text: LongTextArgument,
    /// How to read special-token strings in the input, such as "[SEP]"
    #[arg(long, value_enum, value_name = "HOW", default_value = "text")]
    special_tokens: SpecialTokensArgument,
    /// One of the model's other tasks, such as "toxicity": the name of a file in its folder heads
    #[arg(long, value_name = "TASK", conflicts_with_all = ["labels", "head"])]
    task: Option<String>,
    /// A head that was taught: predicts its labels instead of the model's own
    #[arg(long, value_name = "FILE", conflicts_with = "labels")]
    head: Option<PathBuf>,
    /// The model's folder in Hugging Face layout; the sentiment model by default
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Subcommands {
    Teach(teach::TeachArguments),
}

#[derive(Clone, Copy, ValueEnum)]
enum ActivationArgument {
    /// Probabilities that sum to 1
    Softmax,
    /// A probability for each label by itself
    Sigmoid,
    /// The logits themselves
    None,
}

#[derive(Clone, Copy, ValueEnum)]
enum LongTextArgument {
    /// Read all of it, in overlapping windows
    Window,
    /// Read only its beginning
    Truncate,
    /// Fail
    Error,
}

#[derive(Clone, Copy, ValueEnum)]
enum SpecialTokensArgument {
    /// As ordinary text, so that the author of a text cannot insert control tokens
    Text,
    /// As special tokens
    Special,
}

impl Arguments {
    fn options(&self) -> Options {
        let mut options = Options::default().long_text(match self.long_text {
            LongTextArgument::Window => LongText::Window,
            LongTextArgument::Truncate => LongText::Truncate,
            LongTextArgument::Error => LongText::Error,
        });
        options.special_tokens = match self.special_tokens {
            SpecialTokensArgument::Text => SpecialTokens::Text,
            SpecialTokensArgument::Special => SpecialTokens::Special,
        };
        options.threshold = self.threshold;
        options.task = self.task.clone();
        options.activation = self.activation.map(|activation| match activation {
            ActivationArgument::Softmax => Activation::Softmax,
            ActivationArgument::Sigmoid => Activation::Sigmoid,
            ActivationArgument::None => Activation::None,
        });
        options.explain = self.explain.then(Explain::default);
        if !self.labels.is_empty() {
            let zero_shot = ZeroShot::new(self.labels.clone()).hypothesis(&self.hypothesis);
            options.zero_shot = Some(zero_shot.multi_label(self.multi_label));
        }
        options
    }
}

/// The version, and which instructions the processor computes with.
fn long_version() -> &'static str {
    format!("{}\nkernel: {}", env!("CARGO_PKG_VERSION"), litmus_text::kernel()).leak()
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        // At least one text failed; its line has the error.
        Ok(false) => ExitCode::from(1),
        Err(Failure::Litmus(e)) => {
            eprintln!("litmus: {e} [{}]", e.code());
            let model = match &arguments.command {
                Some(Subcommands::Teach(teach)) => &teach.model,
                None => &arguments.model,
            };
            if e.kind() == ErrorKind::ModelNotFound && model.is_none() {
                eprintln!("litmus: this build has no embedded model: name a model folder with --model");
            }
            ExitCode::from(2)
        }
        Err(Failure::Head(path, e)) => {
            eprintln!("litmus: {}: {e} [{}]", path.display(), e.code());
            ExitCode::from(2)
        }
        // The reader of the pipe has closed it.
        Err(Failure::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(e)) => {
            eprintln!("litmus: {e}");
            ExitCode::from(2)
        }
    }
}

enum Failure {
    Litmus(Error),
    /// The head in this file cannot be used.
    Head(PathBuf, Error),
    Io(io::Error),
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Litmus(e)
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

fn run(arguments: &Arguments) -> Result<bool, Failure> {
    if let Some(Subcommands::Teach(arguments)) = &arguments.command {
        teach::run(arguments)?;
        return Ok(true);
    }
    let classifier = classifier(arguments.model.as_deref(), arguments.head.as_deref())?;
    let options = arguments.options();
    // Checks the options before any text is read.
    classifier.job::<&str>(&[], &options)?;
    // At a terminal, each line is predicted as soon as it is typed.
    let chunk = if io::stdin().is_terminal() { 1 } else { CHUNK };
    if arguments.rows {
        rows::run(&classifier, &options, chunk)?;
        return Ok(true);
    }
    let mut printer = Printer {
        colours: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        out: BufWriter::new(io::stdout().lock()),
        jsonl: arguments.jsonl,
        pairs: arguments.pairs,
        all_predicted: true,
        options,
    };
    if !arguments.texts.is_empty() {
        printer.predict(&classifier, &arguments.texts)?;
        return Ok(printer.all_predicted);
    }
    let mut lines = io::stdin().lock().split(b'\n');
    loop {
        // Bytes that are not UTF-8 become U+FFFD.
        let text =
            |line: io::Result<Vec<u8>>| line.map(|l| String::from_utf8_lossy(&l).trim_end_matches('\r').to_owned());
        let texts = lines.by_ref().take(chunk).map(text).collect::<io::Result<Vec<_>>>()?;
        if texts.is_empty() {
            return Ok(printer.all_predicted);
        }
        printer.predict(&classifier, &texts)?;
    }
}

/// The model of a folder, or the default one, with a head if there is one.
fn classifier(model: Option<&Path>, head: Option<&Path>) -> Result<Classifier, Failure> {
    let model = model.map_or_else(default_model, Classifier::from_dir)?;
    match head {
        Some(file) => {
            let failure = |e| Failure::Head(file.to_owned(), e);
            let head = Head::from_bytes(&read(file)?).map_err(failure)?;
            model.with_head(&head).map_err(failure)
        }
        None => Ok(model),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| file_error(path, "read", e))
}

/// The error of a file that cannot be read or written, with the file's name.
fn file_error(path: &Path, done: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be {done}: {error}", path.display()))
}

#[cfg(feature = "embed-model")]
fn default_model() -> Result<Classifier, Error> {
    Classifier::embedded()
}

/// Without an embedded model, the repository's folder.
#[cfg(not(feature = "embed-model"))]
fn default_model() -> Result<Classifier, Error> {
    Classifier::from_dir("models/english")
}

/// A line: a text, or a text and its pair.
struct Line<'a> {
    text: &'a str,
    pair: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// With `pairs`, a tab separates the text from its pair.
    fn new(text: &'a str, pairs: bool) -> Self {
        match text.split_once('\t') {
            Some((text, pair)) if pairs => Self { text, pair: Some(pair) },
            _ => Self { text, pair: None },
        }
    }
}

impl Input for Line<'_> {
    fn text(&self) -> &str {
        self.text
    }

    fn pair(&self) -> Option<&str> {
        self.pair
    }
}

/// The prediction of a text, with the words of its attributions.
fn prediction_json(prediction: &Prediction, text: &str) -> io::Result<Value> {
    let mut json = serde_json::to_value(prediction)?;
    let words = json["attributions"].as_array_mut().into_iter().flatten();
    for (json, word) in words.zip(prediction.attributions.iter().flatten()) {
        json["text"] = text[word.start..word.end].into();
    }
    Ok(json)
}

struct Printer<W> {
    out: W,
    jsonl: bool,
    pairs: bool,
    colours: bool,
    all_predicted: bool,
    options: Options,
}

impl<W: Write> Printer<W> {
    fn predict(&mut self, classifier: &Classifier, texts: &[String]) -> Result<(), Failure> {
        let lines: Vec<Line> = texts.iter().map(|text| Line::new(text, self.pairs)).collect();
        let results = classifier.job(&lines, &self.options)?.finish();
        for (line, result) in lines.iter().zip(results) {
            self.print(line, result)?;
        }
        Ok(self.out.flush()?)
    }

    fn print(&mut self, &Line { text, pair }: &Line, result: Result<Prediction, Error>) -> io::Result<()> {
        self.all_predicted &= result.is_ok();
        if self.jsonl {
            let mut line = match result {
                Ok(p) => prediction_json(&p, text)?,
                Err(e) => serde_json::json!({ "error": { "code": e.code(), "message": e.to_string() } }),
            };
            line["text"] = text.into();
            if let Some(pair) = pair {
                line["pair"] = pair.into();
            }
            return writeln!(self.out, "{line}");
        }
        match result {
            Ok(p) => {
                let mut notes = String::new();
                if p.other == Some(true) {
                    notes += " (resembles none of the labels' examples)";
                }
                if p.truncated {
                    notes += " (end not read: too long)";
                }
                if p.warnings.contains(&Warning::OtherScript) {
                    notes += " (in another script than the model's languages)";
                } else if p.warnings.contains(&Warning::MostlyUnknownTokens) {
                    notes += " (mostly unknown tokens)";
                }
                let label = p.label.as_deref().unwrap_or("-");
                writeln!(self.out, "{label:<10} {:.3}  {}{notes}", p.score, self.coloured(text, &p))?;
                for word in p.attributions.iter().flatten() {
                    let line = format!("{:+.3}  {}", word.weight, &text[word.start..word.end]);
                    writeln!(self.out, "{:10} {}", "", self.colour(&line, word.weight))?;
                }
                Ok(())
            }
            Err(e) => {
                writeln!(self.out, "{:<10} {}  {text}", "error", e.code())?;
                // So that the message follows the text's own line in a terminal.
                self.out.flush()?;
                eprintln!("litmus: {e} [{}]", e.code());
                Ok(())
            }
        }
    }

    /// The text with each word in the colour of its weight.
    fn coloured(&self, text: &str, prediction: &Prediction) -> String {
        let mut coloured = String::new();
        let mut end = 0;
        for word in prediction.attributions.iter().flatten() {
            coloured += &text[end..word.start];
            coloured += &self.colour(&text[word.start..word.end], word.weight);
            end = word.end;
        }
        coloured + &text[end..]
    }

    /// Green for the label, red against it; bold for large weights.
    fn colour(&self, text: &str, weight: f32) -> String {
        let code = if weight > 0.0 { 32 } else { 31 };
        match weight.abs() {
            weight if !self.colours || weight < MIN_COLOURED => text.to_owned(),
            weight if weight < MIN_BOLD => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => format!("\x1b[1;{code}m{text}\x1b[0m"),
        }
    }
}
