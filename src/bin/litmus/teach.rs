//! `litmus teach`: a table of examples to a head file.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use litmus_text::{Classifier, Examples, TeachOptions, TeachReport};

use crate::examples::read_examples;
use crate::{Failure, classifier, file_error};

/// The maximum number of suspect examples that are printed.
const MAX_SUSPECTS: usize = 10;

/// Teach labels of your own from a table of examples
#[derive(Args)]
pub(crate) struct TeachArguments {
    /// A table with a header: comma-separated, or separated by tabs if its name ends in .tsv; - is standard input. A row
    /// without a text adds a label that is taught by its name
    examples: PathBuf,
    /// The head file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The column of the texts
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    text: String,
    /// The column of the labels
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    label: String,
    /// A text can have several labels: each stands in a row of its own
    #[arg(long)]
    multi_label: bool,
    /// Reject texts that resemble no label's examples
    #[arg(long, conflicts_with = "multi_label")]
    other: bool,
    /// Write the features of the examples, too, so that the head can be taught more
    #[arg(long)]
    with_examples: bool,
    /// Teach this head more, which was written with --with-examples
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The model's folder in Hugging Face layout; the sentiment model by default
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
}

pub(crate) fn run(arguments: &TeachArguments) -> Result<(), Failure> {
    let examples = read_examples(&arguments.examples, &arguments.text, &arguments.label)?;
    let classifier = classifier(arguments.model.as_deref(), arguments.head.as_deref())?;
    let mut options = TeachOptions::default();
    // Without the flags, a head that is taught more keeps what it has.
    options.multi_label = arguments.multi_label.then_some(true);
    options.other = arguments.other.then_some(true);
    let taught = teach(&classifier, &examples, &options)?;
    let bytes = match arguments.with_examples {
        // A head that was just taught has its examples.
        true => taught.head.to_bytes_with_examples().unwrap_or_else(|| taught.head.to_bytes()),
        false => taught.head.to_bytes(),
    };
    let path = &arguments.output;
    std::fs::write(path, bytes).map_err(|e| file_error(path, "written", e))?;
    Ok(print(&taught.report, &mut io::stdout().lock())?)
}

fn teach(classifier: &Classifier, examples: &Examples, options: &TeachOptions) -> Result<litmus_text::Taught, Failure> {
    let mut job = classifier.teaching_job(examples, options)?;
    let shows_progress = io::stderr().is_terminal();
    while job.step() {
        if shows_progress {
            let progress = job.progress();
            eprint!("\r{} %", 100 * progress.done / progress.total.max(1));
        }
    }
    if shows_progress {
        eprint!("\r     \r");
    }
    Ok(job.finish()?)
}

fn print(report: &TeachReport, out: &mut impl Write) -> io::Result<()> {
    let examples: usize = report.labels.iter().map(|label| label.examples).sum();
    writeln!(out, "{} labels, {examples} examples", report.labels.len())?;
    if let Some(accuracy) = report.accuracy {
        writeln!(out, "{:.1} % of {} held-out examples are predicted right", 100.0 * accuracy, report.validated)?;
    }
    for contradiction in &report.contradictions {
        writeln!(
            out,
            "contradiction: {:?} is an example of {}",
            contradiction.text,
            contradiction.labels.join(" and ")
        )?;
    }
    for suspect in report.suspects.iter().take(MAX_SUSPECTS) {
        let text = suspect.text.as_deref().unwrap_or("(an example of the earlier head)");
        writeln!(
            out,
            "suspect: {text:?} is an example of {}, but looks like {} ({:.3})",
            suspect.label, suspect.predicted, suspect.score
        )?;
    }
    match report.suspects.len().saturating_sub(MAX_SUSPECTS) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more suspect examples"),
    }
}
