//! The boundary to JavaScript: converts values, and nothing else.

use js_sys::{Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{Classifier, Encoding, Error, ErrorKind, ModelParts, Options};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Score { label: string; score: number }
export interface Prediction { label: string; score: number; scores: Score[]; tokens: number; truncated: boolean }
export interface Tokenization { ids: number[]; tokens: string[]; offsets: [start: number, end: number][] }
export interface Info { labels: string[]; multiLabel: boolean; maxTokens: number; name: string | null; version: string | null }
export interface Parts { config: Uint8Array; tokenizer: Uint8Array; model: Uint8Array; manifest?: Uint8Array | undefined }
export interface Options { topK?: number | undefined }
"#;

#[wasm_bindgen]
extern "C" {
    /// The files of a model folder.
    #[wasm_bindgen(typescript_type = "Parts")]
    pub type Parts;
    #[wasm_bindgen(method, getter, catch)]
    fn config(this: &Parts) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn tokenizer(this: &Parts) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn model(this: &Parts) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn manifest(this: &Parts) -> Result<JsValue, JsValue>;

    /// How to predict; see [`crate::Options`].
    #[wasm_bindgen(typescript_type = "Options | undefined")]
    pub type JsOptions;
    #[wasm_bindgen(method, getter, js_name = topK)]
    fn top_k(this: &JsOptions) -> JsValue;

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
pub struct WasmClassifier(Classifier);

#[wasm_bindgen]
impl WasmClassifier {
    /// Loads a model from the bytes of its files.
    #[wasm_bindgen(constructor)]
    pub fn new(parts: Parts) -> Result<WasmClassifier, JsValue> {
        let file = |value: Result<JsValue, JsValue>, name: &str| match array(value) {
            Some(array) => Ok(array),
            None => Err(thrown(Error::new(ErrorKind::InvalidInput, format!("`{name}` must be a Uint8Array")))),
        };
        let config = file(parts.config(), "config")?.to_vec();
        let tokenizer = file(parts.tokenizer(), "tokenizer")?.to_vec();
        let manifest = array(parts.manifest()).map(|array| array.to_vec());
        let mut model = Pieces::new(file(parts.model(), "model")?);
        let parts = ModelParts { config: &config, tokenizer: &tokenizer, model: &[], manifest: manifest.as_deref() };
        Classifier::from_stream(&parts, &mut model).map(Self).map_err(thrown)
    }

    /// Texts to predictions, in the same order.
    pub fn predict(&self, texts: Texts, options: JsOptions) -> Result<Predictions, JsValue> {
        let texts = strings(texts.into())?;
        let predictions = self.0.predict_batch(&texts, &options_from(options)?).map_err(thrown)?;
        Ok(object(&predictions)?.unchecked_into())
    }

    /// The tokens that the model reads of a text, with their spans in UTF-16 units.
    pub fn tokenize(&self, text: JsValue) -> Result<Tokenization, JsValue> {
        let text = text.as_string().ok_or_else(|| thrown(not_a_string()))?;
        let Encoding { ids, tokens, offsets, .. } = self.0.tokenize(&text).map_err(thrown)?;
        let to_utf16 = utf16_positions(&text);
        let offsets = offsets.into_iter().map(|(start, end)| (to_utf16[start], to_utf16[end])).collect();
        Ok(object(&Tokens { ids, tokens, offsets })?.unchecked_into())
    }

    /// What the loaded model is.
    #[wasm_bindgen(getter)]
    pub fn info(&self) -> Result<Info, JsValue> {
        Ok(object(self.0.info())?.unchecked_into())
    }
}

/// The model compiled into this module.
#[cfg(feature = "embed-model")]
#[wasm_bindgen]
pub fn embedded() -> Result<WasmClassifier, JsValue> {
    Classifier::embedded().map(WasmClassifier).map_err(thrown)
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
}

/// For each character of the text, and for its end, the index of its first UTF-16 unit.
///
/// A lone surrogate reaches us as U+FFFD, which is one unit too, so the positions hold in the caller's string.
fn utf16_positions(text: &str) -> Vec<usize> {
    let mut position = 0;
    let mut positions = Vec::with_capacity(text.len() + 1);
    for c in text.chars() {
        positions.push(position);
        position += c.len_utf16();
    }
    positions.push(position);
    positions
}

fn array(value: Result<JsValue, JsValue>) -> Option<Uint8Array> {
    value.ok()?.dyn_into().ok()
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

fn options_from(options: JsOptions) -> Result<Options, JsValue> {
    if options.is_undefined() {
        return Ok(Options::default());
    }
    let top_k = options.top_k();
    match top_k.as_f64() {
        _ if top_k.is_undefined() => Ok(Options::default()),
        Some(k) if k >= 1.0 && k.fract() == 0.0 => Ok(Options::default().top_k(k as usize)),
        _ => Err(thrown(Error::new(ErrorKind::InvalidInput, "topK must be a whole number of at least 1"))),
    }
}

fn not_a_string() -> Error {
    Error::new(ErrorKind::InvalidInput, "the text must be a string")
}

fn object(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value.serialize(&serializer).map_err(|e| thrown(Error::internal(e.to_string())))
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
