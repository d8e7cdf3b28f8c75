//! The whole line from text to prediction: the only file that sees every stage.

use serde::Serialize;

use crate::batch::{Batch, Plan};
use crate::bundle::{ModelParts, Settings};
use crate::calibrate::Calibration;
use crate::encoder::{Encoder, TractEncoder};
use crate::error::{Error, ErrorKind};
use crate::labels::Labels;
use crate::options::{LongText, Options};
use crate::prediction::Prediction;
use crate::tokenize::{Encoding, Tokenizer};
use crate::wall::walled;
use crate::windows::Windows;
use crate::work::Work;

/// What a loaded model is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Info {
    /// The labels, in the order of their ids.
    pub labels: Vec<String>,
    /// Whether a text can have several labels at once: then each score stands alone and they need not sum to 1.
    pub multi_label: bool,
    /// The most tokens that the model reads at once, special tokens included; longer texts are read in windows.
    pub max_tokens: usize,
    /// The model's name, where its `litmus.json` gives one.
    pub name: Option<String>,
    /// The model's version, where its `litmus.json` gives one.
    pub version: Option<String>,
}

/// A loaded model, ready to predict.
pub struct Classifier {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) encoder: Box<dyn Encoder>,
    calibration: Calibration,
    pub(crate) labels: Labels,
    padding_id: u32,
    vocabulary: usize,
    pub(crate) info: Info,
}

impl Classifier {
    /// Loads a model from the bytes of its files.
    ///
    /// # Errors
    /// [`ErrorKind::ModelMalformed`] where a file is damaged or the files contradict each other,
    /// [`ErrorKind::ModelUnsupported`] where the graph uses what this runtime does not have.
    pub fn from_parts(parts: &ModelParts) -> Result<Self, Error> {
        walled(ErrorKind::ModelMalformed, || Self::from_stream(parts, &mut { parts.model }))
    }

    /// The same with the model's bytes read from elsewhere, piece by piece.
    pub(crate) fn from_stream(parts: &ModelParts, model: &mut dyn bytes::Buf) -> Result<Self, Error> {
        let settings = Settings::read(parts)?;
        // First what needs most memory for a moment: the rest fits into what that leaves.
        let encoder = TractEncoder::read(model, settings.labels.names().len())?;
        let tokenizer = Tokenizer::from_bytes(parts.tokenizer)?;
        let rows = encoder.vocabulary().or(settings.vocabulary);
        let vocabulary = rows.unwrap_or(usize::MAX);
        if tokenizer.vocabulary() > vocabulary {
            return Err(Error::malformed(format!(
                "tokenizer.json has {} tokens, but the model's embedding has only {vocabulary} rows",
                tokenizer.vocabulary()
            )));
        }
        Ok(Self::assemble(settings, tokenizer, Box::new(encoder), vocabulary))
    }

    fn assemble(settings: Settings, tokenizer: Tokenizer, encoder: Box<dyn Encoder>, vocabulary: usize) -> Self {
        Self {
            tokenizer,
            encoder,
            calibration: Calibration { exclusive: settings.labels.is_exclusive(), temperature: settings.temperature },
            info: Info {
                labels: settings.labels.names().to_vec(),
                multi_label: !settings.labels.is_exclusive(),
                max_tokens: settings.max_tokens,
                name: settings.name,
                version: settings.version,
            },
            labels: settings.labels,
            padding_id: settings.padding_id,
            vocabulary,
        }
    }

    /// The model compiled into this library (feature `embed-model`).
    #[cfg(feature = "embed-model")]
    pub fn embedded() -> Result<Self, Error> {
        Self::from_parts(&ModelParts {
            config: include_bytes!("../models/sentiment/config.json"),
            tokenizer: include_bytes!("../models/sentiment/tokenizer.json"),
            model: include_bytes!("../models/sentiment/model.onnx"),
            manifest: Some(include_bytes!("../models/sentiment/litmus.json")),
        })
    }

    /// What the loaded model is.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// One text to its prediction.
    ///
    /// # Errors
    /// [`ErrorKind::EmptyText`](crate::ErrorKind) where there is nothing but white space in it, `TextTooLong` where it
    /// is and [`LongText::Error`] was asked for, `InvalidInput` where an option is out of its range.
    pub fn predict(&self, text: &str, options: &Options) -> Result<Prediction, Error> {
        let mut predictions = self.predict_batch(&[text], options).map_err(Error::without_index)?;
        predictions.pop().ok_or_else(|| Error::internal("one text gave no prediction"))
    }

    /// Texts to predictions, in the same order. Nothing is computed if one of them cannot be.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), with the [index](Error::index) of the first text at fault.
    pub fn predict_batch<T: AsRef<str>>(&self, texts: &[T], options: &Options) -> Result<Vec<Prediction>, Error> {
        walled(ErrorKind::Internal, || {
            let mut work = Work::new(self, texts, options, usize::MAX)?;
            while work.step(self)? {}
            work.finish(self)
        })
    }

