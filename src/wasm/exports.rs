//! The classes and functions that JavaScript calls.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::dto::{self, Outcome, TasksOutcome, TextInput, Tokenization};
use super::error::to_js;
use super::external_arrays::ExternalArrays;
use super::heads::{EmbeddingJob, TeachingJob, with_heads};
use super::link_kernel::link_kernel;
use super::uint8_array_reader::Uint8ArrayReader;
use crate::model::missing;
use crate::{Error, ModelFiles};

/// The file that is too large to be copied into WebAssembly memory as a whole.
const GRAPH: &str = "model.onnx";
/// The most tokens of one step, unless a single row has more. A step then takes about 50 ms; between two steps JavaScript
/// reports progress and checks for an abort. Larger batches are not faster: their activations do not fit into the cache.
pub(super) const MAX_STEP_TOKENS: usize = 256;

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
        load(&files, options).map(Self).map_err(to_js)
    }

    /// Facts about the model.
    #[wasm_bindgen(unchecked_return_type = "ModelInfo")]
    pub fn info(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Heads | undefined")] heads: JsValue,
    ) -> Result<JsValue, JsValue> {
        let describe = || dto::write(with_heads(&self.0, &heads)?.info());
        describe().map_err(to_js)
    }

    /// Starts a prediction: reads the texts, and computes nothing yet.
    pub fn job(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly TextInput[]")] texts: JsValue,
        #[wasm_bindgen(unchecked_param_type = "JobOptions | undefined")] options: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Heads | undefined")] heads: JsValue,
    ) -> Result<PredictionJob, JsValue> {
        let start = || {
            let texts = inputs(&texts)?;
            let (options, tasks) = dto::read_options(options)?;
            let classifier = with_heads(&self.0, &heads)?;
            let job = match &tasks {
                Some(tasks) => {
                    let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
                    classifier.tasks_job(&texts, &tasks, &options)?
                }
                None => classifier.job(&texts, &options)?,
            };
            Ok(PredictionJob { job: job.max_batch_tokens(MAX_STEP_TOKENS), texts })
        };
        start().map_err(to_js)
    }

    /// Starts to teach a head: reads the examples, and computes nothing yet. `head` is the file of a head that is taught more.
    #[wasm_bindgen(js_name = teachingJob)]
    pub fn teaching_job(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Examples")] examples: JsValue,
        #[wasm_bindgen(unchecked_param_type = "TeachOptions | undefined")] options: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array | undefined")] head: JsValue,
    ) -> Result<TeachingJob, JsValue> {
        TeachingJob::start(&self.0, &examples, options, &head).map_err(to_js)
    }

    /// Starts to compute embeddings: reads the texts, and computes nothing yet. `heads` has the embedding head.
    #[wasm_bindgen(js_name = embeddingJob)]
    pub fn embedding_job(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly TextInput[]")] texts: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Heads | undefined")] heads: JsValue,
    ) -> Result<EmbeddingJob, JsValue> {
        EmbeddingJob::start(&self.0, &texts, &heads).map_err(to_js)
    }

    /// All tokens of a text.
    #[wasm_bindgen(unchecked_return_type = "Tokenization")]
    pub fn tokenize(&self, #[wasm_bindgen(unchecked_param_type = "string")] text: JsValue) -> Result<JsValue, JsValue> {
        let tokenize = || {
            let text = text.as_string().ok_or_else(not_a_string)?;
            dto::write(&Tokenization::new(&text, self.0.tokenize(&text)?))
        };
        tokenize().map_err(to_js)
    }
}

/// A prediction that is computed step by step.
#[wasm_bindgen]
pub struct PredictionJob {
    job: crate::PredictionJob,
    /// Kept for the conversion of offsets.
    texts: Vec<TextInput>,
}

#[wasm_bindgen]
impl PredictionJob {
    /// Number of rows that are computed. A row is a text, a window of a text, or a variant for an explanation.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> u32 {
        self.job.progress().done as u32
    }

    /// Number of rows of the job.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> u32 {
        self.job.progress().total as u32
    }

    /// Throws the error of the first text that has failed, with its index. Before the first step, these are the texts that
    /// cannot be read.
    pub fn check(&self) -> Result<(), JsValue> {
        self.job.first_failure().map_or(Ok(()), |error| Err(to_js(error)))
    }

    /// Computes the next batch. Returns false when nothing is left to compute.
    pub fn step(&mut self) -> bool {
        self.job.step()
    }

    /// Ends a job with several tasks. Returns one outcome for each text, in the order of the texts.
    #[wasm_bindgen(js_name = finishByTask, unchecked_return_type = "TasksOutcome[]")]
    pub fn finish_by_task(self) -> Result<JsValue, JsValue> {
        let results = self.texts.iter().zip(self.job.finish_by_task());
        let outcomes: Vec<TasksOutcome> =
            results.map(|(input, result)| TasksOutcome::new(&input.text, result)).collect();
        dto::write(&outcomes).map_err(to_js)
    }

    /// Ends the job. Returns one outcome for each text, in the order of the texts.
    #[wasm_bindgen(unchecked_return_type = "Outcome[]")]
    pub fn finish(self) -> Result<JsValue, JsValue> {
        let results = self.texts.iter().zip(self.job.finish());
        let outcomes: Vec<Outcome> = results.map(|(input, result)| Outcome::new(&input.text, result)).collect();
        dto::write(&outcomes).map_err(to_js)
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
    // Without relaxed SIMD the other kernel computes the same numbers, slower.
    crate::kernels::simd::relaxed::load(|module| link_kernel(module).unwrap_or(0));
}

fn load(files: &JsValue, options: JsValue) -> Result<crate::Classifier, Error> {
    let options = dto::read_load_options(options)?;
    let files = files.dyn_ref::<Object>().ok_or_else(|| dto::invalid("the model's files must be an object"))?;
    let mut small = ModelFiles::new();
    let mut graph = None;
    let mut external = ExternalArrays::default();
    for entry in Object::entries(files).iter() {
        let entry: Array = entry.unchecked_into();
        let name = entry.get(0).as_string().unwrap_or_default();
        let Ok(bytes) = entry.get(1).dyn_into::<Uint8Array>() else {
            return Err(dto::invalid(format!("the model's file {name} must be a Uint8Array")));
        };
        match &name[..] {
            GRAPH => graph = Some(bytes),
            _ if name.ends_with(".json") || name.ends_with(".head") => small = small.with(name, bytes.to_vec()),
            _ => external.push(name, bytes),
        }
    }
    let graph = graph.ok_or_else(|| missing("the model", GRAPH))?;
    crate::Classifier::from_stream(&small, &|| Box::new(Uint8ArrayReader::new(graph.clone())), &external, options)
}

pub(super) fn inputs(texts: &JsValue) -> Result<Vec<TextInput>, Error> {
    let texts = texts.dyn_ref::<Array>().ok_or_else(|| dto::invalid("texts must be an array"))?;
    texts.iter().enumerate().map(|(i, text)| TextInput::read(&text).map_err(|error| error.at(i))).collect()
}

fn not_a_string() -> Error {
    dto::invalid("the text must be a string")
}
