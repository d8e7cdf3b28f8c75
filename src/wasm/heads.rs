//! Heads at the boundary. JavaScript keeps the files of the heads and gives them with each call, so that they survive a
//! crash of the instance, and every worker of a pool has them.

use js_sys::{Array, Float32Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::dto::{self, TaughtDto};
use super::error::to_js;
use super::exports::{MAX_STEP_TOKENS, inputs};
use crate::{Error, Examples, Head};

/// The classifier with the heads of an object of files by task; "" is the task of the classifier's own labels.
pub(super) fn with_heads(classifier: &crate::Classifier, heads: &JsValue) -> Result<crate::Classifier, Error> {
    let mut classifier = classifier.clone();
    for (task, bytes) in entries(heads, "heads")? {
        let head = head(&bytes)?;
        classifier = match &task[..] {
            "" => classifier.with_head(&head)?,
            task => classifier.with_task(task, &head)?,
        };
    }
    Ok(classifier)
}

fn head(bytes: &JsValue) -> Result<Head, Error> {
    let bytes = bytes.dyn_ref::<Uint8Array>().ok_or_else(|| dto::invalid("a head must be a Uint8Array"))?;
    Head::from_bytes(&bytes.to_vec())
}

/// Keys and values of an object, or none of `undefined`. `name` is what the object is called in error messages.
fn entries(object: &JsValue, name: &str) -> Result<Vec<(String, JsValue)>, Error> {
    if object.is_undefined() {
        return Ok(Vec::new());
    }
    let object = object.dyn_ref::<Object>().ok_or_else(|| dto::invalid(format!("{name} must be an object")))?;
    let entry = |entry: JsValue| {
        let entry: Array = entry.unchecked_into();
        (entry.get(0).as_string().unwrap_or_default(), entry.get(1))
    };
    Ok(Object::entries(object).iter().map(entry).collect())
}

fn read_examples(examples: &JsValue) -> Result<Examples, Error> {
    let mut all = Examples::new();
    for (label, texts) in entries(examples, "examples")? {
        let texts = texts.dyn_ref::<Array>().map(|texts| texts.iter().map(|text| text.as_string()).collect());
        let Some(Some(texts)) = texts else {
            return Err(dto::invalid(format!("the examples of the label {label:?} must be an array of strings")));
        };
        let texts: Vec<String> = texts;
        all = all.label(label, texts);
    }
    Ok(all)
}

/// A head that is taught step by step.
#[wasm_bindgen]
pub struct TeachingJob(crate::TeachingJob);

impl TeachingJob {
    pub(super) fn start(
        classifier: &crate::Classifier,
        examples: &JsValue,
        options: JsValue,
        before: &JsValue,
    ) -> Result<Self, Error> {
        let before = if before.is_undefined() { None } else { Some(head(before)?) };
        let extended = before.map(|head| classifier.with_head(&head)).transpose()?;
        let classifier = extended.as_ref().unwrap_or(classifier);
        let job = classifier.teaching_job(&read_examples(examples)?, &dto::read_teach_options(options)?)?;
        Ok(Self(job.max_batch_tokens(MAX_STEP_TOKENS)))
    }
}

#[wasm_bindgen]
impl TeachingJob {
    /// Number of examples whose features are computed, plus fits that are done.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> u32 {
        self.0.progress().done as u32
    }

    /// Number of examples and fits of the job.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> u32 {
        self.0.progress().total as u32
    }

    /// Computes the features of the next examples, or takes a step of the fit. Returns false when nothing is left.
    pub fn step(&mut self) -> bool {
        self.0.step()
    }

    /// Ends the job.
    #[wasm_bindgen(unchecked_return_type = "Taught")]
    pub fn finish(self) -> Result<JsValue, JsValue> {
        let finish = || {
            let taught = self.0.finish()?;
            let head = &taught.head;
            let dto = TaughtDto { labels: head.labels(), multi_label: head.multi_label(), report: &taught.report };
            let object = dto::write(&dto)?;
            let with_examples = head.to_bytes_with_examples().unwrap_or_default();
            for (key, bytes) in [("head", head.to_bytes()), ("withExamples", with_examples)] {
                // It fails only on objects that are frozen or not objects at all.
                let _ = Reflect::set(&object, &key.into(), &Uint8Array::from(&bytes[..]));
            }
            Ok(object)
        };
        finish().map_err(to_js)
    }
}

/// Embeddings that are computed step by step.
#[wasm_bindgen]
pub struct EmbeddingJob(crate::EmbeddingJob);

impl EmbeddingJob {
    pub(super) fn start(classifier: &crate::Classifier, texts: &JsValue, heads: &JsValue) -> Result<Self, Error> {
        let job = with_heads(classifier, heads)?.embedding_job(&inputs(texts)?)?;
        Ok(Self(job.max_batch_tokens(MAX_STEP_TOKENS)))
    }
}

#[wasm_bindgen]
impl EmbeddingJob {
    /// Number of rows that are computed. A row is a text, or a window of a text.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> u32 {
        self.0.progress().done as u32
    }

    /// Number of rows of the job.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> u32 {
        self.0.progress().total as u32
    }

    /// Throws the error of the first text that has failed, with its index. Before the first step, these are the texts that
    /// cannot be read.
    pub fn check(&self) -> Result<(), JsValue> {
        self.0.first_failure().map_or(Ok(()), |error| Err(to_js(error)))
    }

    /// Computes the next batch. Returns false when nothing is left to compute.
    pub fn step(&mut self) -> bool {
        self.0.step()
    }

    /// Ends the job. Returns one embedding for each text, in the order of the texts. Throws the error of the first text that
    /// has failed, with its index.
    #[wasm_bindgen(unchecked_return_type = "Float32Array[]")]
    pub fn finish(self) -> Result<JsValue, JsValue> {
        let embeddings = self.0.finish().into_iter().enumerate();
        let rows = embeddings.map(|(i, embedding)| Ok(Float32Array::from(&embedding.map_err(|e| to_js(e.at(i)))?[..])));
        Ok(rows.collect::<Result<Array, JsValue>>()?.into())
    }
}
