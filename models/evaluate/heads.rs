//! `npm run evaluate -- heads`: how good heads are that are taught from a few examples, and how long teaching takes.
//!
//! Uses the crate natively, which computes the same bits as the package.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use litmus_text::{Activation, Classifier, Examples, Head, Options, TeachOptions};

/// Texts that are predicted together.
const CHUNK: usize = 512;
const SEEDS: u64 = 5;
/// Examples per label; 0 stands for all.
const COUNTS: [usize; 5] = [1, 4, 8, 16, 0];
const SETS: [&str; 4] = ["banking77", "clinc", "hwu64", "sms-spam"];

/// Measure heads that are taught from a few examples
#[derive(Parser)]
struct Arguments {
    /// The folder that holds intents/
    #[arg(long)]
    data: PathBuf,
    #[arg(long, default_value = "models/english")]
    model: PathBuf,
    /// Examples per label; 0 stands for all
    #[arg(long, value_delimiter = ',', default_values_t = COUNTS)]
    examples: Vec<usize>,
    #[arg(long, default_value_t = SEEDS)]
    seeds: u64,
    #[arg(long, value_delimiter = ',', default_values_t = SETS.map(String::from))]
    sets: Vec<String>,
}

/// A text and its label.
type Row = (String, String);

struct Set {
    train: Vec<Row>,
    test: Vec<Row>,
    /// Texts that have none of the labels.
    out_of_scope: Vec<String>,
}

/// What is measured of one head.
#[derive(Default)]
struct Measures {
    accuracy: f64,
    /// AUROC of the energy: how well it tells texts without a label from texts with one. `None` if there are no such texts.
    auroc: Option<f64>,
    /// The fractions of the texts with a label and of those without one that are rejected. `None` if the head has no
    /// rejection threshold, as with one example a label, or there are no texts without one.
    rejected: Option<[f64; 2]>,
    examples: usize,
    features: Duration,
    fit: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { data, model, examples: counts, seeds, sets } = Arguments::parse();
    let classifier = Classifier::from_dir(&model)?;
    println!(
        "| set | examples a label | accuracy | deviation | AUROC out of scope | rejected with a label, % | without one, % \
         | features, s | fit, s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for name in &sets {
        let set = read_set(&data.join("intents"), name)?;
        let mut with_heads = classifier.clone();
        let mut measures: BTreeMap<String, Measures> = BTreeMap::new();
        let runs =
            counts.iter().flat_map(|&count| (0..if count == 0 { 1 } else { seeds }).map(move |seed| (count, seed)));
        for (count, seed) in runs {
            let examples = sample(&set.train, count, seed);
            let task = format!("{count}-{seed}");
            // Rejection is measured on held-out examples, of which a label with one example has none.
            let other = count != 1 && !set.out_of_scope.is_empty();
            let (head, measured) = teach(&classifier, &examples, &TeachOptions::default().other(other))?;
            measures.insert(task.clone(), measured);
            with_heads = with_heads.with_task(&task, &head)?;
        }
        // One pass of the encoder for all heads.
        score(&with_heads, &set, &mut measures)?;
        for &count in &counts {
            let prefix = format!("{count}-");
            let of_count: Vec<&Measures> =
                measures.iter().filter(|(task, _)| task.starts_with(&prefix)).map(|(_, measured)| measured).collect();
            print(name, count, &of_count);
        }
    }
    Ok(())
}

fn teach(
    classifier: &Classifier,
    examples: &Examples,
    options: &TeachOptions,
) -> Result<(Head, Measures), Box<dyn Error>> {
    let start = Instant::now();
    let mut job = classifier.teaching_job(examples, options)?;
    while !job.is_fitting() && job.step() {}
    let features = start.elapsed();
    let taught = job.finish()?;
    let fit = start.elapsed() - features;
    let examples = taught.report.labels.iter().map(|label| label.examples).sum();
    Ok((taught.head, Measures { examples, features, fit, ..Measures::default() }))
}

/// What a head predicts.
struct Scored {
    best: String,
    energy: f64,
    other: Option<bool>,
}

/// Adds accuracy, AUROC and rejections to the measures of each head, which is a task of the classifier.
fn score(classifier: &Classifier, set: &Set, measures: &mut BTreeMap<String, Measures>) -> Result<(), Box<dyn Error>> {
    let tasks: Vec<&str> = measures.keys().map(String::as_str).collect();
    let options = Options::default().activation(Activation::None);
    let predict = |texts: &[&str]| -> Result<Vec<BTreeMap<String, Scored>>, Box<dyn Error>> {
        let mut all = Vec::with_capacity(texts.len());
        for chunk in texts.chunks(CHUNK) {
            for by_task in classifier.tasks_job(chunk, &tasks, &options)?.finish_by_task() {
                let scored = by_task?.into_iter().map(|(task, prediction)| {
                    let energy = -prediction.scores.iter().map(|score| f64::from(score.score).exp()).sum::<f64>().ln();
                    (task, Scored { best: prediction.scores[0].label.clone(), energy, other: prediction.other })
                });
                all.push(scored.collect());
            }
        }
        Ok(all)
    };
    let texts: Vec<&str> = set.test.iter().map(|(_, text)| &text[..]).collect();
    let inside = predict(&texts)?;
    let outside = predict(&set.out_of_scope.iter().map(String::as_str).collect::<Vec<_>>())?;
    for (task, measured) in measures {
        let right = inside.iter().zip(&set.test).filter(|(scored, (label, _))| scored[task].best == *label).count();
        measured.accuracy = right as f64 / set.test.len() as f64;
        let energies =
            |of: &[BTreeMap<String, Scored>]| of.iter().map(|scored| scored[task].energy).collect::<Vec<_>>();
        measured.auroc = (!outside.is_empty()).then(|| auroc(&energies(&inside), &energies(&outside)));
        let rejected = |of: &[BTreeMap<String, Scored>]| {
            let others: Option<Vec<bool>> = of.iter().map(|scored| scored[task].other).collect();
            others.map(|others| others.iter().filter(|other| **other).count() as f64 / others.len() as f64)
        };
        measured.rejected = rejected(&inside).zip(rejected(&outside)).map(|(inside, outside)| [inside, outside]);
    }
    Ok(())
}

