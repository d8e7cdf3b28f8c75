//! Jobs: work that is computed step by step. All kinds of jobs are one exported class, because each class adds to the JavaScript of
//! every page.

use js_sys::{Array, Float32Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::answer::{Outcome, TasksOutcome, TaughtDto, write};
use super::error::to_js;
use super::heads::{read_examples, read_head, with_heads};
use super::request::{TextInput, property, read_options, read_teach_options};
use crate::{Classifier, EmbeddingJob, Error, PredictionJob, Progress, Taught, TeachingJob};

/// The most tokens of one step, unless a single row has more. A step then takes about 50 ms; between two steps JavaScript
/// reports progress and checks for an abort. Larger batches are not faster: their activations do not fit into the cache.
const MAX_STEP_TOKENS: usize = 256;

/// A prediction, the teaching of a head, or the computation of embeddings.
#[wasm_bindgen]
pub struct Job(Kind);

enum Kind {
    Prediction {
        job: PredictionJob,
        /// Kept for the conversion of offsets.
        texts: Vec<TextInput>,
        /// Whether the request has `tasks`: then the results are `TasksOutcome`s.
        by_task: bool,
    },
    Teaching(TeachingJob),
    Embedding(EmbeddingJob),
}

impl Job {
    pub(super) fn start(classifier: &Classifier, request: &JsValue) -> Result<Self, Error> {
        match property(request, "type").as_string().as_deref() {
            Some("predict") => Self::predict(classifier, request),
            Some("teach") => Self::teach(classifier, request),
            Some("embed") => Self::embed(classifier, request),
            _ => Err(Error::invalid_input("the type of a job must be \"predict\", \"teach\" or \"embed\"")),
        }
    }

    fn predict(classifier: &Classifier, request: &JsValue) -> Result<Self, Error> {
        let texts = read_inputs(&property(request, "texts"))?;
        let (options, tasks) = read_options(property(request, "params"))?;
        let classifier = with_heads(classifier, &property(request, "heads"))?;
        let by_task = tasks.is_some();
        let job = match &tasks {
            Some(tasks) => {
                let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
                classifier.tasks_job(&texts, &tasks, &options)?
            }
            None => classifier.job(&texts, &options)?,
        };
        if property(request, "failFast").is_truthy() {
            expect_no_failure(job.first_failure())?;
        }
        Ok(Self(Kind::Prediction { job: job.max_batch_tokens(MAX_STEP_TOKENS), texts, by_task }))
    }

    fn teach(classifier: &Classifier, request: &JsValue) -> Result<Self, Error> {
        let before = property(request, "head");
        let before = if before.is_undefined() { None } else { Some(read_head(&before)?) };
        let extended = before.map(|head| classifier.with_head(&head)).transpose()?;
        let classifier = extended.as_ref().unwrap_or(classifier);
        let options = read_teach_options(property(request, "params"))?;
        let job = classifier.teaching_job(&read_examples(&property(request, "examples"))?, &options)?;
        Ok(Self(Kind::Teaching(job.max_batch_tokens(MAX_STEP_TOKENS))))
    }

    fn embed(classifier: &Classifier, request: &JsValue) -> Result<Self, Error> {
        let classifier = with_heads(classifier, &property(request, "heads"))?;
        let job = classifier.embedding_job(&read_inputs(&property(request, "texts"))?)?;
        expect_no_failure(job.first_failure())?;
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

    /// Computes the next batch, or takes a step of a fit. Returns false when nothing is left to compute.
    pub fn step(&mut self) -> bool {
        match &mut self.0 {
            Kind::Prediction { job, .. } => job.step(),
            Kind::Teaching(job) => job.step(),
            Kind::Embedding(job) => job.step(),
        }
    }

    /// Ends the job: with an outcome for each text, in their order; with the taught head; or with an embedding for each
    /// text.
    #[wasm_bindgen(unchecked_return_type = "Outcome[] | TasksOutcome[] | Taught | Float32Array[]")]
    pub fn finish(self) -> Result<JsValue, JsValue> {
        match self.0 {
            Kind::Prediction { job, texts, by_task: true } => {
                let results = texts.iter().zip(job.finish_by_task());
                let outcomes = results.map(|(input, result)| TasksOutcome::new(&input.text, result));
                write(&outcomes.collect::<Vec<_>>()).map_err(to_js)
            }
            Kind::Prediction { job, texts, by_task: false } => {
                let results = texts.iter().zip(job.finish());
                let outcomes = results.map(|(input, result)| Outcome::new(&input.text, result));
                write(&outcomes.collect::<Vec<_>>()).map_err(to_js)
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
    let object = write(&TaughtDto { labels: head.labels(), multi_label: head.multi_label(), report })?;
    let with_examples = head.to_bytes_with_examples().unwrap_or_default();
    for (key, bytes) in [("head", head.to_bytes()), ("withExamples", with_examples)] {
        // It fails only on objects that are frozen or not objects at all.
        let _ = Reflect::set(&object, &key.into(), &Uint8Array::from(&bytes[..]));
    }
    Ok(object)
}

/// Fails with the error of the first text that cannot be read, if there is one.
fn expect_no_failure(first: Option<Error>) -> Result<(), Error> {
    first.map_or(Ok(()), Err)
}

fn read_inputs(texts: &JsValue) -> Result<Vec<TextInput>, Error> {
    let texts = texts.dyn_ref::<Array>().ok_or_else(|| Error::invalid_input("texts must be an array"))?;
    texts.iter().enumerate().map(|(i, text)| TextInput::read(&text).map_err(|error| error.at(i))).collect()
}
