//! Computes predictions of texts, batch by batch.

mod explain;
mod read;
mod results;

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use self::explain::{ExplainPlan, Explaining};
use crate::error::Error;
use crate::inference::batch::{BatchLimits, BatchQueue};
use crate::inference::encoder::Output;
use crate::input::Input;
use crate::limits::MAX_BATCH_TOKENS;
use crate::model::Model;
use crate::options::Options;
use crate::prediction::Warning;
use crate::task::{Scores, TaskPlan};
use crate::text::tokens::Sequence;
use crate::text::windows::TokenizedWindow;

/// Predictions of several texts, computed batch by batch: the caller sees the progress between two steps, and cancels by
/// dropping the job.
///
/// ```
/// use litmus_text::{Classifier, Options};
///
/// let classifier = Classifier::from_dir("models/english")?;
/// let mut job = classifier.job(&["I loved it", "", "I hated it"], &Options::default())?.max_batch_rows(8);
/// while job.step() {
///     println!("{} of {} rows", job.progress().done, job.progress().total);
/// }
/// let results = job.finish();
/// assert_eq!(results[0].as_ref().unwrap().label.as_deref(), Some("positive"));
/// assert_eq!(results[1].as_ref().unwrap_err().code(), "empty-text");
/// assert_eq!(results[2].as_ref().unwrap().label.as_deref(), Some("negative"));
/// # Ok::<(), litmus_text::Error>(())
/// ```
#[derive(Debug)]
pub struct PredictionJob {
    model: Arc<Model>,
    options: Options,
    /// What the texts are classified into; empty if the job computes only their features.
    tasks: Vec<TaskPlan>,
    explain: Option<ExplainPlan>,
    limits: BatchLimits,
    texts: Vec<Result<Text, Error>>,
    /// The windows of all texts, in their order.
    windows: Vec<WindowState>,
    /// All sequences to compute, each as the index of its window in `windows` and its index in that window.
    sequences: Vec<(usize, usize)>,
    /// The sequences that are not computed yet.
    queue: BatchQueue,
    /// The window that is being explained, if a step has begun with it.
    explaining: Option<Explaining>,
    /// The index in `windows` of that window, or of the next one to explain.
    next_explained: usize,
    progress: Progress,
}

/// How much of a job is computed. A row is one sequence of tokens that the model reads: a window of a text, for a zero-shot
/// classification a window with one of the hypotheses, or for an explanation a window with some words masked. In teaching, a fit
/// counts as one row. Rows of a text that has failed count as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// Rows computed so far.
    pub done: usize,
    /// Rows that the job has.
    pub total: usize,
}

#[derive(Debug)]
struct Text {
    /// The text's windows, as indices in [`PredictionJob::windows`].
    windows: Range<usize>,
    truncated: bool,
    /// The text's words; empty without an explanation.
    words: Vec<Range<usize>>,
    /// The weights of the words, by task.
    weights: Vec<Vec<f64>>,
    warnings: Vec<Warning>,
}

/// A window of a text, with what is computed for it.
#[derive(Debug)]
struct WindowState {
    /// The index of its text.
    text: usize,
    window: TokenizedWindow,
    /// The words of the text that have tokens in the window, each with the positions of these tokens.
    words: Vec<(usize, Vec<usize>)>,
    /// The window's weight in the text's scores: its fraction of the text's tokens.
    weight: f64,
    /// One per sequence of the window; empty until it is computed. Features are dropped once the tasks have read them.
    outputs: Vec<Output>,
    /// Sequences that are not computed yet.
    missing: usize,
    /// By task; empty until all sequences are computed.
    scores: Vec<Scores>,
}

impl PredictionJob {
    /// Reads the texts. Without `tasks` the job computes features only.
    pub(crate) fn new<T: Input>(
        model: Arc<Model>,
        texts: &[T],
        tasks: Vec<TaskPlan>,
        options: &Options,
    ) -> Result<Self, Error> {
        let explain = options.explain.as_ref().map(|explain| ExplainPlan::new(explain, &model));
        let mut job = Self {
            options: options.clone(),
            tasks,
            explain: explain.transpose()?,
            limits: BatchLimits { rows: model.max_rows(), tokens: MAX_BATCH_TOKENS },
            texts: Vec::with_capacity(texts.len()),
            windows: Vec::with_capacity(texts.len()),
            sequences: Vec::with_capacity(texts.len()),
            queue: BatchQueue::default(),
            explaining: None,
            next_explained: 0,
            progress: Progress { done: 0, total: 0 },
            model,
        };
        for text in texts {
            let text = job.read_text(text);
            job.texts.push(text);
        }
        job.progress.total =
            job.sequences.len() + job.windows.iter().map(|window| job.count_variants(window)).sum::<usize>();
        job.queue = BatchQueue::new(job.sequences.iter().map(|&index| job.sequence(index).ids.len()));
        Ok(job)
    }

