//! A loaded model: tokenizer, encoder, labels and calibration, shared by all calls.

mod config;
mod encoder_id;
mod files;
mod head;
mod head_file;
mod head_header;
mod info;
mod labels;

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::file_content;
use crate::graph::ExternalFiles;
use crate::inference::batch::Batch;
use crate::inference::encoder::{Encoder, Output, TractEncoder};
use crate::load_options::LoadOptions;
use crate::panic_guard::catch_panics;
use crate::text::scripts::Scripts;
use crate::text::tokenizer::Tokenizer;
use crate::text::tokens::{Encoding, Sequence};
use crate::text::windows::{ReadOptions, Windows};
use config::ModelConfig;
use encoder_id::encoder_id;
pub use files::ModelFiles;
use files::{GRAPH, TOKENIZER, TOKENIZER_CONFIG};
#[cfg(target_arch = "wasm32")]
pub(crate) use files::{GRAPH as GRAPH_FILE, missing};
pub use head::Head;
pub(crate) use head::TaughtExamples;
pub(crate) use head_file::TaughtHead;
pub use info::{ModelInfo, PrecisionInfo, TaskInfo};
pub(crate) use labels::{Decision, Thresholds, best_label, decide, rank};

/// A loaded model.
pub(crate) struct Model {
    pub info: ModelInfo,
    /// The scripts of the model's languages, if all of them are known.
    pub scripts: Option<Scripts>,
    tokenizer: Tokenizer,
    encoder: Box<dyn Encoder>,
    temperature: f32,
    /// The task of the graph's own classifier, if `litmus.json` has it.
    task: Option<String>,
    /// Whether a text may have a pair.
    pairs: bool,
    padding_id: u32,
    /// Rows of the embedding table.
    embedding_rows: usize,
    /// Size of the graph's output `features`, which heads read.
    features: Option<usize>,
    /// The id by which heads name the encoder that they read; empty if the graph has no output `features`.
    encoder_id: String,
}

impl Model {
    /// Loads a model from its files.
    pub(crate) fn load(files: &ModelFiles, options: LoadOptions) -> Result<Self, Error> {
        let graph = files.require(GRAPH)?;
        Self::load_with_graph(files, &|| Box::new(graph), files, options)
    }

