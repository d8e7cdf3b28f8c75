//! The boundary to JavaScript: converts values, and nothing else.

use std::fmt::Display;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::utf16::Utf16;
use crate::work::Work;
use crate::{Classifier, Encoding, Error, ErrorKind, Explain, LongText, Method, ModelParts, Options, Prediction};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Score { label: string; score: number }
export interface Window { start: number; end: number; tokens: number; scores: Score[] }
export interface Attribution { start: number; end: number; weight: number }
export interface Prediction {
  label: string | null; score: number; scores: Score[]; tokens: number; truncated: boolean;
  windows: Window[]; attributions: Attribution[] | null; warnings: "mostly-unknown-tokens"[];
}
export interface Tokenization { ids: number[]; tokens: string[]; offsets: [start: number, end: number][]; unknownShare: number }
export interface Info { labels: string[]; multiLabel: boolean; maxTokens: number; name: string | null; version: string | null }
export interface Explain { label?: string | undefined; method?: "occlusion" | "shapley" | undefined; samples?: number | undefined; seed?: number | undefined }
export interface Options {
  topK?: number | undefined; threshold?: number | undefined; longText?: "window" | "truncate" | "error" | undefined;
  explain?: Explain | undefined;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// How to predict; see [`crate::Options`].
    #[wasm_bindgen(typescript_type = "Options | undefined")]
    pub type JsOptions;

    /// `Prediction[]`
    #[wasm_bindgen(typescript_type = "Prediction[]")]
    pub type Predictions;
    /// `Tokenization`
    #[wasm_bindgen(typescript_type = "Tokenization")]
    pub type Tokenization;
    /// `Info`
    #[wasm_bindgen(typescript_type = "Info")]
    pub type Info;
    /// What is to be texts.
    #[wasm_bindgen(typescript_type = "unknown[]")]
    pub type Texts;
}

/// A loaded model.
#[wasm_bindgen]
pub struct WasmClassifier(Rc<Classifier>);

#[wasm_bindgen]
impl WasmClassifier {
    /// Loads a model from the bytes of its files, as `Uint8Array`s; the manifest may be missing.
    #[wasm_bindgen(constructor)]
    pub fn new(
        config: JsValue,
        tokenizer: JsValue,
        model: JsValue,
        manifest: JsValue,
    ) -> Result<WasmClassifier, JsValue> {
        let file = |value: JsValue, name: &str| match value.dyn_into::<Uint8Array>() {
            Ok(array) => Ok(array),
            Err(_) => Err(thrown(Error::new(ErrorKind::InvalidInput, format!("`{name}` must be a Uint8Array")))),
        };
        let config = file(config, "config")?.to_vec();
        let tokenizer = file(tokenizer, "tokenizer")?.to_vec();
        let manifest = if manifest.is_undefined() { None } else { Some(file(manifest, "manifest")?.to_vec()) };
        let mut model = Pieces::new(file(model, "model")?);
        let parts = ModelParts { config: &config, tokenizer: &tokenizer, model: &[], manifest: manifest.as_deref() };
        Classifier::from_stream(&parts, &mut model).map(Rc::new).map(Self).map_err(thrown)
    }

    /// Reads texts, to predict them step by step, in batches of at most so many rows.
    pub fn begin(&self, texts: Texts, options: JsOptions, rows: usize) -> Result<WasmWork, JsValue> {
        let texts = strings(texts.into())?;
        let work = Work::new(&self.0, &texts, &options_from(options)?, rows).map_err(thrown)?;
        Ok(WasmWork { classifier: self.0.clone(), texts, work })
    }

    /// All the tokens of a text, with their spans in UTF-16 units.
    pub fn tokenize(&self, text: JsValue) -> Result<Tokenization, JsValue> {
        let text = text.as_string().ok_or_else(|| thrown(not_a_string()))?;
        let Encoding { ids, tokens, offsets, unknown_share } = self.0.tokenize(&text).map_err(thrown)?;
        let utf16 = Utf16::of(&text, offsets.iter().flat_map(|span| [span.start, span.end]));
        let offsets = offsets.iter().map(|span| (utf16.at(span.start), utf16.at(span.end))).collect();
        Ok(object(&Tokens { ids, tokens, offsets, unknown_share })?.unchecked_into())
    }

