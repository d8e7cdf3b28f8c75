//! The classes and functions that JavaScript calls.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::answer::{Tokenization, write};
use super::error::to_js;
use super::external_arrays::ExternalArrays;
use super::heads::with_heads;
use super::job::Job;
use super::link_kernel::link_kernel;
use super::request::read_load_options;
use super::uint8_array_reader::Uint8ArrayReader;
use crate::kernels::simd::wasm::choose_kernel;
use crate::model::{GRAPH_FILE, missing};
use crate::{Error, ModelFiles};

/// A loaded model.
#[wasm_bindgen]
pub struct Classifier(crate::Classifier);

#[wasm_bindgen]
impl Classifier {
    /// Loads a model from its files, an object of `Uint8Array`s by file name.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "Record<string, Uint8Array>")] files: JsValue,
        #[wasm_bindgen(unchecked_param_type = "LoadOptions | undefined")] options: JsValue,
    ) -> Result<Classifier, JsValue> {
        load_classifier(&files, options).map(Self).map_err(to_js)
    }

    /// Facts about the model.
    #[wasm_bindgen(unchecked_return_type = "ModelInfo")]
    pub fn info(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Heads | undefined")] heads: JsValue,
    ) -> Result<JsValue, JsValue> {
        let describe = || write(with_heads(&self.0, &heads)?.info());
        describe().map_err(to_js)
    }

    /// Starts a job: reads its texts, and computes nothing yet.
    pub fn job(&self, #[wasm_bindgen(unchecked_param_type = "JobRequest")] request: JsValue) -> Result<Job, JsValue> {
        Job::start(&self.0, &request).map_err(to_js)
    }

    /// All tokens of a text.
    #[wasm_bindgen(unchecked_return_type = "Tokenization")]
    pub fn tokenize(&self, #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue) -> Result<JsValue, JsValue> {
        let tokenize = || {
            let text = text.as_string().ok_or_else(not_a_string)?;
            write(&Tokenization::new(&text, self.0.tokenize(&text)?))
        };
        tokenize().map_err(to_js)
    }
}

/// Size of the WebAssembly memory in bytes.
#[wasm_bindgen(js_name = memoryBytes)]
pub fn memory_bytes() -> f64 {
    const PAGE: f64 = 65536.0;
    core::arch::wasm32::memory_size::<0>() as f64 * PAGE
}

/// Runs when the module is instantiated.
#[wasm_bindgen(start)]
fn start() {
    // A panic becomes a trap, whose exception only says "unreachable".
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
    // Without relaxed SIMD, linking fails, and the strict kernel computes the same numbers, slower.
    // SAFETY: `link_kernel` returns the index of `sums` of the module that it gets, with `four_bit_sums` after it, and fails
    // if it cannot link the module.
    unsafe { choose_kernel(|module| link_kernel(module).unwrap_or(0)) };
}

fn load_classifier(files: &JsValue, options: JsValue) -> Result<crate::Classifier, Error> {
    let options = read_load_options(options)?;
    let files = files.dyn_ref::<Object>().ok_or_else(|| Error::invalid_input("the model's files must be an object"))?;
    let mut small = ModelFiles::new();
    let mut graph = None;
    let mut external = ExternalArrays::default();
    for entry in Object::entries(files).iter() {
        let entry: Array = entry.unchecked_into();
        let name = entry.get(0).as_string().unwrap_or_default();
        let Ok(bytes) = entry.get(1).dyn_into::<Uint8Array>() else {
            return Err(Error::invalid_input(format!("the model's file {name} must be a Uint8Array")));
        };
        match &name[..] {
            // Too large to be copied into WebAssembly memory as a whole.
            GRAPH_FILE => graph = Some(bytes),
            _ if name.ends_with(".json") || name.ends_with(".head") => small = small.with(name, bytes.to_vec()),
            _ => external.push(name, bytes),
        }
    }
    let graph = graph.ok_or_else(|| missing("the model", GRAPH_FILE))?;
    crate::Classifier::from_stream(&small, &|| Box::new(Uint8ArrayReader::new(graph.clone())), &external, options)
}

fn not_a_string() -> Error {
    Error::invalid_input("the text must be a string")
}
