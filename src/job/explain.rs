//! The explanations of a job: computes masked variants of its windows, batch by batch.

use std::ops::Range;

use super::{PredictionJob, Text, WindowState};
use crate::error::Error;
use crate::explain::{Explainer, Variant};
use crate::model::{Model, best_label};
use crate::options::{Explain, Method};
use crate::prediction::Attribution;
use crate::text::tokens::Sequence;
use crate::text::windows::TokenizedWindow;
use crate::text::words::word_at;

/// The options of the explanation, resolved for this model.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExplainPlan {
    method: Method,
    /// The id of the token that replaces a masked word.
    mask_id: u32,
}

/// The explanation of a window, while its variants are computed.
#[derive(Debug)]
pub(super) struct Explaining {
    explainer: Explainer,
    /// The label whose score is explained, by task.
    labels: Vec<usize>,
    /// The index of the next variant.
    next: usize,
    /// The number of variants.
    count: usize,
}

impl ExplainPlan {
    pub(super) fn new(options: &Explain, model: &Model) -> Result<Self, Error> {
        Ok(Self { method: options.method, mask_id: model.mask_id()? })
    }
}

impl PredictionJob {
    /// The number of variants that the explanation of a window takes.
    pub(super) fn count_variants(&self, window: &WindowState) -> usize {
        self.explain.map_or(0, |explain| Explainer::count_variants(window.words.len(), explain.method))
    }

    /// Computes a batch of variants: of the window that is being explained, or of the next one that has words.
    pub(super) fn explain_next(&mut self) {
        let Some(mut explaining) = self.explaining.take().or_else(|| self.begin_explaining()) else { return };
        self.compute_variants(&mut explaining);
        let text = self.windows[self.next_explained].text;
        let left = explaining.count - explaining.next;
        if left > 0 && self.texts[text].is_ok() {
            self.explaining = Some(explaining);
            return;
        }
        // Variants of a text that has failed count as done.
        self.progress.done += left;
        self.add_weights(&explaining);
        self.next_explained += 1;
    }

    /// The explanation of the next window that has words, not begun; `None` if there is none.
    fn begin_explaining(&mut self) -> Option<Explaining> {
        let explain = self.explain?;
        while let Some(state) = self.windows.get(self.next_explained) {
            let count = self.count_variants(state);
            match &self.texts[state.text] {
                Ok(text) if count > 0 => {
                    let best = |task: usize| best_label(&self.mean_scores(text, task).by_label);
                    let labels = self.tasks.iter().enumerate();
                    let labels = labels.map(|(i, task)| task.explained_label.unwrap_or_else(|| best(i))).collect();
                    let words = state.words.iter().map(|(_, positions)| positions.clone()).collect();
                    let ids = state.window.tokens.sequences[0].ids.clone();
                    let explainer = Explainer::new(ids, words, explain.mask_id, explain.method, self.tasks.len());
                    return Some(Explaining { explainer, labels, next: 0, count });
                }
                _ => {
                    self.progress.done += count;
                    self.next_explained += 1;
                }
            }
        }
        None
    }

    /// Computes the next variants of the window that is being explained, as many as a batch may have. If one fails, the
    /// text fails.
    fn compute_variants(&mut self, Explaining { explainer, labels, next, count }: &mut Explaining) {
        let state = &self.windows[self.next_explained];
        let Sequence { ids, type_ids } = &state.window.tokens.sequences[0];
        let end = (*count).min(*next + self.limits.rows_of_length(ids.len()));
        let variants: Vec<Variant> = (*next..end).map(|index| explainer.variant(index)).collect();
        let sequence = |variant: &Variant| Sequence { ids: variant.ids.clone(), type_ids: type_ids.clone() };
        let sequences: Vec<Sequence> = variants.iter().map(sequence).collect();
        let outputs = self.model.encode(&sequences.iter().collect::<Vec<_>>());
        for (variant, output) in variants.iter().zip(outputs) {
            let scored = output.and_then(|output| {
                for ((i, task), label) in self.tasks.iter().enumerate().zip(&*labels) {
                    let scores = task.scores(std::slice::from_ref(&output))?;
                    explainer.add_score(i, variant, f64::from(scores.by_label[*label]));
                }
                Ok(())
            });
            if let Err(error) = scored {
                self.texts[state.text] = Err(error);
            }
        }
        self.progress.done += variants.len();
        *next = end;
    }

    /// Adds the weights of words in the window that was explained to those in its text, unless the text has failed.
    fn add_weights(&mut self, Explaining { explainer, labels, .. }: &Explaining) {
        let state = &self.windows[self.next_explained];
        let Ok(text) = &mut self.texts[state.text] else { return };
        for (i, label) in labels.iter().enumerate() {
            let weights = explainer.weights(i, f64::from(state.scores[i].by_label[*label]));
            for ((word, _), weight) in state.words.iter().zip(weights) {
                text.weights[i][*word] += state.weight * weight;
            }
        }
    }

    /// The words of a text that have tokens in some window, with their weights in a task's score.
    pub(super) fn attributions(&self, text: &Text, task: usize) -> Vec<Attribution> {
        let mut read = vec![false; text.words.len()];
        for (word, _) in self.windows[text.windows.clone()].iter().flat_map(|state| &state.words) {
            read[*word] = true;
        }
        let words = text.words.iter().zip(&text.weights[task]).zip(read).filter(|(_, read)| *read);
        words.map(|((w, &weight), _)| Attribution { start: w.start, end: w.end, weight: weight as f32 }).collect()
    }
}

/// For each word that has tokens in the window, the positions of these tokens.
pub(super) fn tokens_of_words(window: &TokenizedWindow, words: &[Range<usize>]) -> Vec<(usize, Vec<usize>)> {
    let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
    for (position, span) in window.tokens.spans.iter().enumerate() {
        let word = span.as_ref().and_then(|span| word_at(words, span.start));
        match (word, found.last_mut()) {
            (Some(word), Some((last, positions))) if *last == word => positions.push(position),
            (Some(word), _) => found.push((word, vec![position])),
            (None, _) => {}
        }
    }
    found
}
