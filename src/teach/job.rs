//! Teaching, step by step: computes the features of the examples, then fits the head.

use std::sync::Arc;

use half::f16;

use super::decision;
use super::examples::{CheckedExamples, Example, Examples};
use super::fit::{Fit, Fitted};
use super::logistic::{LabelledFeatures, Link};
use super::report::{Contradiction, ReportInput, TeachReport};
use super::standardise::Standardisation;
use crate::error::{Error, ErrorKind};
use crate::job::{PredictionJob, Progress};
use crate::model::{Head, Model, TaughtExamples, TaughtHead};
use crate::options::Options;

/// Options of teaching. If the classifier has a taught head, an option that is `None` has the value with which that head was taught;
/// otherwise it is `false`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TeachOptions {
    /// Whether a text can have several of the labels, or none. Then a text that is an example of several labels has all of
    /// these labels, and none of the others. Teaching a head more cannot change it.
    pub multi_label: Option<bool>,
    /// Whether the head rejects texts that resemble no label's examples: a rejected text has no label, and its prediction
    /// has `other: true`. With 8 examples a label, 52 to 90 % of the texts of no label were rejected in three public sets,
    /// and 5 to 6 % of the others. Needs a label with two examples; not together with `multi_label`, where a text without a
    /// label needs no rejection.
    pub other: Option<bool>,
}

impl TeachOptions {
    /// Sets [`multi_label`](Self::multi_label).
    pub fn multi_label(mut self, multi_label: bool) -> Self {
        self.multi_label = Some(multi_label);
        self
    }

    /// Sets [`other`](Self::other).
    pub fn other(mut self, other: bool) -> Self {
        self.other = Some(other);
        self
    }
}

/// The result of teaching.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Taught {
    /// The head, for [`Classifier::with_head`](crate::Classifier::with_head).
    pub head: Head,
    /// The cross-validation of the head.
    pub report: TeachReport,
}

/// A head that is being taught: the caller sees the progress between two steps, and cancels by dropping the job.
///
/// ```
/// use litmus_text::{Classifier, Examples, Options, TeachOptions};
///
/// let classifier = Classifier::from_dir("models/english")?;
/// let examples = Examples::new()
///     .label("refund", ["I want my money back", "Please refund my order"])
///     .label("shipping", ["Where is my parcel?", "My order has not arrived"]);
/// let mut job = classifier.teaching_job(&examples, &TeachOptions::default())?;
/// while job.step() {
///     println!("{} of {}", job.progress().done, job.progress().total);
/// }
/// let triage = classifier.with_head(&job.finish()?.head)?;
/// let prediction = triage.predict("Is my parcel lost?", &Options::default())?;
/// assert_eq!(prediction.label.as_deref(), Some("shipping"));
/// # Ok::<(), litmus_text::Error>(())
/// ```
#[derive(Debug)]
pub struct TeachingJob {
    /// The id of the encoder whose features the head reads.
    encoder: String,
    /// The number of features.
    width: usize,
    /// Whether the head rejects texts: see [`TeachOptions::other`].
    other: bool,
    link: Link,
    /// The labels of the head: those of the earlier head, then new ones.
    labels: Vec<String>,
    /// Sorted by their first label; within a label, those of the earlier head come first. So the result is the same whether a
    /// head is taught at once or in parts.
    examples: Vec<ExampleRef>,
    new: Vec<Example>,
    /// The features of the earlier head's examples, row-major.
    features_before: Vec<f16>,
    contradictions: Vec<Contradiction>,
    stage: Stage,
    /// The number of fits.
    fits: usize,
    /// The number of rows of the new examples.
    rows: usize,
}

/// An example: its labels, and its index among the new examples or among those of the earlier head.
#[derive(Debug, Clone)]
struct ExampleRef {
    labels: Vec<usize>,
    is_new: bool,
    index: usize,
}

#[derive(Debug)]
enum Stage {
    Features(Box<PredictionJob>),
    Fit { features: Vec<f16>, standardisation: Standardisation, fit: Box<Fit> },
    Failed(Error),
}

/// The options, with the values of the earlier head where none are given.
struct Settings {
    multi_label: bool,
    other: bool,
}

