//! The boundary to JavaScript: converts values, and nothing else.
//!
//! What is asked comes as JSON in a `Uint8Array`, and the answer is a string of JSON: what was asked for, or a [`Fault`],
//! which is known by its `code`. To hand over a value at a time, as serde-wasm-bindgen does, or an `Error`, takes a
//! function of JavaScript's for each kind of value, and those make a third of what wasm-bindgen has a page download.

use std::fmt::Display;

use js_sys::Uint8Array;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::utf16::Utf16;
use crate::{
    Classifier, Encoding, Error, ErrorKind, Explain, LongText, Method, ModelFiles, Options, Prediction, PredictionJob,
};

/// A loaded model, or why it could not be loaded: then that is the answer to everything.
#[wasm_bindgen]
pub struct WasmClassifier(Result<Classifier, Error>);

#[wasm_bindgen]
impl WasmClassifier {
    /// Loads a model from the bytes of its files, as `Uint8Array`s; the manifest may be missing.
    #[wasm_bindgen(constructor)]
    pub fn new(config: JsValue, tokenizer: JsValue, model: JsValue, manifest: JsValue) -> WasmClassifier {
        Self(load(config, tokenizer, model, manifest))
    }

    /// What the loaded model is.
    pub fn info(&self) -> JsValue {
        answer(self.loaded().map(|classifier| classifier.info()))
    }

    /// Reads texts, to predict them step by step, in batches of at most so many rows: `{ texts, how, rows }`.
    pub fn begin(&self, asked: JsValue) -> WasmWork {
        WasmWork(self.loaded().and_then(|classifier| Begun::new(classifier, asked)))
    }

    /// All the tokens of a text, with their spans in UTF-16 units.
    pub fn tokenize(&self, text: JsValue) -> JsValue {
        answer(self.loaded().and_then(|classifier| {
            let text: String = read(text).map_err(|_| not_a_string())?;
            let Encoding { ids, tokens, offsets, unknown_share } = classifier.tokenize(&text)?;
            let utf16 = Utf16::of(&text, offsets.iter().flat_map(|span| [span.start, span.end]));
            let offsets = offsets.iter().map(|span| (utf16.at(span.start), utf16.at(span.end))).collect();
            Ok(Tokens { ids, tokens, offsets, unknown_share })
        }))
    }

    fn loaded(&self) -> Result<&Classifier, Error> {
        self.0.as_ref().map_err(Error::clone)
    }
}

fn load(config: JsValue, tokenizer: JsValue, model: JsValue, manifest: JsValue) -> Result<Classifier, Error> {
    let config = bytes(config, "config")?.to_vec();
    let tokenizer = bytes(tokenizer, "tokenizer")?.to_vec();
    let manifest = bytes(manifest, "manifest").ok().map(|bytes| bytes.to_vec());
    let mut model = Pieces::new(bytes(model, "model")?);
    let mut files = ModelFiles::new().with("config.json", config).with("tokenizer.json", tokenizer);
    if let Some(manifest) = manifest {
        files = files.with("litmus.json", manifest);
    }
    Classifier::from_stream(&files, &mut model)
}

/// Predictions in the making, or why there will be none.
#[wasm_bindgen]
pub struct WasmWork(Result<Begun, Error>);

#[wasm_bindgen]
impl WasmWork {
    /// Rows computed so far, and of how many.
    pub fn progress(&self) -> JsValue {
        answer(self.0.as_ref().map_err(Error::clone).map(|Begun { job, .. }| job.progress()))
    }

    /// Computes the next batch.
    pub fn step(&mut self) -> JsValue {
        let begun = self.0.as_mut().map_err(|error| error.clone());
        answer(begun.map(|Begun { job, .. }| job.step()))
    }

    /// What came out, one for each text, with places in UTF-16 units.
    pub fn finish(self) -> JsValue {
        answer(self.0.and_then(|Begun { texts, job }| {
            let results = job.finish().into_iter().enumerate();
            let mut predictions =
                results.map(|(i, result)| result.map_err(|e| e.at(i))).collect::<Result<Vec<_>, _>>()?;
            for (text, prediction) in texts.iter().zip(&mut predictions) {
                to_utf16(text, prediction);
            }
            Ok(predictions)
        }))
    }
}

struct Begun {
    texts: Vec<String>,
    job: PredictionJob,
}

impl Begun {
    fn new(classifier: &Classifier, asked: JsValue) -> Result<Self, Error> {
        let Asked { texts, how, rows } = read(asked)?;
        let string = |(i, text): (usize, Text)| text.0.ok_or_else(|| not_a_string().at(i));
        let texts: Vec<String> = texts.into_iter().enumerate().map(string).collect::<Result<_, _>>()?;
        let job = classifier.job(&texts, &how.into())?;
        if let Some(error) = job.first_failure() {
            return Err(error);
        }
        Ok(Self { texts, job: job.max_batch_rows(rows) })
    }
}

fn to_utf16(text: &str, prediction: &mut Prediction) {
    let windows = prediction.windows.iter_mut().map(|window| [&mut window.start, &mut window.end]);
    let words = prediction.attributions.iter_mut().flatten().map(|word| [&mut word.start, &mut word.end]);
    let mut places: Vec<&mut usize> = windows.chain(words).flatten().collect();
    let utf16 = Utf16::of(text, places.iter().map(|place| **place));
    places.iter_mut().for_each(|place| **place = utf16.at(**place));
}

