//! `config.json` and `litmus.json`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::files::{CONFIG, MANIFEST, ModelFiles};
use super::info::{ModelInfo, PrecisionInfo};
use crate::error::Error;
use crate::kernels::simd::kernel;
use crate::options::Activation;

/// Assumed where `config.json` has no `max_position_embeddings`: BERT's value.
const DEFAULT_MAX_TOKENS: usize = 512;

/// Values of `model_type` of RoBERTa and its relatives.
const ROBERTAS: [&str; 11] = [
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "luke",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
];

/// The content of both files, checked. The labels are complete only once the graph is known: [`info`](Self::info).
#[derive(Debug)]
pub(crate) struct ModelConfig {
    /// The labels, if `config.json` names them.
    labels: Option<Vec<String>>,
    /// How many labels there are, if `config.json` says so.
    pub num_labels: Option<usize>,
    /// What turns the logits into scores, if `config.json` says so.
    activation: Option<Activation>,
    max_tokens: usize,
    name: Option<String>,
    version: Option<String>,
    languages: Option<Vec<String>>,
    /// Whether a text may have a pair: `pairs` of `litmus.json`, or `true`.
    pub pairs: bool,
    /// Rows of the embedding table, if `config.json` has `vocab_size`.
    pub embedding_rows: Option<usize>,
    pub padding_id: u32,
    pub temperature: f32,
    /// The task of the graph's own classifier, if `litmus.json` has it.
    pub task: Option<String>,
    /// The id of the encoder, if `litmus.json` has it.
    pub encoder: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    id2label: Option<BTreeMap<String, Value>>,
    num_labels: Option<usize>,
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
    languages: Option<Vec<String>>,
    pairs: Option<bool>,
    temperature: Option<f32>,
    task: Option<String>,
    encoder: Option<String>,
}

impl ModelConfig {
    /// Reads both files of a model folder; `litmus.json` is optional.
    ///
    /// # Errors
    /// `ModelNotFound`, `ModelMalformed`, or `ModelUnsupported` for an unknown `problem_type`.
    pub(crate) fn read(files: &ModelFiles) -> Result<Self, Error> {
        let config: Config = parse_json(CONFIG, files.require(CONFIG)?)?;
        let manifest: Manifest = match files.optional(MANIFEST)? {
            Some(bytes) => parse_json(MANIFEST, bytes)?,
            None => Manifest::default(),
        };
        let temperature = manifest.temperature.unwrap_or(1.0);
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(Error::malformed(format!(
                "litmus.json: `temperature` must be a number above 0, not {temperature}"
            )));
        }
        let is_code = |code: &&String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
        if let Some(other) = manifest.languages.iter().flatten().find(|code| !is_code(code)) {
            return Err(Error::malformed(format!(
                "litmus.json: `languages` has {other:?}: write ISO 639-1 codes, such as \"en\" or \"zh\""
            )));
        }
        let labels = config.labels()?;
        Ok(Self {
            num_labels: labels.as_ref().map(Vec::len).or(config.num_labels),
            labels,
            activation: config.activation()?,
            max_tokens: config.max_tokens()?,
            name: manifest.name,
            version: manifest.version,
            languages: manifest.languages,
            // A tokenizer has a template for pairs whether or not its model was trained on them.
            pairs: manifest.pairs.unwrap_or(true),
            embedding_rows: config.vocab_size,
            padding_id: config.padding_id(),
            temperature,
            task: manifest.task,
            encoder: manifest.encoder,
        })
    }

    /// The [`ModelInfo`] of a model whose graph has this many logits. Labels without names are called `LABEL_0`,
    /// `LABEL_1` and so on, as in Hugging Face's `PreTrainedConfig`. The activation is the one that Hugging Face's
    /// text-classification pipeline chooses.
    pub(crate) fn info(&self, logits: usize) -> ModelInfo {
        let unnamed = || (0..logits).map(|id| format!("LABEL_{id}")).collect();
        let default = if logits == 1 { Activation::Sigmoid } else { Activation::Softmax };
        let activation = self.activation.unwrap_or(default);
        ModelInfo {
            labels: self.labels.clone().unwrap_or_else(unnamed),
            multi_label: activation == Activation::Sigmoid,
            activation,
            max_tokens: self.max_tokens,
            name: self.name.clone(),
            version: self.version.clone(),
            languages: self.languages.clone(),
            precision: PrecisionInfo::default(),
            kernel: kernel().name,
            tasks: Vec::new(),
        }
    }
}

