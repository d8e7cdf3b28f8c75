//! A loaded model: everything between a text's tokens and its labels that does not change from call to call.

mod config;
mod files;
mod head;
mod info;
mod labels;

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::inference::batch::Batch;
use crate::inference::calibration;
use crate::inference::encoder::{Encoder, TractEncoder};
use crate::options::Activation;
use crate::panic_guard::catch_panics;
use crate::text::tokenizer::{Encoding, Sequence, Tokenizer};
use crate::text::windows::{Reading, Windows};
use config::ModelConfig;
pub use files::ModelFiles;
#[cfg(target_arch = "wasm32")]
pub(crate) use files::missing;
use files::{GRAPH, TOKENIZER, TOKENIZER_CONFIG};
pub use info::ModelInfo;
pub(crate) use labels::{Decision, decide, rank};

/// A loaded model.
pub(crate) struct Model {
    pub info: ModelInfo,
    tokenizer: Tokenizer,
    encoder: Box<dyn Encoder>,
    temperature: f32,
    padding_id: u32,
    /// Rows of the embedding table.
    vocabulary: usize,
    /// Size of the graph's output `features`, which heads read.
    features: Option<usize>,
}

impl Model {
    /// Loads a model from its files, and checks the head files among them.
    pub(crate) fn load(files: &ModelFiles) -> Result<Self, Error> {
        let model = Self::load_with_graph(files, &mut files.require(GRAPH)?)?;
        head::check_all(files, model.features)?;
        Ok(model)
    }

    /// Loads a model whose graph comes from elsewhere, piece by piece, so that the whole file is never in memory. Head
    /// files are ignored: their check needs the whole file, and nothing uses a head yet.
    pub(crate) fn load_with_graph(files: &ModelFiles, graph: &mut dyn bytes::Buf) -> Result<Self, Error> {
        catch_panics(ErrorKind::ModelMalformed, || {
            let config = ModelConfig::read(files)?;
            files::check_content(GRAPH, graph.chunk())?;
            // The graph first: it needs the most memory for a moment, and the rest fits into what that leaves.
            let encoder = TractEncoder::read(graph, config.num_labels)?;
            let tokenizer = Tokenizer::from_bytes(files.require(TOKENIZER)?, files.get(TOKENIZER_CONFIG))?;
            let vocabulary = encoder.vocabulary().or(config.vocabulary).unwrap_or(usize::MAX);
            if tokenizer.vocabulary() > vocabulary {
                return Err(Error::malformed(format!(
                    "tokenizer.json has {} tokens, but the model's embedding has only {vocabulary} rows: take both files \
                     from the same export",
                    tokenizer.vocabulary()
                )));
            }
            let (features, info) = (encoder.features(), config.info(encoder.labels()));
            let model = Self { features, ..Self::assemble(info, config, tokenizer, Box::new(encoder), vocabulary) };
            // Added tokens without an embedding may be in the file, but not in every text.
            model.check_ids(&model.tokenizer.added_ids()?)?;
            Ok(model)
        })
    }

    fn assemble(
        info: ModelInfo,
        config: ModelConfig,
        tokenizer: Tokenizer,
        encoder: Box<dyn Encoder>,
        vocabulary: usize,
    ) -> Self {
        let ModelConfig { temperature, padding_id, .. } = config;
        Self { info, tokenizer, encoder, temperature, padding_id, vocabulary, features: None }
    }

    /// All tokens of a text.
    pub(crate) fn tokenize(&self, text: &str) -> Result<Encoding, Error> {
        catch_panics(ErrorKind::Internal, || {
            let encoding = self.tokenizer.encode(text)?;
            self.check_ids(&encoding.ids)?;
            Ok(encoding)
        })
    }

    /// The windows of a text that the model reads, each with each of the pairs.
    pub(crate) fn windows(&self, text: &str, pairs: &[&str], how: Reading) -> Result<Windows, Error> {
        catch_panics(ErrorKind::Internal, || {
            let pairs = pairs.iter().map(|pair| self.tokenizer.pair(pair, how.special_tokens));
            let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
            let read = Windows::of(text, &pairs, &self.tokenizer, self.info.max_tokens, how)?;
            let mut sequences = read.windows.iter().flat_map(|window| &window.tokens.sequences);
            sequences.try_for_each(|sequence| self.check_ids(&sequence.ids))?;
            Ok(read)
        })
    }