    /// What the loaded model is.
    #[wasm_bindgen(getter)]
    pub fn info(&self) -> Result<Info, JsValue> {
        Ok(object(self.0.info())?.unchecked_into())
    }
}

/// Predictions in the making.
#[wasm_bindgen]
pub struct WasmWork {
    classifier: Rc<Classifier>,
    texts: Vec<String>,
    work: Work,
}

#[wasm_bindgen]
impl WasmWork {
    /// Computes the next batch; `false` where none is left.
    pub fn step(&mut self) -> Result<bool, JsValue> {
        self.work.step(&self.classifier).map_err(thrown)
    }

    /// Rows computed so far.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> usize {
        self.work.progress().0
    }

    /// Rows that there are.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> usize {
        self.work.progress().1
    }

    /// What came out, one for each text, with places in UTF-16 units.
    pub fn finish(self) -> Result<Predictions, JsValue> {
        let mut predictions = self.work.finish(&self.classifier).map_err(thrown)?;
        for (text, prediction) in self.texts.iter().zip(&mut predictions) {
            to_utf16(text, prediction);
        }
        Ok(object(&predictions)?.unchecked_into())
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
pub fn embedded() -> Result<WasmClassifier, JsValue> {
    Classifier::embedded().map(Rc::new).map(WasmClassifier).map_err(thrown)
}

/// Says in the console what a trap was about; the exception itself only says "unreachable".
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
    // Without it, all is computed as well, only slower.
    crate::kernels::relaxed::load(true);
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

fn strings(texts: JsValue) -> Result<Vec<String>, JsValue> {
    let texts: Array =
        texts.dyn_into().map_err(|_| thrown(Error::new(ErrorKind::InvalidInput, "the texts must be an array")))?;
    let string = |(i, text): (usize, JsValue)| text.as_string().ok_or_else(|| thrown(not_a_string().at(i)));
    texts.iter().enumerate().map(string).collect()
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

fn options_from(options: JsOptions) -> Result<Options, JsValue> {
    let refused =
        |e: &dyn Display| thrown(Error::new(ErrorKind::InvalidInput, format!("an option is not as it must be: {e}")));
    // Not of `undefined`, which has no JSON.
    let json = js_sys::JSON::stringify(&options).map_err(|_| refused(&"it has no JSON"))?.as_string();
    let wanted = json.map_or(Ok(Wanted::default()), |json| serde_json::from_str(&json)).map_err(|e| refused(&e))?;
    let Wanted { top_k, threshold, long_text, explain } = wanted;
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
    Ok(Options { top_k, threshold, long_text: long_text.unwrap_or_default(), explain })
}

fn not_a_string() -> Error {
    Error::new(ErrorKind::InvalidInput, "the text must be a string")
}

/// Through JSON: a value at a time, as serde-wasm-bindgen does it, takes a function of JavaScript's for each kind of
/// value, 0.8 kB of what a page downloads.
fn object(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let json = serde_json::to_string(value).map_err(|e| thrown(Error::internal(e.to_string())))?;
    js_sys::JSON::parse(&json)
}

/// Throws, through whatever was being computed, what [`crate::memory`] has to say.
pub(crate) fn out_of_memory() -> ! {
    let error = thrown(Error::new(ErrorKind::OutOfMemory, "there is no memory left"));
    // Not so an error that is returned: after that one, all goes on.
    let _ = Reflect::set(&error, &"fatal".into(), &true.into());
    wasm_bindgen::throw_val(error)
}

/// A JavaScript `Error` with our `code`, and `index` where it is one text's fault.
fn thrown(error: Error) -> JsValue {
    let (code, index) = (error.code(), error.index());
    let thrown = js_sys::Error::new(&error.without_index().to_string());
    let set = |key: &str, value: JsValue| Reflect::set(thrown.unchecked_ref::<Object>(), &key.into(), &value);
    // Setting a property of an object we have just made cannot fail.
    let _ = set("code", code.into());
    if let Some(index) = index {
        let _ = set("index", (index as f64).into());
    }
    thrown.into()
}
