//! The work that is computed step by step. One exported class for all kinds of it: each class adds to the JavaScript of
//! every page.

use js_sys::{Array, Float32Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::dto::{self, Outcome, TasksOutcome, TaughtDto, TextInput};
use super::error::to_js;
use super::heads::{head, read_examples, with_heads};
use crate::{Classifier, EmbeddingJob, Error, PredictionJob, Progress, Taught, TeachingJob};

/// The most tokens of one step, unless a single row has more. A step then takes about 50 ms; between two steps JavaScript
/// reports progress and checks for an abort. Larger batches are not faster: their activations do not fit into the cache.
const MAX_STEP_TOKENS: usize = 256;

/// A job of one of the kinds that [`Classifier`](super::Classifier) starts.
#[wasm_bindgen]
pub struct Job(Kind);

enum Kind {
    Prediction {
        job: PredictionJob,
        /// Kept for the conversion of offsets.
        texts: Vec<TextInput>,
        /// Whether several tasks were asked for.
        by_task: bool,
    },
    Teaching(TeachingJob),
    Embedding(EmbeddingJob),
}

impl Job {
    pub(super) fn predict(
        classifier: &Classifier,
        texts: &JsValue,
        options: JsValue,
        heads: &JsValue,
    ) -> Result<Self, Error> {
        let texts = inputs(texts)?;
        let (options, tasks) = dto::read_options(options)?;
        let classifier = with_heads(classifier, heads)?;
        let by_task = tasks.is_some();
        let job = match &tasks {
            Some(tasks) => {
                let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
                classifier.tasks_job(&texts, &tasks, &options)?
            }
            None => classifier.job(&texts, &options)?,
        };
        Ok(Self(Kind::Prediction { job: job.max_batch_tokens(MAX_STEP_TOKENS), texts, by_task }))
    }

    pub(super) fn teach(
        classifier: &Classifier,
        examples: &JsValue,
        options: JsValue,
        before: &JsValue,
    ) -> Result<Self, Error> {
        let before = if before.is_undefined() { None } else { Some(head(before)?) };
        let extended = before.map(|head| classifier.with_head(&head)).transpose()?;
        let classifier = extended.as_ref().unwrap_or(classifier);
        let job = classifier.teaching_job(&read_examples(examples)?, &dto::read_teach_options(options)?)?;
        Ok(Self(Kind::Teaching(job.max_batch_tokens(MAX_STEP_TOKENS))))
    }

    pub(super) fn embed(classifier: &Classifier, texts: &JsValue, heads: &JsValue) -> Result<Self, Error> {
        let job = with_heads(classifier, heads)?.embedding_job(&inputs(texts)?)?;
        Ok(Self(Kind::Embedding(job.max_batch_tokens(MAX_STEP_TOKENS))))
    }

    fn progress(&self) -> Progress {
        match &self.0 {
            Kind::Prediction { job, .. } => job.progress(),
            Kind::Teaching(job) => job.progress(),
            Kind::Embedding(job) => job.progress(),
        }
    }
}

#[wasm_bindgen]
impl Job {
    /// Number of rows that are computed. A row is a text, a window of a text, or a variant for an explanation; in teaching,
    /// an example or a fit.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> u32 {
        self.progress().done as u32
    }

    /// Number of rows of the job.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> u32 {
        self.progress().total as u32
    }

    /// Throws the error of the first text that has failed, with its index. Before the first step, these are the texts that
    /// cannot be read. (A teaching job does not start with such a text.)
    pub fn check(&self) -> Result<(), JsValue> {
        let failure = match &self.0 {
            Kind::Prediction { job, .. } => job.first_failure(),
            Kind::Teaching(_) => None,
            Kind::Embedding(job) => job.first_failure(),
        };
        failure.map_or(Ok(()), |error| Err(to_js(error)))
    }

    /// Computes the next batch, or takes a step of a fit. Returns false when nothing is left to compute.
    pub fn step(&mut self) -> bool {
        match &mut self.0 {
            Kind::Prediction { job, .. } => job.step(),
            Kind::Teaching(job) => job.step(),
            Kind::Embedding(job) => job.step(),
        }
    }

    /// Ends the job. What it returns depends on the method of `Classifier` that has started it.
    #[wasm_bindgen(unchecked_return_type = "Outcome[] | TasksOutcome[] | Taught | Float32Array[]")]
    pub fn finish(self) -> Result<JsValue, JsValue> {
        match self.0 {
            Kind::Prediction { job, texts, by_task: true } => {
                let results = texts.iter().zip(job.finish_by_task());
                let outcomes = results.map(|(input, result)| TasksOutcome::new(&input.text, result));
                dto::write(&outcomes.collect::<Vec<_>>()).map_err(to_js)
            }
            Kind::Prediction { job, texts, by_task: false } => {
                let results = texts.iter().zip(job.finish());
                let outcomes = results.map(|(input, result)| Outcome::new(&input.text, result));
                dto::write(&outcomes.collect::<Vec<_>>()).map_err(to_js)
            }
            Kind::Teaching(job) => job.finish().and_then(|taught| write_taught(&taught)).map_err(to_js),
            Kind::Embedding(job) => {
                let rows = job.finish().into_iter().enumerate();
                let rows = rows.map(|(i, row)| Ok(Float32Array::from(&row.map_err(|error| to_js(error.at(i)))?[..])));
                Ok(rows.collect::<Result<Array, JsValue>>()?.into())
            }
        }
    }
}

fn write_taught(Taught { head, report }: &Taught) -> Result<JsValue, Error> {
    let object = dto::write(&TaughtDto { labels: head.labels(), multi_label: head.multi_label(), report })?;
    let with_examples = head.to_bytes_with_examples().unwrap_or_default();
    for (key, bytes) in [("head", head.to_bytes()), ("withExamples", with_examples)] {
        // It fails only on objects that are frozen or not objects at all.
        let _ = Reflect::set(&object, &key.into(), &Uint8Array::from(&bytes[..]));
    }
    Ok(object)
}

fn inputs(texts: &JsValue) -> Result<Vec<TextInput>, Error> {
    let texts = texts.dyn_ref::<Array>().ok_or_else(|| Error::invalid_input("texts must be an array"))?;
    texts.iter().enumerate().map(|(i, text)| TextInput::read(&text).map_err(|error| error.at(i))).collect()
}