impl Config {
    /// The labels in the order of their ids; `None` where `id2label` is missing or empty. transformers leaves it out for
    /// models with the two labels `LABEL_0` and `LABEL_1`.
    fn labels(&self) -> Result<Option<Vec<String>>, Error> {
        let Some(map) = self.id2label.as_ref().filter(|map| !map.is_empty()) else { return Ok(None) };
        let label = |id: usize| match map.get(&id.to_string()) {
            Some(Value::String(label)) => Ok(label.clone()),
            Some(label @ (Value::Number(_) | Value::Bool(_))) => Ok(label.to_string()),
            Some(other) => {
                Err(Error::malformed(format!("config.json: the label {id} in `id2label` is {other}: write a string")))
            }
            None => Err(Error::malformed(format!(
                "config.json: `id2label` has {} labels, but none with the key \"{id}\": its keys must be \"0\" to \"{}\"",
                map.len(),
                map.len() - 1
            ))),
        };
        (0..map.len()).map(label).collect::<Result<_, _>>().map(Some)
    }

    /// What `problem_type` says about the activation.
    fn activation(&self) -> Result<Option<Activation>, Error> {
        match self.problem_type.as_deref() {
            // One logit is scored by itself, whatever the `problem_type`: a softmax of it would always be 1.
            None | Some("single_label_classification") => Ok(None),
            Some("multi_label_classification") => Ok(Some(Activation::Sigmoid)),
            Some("regression") => Ok(Some(Activation::None)),
            Some(other) => Err(Error::unsupported(format!(
                "config.json: the `problem_type` {other:?} is unknown; set \"single_label_classification\", \
                 \"multi_label_classification\" or \"regression\""
            ))),
        }
    }

    fn is_roberta(&self) -> bool {
        self.model_type.as_deref().is_some_and(|model_type| ROBERTAS.contains(&model_type))
    }

    /// The id of the padding token, by default that of the architecture.
    fn padding_id(&self) -> u32 {
        self.pad_token_id.unwrap_or(if self.is_roberta() { 1 } else { 0 })
    }

    /// The most tokens that the model reads at once, from the number of its positions.
    fn max_tokens(&self) -> Result<usize, Error> {
        let positions = self.max_position_embeddings.unwrap_or(DEFAULT_MAX_TOKENS);
        // The RoBERTa family numbers positions from the padding id plus 1, so it never uses the first ones.
        let unused = if self.is_roberta() { self.padding_id() as usize + 1 } else { 0 };
        match positions.checked_sub(unused) {
            Some(positions) if positions > 2 => Ok(positions),
            _ => Err(Error::malformed(format!(
                "config.json: `max_position_embeddings` is {positions}, which leaves no position for text: export the model again"
            ))),
        }
    }
}