/// The probability that a value of `high` is above one of `low`; equal values count half.
fn auroc(low: &[f64], high: &[f64]) -> f64 {
    let mut low = low.to_vec();
    low.sort_by(f64::total_cmp);
    let below = |value: &f64| {
        let (less, not_greater) = (low.partition_point(|x| x < value), low.partition_point(|x| x <= value));
        (less + not_greater) as f64 / 2.0
    };
    high.iter().map(below).sum::<f64>() / (low.len() * high.len()) as f64
}

fn print(set: &str, count: usize, measures: &[&Measures]) {
    let n = measures.len() as f64;
    let mean = |of: fn(&Measures) -> f64| measures.iter().map(|measured| of(measured)).sum::<f64>() / n;
    let accuracy = mean(|measured| measured.accuracy);
    let squares: f64 = measures.iter().map(|measured| (measured.accuracy - accuracy).powi(2)).sum();
    let deviation =
        if measures.len() > 1 { format!("{:.1}", 100.0 * (squares / (n - 1.0)).sqrt()) } else { "–".into() };
    let auroc = match measures.iter().all(|measured| measured.auroc.is_some()) {
        true => format!("{:.3}", mean(|measured| measured.auroc.unwrap_or_default())),
        false => "–".into(),
    };
    let rejected = match measures.iter().all(|measured| measured.rejected.is_some()) {
        true => {
            let [inside, outside] = [
                mean(|measured| measured.rejected.unwrap_or_default()[0]),
                mean(|measured| measured.rejected.unwrap_or_default()[1]),
            ];
            format!("{:.1} | {:.1}", 100.0 * inside, 100.0 * outside)
        }
        false => "– | –".into(),
    };
    let count = if count == 0 { "all".into() } else { count.to_string() };
    println!(
        "| {set} | {count} ({:.0}) | {:.1} | {deviation} | {auroc} | {rejected} | {:.1} | {:.2} |",
        mean(|measured| measured.examples as f64),
        100.0 * accuracy,
        mean(|measured| measured.features.as_secs_f64()),
        mean(|measured| measured.fit.as_secs_f64())
    );
}

/// `count` texts of each label, drawn with a seed; all if it is 0.
fn sample(rows: &[Row], count: usize, seed: u64) -> Examples {
    let mut rows: Vec<&Row> = rows.iter().collect();
    let mut random = seed;
    for i in (1..rows.len()).rev() {
        // Knuth's MMIX generator; its high bits are the good ones.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rows.swap(i, (random >> 33) as usize % (i + 1));
    }
    let mut by_label: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (label, text) in rows {
        let texts = by_label.entry(label).or_default();
        if count == 0 || texts.len() < count {
            texts.push(text);
        }
    }
    by_label.into_iter().fold(Examples::new(), |all, (label, texts)| all.label(label, texts))
}

fn read_set(folder: &Path, name: &str) -> Result<Set, Box<dyn Error>> {
    let rows = |file: &str| -> Result<Vec<Row>, Box<dyn Error>> {
        let path = folder.join(format!("{file}.tsv"));
        let content = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let split = |line: &str| line.split_once('\t').map(|(label, text)| (label.into(), text.into()));
        content
            .lines()
            .map(|line| split(line).ok_or_else(|| format!("{}: {line:?} has no tab", path.display()).into()))
            .collect()
    };
    if name == "sms-spam" {
        // One file with a header: even rows for teaching, odd ones for the test.
        let (test, train) = rows(name)?.into_iter().skip(1).enumerate().partition::<Vec<_>, _>(|(i, _)| i % 2 == 1);
        let without_index = |rows: Vec<(usize, Row)>| rows.into_iter().map(|(_, row)| row).collect();
        return Ok(Set { train: without_index(train), test: without_index(test), out_of_scope: Vec::new() });
    }
    let outside = rows(match name {
        "clinc" => "clinc-oos_test",
        "banking77" => "hwu64-test",
        _ => "banking77-test",
    })?;
    Ok(Set {
        train: rows(&format!("{name}-train"))?,
        test: rows(&format!("{name}-test"))?,
        out_of_scope: outside.into_iter().map(|(_, text)| text).collect(),
    })
}
