//! Texts to predictions, step by step: each step computes one batch, and whoever takes it may do other things between.

use std::ops::Range;

use crate::batch::{Plan, room};
use crate::classifier::Classifier;
use crate::error::{Error, ErrorKind};
use crate::explain::{Explainer, Variant};
use crate::options::Options;
use crate::prediction::{Attribution, Prediction, Warning, Window as WindowPrediction};
use crate::windows::{Window, Windows};
use crate::words::{word_at, words};

/// Predictions in the making.
pub(crate) struct Work {
    options: Options,
    max_rows: usize,
    texts: Vec<Text>,
    /// The windows of all texts, in their order.
    rows: Vec<Row>,
    plan: Plan,
    /// Batches of the plan that are computed.
    batches: usize,
    explaining: Option<Explaining>,
    /// Rows that are explained.
    explained: usize,
    done: usize,
    total: usize,
}

struct Text {
    rows: Range<usize>,
    truncated: bool,
    /// Where its words are, and what they weigh; empty if nobody asked.
    words: Vec<Range<usize>>,
    weights: Vec<f64>,
}

struct Row {
    text: usize,
    window: Window,
    /// The words of the text that have tokens in the window, each with their positions.
    words: Vec<(usize, Vec<usize>)>,
    /// How much of the text's score is its: the window's share of the text's tokens.
    share: f64,
    /// By label; empty until they are computed.
    probabilities: Vec<f32>,
}

/// The row that is being explained.
struct Explaining {
    explainer: Explainer,
    label: usize,
    next: usize,
}

impl Work {
    /// Reads the texts; an error says which of them is at fault. Batches have at most `max_rows` rows.
    pub(crate) fn new<T: AsRef<str>>(
        classifier: &Classifier,
        texts: &[T],
        options: &Options,
        max_rows: usize,
    ) -> Result<Self, Error> {
        options.check(&classifier.info.labels)?;
        let explain = options.explain.as_ref();
        let max_rows = max_rows.clamp(1, classifier.encoder.max_rows());
        let mut work = Self {
            options: options.clone(),
            max_rows,
            texts: Vec::with_capacity(texts.len()),
            rows: Vec::with_capacity(texts.len()),
            plan: Plan::new(&[], max_rows),
            batches: 0,
            explaining: None,
            explained: 0,
            done: 0,
            total: 0,
        };
        for (index, text) in texts.iter().enumerate() {
            work.read(classifier, text.as_ref(), index).map_err(|e| e.at(index))?;
        }
        let lengths: Vec<usize> = work.rows.iter().map(|row| row.window.tokens.ids.len()).collect();
        work.plan = Plan::new(&lengths, max_rows);
        let variants = |row: &Row| explain.map_or(0, |explain| Explainer::count(row.words.len(), explain.method));
        work.total = work.rows.iter().map(|row| 1 + variants(row)).sum();
        Ok(work)
    }

    fn read(&mut self, classifier: &Classifier, text: &str, index: usize) -> Result<(), Error> {
        let explain = self.options.explain.is_some();
        let (tokenizer, limit) = (&classifier.tokenizer, classifier.info.max_tokens);
        let Windows { windows, truncated } = Windows::of(text, tokenizer, limit, self.options.long_text, explain)?;
        let words = if explain { words(text) } else { Vec::new() };
        let start = self.rows.len();
        let fresh: usize = windows.iter().map(|window| window.fresh).sum();
        for window in windows {
            classifier.check_ids(&window.tokens.ids)?;
            let share = window.fresh as f64 / fresh as f64;
            let words = tokens_of_words(&window, &words);
            self.rows.push(Row { text: index, window, words, share, probabilities: Vec::new() });
        }
        self.texts.push(Text { rows: start..self.rows.len(), truncated, weights: vec![0.0; words.len()], words });
        Ok(())
    }