fn parse_json<'a, T: Deserialize<'a>>(file: &str, bytes: &'a [u8]) -> Result<T, Error> {
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

    fn info(config: &str, logits: usize) -> ModelInfo {
        read(config, None).unwrap().info(logits)
    }

    #[test]
    fn labels_come_in_the_order_of_their_ids() {
        let many: Vec<_> = (0..12).map(|i| format!("\"{i}\": \"label {i}\"")).collect();
        let config = read(&format!("{{\"id2label\": {{{}}}}}", many.join(",")), None).unwrap();
        assert_eq!(config.info(12).labels[10], "label 10");
        assert_eq!(config.info(12).max_tokens, 512);
        assert_eq!(config.temperature, 1.0);
    }

    #[test]
    fn labels_without_names_are_numbered() {
        for config in ["{}", r#"{"num_labels": 2}"#, r#"{"id2label": {}}"#, r#"{"id2label": null}"#] {
            assert_eq!(info(config, 2).labels, ["LABEL_0", "LABEL_1"], "{config}");
        }
        assert_eq!(read(r#"{"num_labels": 3}"#, None).unwrap().num_labels, Some(3));
        assert_eq!(info(r#"{"id2label": {"0": 1, "1": 2, "2": "three"}}"#, 3).labels, ["1", "2", "three"]);
    }

    #[test]
    fn the_activation_is_that_of_hugging_face() {
        let of = |problem: &str, logits| info(&format!("{{\"problem_type\": {problem}}}"), logits).activation;
        for problem in ["null", "\"single_label_classification\""] {
            assert_eq!((of(problem, 1), of(problem, 2)), (Activation::Sigmoid, Activation::Softmax));
        }
        assert_eq!(of("\"multi_label_classification\"", 2), Activation::Sigmoid);
        assert_eq!(of("\"regression\"", 1), Activation::None);
        assert!(info("{}", 1).multi_label && !info("{}", 2).multi_label);
    }

    #[test]
    fn languages_are_those_of_the_manifest() {
        assert_eq!(info("{}", 2).languages, None);
        let config = read("{}", Some(r#"{"languages": ["zh", "en"]}"#)).unwrap();
        assert_eq!(config.info(2).languages.unwrap(), ["zh", "en"]);
    }

    #[test]
    fn a_model_reads_pairs_unless_the_manifest_says_no() {
        for (manifest, pairs) in [(None, true), (Some("{}"), true), (Some(r#"{"pairs": false}"#), false)] {
            assert_eq!(read("{}", manifest).unwrap().pairs, pairs, "{manifest:?}");
        }
    }

    #[test]
    fn roberta_has_no_positions_up_to_its_padding_id() {
        let config = r#"{"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}"#;
        assert_eq!(info(config, 2).max_tokens, 512);
        for relative in ["data2vec-text", "mpnet", "roberta-prelayernorm", "xmod"] {
            let config = config.replace("\"roberta\"", &format!("\"{relative}\""));
            assert_eq!(info(&config, 2).max_tokens, 512, "{relative}");
        }
        let by_default = read(&config.replace(r#", "pad_token_id": 1"#, ""), None).unwrap();
        assert_eq!((by_default.padding_id, by_default.info(2).max_tokens), (1, 512));
        assert_eq!(info(&config.replace("roberta", "deberta-v2"), 2).max_tokens, 514);
    }

    #[test]
    fn damaged_and_unsupported_configs_have_different_kinds() {
        let cases = [
            ("[]", None, ErrorKind::ModelMalformed),
            (r#"{"id2label": {"1": "a"}}"#, None, ErrorKind::ModelMalformed),
            (r#"{"id2label": {"0": ["a"]}}"#, None, ErrorKind::ModelMalformed),
            (r#"{"max_position_embeddings": 1}"#, None, ErrorKind::ModelMalformed),
            ("{}", Some(r#"{"temperature": 0}"#), ErrorKind::ModelMalformed),
            ("{}", Some(r#"{"languages": ["en", "English"]}"#), ErrorKind::ModelMalformed),
            ("{}", Some(r#"{"languages": "en"}"#), ErrorKind::ModelMalformed),
            ("{}", Some(r#"{"pairs": "no"}"#), ErrorKind::ModelMalformed),
            (r#"{"problem_type": "ranking"}"#, None, ErrorKind::ModelUnsupported),
        ];
        for (config, manifest, kind) in cases {
            assert_eq!(read(config, manifest).unwrap_err().kind(), kind, "{config}");
        }
    }
}
