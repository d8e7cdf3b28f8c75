//! [`Classifier`]: loads a model and predicts texts.

use std::collections::BTreeMap;
#[cfg(not(target_arch = "wasm32"))]
use std::path::Path;
use std::sync::Arc;

use crate::embedding::EmbeddingJob;
use crate::error::Error;
use crate::heads::Heads;
use crate::input::Input;
use crate::job::PredictionJob;
use crate::load_options::LoadOptions;
use crate::model::{Head, Model, ModelFiles, ModelInfo};
use crate::options::{LongText, Options};
use crate::prediction::Prediction;
use crate::task::TaskPlan;
use crate::teach::{Examples, Taught, TeachOptions, TeachingJob};
use crate::text::tokens::Encoding;

/// A loaded model, ready to predict. Clones share the model.
///
/// Any number of threads may predict with one classifier at the same time; each call computes on its own thread.
#[derive(Debug, Clone)]
pub struct Classifier {
    model: Arc<Model>,
    info: Arc<ModelInfo>,
    heads: Arc<Heads>,
}

const _: () = {
    const fn assert<T: Clone + std::fmt::Debug + Send + Sync>() {}
    assert::<Classifier>();
};

impl Classifier {
    /// Loads a model from a folder in Hugging Face layout. [`ModelFiles::from_dir`] lists the files that it reads.
    ///
    /// ```
    /// let classifier = litmus_text::Classifier::from_dir("models/english")?;
    /// assert_eq!(classifier.info().labels, ["negative", "neutral", "positive"]);
    /// # Ok::<(), litmus_text::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::ModelNotFound`](crate::ErrorKind::ModelNotFound): a file cannot be read.
    /// - The errors of [`from_bytes`](Self::from_bytes).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_bytes(&ModelFiles::from_dir(path)?)
    }

    /// Loads a model from the bytes of its files.
    ///
    /// # Errors
    /// - [`ErrorKind::ModelNotFound`](crate::ErrorKind::ModelNotFound): a file is missing.
    /// - [`ErrorKind::ModelMalformed`](crate::ErrorKind::ModelMalformed): a file is damaged, or two contradict each other.
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the graph uses an op or a format that this
    ///   runtime does not have.
    /// - [`ErrorKind::HeadMalformed`](crate::ErrorKind::HeadMalformed): a head file is damaged.
    /// - [`ErrorKind::HeadMismatch`](crate::ErrorKind::HeadMismatch): a head file was made for another encoder.
    pub fn from_bytes(files: &ModelFiles) -> Result<Self, Error> {
        Self::load(files, LoadOptions::default())
    }

    /// Loads a model from the bytes of its files, with options.
    ///
    /// ```
    /// use litmus_text::{Classifier, LoadOptions, ModelFiles, Precision};
    ///
    /// let files = ModelFiles::from_dir("models/english")?;
    /// let classifier = Classifier::load(&files, LoadOptions::default().precision(Precision::Auto))?;
    /// assert!(classifier.info().precision.float_layers.is_empty());
    /// # Ok::<(), litmus_text::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn load(files: &ModelFiles, options: LoadOptions) -> Result<Self, Error> {
        let model = Model::load(files, options)?;
        let heads = Heads::read(files, &model)?;
        Ok(Self::new(model.into(), heads))
    }

    /// Loads a model piece by piece: `model.onnx` from `graph`, external data from `external`.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn from_stream<'a>(
        files: &ModelFiles,
        graph: &dyn Fn() -> Box<dyn bytes::Buf + 'a>,
        external: &dyn crate::graph::ExternalFiles,
        options: LoadOptions,
    ) -> Result<Self, Error> {
        let model = Model::load_with_graph(files, graph, external, options)?;
        let heads = Heads::read(files, &model)?;
        Ok(Self::new(model.into(), heads))
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

    fn new(model: Arc<Model>, heads: Heads) -> Self {
        let mut info = model.info.clone();
        if let Some(head) = &heads.replacement {
            info.labels = head.labels().to_vec();
            (info.multi_label, info.activation) = (head.multi_label(), head.activation());
        }
        info.tasks = heads.info();
        Self { model, info: info.into(), heads: heads.into() }
    }

    /// A classifier that predicts the labels of a head. It shares the encoder with this one.
    ///
    /// # Errors
    /// - [`ErrorKind::HeadMismatch`](crate::ErrorKind::HeadMismatch): the head was made for another encoder.
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the model has no output `features`.
    /// - [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the head has no labels.
    pub fn with_head(&self, head: &Head) -> Result<Self, Error> {
        self.model.require_features("a head")?;
        self.model.check_head("the head", head)?;
        if head.is_embedding() {
            let message = "a head of the kind \"embedding\" has no labels to predict: it gives embeddings only";
            return Err(Error::invalid_input(message));
        }
        let mut heads = (*self.heads).clone();
        heads.replacement = Some(head.clone());
        Ok(Self::new(self.model.clone(), heads))
    }

    /// A classifier with the task `name`, which `head` classifies. It replaces a task of that name. A head of the kind
    /// "embedding" becomes the head of [`embed`](Self::embed) instead, whatever the name. A file `heads/NAME.head` in the
    /// model's folder has the same effect.
    ///
    /// # Errors
    /// - [`ErrorKind::HeadMismatch`](crate::ErrorKind::HeadMismatch): the head was made for another encoder.
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the model has no output `features`.
    pub fn with_task(&self, name: &str, head: &Head) -> Result<Self, Error> {
        self.model.require_features("a head")?;
        self.model.check_head("the head", head)?;
        let mut heads = (*self.heads).clone();
        heads.add(name, head.clone());
        Ok(Self::new(self.model.clone(), heads))
    }

    /// The head that [`with_head`](Self::with_head) was given.
    pub fn head(&self) -> Option<&Head> {
        self.heads.replacement.as_ref()
    }

    /// Facts about the model. If the classifier has a [`head`](Self::head), the labels are those of the head.
    pub fn info(&self) -> &ModelInfo {
        &self.info
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
    /// - [`ErrorKind::EmptyText`](crate::ErrorKind::EmptyText): the text, or its pair, has no tokens, or only white space, control
    ///   and zero-width characters.
    /// - [`ErrorKind::TextTooLong`](crate::ErrorKind::TextTooLong): the text is too long for [`LongText::Error`], or its
    ///   pair leaves no room for it.
    /// - [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): an option is out of its range, options that contradict each
    ///   other, an unknown task or label, a pair in a zero-shot classification.
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the model cannot do what an option asks for.
    /// - [`ErrorKind::ModelMalformed`](crate::ErrorKind::ModelMalformed),
    ///   [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory) or [`ErrorKind::Internal`](crate::ErrorKind::Internal): the
    ///   model fails at the text.
    pub fn predict(&self, text: impl Input, options: &Options) -> Result<Prediction, Error> {
        let mut predictions = self.predict_batch(&[text], options).map_err(Error::without_index)?;
        predictions.pop().ok_or_else(|| Error::internal("one text gave no prediction"))
    }

    /// Predicts several texts and returns the predictions in the order of the texts. If one text fails, the call fails;
    /// [`job`](Self::job) has a result for each text instead.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), with the [index](Error::index) of the first text at fault.
    pub fn predict_batch<T: Input>(&self, texts: &[T], options: &Options) -> Result<Vec<Prediction>, Error> {
        let job = reject_unreadable(self.job(texts, options)?)?;
        collect_results(job.finish())
    }

    /// Predicts a text for several tasks at once: the encoder reads it once, whatever the number of tasks.
    ///
    /// ```
    /// use litmus_text::{Classifier, Options};
    ///
    /// let classifier = Classifier::from_dir("models/english")?;
    /// let by_task = classifier.predict_tasks("I loved every minute of it", &["sentiment"], &Options::default())?;
    /// assert_eq!(by_task["sentiment"].label.as_deref(), Some("positive"));
    /// # Ok::<(), litmus_text::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_tasks(
        &self,
        text: impl Input,
        tasks: &[&str],
        options: &Options,
    ) -> Result<BTreeMap<String, Prediction>, Error> {
        let job = reject_unreadable(self.tasks_job(&[text], tasks, options)?).map_err(Error::without_index)?;
        job.finish_by_task().pop().ok_or_else(|| Error::internal("one text gave no prediction"))?
    }

    /// Starts a prediction in steps for several tasks at once. Its results are those of
    /// [`finish_by_task`](PredictionJob::finish_by_task).
    ///
    /// # Errors
    /// - The errors of [`job`](Self::job).
    /// - [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): the model does not have one of the tasks.
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the model has no output `features`.
    pub fn tasks_job<T: Input>(&self, texts: &[T], tasks: &[&str], options: &Options) -> Result<PredictionJob, Error> {
        let invalid = |message| Err(Error::invalid_input(message));
        match &options.task {
            Some(task) => {
                invalid(format!("the option `task` is {task:?}, but the tasks are given by name: leave it out"))
            }
            None if tasks.is_empty() => invalid("the list of tasks is empty".into()),
            None => self.start_job(texts, &tasks.iter().copied().map(Some).collect::<Vec<_>>(), options),
        }
    }

    /// Starts a job for these tasks. The task `None` stands for the classifier's own labels.
    fn start_job<T: Input>(
        &self,
        texts: &[T],
        tasks: &[Option<&str>],
        options: &Options,
    ) -> Result<PredictionJob, Error> {
        options.check()?;
        if let Some(task) = options.by_task.keys().find(|task| !tasks.contains(&Some(task))) {
            let message = format!("there are options for the task {task:?}, which is not among the tasks");
            return Err(Error::invalid_input(message));
        }
        let plan = |task: &Option<&str>| TaskPlan::new(&self.model, &self.heads, *task, options);
        let tasks = tasks.iter().map(plan).collect::<Result<_, _>>()?;
        PredictionJob::new(self.model.clone(), texts, tasks, options)
    }

    /// Starts a prediction in steps. The job reports its progress, and dropping it cancels the prediction.
    ///
    /// # Errors
    /// Only errors that concern all texts. The error of a single text is in the result of
    /// [`finish`](PredictionJob::finish).
    /// - [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): an option is out of its range, or names a task or label
    ///   that the model does not have.
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the model cannot do what an option asks for.
    pub fn job<T: Input>(&self, texts: &[T], options: &Options) -> Result<PredictionJob, Error> {
        self.start_job(texts, &[options.task.as_deref()], options)
    }

    /// Returns the embeddings of texts, in their order: one vector of Euclidean norm 1 per text, with one value per row of the
    /// embedding head. The dot product of two embeddings is their cosine similarity. For search, clustering and duplicate detection.
    /// The embedding of a long text is computed from the weighted mean of its windows' features.
    ///
    /// # Errors
    /// - The errors of [`predict_batch`](Self::predict_batch).
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the model has no head of the kind "embedding",
    ///   such as `heads/embedding.head`.
    pub fn embed<T: Input>(&self, texts: &[T]) -> Result<Vec<Vec<f32>>, Error> {
        let job = self.embedding_job(texts)?;
        match job.first_failure() {
            Some(error) => Err(error),
            None => collect_results(job.finish()),
        }
    }

    /// Starts to compute [embeddings](Self::embed) in steps. The job reports its progress, and dropping it cancels it.
    ///
    /// # Errors
    /// [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported) where the model has no head of the kind "embedding".
    pub fn embedding_job<T: Input>(&self, texts: &[T]) -> Result<EmbeddingJob, Error> {
        let head = self.heads.embedding(&self.model)?.clone();
        let features = PredictionJob::new(self.model.clone(), texts, Vec::new(), &Options::default())?;
        Ok(EmbeddingJob::new(features, head))
    }

    /// Teaches labels of your own, from a few examples each: logistic regression on the encoder's features. Deterministic: the
    /// same examples give the same bits on every machine. If the classifier has a [`head`](Self::head), that head is taught
    /// more: the new head has the examples of both.
    ///
    /// ```
    /// use litmus_text::{Classifier, Examples, Head, Options, TeachOptions};
    ///
    /// let classifier = Classifier::from_dir("models/english")?;
    /// let examples = Examples::new()
    ///     .label("refund", ["I want my money back", "Please refund my order"])
    ///     .label("shipping", ["Where is my parcel?", "My order has not arrived"]);
    /// let taught = classifier.teach(&examples, &TeachOptions::default())?;
    /// let file = taught.head.to_bytes();
    ///
    /// let triage = classifier.with_head(&Head::from_bytes(&file)?)?;
    /// let prediction = triage.predict("Is my parcel lost?", &Options::default())?;
    /// assert_eq!(prediction.label.as_deref(), Some("shipping"));
    /// # Ok::<(), litmus_text::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`teaching_job`](Self::teaching_job).
    pub fn teach(&self, examples: &Examples, options: &TeachOptions) -> Result<Taught, Error> {
        self.teaching_job(examples, options)?.finish()
    }

    /// Starts teaching in steps. The job reports its progress, and dropping it cancels it.
    ///
    /// # Errors
    /// - [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput): there are fewer than 2 or more than 1,000 labels, more
    ///   than 50,000 examples, or options that contradict each other or the classifier's head.
    /// - [`ErrorKind::EmptyText`](crate::ErrorKind::EmptyText): an example is empty.
    /// - [`ErrorKind::HeadNotExtendable`](crate::ErrorKind::HeadNotExtendable): the classifier's head was read from a file
    ///   without its examples.
    /// - [`ErrorKind::ModelUnsupported`](crate::ErrorKind::ModelUnsupported): the model has no output `features`.
    pub fn teaching_job(&self, examples: &Examples, options: &TeachOptions) -> Result<TeachingJob, Error> {
        TeachingJob::new(self.model.clone(), self.head(), examples, options)
    }

    /// The logits of the graph's own classifier, before calibration: one row per text, one logit per label of the graph. They
    /// do not depend on the classifier's [`head`](Self::head). Of a text that is too long to be read at once, only the
    /// beginning is read.
    ///
    /// # Errors
    /// As [`predict_batch`](Self::predict_batch).
    pub fn logits<T: Input>(&self, texts: &[T]) -> Result<Vec<Vec<f32>>, Error> {
        let options = Options::default().long_text(LongText::Truncate);
        // Without heads, so that the task is the graph's own.
        let task = TaskPlan::new(&self.model, &Heads::default(), None, &options)?;
        let job = reject_unreadable(PredictionJob::new(self.model.clone(), texts, vec![task], &options)?)?;
        collect_results(job.finish_logits())
    }

    /// All tokens of a text, including the special tokens that are added to it. Special-token strings in the text are read as
    /// ordinary text, as by [`SpecialTokens::Text`](crate::SpecialTokens::Text).
    ///
    /// # Errors
    /// - [`ErrorKind::EmptyText`](crate::ErrorKind::EmptyText): the text has no tokens, or only white space, control and zero-width
    ///   characters.
    /// - [`ErrorKind::ModelMalformed`](crate::ErrorKind::ModelMalformed): the tokenizer gives an id that the model's
    ///   embedding does not have.
    pub fn tokenize(&self, text: &str) -> Result<Encoding, Error> {
        self.model.tokenize(text)
    }
}