    /// Rows computed so far, and of how many.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.done, self.total)
    }

    /// Computes the next batch; `false` where there is none left.
    pub(crate) fn step(&mut self, classifier: &Classifier) -> Result<bool, Error> {
        if let Some(chosen) = self.plan.batch(self.batches) {
            let ids: Vec<&[u32]> = chosen.iter().map(|&row| &self.rows[row].window.tokens.ids[..]).collect();
            let computed = classifier.probabilities(&ids).map_err(|(i, e)| e.at(self.rows[chosen[i]].text))?;
            for (&row, probabilities) in chosen.iter().zip(computed) {
                self.rows[row].probabilities = probabilities;
            }
            self.done += chosen.len();
            self.batches += 1;
        } else {
            self.explain(classifier)?;
        }
        Ok(self.done < self.total)
    }

    /// The next few variants of the row that is being explained, or of the next one.
    fn explain(&mut self, classifier: &Classifier) -> Result<(), Error> {
        let Some(explain) = &self.options.explain else { return Ok(()) };
        while self.explaining.is_none() && self.explained < self.rows.len() {
            let row = &self.rows[self.explained];
            if row.words.is_empty() {
                self.explained += 1;
                continue;
            }
            let mask = classifier.tokenizer.mask().ok_or_else(|| {
                Error::new(
                    ErrorKind::ModelUnsupported,
                    "tokenizer.json has no token that could stand for a word left out",
                )
            })?;
            classifier.check_ids(&[mask])?;
            let words = row.words.iter().map(|(_, positions)| positions.clone()).collect();
            let explainer = Explainer::new(row.window.tokens.ids.clone(), words, mask, explain.method);
            let label = match &explain.label {
                Some(label) => classifier.info.labels.iter().position(|name| name == label).unwrap_or(0),
                None => highest(&self.probabilities(&self.texts[row.text])),
            };
            self.explaining = Some(Explaining { explainer, label, next: 0 });
        }
        let Some(Explaining { explainer, label, next }) = &mut self.explaining else { return Ok(()) };
        let row = &self.rows[self.explained];
        let count = Explainer::count(row.words.len(), explain.method);
        let end = count.min(*next + room(row.window.tokens.ids.len(), self.max_rows));
        let variants: Vec<Variant> = (*next..end).map(|index| explainer.variant(index)).collect();
        let ids: Vec<&[u32]> = variants.iter().map(|variant| &variant.ids[..]).collect();
        let computed = classifier.probabilities(&ids).map_err(|(_, e)| e.at(row.text))?;
        for (variant, probabilities) in variants.iter().zip(computed) {
            explainer.take(variant, f64::from(probabilities[*label]));
        }
        self.done += variants.len();
        *next = end;
        if end == count {
            let weights = explainer.weights(f64::from(row.probabilities[*label]));
            let text = &mut self.texts[row.text];
            for ((word, _), weight) in row.words.iter().zip(weights) {
                text.weights[*word] += row.share * weight;
            }
            self.explaining = None;
            self.explained += 1;
        }
        Ok(())
    }

    /// By label: the mean of the text's windows.
    fn probabilities(&self, text: &Text) -> Vec<f32> {
        let rows = &self.rows[text.rows.clone()];
        let labels = rows.first().map_or(0, |row| row.probabilities.len());
        let mean = |label| rows.iter().map(|row| row.share * f64::from(row.probabilities[label])).sum::<f64>();
        (0..labels).map(|label| mean(label) as f32).collect()
    }

    /// What came out, one for each text, when no step is left.
    pub(crate) fn finish(self, classifier: &Classifier) -> Result<Vec<Prediction>, Error> {
        self.texts.iter().map(|text| self.prediction(classifier, text)).collect()
    }

    fn prediction(&self, classifier: &Classifier, text: &Text) -> Result<Prediction, Error> {
        let Options { top_k, threshold, explain, .. } = &self.options;
        let rows = &self.rows[text.rows.clone()];
        let scores = classifier.labels.rank(&self.probabilities(text), *top_k);
        let best = scores.first().ok_or_else(|| Error::internal("the model has no labels"))?;
        let windows = rows.iter().map(|row| WindowPrediction {
            start: row.window.span.start,
            end: row.window.span.end,
            tokens: row.window.tokens.ids.len(),
            scores: classifier.labels.rank(&row.probabilities, *top_k),
        });
        let sum = |of: fn(&Window) -> usize| rows.iter().map(|row| of(&row.window)).sum::<usize>();
        let mostly_unknown = sum(|window| window.tokens.unknown) > sum(|window| window.tokens.known);
        Ok(Prediction {
            label: (best.score >= threshold.unwrap_or(0.0)).then(|| best.label.clone()),
            score: best.score,
            tokens: sum(|window| window.tokens.ids.len()),
            truncated: text.truncated,
            windows: windows.collect(),
            attributions: explain.is_some().then(|| self.attributions(text)),
            warnings: mostly_unknown.then_some(Warning::MostlyUnknownTokens).into_iter().collect(),
            scores,
        })
    }

    /// The words that the model read something of.
    fn attributions(&self, text: &Text) -> Vec<Attribution> {
        let mut read = vec![false; text.words.len()];
        for (word, _) in self.rows[text.rows.clone()].iter().flat_map(|row| &row.words) {
            read[*word] = true;
        }
        let words = text.words.iter().zip(&text.weights).zip(read).filter(|(_, read)| *read);
        words.map(|((w, &weight), _)| Attribution { start: w.start, end: w.end, weight: weight as f32 }).collect()
    }
}

