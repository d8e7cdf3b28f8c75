//! The answers that cross the boundary to JavaScript, in Rust and in TypeScript.

use std::collections::BTreeMap;

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::error::exception_message;
use super::utf16::Utf16Offsets;
use crate::{Encoding, Error, Prediction, TeachReport};

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
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

export interface TeachReport {
  labels: { label: string; examples: number; f1: number | null }[];
  validated: number;
  accuracy: number | null;
  confusion: number[][];
  suspects: { text: string | null; label: string; predicted: string; score: number }[];
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
  unknownFraction: number;
}
"#;

/// The result of one text: `{ prediction }` or `{ failure }`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Outcome {
    Prediction(Prediction),
    Failure(Failure),
}

impl Outcome {
    pub(super) fn new(text: &str, result: Result<Prediction, Error>) -> Self {
        match result {
            Ok(prediction) => Self::Prediction(with_utf16_offsets(text, prediction)),
            Err(error) => Self::Failure(error.into()),
        }
    }
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
    unknown_fraction: f32,
}

impl Tokenization {
    pub(super) fn new(text: &str, encoding: Encoding) -> Self {
        let Encoding { ids, tokens, offsets, unknown_fraction } = encoding;
        let utf16 = Utf16Offsets::new(text, offsets.iter().flat_map(|span| [span.start, span.end]));
        let offsets = offsets.iter().map(|span| (utf16.at(span.start), utf16.at(span.end))).collect();
        Self { ids, tokens, offsets, unknown_fraction }
    }
}

/// An answer as a plain JavaScript object.
pub(super) fn write(value: &impl Serialize) -> Result<JsValue, Error> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|error| Error::internal(exception_message(error.into())))
}