    /// Limits each step to this many rows, at least 1. Fewer rows make steps shorter and the whole job slower. The model's
    /// own limit still applies: 32 rows, or 1 for a graph that cannot compute batches.
    pub fn max_batch_rows(mut self, rows: usize) -> Self {
        self.limits.rows = rows.clamp(1, self.model.max_rows());
        self
    }

    /// Limits each step to this many tokens, padding included, but computes at least one row. By default, and at most,
    /// 4,096.
    pub fn max_batch_tokens(mut self, tokens: usize) -> Self {
        self.limits.tokens = tokens.min(MAX_BATCH_TOKENS);
        self
    }

    /// How many rows are computed so far, and how many the job has.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The error of the first text that has failed so far, with its [index](Error::index). Texts that cannot be read, such
    /// as empty ones, have failed before the first step.
    pub fn first_failure(&self) -> Option<Error> {
        let mut texts = self.texts.iter().enumerate();
        texts.find_map(|(index, text)| Some(text.as_ref().err()?.clone().at(index)))
    }

    /// Computes the next batch; `false` when none is left. A text that fails is an error in the results, and the job
    /// goes on.
    pub fn step(&mut self) -> bool {
        if let Some(batch) = self.queue.take(self.limits) {
            self.progress.done += batch.len();
            let batch = batch.into_iter().map(|index| self.sequences[index]);
            // Nothing more is computed for a text that has failed.
            let batch = batch.filter(|&(window, _)| self.texts[self.windows[window].text].is_ok()).collect();
            self.compute(batch);
        } else {
            self.explain_next();
        }
        self.progress.done < self.progress.total
    }

    /// The sequence of an index as in [`sequences`](Self::sequences).
    fn sequence(&self, (window, sequence): (usize, usize)) -> &Sequence {
        &self.windows[window].window.tokens.sequences[sequence]
    }

    /// Computes sequences as one batch. If one fails, its text fails.
    fn compute(&mut self, batch: Vec<(usize, usize)>) {
        let sequences: Vec<&Sequence> = batch.iter().map(|&index| self.sequence(index)).collect();
        let computed = self.model.encode(&sequences);
        for ((window, sequence), output) in batch.into_iter().zip(computed) {
            let window = &mut self.windows[window];
            let scored = output.and_then(|output| window.add_output(sequence, output, &self.tasks));
            if let Err(error) = scored {
                self.texts[window.text] = Err(error);
            }
        }
    }
}

