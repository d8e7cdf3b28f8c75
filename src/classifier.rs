//! [`Classifier`]: loads a model and predicts texts.

#[cfg(not(target_arch = "wasm32"))]
use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::input::Input;
use crate::job::PredictionJob;
use crate::model::{Model, ModelFiles, ModelInfo};
use crate::options::{LongText, Options};
use crate::prediction::Prediction;
use crate::text::tokenizer::Encoding;

/// A loaded model, ready to predict. Clones share the model.
///
/// Any number of threads may predict with one classifier at the same time; each call computes on its own thread.
#[derive(Debug, Clone)]
pub struct Classifier {
    model: Arc<Model>,
}

const _: () = {
    const fn assert<T: Clone + std::fmt::Debug + Send + Sync>() {}
    assert::<Classifier>();
};

impl Classifier {
    /// Loads a model from a folder in Hugging Face layout: `config.json`, `tokenizer.json`, the graph as `model.onnx`,
    /// `onnx/model_quantized.onnx` or `onnx/model.onnx`, and where there are any `tokenizer_config.json`, `litmus.json` and
    /// `heads/*.head`.
    ///
    /// ```
    /// let classifier = litmus_text::Classifier::from_dir("models/english")?;
    /// assert_eq!(classifier.info().labels, ["negative", "neutral", "positive"]);
    /// # Ok::<(), litmus_text::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::ModelNotFound`](crate::ErrorKind::ModelNotFound) where a file cannot be read; otherwise the errors of
    /// [`from_bytes`](Self::from_bytes).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_bytes(&ModelFiles::from_dir(path)?)
    }

    /// Loads a model from the bytes of its files.
    ///
    /// # Errors
    /// [`ErrorKind::ModelNotFound`](crate::ErrorKind::ModelNotFound) where a file is missing,
    /// [`ErrorKind::ModelMalformed`](crate::ErrorKind::ModelMalformed) where one is damaged or two contradict each
    /// other, [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported) where the graph uses an op or a format
    /// that this runtime does not have, [`ErrorKind::HeadMalformed`](crate::ErrorKind::HeadMalformed) where a head file is
    /// damaged, [`ErrorKind::HeadMismatch`](crate::ErrorKind::HeadMismatch) where it was made for another encoder.
    pub fn from_bytes(files: &ModelFiles) -> Result<Self, Error> {
        Ok(Self { model: Model::load(files)?.into() })
    }

    /// Loads a model whose `model.onnx` is read from `graph` piece by piece instead of from `files`.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn from_stream(files: &ModelFiles, graph: &mut dyn bytes::Buf) -> Result<Self, Error> {
        Ok(Self { model: Model::load_with_graph(files, graph)?.into() })
    }

    /// Loads the model that is compiled into this library: with the feature `embed-model`, the folder that the environment
    /// variable `LITMUS_MODEL_DIR` names at build time.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    #[cfg(feature = "embed-model")]
    pub fn embedded() -> Result<Self, Error> {
        Self::from_bytes(&include!(concat!(env!("OUT_DIR"), "/embedded_model.rs")))
    }

    /// Facts about the model.
    pub fn info(&self) -> &ModelInfo {
        &self.model.info
    }

    /// Predicts one text, or a pair of texts.
    ///
    /// ```
    /// use litmus_text::{Classifier, Options};
    ///
    /// let classifier = Classifier::from_dir("models/english")?;
    /// let prediction = classifier.predict("I loved every minute of it", &Options::default())?;
    /// assert_eq!(prediction.label.as_deref(), Some("positive"));
    /// # Ok::<(), litmus_text::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmptyText`](crate::ErrorKind::EmptyText) where the text has no tokens,
    /// [`ErrorKind::TextTooLong`](crate::ErrorKind::TextTooLong) where it is too long for [`LongText::Error`] or its pair
    /// leaves no room for it, [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where an option is out of its
    /// range, [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported) where the model cannot do what an option
    /// asks for.
    pub fn predict(&self, text: impl Input, options: &Options) -> Result<Prediction, Error> {
        let mut predictions = self.predict_batch(&[text], options).map_err(Error::without_index)?;
        predictions.pop().ok_or_else(|| Error::internal("one text gave no prediction"))
    }

    /// Predicts texts, in their order. If one of them cannot be predicted, none is: [`job`](Self::job) has a result for
    /// each text instead.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), with the [index](Error::index) of the first text at fault.
    pub fn predict_batch<T: Input>(&self, texts: &[T], options: &Options) -> Result<Vec<Prediction>, Error> {
        let job = all_readable(self.job(texts, options)?)?;
        all(job.finish())
    }

    /// Starts a prediction in steps, which has progress and is cancelled by dropping the job.
    ///
    /// # Errors
    /// Only errors that concern all texts: [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) where an option is
    /// out of its range. The error of a single text is in the result of [`finish`](PredictionJob::finish).
    pub fn job<T: Input>(&self, texts: &[T], options: &Options) -> Result<PredictionJob, Error> {
        PredictionJob::new(self.model.clone(), texts, options)
    }

    /// The model's raw scores before calibration, one row per text with one logit per label. Of a text that is too long
    /// to be read at once, only the beginning is read.
    ///
    /// # Errors
    /// As [`predict_batch`](Self::predict_batch).
    pub fn logits<T: Input>(&self, texts: &[T]) -> Result<Vec<Vec<f32>>, Error> {
        let job = all_readable(self.job(texts, &Options::default().long_text(LongText::Truncate))?)?;
        all(job.finish_logits())
    }

    /// All tokens of a text, added special tokens included. Special tokens that the text spells are read as text, as by
    /// [`SpecialTokens::Text`](crate::SpecialTokens::Text).
    ///
    /// # Errors
    /// [`ErrorKind::EmptyText`](crate::ErrorKind::EmptyText) where the text has no tokens,
    /// [`ErrorKind::ModelMalformed`](crate::ErrorKind::ModelMalformed) where the tokenizer gives an id that the model's
    /// embedding does not have.
    pub fn tokenize(&self, text: &str) -> Result<Encoding, Error> {
        self.model.tokenize(text)
    }
}

/// The job, unless a text of it could not be read.
fn all_readable(job: PredictionJob) -> Result<PredictionJob, Error> {
    job.first_failure().map_or(Ok(job), Err)
}

/// All values, or the first error with the index of its text.
fn all<T>(results: Vec<Result<T, Error>>) -> Result<Vec<T>, Error> {
    results.into_iter().enumerate().map(|(index, result)| result.map_err(|e| e.at(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::tests::fake;

    fn classifier(max_rows: usize) -> Classifier {
        Classifier { model: fake(max_rows, 3).into() }
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
    fn an_error_has_the_index_of_its_text_only_in_a_batch() {
        let classifier = classifier(8);
        let options = Options::default();
        let batch = classifier.predict_batch(&["one", " \n", ""], &options).unwrap_err();
        assert_eq!((batch.kind(), batch.index()), (ErrorKind::EmptyText, Some(1)));
        let single = classifier.predict("", &options).unwrap_err();
        assert_eq!((single.kind(), single.index()), (ErrorKind::EmptyText, None));
    }

    #[test]
    fn top_k_cuts_and_zero_is_refused() {
        let classifier = classifier(8);
        assert_eq!(classifier.predict("two", &Options::default().top_k(1)).unwrap().scores.len(), 1);
        let error = classifier.predict("two", &Options::default().top_k(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
