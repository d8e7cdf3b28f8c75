//! The files of a model folder, checked and turned into what the later stages need.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::Error;
use crate::labels::Labels;

/// Positions assumed where neither the configuration nor the tokenizer names a number: BERT's.
const DEFAULT_MAX_TOKENS: usize = 512;

/// The files of a model folder in Hugging Face layout, as bytes.
#[derive(Debug, Clone, Copy)]
pub struct ModelParts<'a> {
    /// `config.json`
    pub config: &'a [u8],
    /// `tokenizer.json`
    pub tokenizer: &'a [u8],
    /// `model.onnx`
    pub model: &'a [u8],
    /// `litmus.json`, where the folder has one.
    pub manifest: Option<&'a [u8]>,
}

/// What `config.json` and `litmus.json` say.
#[derive(Debug)]
pub(crate) struct Settings {
    pub labels: Labels,
    /// Longest sequence that the model has positions for, special tokens included.
    pub max_tokens: usize,
    /// Rows of the embedding table, where the configuration gives it.
    pub vocabulary: Option<usize>,
    pub padding_id: u32,
    pub temperature: f32,
    pub name: Option<String>,
    pub version: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    id2label: Option<BTreeMap<String, String>>,
    problem_type: Option<String>,
    max_position_embeddings: Option<usize>,
    model_type: Option<String>,
    vocab_size: Option<usize>,
    pad_token_id: Option<u32>,
}

#[derive(Deserialize, Default)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    temperature: Option<f32>,
}

impl Settings {
    pub(crate) fn read(parts: &ModelParts) -> Result<Self, Error> {
        let config: Config = json("config.json", parts.config)?;
        let manifest: Manifest = match parts.manifest {
            Some(bytes) => json("litmus.json", bytes)?,
            None => Manifest::default(),
        };
        let temperature = manifest.temperature.unwrap_or(1.0);
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(Error::malformed(format!("litmus.json: temperature must be above 0, not {temperature}")));
        }
        Ok(Self {
            max_tokens: config.max_tokens()?,
            labels: config.labels()?,
            vocabulary: config.vocab_size,
            padding_id: config.pad_token_id.unwrap_or(0),
            temperature,
            name: manifest.name,
            version: manifest.version,
        })
    }
}

impl Config {
    fn labels(&self) -> Result<Labels, Error> {
        let map = match &self.id2label {
            Some(map) if !map.is_empty() => map,
            _ => return Err(Error::malformed("config.json has no labels: `id2label` is missing or empty")),
        };
        let names = (0..map.len()).map(|id| map.get(&id.to_string()).cloned()).collect::<Option<Vec<_>>>().ok_or_else(
            || Error::malformed(format!("config.json: `id2label` must number its labels 0 to {}", map.len() - 1)),
        )?;
        match self.problem_type.as_deref() {
            None | Some("single_label_classification") => Ok(Labels::exclusive(names)),
            Some("multi_label_classification") => Ok(Labels::independent(names)),
            Some(other) => {
                Err(Error::unsupported(format!("config.json: problem_type `{other}` is not a classification")))
            }
        }
    }

    fn max_tokens(&self) -> Result<usize, Error> {
        let positions = self.max_position_embeddings.unwrap_or(DEFAULT_MAX_TOKENS);
        // The RoBERTa family numbers positions from the padding id up, so the first ones are never used.
        let unused = match self.model_type.as_deref() {
            Some("roberta" | "xlm-roberta" | "camembert" | "xlm-roberta-xl") => {
                self.pad_token_id.unwrap_or(1) as usize + 1
            }
            _ => 0,
        };
        match positions.checked_sub(unused) {
            Some(positions) if positions > 2 => Ok(positions),
            _ => Err(Error::malformed(format!(
                "config.json: max_position_embeddings of {positions} leaves no room for text"
            ))),
        }
    }
}

fn json<'a, T: Deserialize<'a>>(file: &str, bytes: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::malformed(format!("{file} cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn settings(config: &str, manifest: Option<&str>) -> Result<Settings, Error> {
        let parts =
            ModelParts { config: config.as_bytes(), tokenizer: b"", model: b"", manifest: manifest.map(str::as_bytes) };
        Settings::read(&parts)
    }

    #[test]
    fn labels_come_in_the_order_of_their_ids() {
        let many: Vec<_> = (0..12).map(|i| format!("\"{i}\": \"label {i}\"")).collect();
        let settings = settings(&format!("{{\"id2label\": {{{}}}}}", many.join(",")), None).unwrap();
        assert_eq!(settings.labels.names()[10], "label 10");
        assert_eq!(settings.max_tokens, 512);
        assert_eq!(settings.temperature, 1.0);
    }

    #[test]
    fn roberta_loses_the_positions_below_its_padding_id() {
        let config =
            r#"{"id2label": {"0": "a"}, "model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}"#;
        assert_eq!(settings(config, None).unwrap().max_tokens, 512);
    }

    #[test]
    fn contradictions_are_told_apart_from_what_is_unsupported() {
        let cases = [
            ("[]", None, ErrorKind::ModelMalformed),
            ("{}", None, ErrorKind::ModelMalformed),
            (r#"{"id2label": {}}"#, None, ErrorKind::ModelMalformed),
            (r#"{"id2label": {"1": "a"}}"#, None, ErrorKind::ModelMalformed),
            (r#"{"id2label": {"0": "a"}, "max_position_embeddings": 1}"#, None, ErrorKind::ModelMalformed),
            (r#"{"id2label": {"0": "a"}}"#, Some(r#"{"temperature": 0}"#), ErrorKind::ModelMalformed),
            (r#"{"id2label": {"0": "a"}, "problem_type": "regression"}"#, None, ErrorKind::ModelUnsupported),
        ];
        for (config, manifest, kind) in cases {
            assert_eq!(settings(config, manifest).unwrap_err().kind(), kind, "{config}");
        }
    }
}