    /// The model's raw scores, one row per text and in it one per label, before any calibration: for those who calibrate
    /// or combine them in their own way. Of a text that is too long to be read at once, its beginning is read.
    ///
    /// # Errors
    /// As [`predict_batch`](Self::predict_batch).
    pub fn logits<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<Vec<f32>>, Error> {
        let read = |text: &str| {
            let read = Windows::of(text, &self.tokenizer, self.info.max_tokens, LongText::Truncate, false)?;
            let ids = read.windows.into_iter().next().map(|window| window.tokens.ids).unwrap_or_default();
            self.check_ids(&ids)?;
            Ok(ids)
        };
        let rows = texts.iter().enumerate().map(|(i, text)| read(text.as_ref()).map_err(|e: Error| e.at(i)));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
        let plan = Plan::new(&lengths, self.encoder.max_rows());
        let mut all = vec![Vec::new(); rows.len()];
        for chosen in (0..).map_while(|index| plan.batch(index)) {
            let ids: Vec<&[u32]> = chosen.iter().map(|&i| &rows[i][..]).collect();
            let batch = Batch::pad(&ids, self.padding_id);
            let logits = walled(ErrorKind::Internal, || self.encoder.encode(batch))?;
            for (&i, row) in chosen.iter().zip(logits.rows()) {
                all[i] = row.to_vec();
            }
        }
        Ok(all)
    }

    /// All the tokens of a text.
    ///
    /// # Errors
    /// `EmptyText` where there is nothing but white space in it, `ModelMalformed` where the tokenizer gives an id that the
    /// model does not have.
    pub fn tokenize(&self, text: &str) -> Result<Encoding, Error> {
        walled(ErrorKind::Internal, || {
            let encoding = self.tokenizer.encode(text)?;
            self.check_ids(&encoding.ids)?;
            Ok(encoding)
        })
    }

    /// A vocabulary may have gaps, so its size alone does not bound its ids.
    pub(crate) fn check_ids(&self, ids: &[u32]) -> Result<(), Error> {
        match ids.iter().find(|&&id| id as usize >= self.vocabulary) {
            Some(id) => Err(Error::malformed(format!(
                "tokenizer.json gives token {id}, but the model's embedding has only {} rows",
                self.vocabulary
            ))),
            None => Ok(()),
        }
    }

    /// Probabilities by label for each row of ids, computed as one batch; an error comes with the row it is about.
    pub(crate) fn probabilities(&self, rows: &[&[u32]]) -> Result<Vec<Vec<f32>>, (usize, Error)> {
        let logits = self.encoder.encode(Batch::pad(rows, self.padding_id)).map_err(|e| (0, e))?;
        let calibrate = |(i, row)| self.calibration.probabilities(row).map_err(|e| (i, e));
        logits.rows().enumerate().map(calibrate).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::encoder::Logits;
    use crate::error::ErrorKind;

    /// Scores a text by its first token id, so that a mixed-up order shows.
    struct FirstToken {
        max_rows: usize,
    }

    impl Encoder for FirstToken {
        fn max_rows(&self) -> usize {
            self.max_rows
        }

        fn encode(&self, batch: Batch) -> Result<Logits, Error> {
            assert!(batch.rows <= self.max_rows);
            let rows = batch.ids.chunks_exact(batch.columns);
            Ok(Logits::new(2, rows.flat_map(|row| [0.0, row[0] as f32]).collect()))
        }
    }

    /// Knows three words, and gives the high label to those whose first word has a high number.
    pub(crate) fn fake(max_rows: usize, vocabulary: usize) -> Classifier {
        let tokenizer = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordLevel", "vocab": {"zero": 0, "one": 1, "two": 2, "?": 3}, "unk_token": "?"}}"#;
        let config = br#"{"id2label": {"0": "low", "1": "high"}}"#;
        let parts = ModelParts { config, tokenizer: tokenizer.as_bytes(), model: b"", manifest: None };
        let settings = Settings::read(&parts).unwrap();
        let tokenizer = Tokenizer::from_bytes(parts.tokenizer).unwrap();
        Classifier::assemble(settings, tokenizer, Box::new(FirstToken { max_rows }), vocabulary)
    }

    fn classifier(max_rows: usize) -> Classifier {
        fake(max_rows, 3)
    }

    #[test]
    fn results_come_in_the_order_of_the_texts() {
        for max_rows in [1, 2, 32] {
            let classifier = classifier(max_rows);
            let logits = classifier.logits(&["one", "two one one", "zero zero", "two", "one two"]).unwrap();
            assert_eq!(logits.iter().map(|row| row[1]).collect::<Vec<_>>(), [1.0, 2.0, 0.0, 2.0, 1.0]);
        }
    }

    #[test]
    fn an_error_names_the_text_at_fault_only_in_a_batch() {
        let classifier = classifier(8);
        let options = Options::default();
        let batch = classifier.predict_batch(&["one", " \n", ""], &options).unwrap_err();
        assert_eq!((batch.kind(), batch.index()), (ErrorKind::EmptyText, Some(1)));
        let single = classifier.predict("", &options).unwrap_err();
        assert_eq!((single.kind(), single.index()), (ErrorKind::EmptyText, None));
    }

    #[test]
    fn a_token_without_an_embedding_is_an_error() {
        assert_eq!(classifier(8).tokenize("seven").unwrap_err().kind(), ErrorKind::ModelMalformed);
    }

    #[test]
    fn top_k_cuts_and_zero_is_refused() {
        let classifier = classifier(8);
        assert_eq!(classifier.predict("two", &Options::default().top_k(1)).unwrap().scores.len(), 1);
        let error = classifier.predict("two", &Options::default().top_k(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