/// The job, or the error of the first text that could not be read.
fn reject_unreadable(job: PredictionJob) -> Result<PredictionJob, Error> {
    job.first_failure().map_or(Ok(job), Err)
}

/// All values, or the first error with the index of its text.
fn collect_results<T>(results: Vec<Result<T, Error>>) -> Result<Vec<T>, Error> {
    results.into_iter().enumerate().map(|(index, result)| result.map_err(|e| e.at(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::tests::{fake, fake_with_features, infinite_head};
    use crate::options::Activation;

    fn classifier(max_rows: usize) -> Classifier {
        Classifier::new(fake(max_rows, 3).into(), Heads::default())
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
    fn logits_do_not_depend_on_the_head() {
        let classifier = Classifier::new(fake_with_features(1.0).into(), Heads::default());
        let with_head = classifier.with_head(&infinite_head()).unwrap();
        assert!(with_head.predict("two", &Options::default()).is_err());
        assert_eq!(with_head.logits(&["two"]).unwrap(), [[0.0, 2.0]]);
    }

    #[test]
    fn a_rejected_text_has_an_empty_list_of_labels_with_sigmoids() {
        let classifier = Classifier::new(fake_with_features(1.0).into(), Heads::default());
        let texts = |first: &str| ["", " zero", " one", " two"].map(|rest| format!("{first}{rest}"));
        let examples = Examples::new().label("low", texts("zero")).label("high", texts("two"));
        let taught = classifier.teach(&examples, &TeachOptions::default().other(true)).unwrap();
        let classifier = classifier.with_head(&taught.head).unwrap();
        let predict = |options: Options| classifier.predict("one", &options).unwrap();
        let sigmoid = predict(Options::default().activation(Activation::Sigmoid));
        assert_eq!((sigmoid.other, sigmoid.labels), (Some(true), Some(vec![])));
        assert_eq!(predict(Options::default()).labels, None);
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
    fn top_k_keeps_the_best_labels_and_zero_is_rejected() {
        let classifier = classifier(8);
        assert_eq!(classifier.predict("two", &Options::default().top_k(1)).unwrap().scores.len(), 1);
        let error = classifier.predict("two", &Options::default().top_k(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
