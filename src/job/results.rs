//! The results of a job: predictions, logits or features of each text, from the outputs of its windows.

use std::collections::BTreeMap;

use super::{PredictionJob, Text, WindowState};
use crate::error::Error;
use crate::model::Decision;
use crate::prediction::{Prediction, Window};
use crate::task::Scores;
use crate::text::windows::TokenizedWindow;

impl PredictionJob {
    /// The text's scores of a task: the weighted mean of its windows.
    pub(super) fn mean_scores(&self, text: &Text, task: usize) -> Scores {
        let windows = &self.windows[text.windows.clone()];
        self.tasks[task].mean(windows.iter().map(|window| (window.weight, &window.scores[task])))
    }

    /// Computes the remaining batches. Returns a prediction or an error for each text, in their order: the errors of
    /// [`Classifier::predict`](crate::Classifier::predict) that concern a single text. If the job has several tasks,
    /// the predictions are for the first task.
    pub fn finish(self) -> Vec<Result<Prediction, Error>> {
        self.finish_texts(|job, text| job.prediction(text, 0))
    }

    /// Computes the remaining batches. Returns the predictions by task or an error for each text, in their order.
    pub fn finish_by_task(self) -> Vec<Result<BTreeMap<String, Prediction>, Error>> {
        self.finish_texts(|job, text| {
            let tasks = job.tasks.iter().enumerate();
            tasks.map(|(i, task)| Ok((task.name.clone(), job.prediction(text, i)?))).collect()
        })
    }

    /// Computes the remaining batches and returns the logits of each text's first window.
    pub(crate) fn finish_logits(self) -> Vec<Result<Vec<f32>, Error>> {
        self.finish_texts(|job, text| Ok(job.windows[text.windows.start].outputs[0].logits.clone()))
    }

    /// Computes the remaining batches and returns the features of each text: the weighted mean of its windows.
    pub(crate) fn finish_features(self) -> Vec<Result<Vec<f32>, Error>> {
        self.finish_texts(|job, text| {
            let windows = &job.windows[text.windows.clone()];
            let size = windows.iter().map(|window| window.outputs[0].features.len()).max().unwrap_or(0);
            let feature = |window: &WindowState, i: usize| window.weight * f64::from(window.outputs[0].features[i]);
            let mean = |i: usize| windows.iter().map(|window| feature(window, i)).sum::<f64>();
            Ok((0..size).map(|i| mean(i) as f32).collect())
        })
    }

    /// Computes the remaining batches. Returns `result_of` each text, or its error, in their order.
    fn finish_texts<T>(mut self, result_of: impl Fn(&Self, &Text) -> Result<T, Error>) -> Vec<Result<T, Error>> {
        while self.step() {}
        self.texts.iter().map(|text| result_of(&self, text.as_ref().map_err(Error::clone)?)).collect()
    }

    /// The prediction of a text for the task of this index.
    fn prediction(&self, text: &Text, index: usize) -> Result<Prediction, Error> {
        let (task, top_k) = (&self.tasks[index], self.options.top_k);
        let states = &self.windows[text.windows.clone()];
        let mean = self.mean_scores(text, index);
        let Decision { label, labels } = task.decide(&mean);
        let scores = task.rank(&mean, top_k);
        let best = scores.first().ok_or_else(|| Error::internal("the model has no labels"))?;
        let windows = states.iter().map(|state| Window {
            start: state.window.span.start,
            end: state.window.span.end,
            tokens: token_count(&state.window),
            scores: task.rank(&state.scores[index], top_k),
        });
        Ok(Prediction {
            label,
            labels,
            other: task.is_other(&mean),
            score: best.score,
            tokens: states.iter().map(|state| token_count(&state.window)).sum(),
            truncated: text.truncated,
            windows: windows.collect(),
            attributions: self.explain.is_some().then(|| self.attributions(text, index)),
            warnings: text.warnings.clone(),
            scores,
        })
    }
}

/// The number of tokens in a window's longest sequence.
fn token_count(window: &TokenizedWindow) -> usize {
    window.tokens.sequences.iter().map(|sequence| sequence.ids.len()).max().unwrap_or(0)
}
