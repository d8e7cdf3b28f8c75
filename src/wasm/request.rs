//! The requests that cross the boundary from JavaScript, in Rust and in TypeScript.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use super::error::exception_message;
use crate::{
    Activation, Error, Explain, Input, LoadOptions, LongText, Method, Options, Precision, SpecialTokens, TaskOptions,
    TeachOptions, ZeroShot,
};

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
/** A text, or a text with its pair. */
export type TextInput = string | { text: string; pair?: string | undefined };

/** The argument of `Classifier.job`. */
export type JobRequest =
  /**
   * Ends with an `Outcome` for each text, or with a `TasksOutcome` if there are `tasks`. `failFast`: the first text that cannot be
   * read is thrown as an error.
   */
  | {
      type: "predict";
      texts: readonly TextInput[];
      params?: PredictParams | undefined;
      heads?: Heads | undefined;
      failFast?: boolean | undefined;
    }
  /** Ends with a `Taught`. `head` is the file of a head that is taught more. */
  | { type: "teach"; examples: Examples; params?: TeachParams | undefined; head?: Uint8Array | undefined }
  /** Ends with a `Float32Array` for each text. `heads` has the head for embeddings. */
  | { type: "embed"; texts: readonly TextInput[]; heads?: Heads | undefined };

export interface PredictParams {
  task?: string | undefined;
  /** Several tasks at once. */
  tasks?: readonly string[] | undefined;
  byTask?: Record<string, { threshold?: number | undefined; explainLabel?: string | undefined }> | undefined;
  topK?: number | undefined;
  threshold?: number | undefined;
  activation?: Activation | undefined;
  longText?: "window" | "truncate" | "error" | undefined;
  specialTokens?: SpecialTokens | undefined;
  zeroShot?: {
    labels: readonly string[];
    hypothesis?: string | undefined;
    multiLabel?: boolean | undefined;
  } | undefined;
  explain?: {
    label?: string | undefined;
    method?: "occlusion" | "shapley" | undefined;
    samples?: number | undefined;
    seed?: number | undefined;
  } | undefined;
}

/** Options of the constructor of `Classifier`. */
export interface LoadOptions {
  precision?: "auto" | "int8" | "float32" | undefined;
}
export type SpecialTokens = "text" | "special";

export type Activation = "softmax" | "sigmoid" | "none";

/** Head files by task. The task "" takes the place of the model's own classifier. */
export type Heads = Record<string, Uint8Array>;

/** Labels, each with example texts. */
export type Examples = readonly (readonly [label: string, texts: readonly string[]])[];

export interface TeachParams {
  multiLabel?: boolean | undefined;
  other?: boolean | undefined;
}
"#;

/// Options as JavaScript passes them. A property that is `undefined` or `null` counts as missing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OptionsDto {
    task: Option<String>,
    pub tasks: Option<Vec<String>>,
    by_task: Option<BTreeMap<String, TaskOptionsDto>>,
    top_k: Option<u64>,
    threshold: Option<f32>,
    activation: Option<Activation>,
    long_text: Option<LongText>,
    special_tokens: Option<SpecialTokens>,
    explain: Option<ExplainDto>,
    zero_shot: Option<ZeroShotDto>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TaskOptionsDto {
    threshold: Option<f32>,
    explain_label: Option<String>,
}

impl From<TaskOptionsDto> for TaskOptions {
    fn from(TaskOptionsDto { threshold, explain_label }: TaskOptionsDto) -> Self {
        Self { threshold, explain_label }
    }
}

