//! Tasks: the labels that a job chooses from, and how the encoder's outputs become their scores.

use crate::error::Error;
use crate::heads::Heads;
use crate::inference::calibration::{self, energy};
use crate::inference::encoder::Output;
use crate::model::{Decision, Head, Model, Thresholds, decide, rank};
use crate::options::{Activation, Options, ZeroShot};
use crate::prediction::Score;
use crate::zero_shot::ZeroShotPlan;

/// A task with its options, resolved for a model.
#[derive(Debug)]
pub(crate) struct TaskPlan {
    /// The task's name; empty for the model's own classifier.
    pub name: String,
    /// The index of the label whose score is explained; if `None`, the label with the highest score of each text.
    pub explained_label: Option<usize>,
    labels: Vec<String>,
    activation: Activation,
    thresholds: Thresholds,
    scorer: Scorer,
}

#[derive(Debug)]
enum Scorer {
    /// The graph's own classifier.
    Graph {
        temperature: f32,
    },
    Head(Head),
    ZeroShot(ZeroShotPlan),
}

/// The scores of one window or text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scores {
    pub by_label: Vec<f32>,
    /// The [energy] of the logits, if the head rejects texts by it.
    pub energy: Option<f32>,
}

impl TaskPlan {
    /// Resolves the options for one of the tasks of `heads`. Without a `task`: for the head that replaces the graph's classifier, or
    /// for that classifier if there is none.
    pub(crate) fn new(model: &Model, heads: &Heads, task: Option<&str>, options: &Options) -> Result<Self, Error> {
        if let Some(zero_shot) = &options.zero_shot {
            return Self::zero_shot(model, zero_shot, task, options.threshold);
        }
        let head = match task {
            Some(task) => heads.task(task, model)?,
            None => heads.replacement.as_ref(),
        };
        let task_options = task.and_then(|task| options.by_task.get(task));
        let labels = head.map_or(&model.info.labels[..], Head::labels);
        let default_activation = head.map_or(model.info.activation, Head::activation);
        let activation = options.activation.unwrap_or(default_activation);
        let threshold = task_options.and_then(|options| options.threshold).or(options.threshold);
        // The head's thresholds were chosen for its own activation; another activation ignores them.
        let head_thresholds = head.filter(|_| activation == default_activation).and_then(Head::thresholds);
        let explained_label = options.explain.as_ref().and_then(|explain| {
            let label = task_options.and_then(|options| options.explain_label.as_ref()).or(explain.label.as_ref())?;
            Some(find_label(labels, label, task))
        });
        Ok(Self {
            name: task.unwrap_or_default().into(),
            thresholds: thresholds(threshold, head_thresholds, activation)?,
            explained_label: explained_label.transpose()?,
            labels: labels.to_vec(),
            activation,
            scorer: match head {
                Some(head) => Scorer::Head(head.clone()),
                None => Scorer::Graph { temperature: model.temperature() },
            },
        })
    }

    fn zero_shot(
        model: &Model,
        zero_shot: &ZeroShot,
        task: Option<&str>,
        threshold: Option<f32>,
    ) -> Result<Self, Error> {
        if let Some(task) = task {
            return Err(Error::invalid_input(format!(
                "a zero-shot classification takes no task, but the task is {task:?}"
            )));
        }
        let plan = ZeroShotPlan::new(zero_shot, model)?;
        Ok(Self {
            name: String::new(),
            explained_label: None,
            labels: plan.labels.clone(),
            activation: plan.activation,
            thresholds: threshold.map_or(Thresholds::default_for(plan.activation), Thresholds::Same),
            scorer: Scorer::ZeroShot(plan),
        })
    }

    /// The hypotheses of a zero-shot classification: the pairs with which each window is read.
    pub(crate) fn hypotheses(&self) -> Option<&[String]> {
        match &self.scorer {
            Scorer::ZeroShot(plan) => Some(&plan.hypotheses),
            Scorer::Graph { .. } | Scorer::Head(_) => None,
        }
    }

    /// The scores of a window, from the outputs for each of its sequences.
    pub(crate) fn scores(&self, outputs: &[Output]) -> Result<Scores, Error> {
        let scores = |logits: &[f32], temperature| calibration::scores(logits, self.activation, temperature);
        let by_label = match &self.scorer {
            Scorer::Graph { temperature } => scores(&outputs[0].logits, *temperature)?,
            Scorer::ZeroShot(plan) => plan.scores(outputs)?,
            Scorer::Head(head) => {
                let logits = head.apply(&outputs[0].features);
                let energy = head.max_energy().map(|_| energy(&logits));
                return Ok(Scores { by_label: scores(&logits, head.temperature())?, energy });
            }
        };
        Ok(Scores { by_label, energy: None })
    }

    /// The weighted mean of scores. The weights sum to 1.
    pub(crate) fn mean<'a>(&self, scores: impl Iterator<Item = (f64, &'a Scores)> + Clone) -> Scores {
        let mean = |of: &dyn Fn(&Scores) -> f32| {
            scores.clone().map(|(weight, scores)| weight * f64::from(of(scores))).sum::<f64>() as f32
        };
        let by_label = (0..self.labels.len()).map(|label| mean(&|scores| scores.by_label[label])).collect();
        let has_energy = scores.clone().all(|(_, scores)| scores.energy.is_some());
        Scores { by_label, energy: has_energy.then(|| mean(&|scores| scores.energy.unwrap_or_default())) }
    }

    /// The best `top_k` labels with their scores, highest first.
    pub(crate) fn rank(&self, scores: &Scores, top_k: Option<usize>) -> Vec<Score> {
        rank(&self.labels, &scores.by_label, top_k)
    }

    /// The labels of a text.
    pub(crate) fn decide(&self, scores: &Scores) -> Decision {
        match self.is_other(scores) {
            Some(true) => Decision { label: None, labels: (self.activation == Activation::Sigmoid).then(Vec::new) },
            _ => decide(&self.labels, &scores.by_label, self.activation, &self.thresholds),
        }
    }

    /// Whether a text resembles no label's examples; `None` if the task's head does not reject texts.
    pub(crate) fn is_other(&self, scores: &Scores) -> Option<bool> {
        let Scorer::Head(head) = &self.scorer else { return None };
        Some(scores.energy? > head.max_energy()?)
    }
}

/// The thresholds of labels: the option, or else those of the head, or else the default of the activation.
fn thresholds(option: Option<f32>, head: Option<&[f32]>, activation: Activation) -> Result<Thresholds, Error> {
    match (option, head) {
        (Some(_), _) if activation == Activation::None => Err(Error::invalid_input(
            "a threshold needs scores from 0 to 1, but without an activation the scores are logits: leave the threshold out, or \
             set the activation to softmax or sigmoid",
        )),
        (Some(threshold), _) => Ok(Thresholds::Same(threshold)),
        (None, Some(thresholds)) => Ok(Thresholds::Each(thresholds.to_vec())),
        (None, None) => Ok(Thresholds::default_for(activation)),
    }
}

/// The index of the label to explain.
fn find_label(labels: &[String], label: &str, task: Option<&str>) -> Result<usize, Error> {
    labels.iter().position(|name| name == label).ok_or_else(|| {
        let owner = task.map_or("the model".into(), |task| format!("the task {task:?}"));
        let labels = labels.join(", ");
        Error::invalid_input(format!("{owner} has no label \"{label}\" to explain (it has: {labels})"))
    })
}
