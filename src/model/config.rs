//! `config.json` and `litmus.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files::{CONFIG, MANIFEST, ModelFiles};
use super::info::ModelInfo;
use crate::error::Error;

/// Assumed where `config.json` has no `max_position_embeddings`: BERT's value.
const DEFAULT_MAX_TOKENS: usize = 512;

/// The content of both files, checked.
#[derive(Debug)]
pub(crate) struct ModelConfig {
    pub info: ModelInfo,
    /// Rows of the embedding table, if `config.json` has `vocab_size`.
    pub vocabulary: Option<usize>,
    pub padding_id: u32,
    pub temperature: f32,
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

impl ModelConfig {
    pub(crate) fn read(files: &ModelFiles) -> Result<Self, Error> {
        let config: Config = json(CONFIG, files.require(CONFIG)?)?;
        let manifest: Manifest = match files.get(MANIFEST) {
            Some(bytes) => json(MANIFEST, bytes)?,
            None => Manifest::default(),
        };
        let temperature = manifest.temperature.unwrap_or(1.0);
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(Error::malformed(format!(
                "litmus.json: `temperature` must be a number above 0, not {temperature}"
            )));
        }
        Ok(Self {
            vocabulary: config.vocab_size,
            padding_id: config.pad_token_id.unwrap_or(0),
            temperature,
            info: ModelInfo {
                labels: config.labels()?,
                multi_label: config.is_multi_label()?,
                max_tokens: config.max_tokens()?,
                name: manifest.name,
                version: manifest.version,
            },
        })
    }
}

impl Config {
    fn labels(&self) -> Result<Vec<String>, Error> {
        let map = match &self.id2label {
            Some(map) if !map.is_empty() => map,
            _ => return Err(Error::malformed("config.json has no labels: `id2label` is missing or empty")),
        };
        (0..map.len()).map(|id| map.get(&id.to_string()).cloned()).collect::<Option<Vec<_>>>().ok_or_else(|| {
            Error::malformed(format!("config.json: the keys of `id2label` must be 0 to {}", map.len() - 1))
        })
    }

    fn is_multi_label(&self) -> Result<bool, Error> {
        match self.problem_type.as_deref() {
            None | Some("single_label_classification") => Ok(false),
            Some("multi_label_classification") => Ok(true),
            Some(other) => {
                Err(Error::unsupported(format!("config.json: the `problem_type` {other:?} is not a classification")))
            }
        }
    }

    fn max_tokens(&self) -> Result<usize, Error> {
        let positions = self.max_position_embeddings.unwrap_or(DEFAULT_MAX_TOKENS);
        // The RoBERTa family numbers positions from the padding id plus 1, so the first ones are never used.
        let unused = match self.model_type.as_deref() {
            Some("roberta" | "xlm-roberta" | "camembert" | "xlm-roberta-xl") => {
                self.pad_token_id.unwrap_or(1) as usize + 1
            }
            _ => 0,
        };
        match positions.checked_sub(unused) {
            Some(positions) if positions > 2 => Ok(positions),
            _ => Err(Error::malformed(format!(
                "config.json: `max_position_embeddings` is {positions}, which leaves no position for text"
            ))),
        }
    }
}

fn json<'a, T: Deserialize<'a>>(file: &str, bytes: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::malformed(format!("{file} cannot be read: {e}")).caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn read(config: &str, manifest: Option<&str>) -> Result<ModelConfig, Error> {
        let mut files = ModelFiles::new().with(CONFIG, config.as_bytes());
        if let Some(manifest) = manifest {
            files = files.with(MANIFEST, manifest.as_bytes());
        }
        ModelConfig::read(&files)
    }

    #[test]
    fn labels_come_in_the_order_of_their_ids() {
        let many: Vec<_> = (0..12).map(|i| format!("\"{i}\": \"label {i}\"")).collect();
        let config = read(&format!("{{\"id2label\": {{{}}}}}", many.join(",")), None).unwrap();
        assert_eq!(config.info.labels[10], "label 10");
        assert_eq!(config.info.max_tokens, 512);
        assert_eq!(config.temperature, 1.0);
    }

    #[test]
    fn roberta_has_no_positions_up_to_its_padding_id() {
        let config =
            r#"{"id2label": {"0": "a"}, "model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}"#;
        assert_eq!(read(config, None).unwrap().info.max_tokens, 512);
    }

    #[test]
    fn damaged_and_unsupported_configs_have_different_kinds() {
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
            assert_eq!(read(config, manifest).unwrap_err().kind(), kind, "{config}");
        }
    }
}