/// Of each word the positions of its tokens in the window.
fn tokens_of_words(window: &Window, words: &[Range<usize>]) -> Vec<(usize, Vec<usize>)> {
    let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
    for (position, place) in window.tokens.places.iter().enumerate() {
        let word = place.and_then(|place| word_at(words, window.span.start + place));
        match (word, found.last_mut()) {
            (Some(word), Some((last, positions))) if *last == word => positions.push(position),
            (Some(word), _) => found.push((word, vec![position])),
            (None, _) => {}
        }
    }
    found
}

/// The first of the highest.
fn highest(probabilities: &[f32]) -> usize {
    let better = |best: usize, i: usize| if probabilities[i] > probabilities[best] { i } else { best };
    (1..probabilities.len()).fold(0, better)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::tests::fake;
    use crate::options::{Explain, Method};

    /// Rows of a text of 20 words that is explained: the issue allows 25 times one prediction.
    const ROWS_OF_20_WORDS: usize = 21;

    fn explained(method: Method) -> Options {
        Options::default().explain(Explain::default().method(method))
    }

    /// The rows of each step, and what comes out.
    fn steps(texts: &[&str], options: &Options, max_rows: usize) -> (Vec<usize>, Vec<Prediction>) {
        let classifier = fake(32, 4);
        let mut work = Work::new(&classifier, texts, options, max_rows).unwrap();
        let mut rows = Vec::new();
        loop {
            let (before, total) = work.progress();
            let more = work.step(&classifier).unwrap();
            rows.push(work.progress().0 - before);
            assert_eq!(more, work.progress().0 < total, "{rows:?} of {total}");
            if !more {
                return (rows, work.finish(&classifier).unwrap());
            }
        }
    }

    #[test]
    fn twenty_words_take_one_row_each_and_one() {
        let text = "one two ".repeat(10);
        let (rows, _) = steps(&[&text], &explained(Method::Occlusion), 32);
        assert_eq!(rows.iter().sum::<usize>(), ROWS_OF_20_WORDS);
        assert_eq!(rows.len(), 2, "the variants of a text are one batch: {rows:?}");
    }

    #[test]
    fn a_step_computes_no_more_rows_than_it_may_and_the_result_is_the_same() {
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
    fn nothing_to_do_is_one_empty_step() {
        assert_eq!(steps(&[], &explained(Method::Occlusion), 8), (vec![0], vec![]));
    }

    #[test]
    fn the_scores_are_the_mean_of_the_windows_by_their_new_tokens() {
        // Two sentences of 127 and 3 tokens, whose first words are told apart.
        let text = format!("two {}! zero one!", "one ".repeat(125));
        let mut classifier = fake(32, 4);
        classifier.info.max_tokens = 128;
        let p = classifier.predict(&text, &Options::default()).unwrap();
        let high = |scores: &[crate::Score]| scores.iter().find(|score| score.label == "high").unwrap().score;
        let [first, second] = [0, 1].map(|i| high(&p.windows[i].scores));
        assert!(p.windows.len() == 2 && first > 0.85 && second == 0.5, "{:?}", p.windows);
        let (all, new) = (130.0, 3.0);
        assert!((high(&p.scores) - (first * (all - new) + second * new) / all).abs() < 1e-6, "{p:?}");
    }

    #[test]
    fn below_the_threshold_there_is_no_label() {
        let classifier = fake(32, 4);
        let label = |threshold| classifier.predict("two", &Options::default().threshold(threshold)).unwrap().label;
        let score = classifier.predict("two", &Options::default()).unwrap().score;
        assert_eq!((label(score), label(score + 1e-6)), (Some("high".into()), None));
        for bad in [-0.1, 1.1, f32::NAN] {
            let error = classifier.predict("two", &Options::default().threshold(bad)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn what_is_mostly_unknown_has_a_warning() {
        let classifier = fake(32, 4);
        let warnings = |text| classifier.predict(text, &Options::default()).unwrap().warnings;
        assert_eq!(warnings("one what two how"), []);
        assert_eq!(warnings("one what how"), [Warning::MostlyUnknownTokens]);
        assert_eq!(warnings("one two one two one \0\r\n\u{fffd}"), []);
        assert_eq!(warnings("one\u{fffd}\u{7}"), [Warning::MostlyUnknownTokens]);
    }

    #[test]
    fn a_mask_that_the_model_does_not_have_is_no_crash() {
        let error = fake(32, 3).predict("one", &explained(Method::Occlusion)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ModelMalformed);
    }
}