    /// The id of the token that replaces a masked word.
    pub(crate) fn mask(&self) -> Result<u32, Error> {
        let mask = self.tokenizer.mask().ok_or_else(|| {
            Error::unsupported(
                "tokenizer.json has neither a mask token nor an unknown token to put in place of a word, which an explanation \
                 needs: predict without it",
            )
        })?;
        self.check_ids(&[mask])?;
        Ok(mask)
    }

    /// The most rows that one batch may have.
    pub(crate) fn max_rows(&self) -> usize {
        self.encoder.max_rows()
    }

    /// The logits of each sequence, computed as one batch. If that fails, each is computed by itself, so that one
    /// never fails the others.
    pub(crate) fn logits(&self, rows: &[&Sequence]) -> Vec<Result<Vec<f32>, Error>> {
        match (self.batch_logits(rows), rows) {
            (Ok(logits), _) => logits.into_iter().map(Ok).collect(),
            (Err(error), [_]) => vec![Err(error)],
            (Err(_), rows) => rows.iter().flat_map(|row| self.logits(&[row])).collect(),
        }
    }

    fn batch_logits(&self, rows: &[&Sequence]) -> Result<Vec<Vec<f32>>, Error> {
        catch_panics(ErrorKind::Internal, || {
            let logits = self.encoder.encode(Batch::pad(rows, self.padding_id))?;
            Ok(logits.rows().map(<[f32]>::to_vec).collect())
        })
    }

    /// The temperature of the calibration.
    pub(crate) fn temperature(&self) -> f32 {
        self.temperature
    }

    /// One row of logits to scores, by label.
    pub(crate) fn scores(&self, logits: &[f32], activation: Activation) -> Result<Vec<f32>, Error> {
        calibration::scores(logits, activation, self.temperature)
    }

    /// A vocabulary may have gaps, so its size alone does not bound its ids.
    fn check_ids(&self, ids: &[u32]) -> Result<(), Error> {
        match ids.iter().find(|&&id| id as usize >= self.vocabulary) {
            Some(&id) => Err(Error::malformed(format!(
                "tokenizer.json gives the token {:?} the id {id}, but the model's embedding has only {} rows",
                self.tokenizer.spelling(id),
                self.vocabulary
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
    use crate::inference::encoder::Logits;

    /// Scores a text by its first token id, so that a wrong order shows. Fails a batch that holds [`FAILING`].
    struct FirstToken {
        max_rows: usize,
    }

    /// The text that makes [`fake`]'s encoder fail.
    pub(crate) const FAILING: &str = "fail";
    const FAILING_ID: i64 = 4;

    impl Encoder for FirstToken {
        fn max_rows(&self) -> usize {
            self.max_rows
        }

        fn encode(&self, batch: Batch) -> Result<Logits, Error> {
            assert!(batch.rows <= self.max_rows);
            if batch.ids.contains(&FAILING_ID) {
                return Err(Error::internal("the encoder failed"));
            }
            let rows = batch.ids.chunks_exact(batch.columns);
            Ok(Logits::new(2, rows.flat_map(|row| [0.0, row[0] as f32]).collect()))
        }
    }

    /// A model of a few words. It gives the label `high` to texts whose first word has a high number.
    pub(crate) fn fake(max_rows: usize, vocabulary: usize) -> Model {
        let tokenizer = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordLevel", "vocab": {"zero": 0, "one": 1, "two": 2, "?": 3, "fail": 4}, "unk_token": "?"}}"#;
        let files = ModelFiles::new().with("config.json", br#"{"id2label": {"0": "low", "1": "high"}}"#);
        let tokenizer = Tokenizer::from_bytes(tokenizer.as_bytes(), None).unwrap();
        let config = ModelConfig::read(&files).unwrap();
        Model::assemble(config.info(2), config, tokenizer, Box::new(FirstToken { max_rows }), vocabulary)
    }

    #[test]
    fn a_token_without_an_embedding_is_an_error() {
        assert_eq!(fake(8, 3).tokenize("seven").unwrap_err().kind(), ErrorKind::ModelMalformed);
    }

    #[test]
    fn a_row_that_fails_does_not_fail_the_others() {
        let model = fake(8, 5);
        let rows = [1, FAILING_ID as u32, 2].map(|id| Sequence { ids: vec![id], type_ids: vec![0] });
        let results = model.logits(&rows.each_ref());
        let failed: Vec<bool> = results.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, true, false]);
        assert_eq!(results[2].as_ref().unwrap(), &[0.0, 2.0]);
    }
}