impl Settings {
    fn resolve(options: &TeachOptions, before: Option<&Head>) -> Result<Self, Error> {
        let multi_label = options.multi_label.or(before.map(Head::multi_label)).unwrap_or(false);
        let other = options.other.or(before.map(|head| head.max_energy().is_some())).unwrap_or(false);
        if let Some(head) = before.filter(|head| head.multi_label() != multi_label) {
            let labels = if head.multi_label() { "several labels" } else { "one label" };
            return Err(Error::invalid_input(format!(
                "`multi_label` is {multi_label}, but the head that is taught more was taught with {labels} per text: leave \
                 `multi_label` out, or teach a new head"
            )));
        }
        if other && multi_label {
            return Err(Error::invalid_input(
                "`other` is for labels of which a text has one: a text that can have several labels can have none without it",
            ));
        }
        Ok(Self { multi_label, other })
    }
}

impl TeachingJob {
    /// Reads the examples. `before` is the earlier head, which is taught more.
    pub(crate) fn new(
        model: Arc<Model>,
        before: Option<&Head>,
        examples: &Examples,
        options: &TeachOptions,
    ) -> Result<Self, Error> {
        let width = model.require_features("teaching")?;
        let Settings { multi_label, other } = Settings::resolve(options, before)?;
        let labels_before = before.map_or(&[][..], Head::labels);
        let examples_before = before.map(|head| head.examples().ok_or_else(not_extendable)).transpose()?;
        let before_count = examples_before.map_or(0, |examples| examples.labels.len());
        let CheckedExamples { labels, examples: new, contradictions } =
            CheckedExamples::new(examples, labels_before, before_count, multi_label)?;
        let earlier = examples_before.iter().flat_map(|examples| &examples.labels);
        let mut refs: Vec<ExampleRef> = refer_to(earlier, false).collect();
        refs.extend(refer_to(new.iter().map(|example| &example.labels), true));
        refs.sort_by_key(|example| example.labels.first().copied());
        let link = if multi_label { Link::Sigmoid } else { Link::Softmax };
        let fits = Fit::count_fits(&labels_of(&refs), labels.len());
        if other && fits == 1 {
            return Err(Error::invalid_input(
                "`other` needs a label with two examples or more, to measure how texts score that were not taught",
            ));
        }
        let encoder = model.encoder_id().to_owned();
        let texts: Vec<&str> = new.iter().map(|example| &example.text[..]).collect();
        let job = PredictionJob::new(model, &texts, Vec::new(), &Options::default())?;
        if let Some(error) = job.first_failure() {
            return Err(name_example(error, &labels, &new));
        }
        Ok(Self {
            encoder,
            width,
            other,
            link,
            labels,
            examples: refs,
            new,
            contradictions,
            features_before: examples_before.map_or(Vec::new(), |examples| examples.features.clone()),
            fits,
            rows: job.progress().total,
            stage: Stage::Features(Box::new(job)),
        })
    }

    /// Limits each step to this many tokens of examples, padding included, but computes at least one example.
    pub fn max_batch_tokens(mut self, tokens: usize) -> Self {
        if let Stage::Features(job) = self.stage {
            self.stage = Stage::Features(Box::new(job.max_batch_tokens(tokens)));
        }
        self
    }

    /// Examples whose features are computed, plus fits that are done: one for each fold and penalty of the
    /// cross-validation, and the last to all examples.
    pub fn progress(&self) -> Progress {
        let total = self.rows + self.fits;
        let done = match &self.stage {
            Stage::Features(job) => job.progress().done,
            Stage::Fit { fit, .. } => self.rows + fit.done(),
            Stage::Failed(_) => total,
        };
        Progress { done, total }
    }

    /// Whether the features of all examples are computed and the fit has begun.
    pub fn is_fitting(&self) -> bool {
        matches!(self.stage, Stage::Fit { .. })
    }

    /// Computes the features of the next examples, or takes a step of the fit; `false` when nothing is left.
    pub fn step(&mut self) -> bool {
        match &mut self.stage {
            Stage::Features(job) => {
                if !job.step() {
                    self.start_fit();
                }
                !matches!(self.stage, Stage::Failed(_))
            }
            Stage::Fit { fit, .. } => fit.step(),
            Stage::Failed(_) => false,
        }
    }