    /// Loads a model whose graph and external data are read piece by piece, so that they are never in memory as a whole.
    /// Each call of `graph` gives a reader that begins at the start of the graph.
    pub(crate) fn load_with_graph<'a>(
        files: &ModelFiles,
        graph: &dyn Fn() -> Box<dyn bytes::Buf + 'a>,
        external: &dyn ExternalFiles,
        options: LoadOptions,
    ) -> Result<Self, Error> {
        let mut model = Self::load_unchecked(files, &mut *graph(), external, options)?;
        if model.features.is_some() || files.heads().next().is_some() {
            model.encoder_id = encoder_id(model.encoder_id, graph, files)?;
        }
        Ok(model)
    }

    /// Loads a model without checking the encoder id of `litmus.json`.
    fn load_unchecked(
        files: &ModelFiles,
        graph: &mut dyn bytes::Buf,
        external: &dyn ExternalFiles,
        options: LoadOptions,
    ) -> Result<Self, Error> {
        catch_panics(ErrorKind::ModelMalformed, "reading the model's files", || {
            let config = ModelConfig::read(files)?;
            file_content::check(GRAPH, graph.chunk())?;
            // The graph first: reading it has the highest peak of memory, and the rest fits into what it frees afterwards.
            let encoder = TractEncoder::read(graph, external, config.num_labels, options.precision)?;
            let float_layers = encoder.float_layers().to_vec();
            let precision = PrecisionInfo { option: options.precision, float_layers };
            let tokenizer = Tokenizer::from_bytes(files.require(TOKENIZER)?, files.optional(TOKENIZER_CONFIG)?)?;
            let embedding_rows = encoder.embedding_rows().or(config.embedding_rows).unwrap_or(usize::MAX);
            if tokenizer.vocabulary_size() > embedding_rows {
                return Err(Error::malformed(format!(
                    "tokenizer.json has {} tokens, but the model's embedding has only {embedding_rows} rows: take both files \
                     from the same export",
                    tokenizer.vocabulary_size()
                )));
            }
            let info = ModelInfo { precision, ..config.info(encoder.labels()) };
            let features = encoder.features();
            let model = Self { features, ..Self::assemble(info, config, tokenizer, Box::new(encoder), embedding_rows) };
            // The file may have added tokens without an embedding, but not among those that every text gets, such as [CLS].
            model.check_ids(&model.tokenizer.added_ids()?)?;
            Ok(model)
        })
    }

    /// Puts a model together. It has no features, and thus no heads.
    fn assemble(
        info: ModelInfo,
        config: ModelConfig,
        tokenizer: Tokenizer,
        encoder: Box<dyn Encoder>,
        embedding_rows: usize,
    ) -> Self {
        let ModelConfig { temperature, task, pairs, padding_id, encoder: encoder_id, .. } = config;
        Self {
            scripts: info.languages.as_deref().and_then(Scripts::of_languages),
            info,
            tokenizer,
            encoder,
            temperature,
            task,
            pairs,
            padding_id,
            embedding_rows,
            features: None,
            encoder_id: encoder_id.unwrap_or_default(),
        }
    }

    /// All tokens of a text, special tokens included.
    pub(crate) fn tokenize(&self, text: &str) -> Result<Encoding, Error> {
        catch_panics(ErrorKind::Internal, "tokenising the text", || {
            let encoding = self.tokenizer.encode(text)?;
            self.check_ids(&encoding.ids)?;
            Ok(encoding)
        })
    }

    /// Divides a text into windows. Each of them is read with each of the pairs.
    pub(crate) fn windows(&self, text: &str, pairs: &[&str], options: ReadOptions) -> Result<Windows, Error> {
        if !self.pairs && !pairs.is_empty() {
            return Err(Error::unsupported(
                "the model reads one text, not a pair (litmus.json: `pairs` is false): leave the pair out, write both as one \
                 text, or load a model for pairs",
            ));
        }
        catch_panics(ErrorKind::Internal, "tokenising the text", || {
            let pairs = pairs.iter().map(|pair| self.tokenizer.encode_pair(pair, options.special_tokens));
            let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
            let read = Windows::divide(text, &pairs, &self.tokenizer, self.info.max_tokens, options)?;
            let mut sequences = read.windows.iter().flat_map(|window| &window.tokens.sequences);
            sequences.try_for_each(|sequence| self.check_ids(&sequence.ids))?;
            Ok(read)
        })
    }

    /// The id of the token that replaces a masked word.
    pub(crate) fn mask_id(&self) -> Result<u32, Error> {
        let mask_id = self.tokenizer.mask_id().ok_or_else(|| {
            Error::unsupported(
                "tokenizer.json has neither a mask token nor an unknown token to put in place of a word, which an explanation \
                 needs: predict without it",
            )
        })?;
        self.check_ids(&[mask_id])?;
        Ok(mask_id)
    }

    /// The most rows that one batch may have.
    pub(crate) fn max_rows(&self) -> usize {
        self.encoder.max_rows()
    }

    /// Computes the output for each sequence, as one batch. If the batch fails, each sequence is computed by itself, so that
    /// one never fails the others.
    pub(crate) fn encode(&self, rows: &[&Sequence]) -> Vec<Result<Output, Error>> {
        match (self.encode_batch(rows), rows) {
            (Ok(outputs), _) => outputs.into_iter().map(Ok).collect(),
            (Err(error), [_]) => vec![Err(error)],
            (Err(_), rows) => rows.iter().flat_map(|row| self.encode(&[row])).collect(),
        }
    }

    /// Computes the output for each sequence. One that fails, fails all.
    fn encode_batch(&self, rows: &[&Sequence]) -> Result<Vec<Output>, Error> {
        catch_panics(ErrorKind::Internal, "running the model", || {
            self.encoder.encode(Batch::pad(rows, self.padding_id))
        })
    }

    /// The temperature of the graph's own classifier.
    pub(crate) fn temperature(&self) -> f32 {
        self.temperature
    }

    /// Whether a head is a copy of the graph's own classifier, whose labels it has: packaged for the task of that classifier.
    pub(crate) fn is_own_classifier(&self, head: &Head) -> bool {
        head.task().is_some() && head.task() == self.task.as_deref() && head.labels() == self.info.labels
    }

    /// Size of the features that heads read. The error says that `what` needs them.
    pub(crate) fn require_features(&self, what: &str) -> Result<usize, Error> {
        self.features.ok_or_else(|| {
            Error::unsupported(format!(
                "{what} needs a model whose graph has the output `features` of the shape [batch, size], which heads read; \
                 this one has only logits"
            ))
        })
    }

    /// Checks that a head reads the features of this encoder. `name` is what the head is called in error messages.
    pub(crate) fn check_head(&self, name: &str, head: &Head) -> Result<(), Error> {
        head.check_encoder(name, &self.encoder_id, self.features)
    }

    /// The id of the encoder, for heads that are taught; empty if the graph has no output `features`.
    pub(crate) fn encoder_id(&self) -> &str {
        &self.encoder_id
    }

    /// Checks that the embedding table has these ids. A vocabulary may have gaps, so its size does not bound its ids.
    fn check_ids(&self, ids: &[u32]) -> Result<(), Error> {
        match ids.iter().find(|&&id| id as usize >= self.embedding_rows) {
            Some(&id) => Err(Error::malformed(format!(
                "tokenizer.json gives the token {:?} the id {id}, but the model's embedding has only {} rows: take both files \
                 from the same export",
                self.tokenizer.spelling(id),
                self.embedding_rows
            ))),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("info", &self.info).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Scores a text by its first token id, so that a wrong order shows. Fails a batch that holds [`FAILING`].
    struct FirstToken {
        max_rows: usize,
        /// Size of the features, a one-hot vector of the first token id.
        features: usize,
        /// The feature of that id.
        hot: f32,
    }

    /// The text that makes [`fake`]'s encoder fail.
    pub(crate) const FAILING: &str = "fail";
    const FAILING_ID: i64 = 4;

    impl Encoder for FirstToken {
        fn max_rows(&self) -> usize {
            self.max_rows
        }

        fn encode(&self, batch: Batch) -> Result<Vec<Output>, Error> {
            assert!(batch.rows <= self.max_rows);
            if batch.ids.contains(&FAILING_ID) {
                return Err(Error::internal("the encoder failed"));
            }
            let rows = batch.ids.chunks_exact(batch.columns);
            let logits = |row: &[i64]| vec![0.0, row[0] as f32];
            let features =
                |row: &[i64]| (0..self.features).map(|i| if i as i64 == row[0] { self.hot } else { 0.0 }).collect();
            Ok(rows.map(|row| Output { logits: logits(row), features: features(row) }).collect())
        }
    }

    /// A model of a few words. Its logit of the label `high` is the id of the first word.
    pub(crate) fn fake(max_rows: usize, embedding_rows: usize) -> Model {
        let tokenizer = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordLevel", "vocab": {"zero": 0, "one": 1, "two": 2, "?": 3, "fail": 4}, "unk_token": "?"}}"#;
        let files = ModelFiles::new().with("config.json", br#"{"id2label": {"0": "low", "1": "high"}}"#);
        let tokenizer = Tokenizer::from_bytes(tokenizer.as_bytes(), None).unwrap();
        let config = ModelConfig::read(&files).unwrap();
        Model::assemble(
            config.info(2),
            config,
            tokenizer,
            Box::new(FirstToken { max_rows, features: 0, hot: 0.0 }),
            embedding_rows,
        )
    }

    /// The same model with features: a one-hot vector of the first word, with `hot` for 1.
    pub(crate) fn fake_with_features(hot: f32) -> Model {
        let encoder = Box::new(FirstToken { max_rows: 8, features: 5, hot });
        Model { features: Some(5), encoder, ..fake(8, 5) }
    }

    /// A head of that model whose weights are so large that its values are infinite.
    pub(crate) fn infinite_head() -> Head {
        let head = TaughtHead {
            labels: ["a", "b"].map(String::from).into(),
            multi_label: false,
            features: 5,
            temperature: 1.0,
            thresholds: None,
            encoder: String::new(),
            max_energy: None,
            weights: vec![f32::MAX; 10],
            biases: vec![f32::MAX; 2],
        };
        Head::new(head, TaughtExamples { labels: Vec::new(), features: Vec::new() })
    }

    #[test]
    fn a_token_without_an_embedding_is_an_error() {
        assert_eq!(fake(8, 3).tokenize("seven").unwrap_err().kind(), ErrorKind::ModelMalformed);
    }

    #[test]
    fn a_row_that_fails_does_not_fail_the_others() {
        let model = fake(8, 5);
        let rows = [1, FAILING_ID as u32, 2].map(|id| Sequence { ids: vec![id], type_ids: vec![0] });
        let results = model.encode(&rows.each_ref());
        let failed: Vec<bool> = results.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, true, false]);
        assert_eq!(results[2].as_ref().unwrap().logits, [0.0, 2.0]);
    }
}