/// Options of teaching as JavaScript passes them.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TeachOptionsDto {
    multi_label: Option<bool>,
    other: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZeroShotDto {
    labels: Vec<String>,
    #[serde(default)]
    hypothesis: Option<String>,
    #[serde(default)]
    multi_label: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExplainDto {
    label: Option<String>,
    method: Option<MethodDto>,
    samples: Option<usize>,
    seed: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum MethodDto {
    Occlusion,
    Shapley,
}

impl From<OptionsDto> for Options {
    fn from(
        OptionsDto {
            task,
            tasks: _,
            by_task,
            top_k,
            threshold,
            activation,
            long_text,
            special_tokens,
            explain,
            zero_shot,
        }: OptionsDto,
    ) -> Self {
        Self {
            task,
            by_task: by_task.into_iter().flatten().map(|(task, options)| (task, options.into())).collect(),
            // A number of labels beyond `usize` is as good as all of them.
            top_k: top_k.map(|k| usize::try_from(k).unwrap_or(usize::MAX)),
            threshold,
            activation,
            long_text: long_text.unwrap_or_default(),
            special_tokens: special_tokens.unwrap_or_default(),
            explain: explain.map(Explain::from),
            zero_shot: zero_shot.map(ZeroShot::from),
        }
    }
}

impl From<ZeroShotDto> for ZeroShot {
    fn from(ZeroShotDto { labels, hypothesis, multi_label }: ZeroShotDto) -> Self {
        let zero_shot = Self::new(labels).multi_label(multi_label.unwrap_or(false));
        match hypothesis {
            Some(hypothesis) => zero_shot.hypothesis(hypothesis),
            None => zero_shot,
        }
    }
}

/// A text, or a text with its pair.
pub(super) struct TextInput {
    pub text: String,
    pub pair: Option<String>,
}

impl Input for TextInput {
    fn text(&self) -> &str {
        &self.text
    }

    fn pair(&self) -> Option<&str> {
        self.pair.as_deref()
    }
}

impl TextInput {
    /// Reads a string, or an object with `text` and perhaps `pair`.
    pub(super) fn read(value: &JsValue) -> Result<Self, Error> {
        let read = || match value.as_string() {
            Some(text) => Some(Self { text, pair: None }),
            None => {
                let text = property(value, "text").as_string()?;
                let pair = property(value, "pair");
                let pair = if pair.is_undefined() || pair.is_null() { None } else { Some(pair.as_string()?) };
                Some(Self { text, pair })
            }
        };
        read().ok_or_else(|| {
            Error::invalid_input("the text must be a string, or an object with the strings `text` and `pair`")
        })
    }
}

impl From<ExplainDto> for Explain {
    fn from(ExplainDto { label, method, samples, seed }: ExplainDto) -> Self {
        let method = match method.unwrap_or(MethodDto::Occlusion) {
            MethodDto::Occlusion => Method::Occlusion,
            MethodDto::Shapley => {
                Method::Shapley { samples: samples.unwrap_or(Method::DEFAULT_SAMPLES), seed: seed.unwrap_or(0) }
            }
        };
        Self { label, method }
    }
}

/// Options of a load as JavaScript passes them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadOptionsDto {
    precision: Option<Precision>,
}

/// A property of an object; `undefined` if it is missing, or if `object` is not an object.
pub(super) fn property(object: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Reads the options of a job, and its tasks if there are several.
pub(super) fn read_options(options: JsValue) -> Result<(Options, Option<Vec<String>>), Error> {
    let mut dto: OptionsDto = read(options)?;
    let tasks = dto.tasks.take();
    Ok((dto.into(), tasks))
}

/// Reads the options of teaching.
pub(super) fn read_teach_options(options: JsValue) -> Result<TeachOptions, Error> {
    let TeachOptionsDto { multi_label, other } = read(options)?;
    Ok(TeachOptions { multi_label, other })
}

/// Reads the options of a load.
pub(super) fn read_load_options(options: JsValue) -> Result<LoadOptions, Error> {
    let LoadOptionsDto { precision } = read(options)?;
    Ok(LoadOptions::default().precision(precision.unwrap_or_default()))
}

fn read<Dto: Default + DeserializeOwned>(options: JsValue) -> Result<Dto, Error> {
    if options.is_undefined() || options.is_null() {
        return Ok(Dto::default());
    }
    serde_wasm_bindgen::from_value(options)
        .map_err(|error| Error::invalid_input(format!("invalid options: {}", exception_message(error.into()))))
}