    /// Takes the remaining steps.
    ///
    /// # Errors
    /// - The error of an example whose features cannot be computed.
    /// - [`ErrorKind::ModelMalformed`](crate::ErrorKind::ModelMalformed): a feature is not finite.
    pub fn finish(mut self) -> Result<Taught, Error> {
        while self.step() {}
        match self.take_stage() {
            Stage::Failed(error) => Err(error),
            // The step that computes the last features leaves this stage.
            Stage::Features(_) => Err(Error::internal("the features of the examples are not computed")),
            Stage::Fit { features, standardisation, fit } => {
                let labels = labels_of(&self.examples);
                let fitted = fit.finish();
                let Fitted { parameters, temperature, held_out } = &fitted;
                let thresholds = self.thresholds(&labels, &fitted);
                let report = self.report(&labels, &fitted, thresholds.as_deref());
                let classes = self.labels.len();
                let (weights, biases) = parameters.split_at(classes * self.width);
                let (weights, biases) = standardisation.fold(weights, biases);
                let max_energy = if self.other { decision::max_energy(&held_out.logits, classes) } else { None };
                let head = TaughtHead {
                    labels: self.labels,
                    multi_label: self.link == Link::Sigmoid,
                    features: self.width,
                    temperature: *temperature as f32,
                    thresholds,
                    encoder: self.encoder,
                    max_energy,
                    weights,
                    biases,
                };
                Ok(Taught { head: Head::new(head, TaughtExamples { labels, features }), report })
            }
        }
    }

    /// The thresholds of the labels, if a text can have several. `labels` are those of each example.
    fn thresholds(&self, labels: &[Vec<usize>], Fitted { temperature, held_out, .. }: &Fitted) -> Option<Vec<f32>> {
        let labels: Vec<&[usize]> = held_out.examples.iter().map(|&i| &labels[i][..]).collect();
        let choose = || decision::choose_thresholds(&held_out.logits, self.labels.len(), &labels, *temperature);
        (self.link == Link::Sigmoid).then(choose)
    }

    /// The report of the cross-validation.
    fn report(&self, labels: &[Vec<usize>], fitted: &Fitted, thresholds: Option<&[f32]>) -> TeachReport {
        let text = |example: &ExampleRef| example.is_new.then(|| &self.new[example.index].text[..]);
        let texts: Vec<Option<&str>> = self.examples.iter().map(text).collect();
        ReportInput {
            names: &self.labels,
            labels,
            texts: &texts,
            link: self.link,
            temperature: fitted.temperature,
            thresholds,
            contradictions: self.contradictions.clone(),
            held_out: &fitted.held_out,
        }
        .report()
    }

    /// Takes the stage out, and leaves an error in its place.
    fn take_stage(&mut self) -> Stage {
        let placeholder = Stage::Failed(Error::internal("the features of the examples are not computed"));
        std::mem::replace(&mut self.stage, placeholder)
    }

    /// Takes the features from the finished job and starts the fit.
    fn start_fit(&mut self) {
        let Stage::Features(job) = self.take_stage() else { return };
        let failure = job.first_failure();
        let rows: Result<Vec<Vec<f32>>, Error> = job.finish_features().into_iter().collect();
        let stage = match rows {
            Ok(rows) => self.fit_stage(&rows),
            Err(error) => Err(name_example(failure.unwrap_or(error), &self.labels, &self.new)),
        };
        self.stage = stage.unwrap_or_else(Stage::Failed);
    }

