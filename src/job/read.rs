//! Reads the texts of a job: divides them into windows, and finds the words to explain and reasons for warnings.

use std::ops::Range;

use super::explain::tokens_of_words;
use super::{PredictionJob, Text, WindowState};
use crate::error::Error;
use crate::inference::encoder::Output;
use crate::input::Input;
use crate::options::Options;
use crate::prediction::Warning;
use crate::task::TaskPlan;
use crate::text::windows::{ReadOptions, TokenizedWindow, Windows};
use crate::text::words::{join_words, words};

impl PredictionJob {
    /// Divides a text into windows and adds these to those of the job.
    pub(super) fn read_text(&mut self, input: &impl Input) -> Result<Text, Error> {
        let text = input.text();
        let explain = self.explain.is_some();
        let Options { long_text, special_tokens, .. } = self.options;
        let options = ReadOptions { long_text, special_tokens, with_offsets: explain };
        let Windows { windows, truncated } = self.model.windows(text, &self.pairs(input)?, options)?;
        let spans = windows.iter().flat_map(|window| window.tokens.spans.iter().flatten());
        let words = if explain { join_words(words(text), spans) } else { Vec::new() };
        let warnings = self.warnings(text, &windows);
        let weights = vec![vec![0.0; words.len()]; self.tasks.len()];
        Ok(Text { windows: self.add_windows(windows, &words), truncated, weights, words, warnings })
    }

    /// The texts with which each window of a text is read as a pair: the hypotheses of a zero-shot classification, or
    /// the text's own pair, if it has one.
    fn pairs<'a>(&'a self, input: &'a impl Input) -> Result<Vec<&'a str>, Error> {
        let hypotheses = self.tasks.first().and_then(TaskPlan::hypotheses);
        match (hypotheses, input.pair()) {
            (Some(hypotheses), None) => Ok(hypotheses.iter().map(String::as_str).collect()),
            (Some(_), Some(_)) => {
                let message = "a zero-shot classification takes no pair: the hypotheses are the pairs";
                Err(Error::invalid_input(message))
            }
            (None, pair) => Ok(pair.into_iter().collect()),
        }
    }

    fn warnings(&self, text: &str, windows: &[TokenizedWindow]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.model.scripts.as_ref().is_some_and(|scripts| scripts.is_foreign(text)) {
            warnings.push(Warning::OtherScript);
        }
        let sum = |count: fn(&TokenizedWindow) -> usize| windows.iter().map(count).sum::<usize>();
        if sum(|window| window.tokens.unknown) > sum(|window| window.tokens.known) {
            warnings.push(Warning::MostlyUnknownTokens);
        }
        warnings
    }

    /// Adds the windows of the next text, and their sequences, to those of the job. Returns their indices.
    fn add_windows(&mut self, windows: Vec<TokenizedWindow>, words: &[Range<usize>]) -> Range<usize> {
        let start = self.windows.len();
        let all_tokens: usize = windows.iter().map(|window| window.new_tokens).sum();
        for window in windows {
            let sequences = window.tokens.sequences.len();
            self.sequences.extend((0..sequences).map(|sequence| (self.windows.len(), sequence)));
            self.windows.push(WindowState {
                text: self.texts.len(),
                words: tokens_of_words(&window, words),
                weight: window.new_tokens as f64 / all_tokens as f64,
                window,
                outputs: vec![Output::default(); sequences],
                missing: sequences,
                scores: Vec::new(),
            });
        }
        start..self.windows.len()
    }
}
