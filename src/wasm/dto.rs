//! The plain objects that cross the boundary, in Rust and in TypeScript.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::utf16::Utf16Offsets;
use crate::{
    Activation, Encoding, Error, Explain, Input, LoadOptions, LongText, Method, Options, Precision, Prediction,
    SpecialTokens, TaskOptions, TeachOptions, TeachReport, ZeroShot,
};

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
/** A text, or a text with its pair. */
export type TextInput = string | { text: string; pair?: string | undefined };

/** What `Classifier.job` starts. */
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

export interface ModelInfo {
  name: string | null;
  version: string | null;
  languages: string[] | null;
  labels: string[];
  multiLabel: boolean;
  activation: Activation;
  maxTokens: number;
  precision: { option: "auto" | "int8" | "float32"; floatLayers: string[] };
  kernel: "simd128" | "relaxed-dot-i16x8" | "relaxed-dot-i32x4";
  /** The tasks of the heads. */
  tasks?: { name: string; labels: string[]; multiLabel: boolean }[];
}

/** Head files by task. The task "" takes the place of the model's own classifier. */
export type Heads = Record<string, Uint8Array>;

/** Labels, each with example texts. */
export type Examples = Record<string, readonly string[]>;

export interface TeachParams {
  multiLabel?: boolean | undefined;
  other?: boolean | undefined;
}

export interface TeachReport {
  labels: { label: string; examples: number; f1: number | null }[];
  validated: number;
  accuracy: number | null;
  confusion: number[][];
  odd: { text: string | null; label: string; predicted: string; score: number }[];
  contradictions: { text: string; labels: string[] }[];
}

/** A taught head. */
export interface Taught {
  labels: string[];
  multiLabel: boolean;
  report: TeachReport;
  /** The head file. */
  head: Uint8Array;
  /** The head file with the features of its examples, which can be taught more. */
  withExamples: Uint8Array;
}

export interface LabelScore {
  label: string;
  score: number;
}

/** Offsets are in UTF-16 code units of the text. */
export interface Prediction {
  label: string | null;
  /** Only where each label has a score of its own. */
  labels?: string[];
  /** Only of a head that rejects texts: whether the text resembles none of the labels' examples. */
  other?: boolean;
  score: number;
  scores: LabelScore[];
  tokens: number;
  truncated: boolean;
  windows: { start: number; end: number; tokens: number; scores: LabelScore[] }[];
  attributions: { start: number; end: number; weight: number }[] | null;
  warnings: ("other-script" | "mostly-unknown-tokens")[];
}

export interface Failure {
  code: ErrorCode;
  message: string;
}

/** The result of one text of a job. */
export type Outcome = { prediction: Prediction } | { failure: Failure };

/** The result of one text of a job with several tasks. */
export type TasksOutcome = { predictions: Record<string, Prediction> } | { failure: Failure };

/** Offsets are in UTF-16 code units of the text. */
export interface Tokenization {
  ids: number[];
  tokens: string[];
  offsets: [start: number, end: number][];
  unknownShare: number;
}
"#;

/// Options as JavaScript gives them. A property that is `undefined` or `null` counts as missing.
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

/// Options of teaching as JavaScript gives them.
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

/// Options of a load as JavaScript gives them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadOptionsDto {
    precision: Option<Precision>,
}

/// The result of one text: `{ prediction }` or `{ failure }`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Outcome {
    Prediction(Prediction),
    Failure(Failure),
}

/// The result of one text for several tasks: `{ predictions }` or `{ failure }`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum TasksOutcome {
    Predictions(BTreeMap<String, Prediction>),
    Failure(Failure),
}

impl TasksOutcome {
    pub(super) fn new(text: &str, result: Result<BTreeMap<String, Prediction>, Error>) -> Self {
        let converted = |(task, prediction)| (task, with_utf16_offsets(text, prediction));
        match result {
            Ok(predictions) => Self::Predictions(predictions.into_iter().map(converted).collect()),
            Err(error) => Self::Failure(error.into()),
        }
    }
}

/// The result of teaching, without the files.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaughtDto<'a> {
    pub labels: &'a [String],
    pub multi_label: bool,
    pub report: &'a TeachReport,
}

#[derive(Serialize)]
pub(super) struct Failure {
    code: &'static str,
    message: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.code(), message: error.without_index().to_string() }
    }
}

impl Outcome {
    pub(super) fn new(text: &str, result: Result<Prediction, Error>) -> Self {
        match result {
            Ok(prediction) => Self::Prediction(with_utf16_offsets(text, prediction)),
            Err(error) => Self::Failure(error.into()),
        }
    }
}

fn with_utf16_offsets(text: &str, mut prediction: Prediction) -> Prediction {
    let windows = prediction.windows.iter_mut().flat_map(|window| [&mut window.start, &mut window.end]);
    let words = prediction.attributions.iter_mut().flatten().flat_map(|word| [&mut word.start, &mut word.end]);
    let offsets: Vec<&mut usize> = windows.chain(words).collect();
    let utf16 = Utf16Offsets::new(text, offsets.iter().map(|offset| **offset));
    for offset in offsets {
        *offset = utf16.at(*offset);
    }
    prediction
}

/// The tokens of a text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tokenization {
    ids: Vec<u32>,
    tokens: Vec<String>,
    offsets: Vec<(usize, usize)>,
    #[serde(serialize_with = "crate::shortest_decimal::serialize")]
    unknown_share: f32,
}

impl Tokenization {
    pub(super) fn new(text: &str, encoding: Encoding) -> Self {
        let Encoding { ids, tokens, offsets, unknown_share } = encoding;
        let utf16 = Utf16Offsets::new(text, offsets.iter().flat_map(|span| [span.start, span.end]));
        let offsets = offsets.iter().map(|span| (utf16.at(span.start), utf16.at(span.end))).collect();
        Self { ids, tokens, offsets, unknown_share }
    }
}

/// A property of an object; `undefined` if it is missing, or if `object` is none.
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
    Ok(TeachOptions::default().multi_label(multi_label.unwrap_or(false)).other(other.unwrap_or(false)))
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
        .map_err(|error| Error::invalid_input(format!("invalid options: {}", message(error.into()))))
}

/// An answer as a plain JavaScript object.
pub(super) fn write(value: &impl Serialize) -> Result<JsValue, Error> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|error| Error::internal(message(error.into())))
}

/// The message of a JavaScript exception.
fn message(error: JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into())
}