    /// The fit to all examples. `rows` are the features of the new ones.
    fn fit_stage(&self, rows: &[Vec<f32>]) -> Result<Stage, Error> {
        if let Some(value) = rows.iter().flatten().find(|value| !value.is_finite()) {
            return Err(Error::malformed(format!(
                "the model computed the feature {value}: its weights are damaged: download or export it again"
            )));
        }
        if let Some(value) = rows.iter().flatten().find(|&&value| f16::from_f32(value).is_infinite()) {
            return Err(Error::unsupported(format!(
                "the model computed the feature {value}, but heads store features as f16, up to {}: this model cannot be taught",
                f16::MAX
            )));
        }
        // Rounded to f16 as in a head file, so that a head that is taught in parts equals one that is taught at once.
        let new: Vec<f16> = rows.iter().flatten().map(|&value| f16::from_f32(value)).collect();
        let row = |ExampleRef { is_new, index, .. }: &ExampleRef| {
            let rows = if *is_new { &new } else { &self.features_before };
            &rows[index * self.width..][..self.width]
        };
        let features: Vec<f16> = self.examples.iter().flat_map(row).copied().collect();
        let mut values: Vec<f32> = features.iter().map(|value| value.to_f32()).collect();
        let standardisation = Standardisation::from_features(&values, self.width);
        standardisation.apply(&mut values);
        let (labels, classes) = (labels_of(&self.examples), self.labels.len());
        let examples = match self.link {
            Link::Softmax => LabelledFeatures::balanced(values, self.width, labels, classes),
            // A label's own threshold makes up for few examples.
            Link::Sigmoid => LabelledFeatures::equal(values, self.width, labels),
        };
        let fit = Fit::new(examples, classes, self.link).into();
        Ok(Stage::Fit { features, standardisation, fit })
    }
}

/// References to examples with these labels.
fn refer_to<'a>(labels: impl Iterator<Item = &'a Vec<usize>>, is_new: bool) -> impl Iterator<Item = ExampleRef> {
    labels.enumerate().map(move |(index, labels)| ExampleRef { labels: labels.clone(), is_new, index })
}

fn labels_of(examples: &[ExampleRef]) -> Vec<Vec<usize>> {
    examples.iter().map(|example| example.labels.clone()).collect()
}

/// The error with the text and label of the example at fault in place of its index, which means nothing to the caller.
fn name_example(error: Error, labels: &[String], new: &[Example]) -> Error {
    match error.index().and_then(|index| new.get(index)) {
        Some(Example { text, labels: own }) => {
            let label = &labels[own[0]];
            let error = error.without_index();
            Error::new(error.kind(), format!("the example {text:?} of the label {label:?}: {error}"))
        }
        None => error,
    }
}

fn not_extendable() -> Error {
    Error::new(
        ErrorKind::HeadNotExtendable,
        "the head was exported without its examples, so it cannot be taught more: export it with `export({ examples: true })`, \
         in Rust with `to_bytes_with_examples`, and by a command with --with-examples",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::calibration::energy;
    use crate::model::tests::fake_with_features;

    /// The features of a text are a one-hot vector of its first word in this model. Each label has another first word.
    fn examples() -> Examples {
        let texts =
            |first: &str| ["", " zero", " one", " two", " one one", " two two"].map(|rest| format!("{first}{rest}"));
        Examples::new().label("low", texts("zero")).label("high", texts("two"))
    }

    #[test]
    fn a_text_that_resembles_no_example_has_more_than_the_maximum_energy() {
        let options = TeachOptions::default().other(true);
        let job = TeachingJob::new(Arc::new(fake_with_features(1.0)), None, &examples(), &options).unwrap();
        let head = job.finish().unwrap().head;
        let max = head.max_energy().unwrap();
        let energy_of =
            |word: usize| energy(&head.apply(&std::array::from_fn::<_, 5, _>(|i| f32::from(u8::from(i == word)))));
        assert!(energy_of(0) <= max && energy_of(2) <= max, "{} and {}, at most {max}", energy_of(0), energy_of(2));
        assert!(energy_of(1) > max, "{}, at most {max}", energy_of(1));
    }

    #[test]
    fn features_that_f16_does_not_have_cannot_be_taught() {
        for (hot, kind, message) in [
            (70_000.0, ErrorKind::ModelUnsupported, "the feature 70000, but heads store features as f16, up to 65504"),
            (f32::NAN, ErrorKind::ModelMalformed, "its weights are damaged"),
        ] {
            let model = Arc::new(fake_with_features(hot));
            let job = TeachingJob::new(model, None, &examples(), &TeachOptions::default()).unwrap();
            let error = job.finish().unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn fitting_begins_after_the_features() {
        let model = Arc::new(fake_with_features(1.0));
        let mut job = TeachingJob::new(model, None, &examples(), &TeachOptions::default()).unwrap().max_batch_tokens(1);
        while !job.is_fitting() {
            assert!(job.progress().done < 12 && job.step());
        }
        assert_eq!(job.progress().done, 12);
        while job.step() {}
        assert_eq!(job.progress().done, job.progress().total);
    }
}