/// The model compiled into this module.
#[cfg(feature = "embed-model")]
#[wasm_bindgen]
pub fn embedded() -> WasmClassifier {
    WasmClassifier(Classifier::embedded())
}

/// Says in the console what a trap was about; the exception itself only says "unreachable".
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
    // Without it, all is computed as well, only slower.
    crate::kernels::simd::relaxed::load(|module| {
        link_kernel(module, &wasm_bindgen::memory(), &wasm_bindgen::function_table())
    });
}

#[wasm_bindgen]
extern "C" {
    /// Whoever instantiates this module supplies it (`instance.ts`): from here, each of its calls of JavaScript would take
    /// a function of wasm-bindgen's.
    #[wasm_bindgen(js_name = linkKernel)]
    fn link_kernel(module: &[u8], memory: &JsValue, table: &JsValue) -> usize;
}

#[derive(Serialize)]
struct Tokens {
    ids: Vec<u32>,
    tokens: Vec<String>,
    offsets: Vec<(usize, usize)>,
    #[serde(rename = "unknownShare")]
    unknown_share: f32,
}

/// An array of JavaScript's read piece by piece, so that it is never here as a whole.
struct Pieces {
    array: Uint8Array,
    len: u32,
    /// Where in the array the piece begins.
    start: u32,
    piece: Vec<u8>,
    /// How much of the piece has been read.
    read: usize,
}

impl Pieces {
    const LEN: u32 = 64 * 1024;

    fn new(array: Uint8Array) -> Self {
        let mut pieces = Self { len: array.length(), array, start: 0, piece: Vec::new(), read: 0 };
        pieces.load();
        pieces
    }

    fn load(&mut self) {
        let end = self.len.min(self.start + Self::LEN);
        self.piece.resize((end - self.start) as usize, 0);
        self.array.subarray(self.start, end).copy_to(&mut self.piece);
        self.read = 0;
    }
}

impl bytes::Buf for Pieces {
    fn remaining(&self) -> usize {
        (self.len - self.start) as usize - self.read
    }

    fn chunk(&self) -> &[u8] {
        &self.piece[self.read..]
    }

    fn advance(&mut self, count: usize) {
        self.read += count;
        if self.read >= self.piece.len() && self.remaining() > 0 {
            self.start += self.read as u32;
            self.load();
        }
    }
}

/// What [`WasmClassifier::begin`] is asked.
#[derive(Deserialize)]
struct Asked {
    texts: Vec<Text>,
    #[serde(default)]
    how: Wanted,
    rows: usize,
}

/// What is to be a text; `None` where it is none, so that an error can say which.
#[derive(Deserialize)]
#[serde(from = "serde_json::Value")]
struct Text(Option<String>);

impl From<serde_json::Value> for Text {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self(Some(text)),
            _ => Self(None),
        }
    }
}

/// Options as JavaScript gives them.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    top_k: Option<u64>,
    threshold: Option<f32>,
    long_text: Option<LongText>,
    explain: Option<WantedExplain>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WantedExplain {
    label: Option<String>,
    method: WantedMethod,
    samples: Option<usize>,
    seed: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WantedMethod {
    #[default]
    Occlusion,
    Shapley,
}

impl From<Wanted> for Options {
    fn from(Wanted { top_k, threshold, long_text, explain }: Wanted) -> Self {
        let explain = explain.map(|WantedExplain { label, method, samples, seed }| Explain {
            label,
            method: match method {
                WantedMethod::Occlusion => Method::Occlusion,
                WantedMethod::Shapley => {
                    Method::Shapley { samples: samples.unwrap_or(Method::DEFAULT_SAMPLES), seed: seed.unwrap_or(0) }
                }
            },
        });
        let top_k = top_k.map(|k| usize::try_from(k).unwrap_or(usize::MAX));
        Options { top_k, threshold, long_text: long_text.unwrap_or_default(), explain }
    }
}

fn refused(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, reason)
}

fn not_a_string() -> Error {
    refused("the text must be a string")
}

fn bytes(value: JsValue, name: &str) -> Result<Uint8Array, Error> {
    value.dyn_into().map_err(|_| refused(format!("`{name}` must be a Uint8Array")))
}

fn read<T: DeserializeOwned>(asked: JsValue) -> Result<T, Error> {
    let wrong = |e: &dyn Display| refused(format!("what is asked is not as it must be: {e}"));
    serde_json::from_slice(&bytes(asked, "asked")?.to_vec()).map_err(|e| wrong(&e))
}

/// An error as JavaScript gets it; with `index` where it is one text's fault.
#[derive(Serialize)]
struct Fault {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { code: error.code(), index: error.index(), message: error.without_index().to_string() }
    }
}

fn answer(result: Result<impl Serialize, Error>) -> JsValue {
    match result {
        Ok(value) => json(&value),
        Err(error) => json(&Fault::from(error)),
    }
}

fn json(value: &impl Serialize) -> JsValue {
    match serde_json::to_string(value) {
        Ok(json) => json.into(),
        // None of our values is one that has no JSON.
        Err(error) => wasm_bindgen::throw_str(&error.to_string()),
    }
}

/// Throws, through whatever was being computed, what [`crate::memory`] has to say. It is the one answer that is thrown:
/// after it, as after a trap, nothing goes on.
pub(crate) fn out_of_memory() -> ! {
    wasm_bindgen::throw_val(answer(Err::<(), _>(Error::new(ErrorKind::OutOfMemory, "there is no memory left"))))
}