impl WindowState {
    /// Adds the output for one of the window's sequences. After the last one, computes the scores.
    fn add_output(&mut self, sequence: usize, output: Output, tasks: &[TaskPlan]) -> Result<(), Error> {
        self.outputs[sequence] = output;
        self.missing -= 1;
        if self.missing == 0 && !tasks.is_empty() {
            self.scores = tasks.iter().map(|task| task.scores(&self.outputs)).collect::<Result<_, _>>()?;
            self.outputs.iter_mut().for_each(|output| output.features = Vec::new());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::heads::Heads;
    use crate::model::tests::{FAILING, fake};
    use crate::options::{Explain, Method};
    use crate::prediction::{Prediction, Score};

    /// The text itself, and one variant per word.
    const ROWS_OF_20_WORDS: usize = 21;

    fn explained(method: Method) -> Options {
        Options::default().explain(Explain::default().method(method))
    }

    fn job(model: Model, texts: &[&str], options: &Options) -> Result<PredictionJob, Error> {
        options.check()?;
        let task = TaskPlan::new(&model, &Heads::default(), None, options)?;
        PredictionJob::new(Arc::new(model), texts, vec![task], options)
    }

    fn predict(model: Model, text: &str, options: &Options) -> Result<Prediction, Error> {
        job(model, &[text], options)?.finish().remove(0)
    }

    /// The number of rows that each step computes, and the predictions.
    fn steps(texts: &[&str], options: &Options, max_rows: usize) -> (Vec<usize>, Vec<Prediction>) {
        let mut job = job(fake(32, 4), texts, options).unwrap().max_batch_rows(max_rows);
        let mut rows = Vec::new();
        loop {
            let before = job.progress();
            let more = job.step();
            rows.push(job.progress().done - before.done);
            assert_eq!(more, job.progress().done < before.total, "{rows:?} of {}", before.total);
            if !more {
                return (rows, job.finish().into_iter().map(Result::unwrap).collect());
            }
        }
    }

    #[test]
    fn explaining_a_text_takes_one_row_per_word_and_one_for_the_text() {
        let text = "one two ".repeat(10);
        let (rows, _) = steps(&[&text], &explained(Method::Occlusion), 32);
        assert_eq!(rows.iter().sum::<usize>(), ROWS_OF_20_WORDS);
        assert_eq!(rows.len(), 2, "the variants of a text are one batch: {rows:?}");
    }

    #[test]
    fn a_step_computes_at_most_max_batch_rows_and_the_result_is_the_same() {
        let long = "two one. ".repeat(300);
        let texts = ["one two", &long, "zero"];
        let method = Method::Shapley { samples: 3, seed: 1 };
        let (single, predictions) = steps(&texts, &explained(method), 1);
        assert!(predictions[1].windows.len() > 3 && single.len() > 600);
        assert!(single.iter().all(|&rows| rows == 1));
        let (several, same) = steps(&texts, &explained(method), 32);
        assert!(several.len() < single.len() / 5 && several.iter().all(|rows| (1..=32).contains(rows)));
        assert_eq!(predictions, same);
    }

    #[test]
    fn a_step_computes_at_most_max_batch_tokens_or_one_row() {
        let texts = vec!["one two zero"; 9];
        for (tokens, expected) in [(0, vec![1; 9]), (11, vec![3; 3]), (usize::MAX, vec![9])] {
            let mut job = job(fake(32, 4), &texts, &Options::default()).unwrap().max_batch_tokens(tokens);
            let mut rows = Vec::new();
            while job.progress().done < job.progress().total {
                let before = job.progress().done;
                job.step();
                rows.push(job.progress().done - before);
            }
            assert_eq!(rows, expected, "{tokens} tokens");
        }
    }

    #[test]
    fn a_job_without_texts_has_one_empty_step() {
        assert_eq!(steps(&[], &explained(Method::Occlusion), 8), (vec![0], vec![]));
    }

    #[test]
    fn a_text_that_fails_does_not_fail_its_neighbours() {
        let long = format!("{FAILING} {}", "two one. ".repeat(300));
        let texts = ["one", FAILING, " \n", "two", &long];
        for (options, max_rows) in
            [(Options::default(), 32), (explained(Method::Occlusion), 32), (Options::default(), 1)]
        {
            let mut job = job(fake(32, 5), &texts, &options).unwrap().max_batch_rows(max_rows);
            let mut before = job.progress();
            while job.step() {
                assert!(job.progress().done > before.done);
                before = job.progress();
            }
            assert_eq!(job.progress().done, job.progress().total);
            let results = job.finish();
            let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(Error::kind)).collect();
            let (internal, empty) = (Some(ErrorKind::Internal), Some(ErrorKind::EmptyText));
            assert_eq!(kinds, [None, internal, empty, None, internal]);
            assert!(results.iter().all(|result| result.as_ref().err().is_none_or(|e| e.index().is_none())));
            for (text, result) in texts.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
                assert_eq!(result.as_ref().unwrap(), &predict(fake(32, 5), text, &options).unwrap());
            }
        }
    }

    #[test]
    fn the_scores_are_the_mean_of_the_windows_by_their_new_tokens() {
        // Two sentences of 127 and 3 tokens whose first words differ.
        let text = format!("two {}! zero one!", "one ".repeat(125));
        let mut model = fake(32, 4);
        model.info.max_tokens = 128;
        let p = predict(model, &text, &Options::default()).unwrap();
        let high = |scores: &[Score]| scores.iter().find(|score| score.label == "high").unwrap().score;
        let [first, second] = [0, 1].map(|i| high(&p.windows[i].scores));
        assert!(p.windows.len() == 2 && first > 0.85 && second == 0.5, "{:?}", p.windows);
        let (all, new) = (130.0, 3.0);
        assert!((high(&p.scores) - (first * (all - new) + second * new) / all).abs() < 1e-6, "{p:?}");
    }

    #[test]
    fn below_the_threshold_there_is_no_label() {
        let predict = |options: &Options| predict(fake(32, 4), "two", options);
        let label = |threshold| predict(&Options::default().threshold(threshold)).unwrap().label;
        let score = predict(&Options::default()).unwrap().score;
        assert_eq!((label(score), label(score + 1e-6)), (Some("high".into()), None));
        for bad in [-0.1, 1.1, f32::NAN] {
            let error = predict(&Options::default().threshold(bad)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn mostly_unknown_tokens_give_a_warning() {
        let warnings = |text| predict(fake(32, 4), text, &Options::default()).unwrap().warnings;
        assert_eq!(warnings("one what two how"), []);
        assert_eq!(warnings("one what how"), [Warning::MostlyUnknownTokens]);
        assert_eq!(warnings("one two one two one \0\r\n\u{fffd}"), []);
        assert_eq!(warnings("one\u{fffd}\u{7}"), [Warning::MostlyUnknownTokens]);
    }

    #[test]
    fn a_mask_token_outside_the_embedding_is_an_error() {
        let error = predict(fake(32, 3), "one", &explained(Method::Occlusion)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ModelMalformed);
    }
}
