//! The cross-validation report of a taught head.

use serde::Serialize;

use super::fit::HeldOut;
use super::logistic::Link;
use crate::inference::calibration;
use crate::model::best_label;
use crate::shortest_decimal;

/// How well a taught head predicts examples that it was not taught, and which examples to look at.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TeachReport {
    /// The labels, in the order of the head.
    pub labels: Vec<LabelReport>,
    /// The number of held-out examples, which were predicted by a head that was taught without them: every example except the
    /// only one of its label. Of more than 2,000 examples, a fifth is held out.
    pub validated: usize,
    /// The fraction of held-out examples whose labels were all predicted correctly, 0 to 1; `None` without held-out examples.
    pub accuracy: Option<f32>,
    /// Numbers of held-out examples. Rows: the label of the example; columns: the predicted one; both in the order of
    /// the head. Empty where a text can have several labels.
    pub confusion: Vec<Vec<u32>>,
    /// Held-out examples whose label may be wrong: another label is predicted, with at least the mean score that this label's own
    /// examples get. Highest score first. If `accuracy` is low, most suspects are labelled correctly. Empty for multi-label heads.
    pub suspects: Vec<SuspectExample>,
    /// Texts that are examples of several labels, although a text has only one.
    pub contradictions: Vec<Contradiction>,
}

/// One label in a [`TeachReport`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LabelReport {
    /// The label's name.
    pub label: String,
    /// Its number of examples; 1 for a label that was taught by its name.
    pub examples: usize,
    /// F1 on the held-out examples, 0 to 1; `None` if none of them has the label or is predicted to have it.
    pub f1: Option<f32>,
}

/// An example whose label may be wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SuspectExample {
    /// Its text; `None` for an example of the earlier head that was taught more, because a head does not keep texts.
    pub text: Option<String>,
    /// Its label.
    pub label: String,
    /// The label that a head without this example predicts.
    pub predicted: String,
    /// The score of the predicted label: a probability, 0 to 1.
    #[serde(serialize_with = "shortest_decimal::serialize")]
    pub score: f32,
}

/// A text that is an example of several labels, although a text can have only one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Contradiction {
    /// The text.
    pub text: String,
    /// The labels.
    pub labels: Vec<String>,
}

/// A held-out example with its prediction.
struct Validated {
    /// The index of the example.
    example: usize,
    /// By label.
    scores: Vec<f32>,
    /// The predicted labels: one, unless a text can have several.
    predicted: Vec<usize>,
}

/// The data from which the report is computed.
pub(super) struct ReportInput<'a> {
    pub names: &'a [String],
    /// The labels of each example.
    pub labels: &'a [Vec<usize>],
    /// The text of each example, unless it is one of the head that was taught more.
    pub texts: &'a [Option<&'a str>],
    pub link: Link,
    pub temperature: f64,
    /// By label, where a text can have several.
    pub thresholds: Option<&'a [f32]>,
    pub contradictions: Vec<Contradiction>,
    pub held_out: &'a HeldOut,
}

impl ReportInput<'_> {
    /// Computes the report.
    pub(super) fn report(self) -> TeachReport {
        let validated = self.validate();
        let correct = validated.iter().filter(|v| same_labels(&v.predicted, &self.labels[v.example])).count();
        let (confusion, suspects) = match self.link {
            Link::Softmax => (self.confusion(&validated), self.suspects(&validated)),
            Link::Sigmoid => (Vec::new(), Vec::new()),
        };
        TeachReport {
            labels: (0..self.names.len()).map(|label| self.label_report(label, &validated)).collect(),
            validated: validated.len(),
            accuracy: (!validated.is_empty()).then(|| correct as f32 / validated.len() as f32),
            confusion,
            suspects,
            contradictions: self.contradictions,
        }
    }

    fn validate(&self) -> Vec<Validated> {
        let rows = self.held_out.logits.chunks_exact(self.names.len().max(1));
        let validate = |(&example, row): (&usize, &[f32])| {
            // Logits of a fit are finite.
            let scores = calibration::scores(row, self.link.activation(), self.temperature as f32).ok()?;
            let predicted = match self.thresholds {
                Some(thresholds) => (0..scores.len()).filter(|&label| scores[label] >= thresholds[label]).collect(),
                None => vec![best_label(&scores)],
            };
            Some(Validated { example, scores, predicted })
        };
        self.held_out.examples.iter().zip(rows).filter_map(validate).collect()
    }

    fn label_report(&self, label: usize, validated: &[Validated]) -> LabelReport {
        let (mut given, mut predicted, mut both) = (0, 0, 0);
        for v in validated {
            let (is_given, is_predicted) = (self.labels[v.example].contains(&label), v.predicted.contains(&label));
            given += usize::from(is_given);
            predicted += usize::from(is_predicted);
            both += usize::from(is_given && is_predicted);
        }
        LabelReport {
            label: self.names[label].clone(),
            examples: self.labels.iter().filter(|labels| labels.contains(&label)).count(),
            f1: (given + predicted > 0).then(|| 2.0 * both as f32 / (given + predicted) as f32),
        }
    }

    /// The number of examples by given and by predicted label.
    fn confusion(&self, validated: &[Validated]) -> Vec<Vec<u32>> {
        let mut confusion = vec![vec![0; self.names.len()]; self.names.len()];
        for v in validated {
            confusion[self.labels[v.example][0]][v.predicted[0]] += 1;
        }
        confusion
    }

    /// Held-out examples that are predicted to have another label than the given one, with a score that is at least the mean score of
    /// that label's own examples.
    fn suspects(&self, validated: &[Validated]) -> Vec<SuspectExample> {
        let certain = self.self_confidence(validated);
        let is_suspect = |v: &&Validated| {
            let predicted = v.predicted[0];
            predicted != self.labels[v.example][0] && v.scores[predicted] >= certain[predicted]
        };
        let mut suspects: Vec<&Validated> = validated.iter().filter(is_suspect).collect();
        let score = |v: &Validated| v.scores[v.predicted[0]];
        suspects.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.example.cmp(&b.example)));
        let describe = |v: &Validated| SuspectExample {
            text: self.texts[v.example].map(String::from),
            label: self.names[self.labels[v.example][0]].clone(),
            predicted: self.names[v.predicted[0]].clone(),
            score: score(v),
        };
        suspects.into_iter().map(describe).collect()
    }

    /// For each label, the mean of its score over its own examples. If the prediction of an example has at least this score, it
    /// contradicts the example's label (Northcutt, Jiang and Chuang 2021, "Confident Learning").
    fn self_confidence(&self, validated: &[Validated]) -> Vec<f32> {
        let (mut sums, mut counts) = (vec![0.0f64; self.names.len()], vec![0usize; self.names.len()]);
        for v in validated {
            let label = self.labels[v.example][0];
            sums[label] += f64::from(v.scores[label]);
            counts[label] += 1;
        }
        // A label without held-out examples makes no example suspect.
        let mean = |(sum, count): (f64, usize)| if count > 0 { (sum / count as f64) as f32 } else { f32::INFINITY };
        sums.into_iter().zip(counts).map(mean).collect()
    }
}

/// Whether two lists have the same labels; none is in a list twice.
fn same_labels(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().all(|label| b.contains(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(labels: &[usize], logits: Vec<f32>) -> TeachReport {
        let names = ["a", "b"].map(String::from);
        let held_out = HeldOut { examples: (0..logits.len() / 2).collect(), logits };
        let labels: Vec<Vec<usize>> = labels.iter().map(|&label| vec![label]).collect();
        let texts = [None, Some("second"), None, None, None, None, Some("seventh")];
        let texts: Vec<Option<&str>> = texts.into_iter().cycle().take(labels.len()).collect();
        let input = ReportInput {
            names: &names,
            labels: &labels,
            texts: &texts,
            link: Link::Softmax,
            temperature: 1.0,
            thresholds: None,
            contradictions: Vec::new(),
            held_out: &held_out,
        };
        input.report()
    }

    #[test]
    fn mislabelled_examples_are_suspect() {
        // Examples of each label are predicted well, but two of "a" look like "b".
        let labels = [vec![0; 12], vec![1; 10]].concat();
        let mut logits: Vec<f32> =
            labels.iter().flat_map(|&label| if label == 0 { [2.0, 0.0] } else { [0.0, 2.0] }).collect();
        logits[2..4].copy_from_slice(&[0.0, 3.0]);
        logits[12..14].copy_from_slice(&[0.0, 4.0]);
        let report = report(&labels, logits);
        assert_eq!(report.confusion, [[10, 2], [0, 10]]);
        assert_eq!((report.validated, report.accuracy), (22, Some(20.0 / 22.0)));
        assert_eq!((report.labels[1].examples, report.labels[1].f1), (10, Some(20.0 / 22.0)));
        let suspects: Vec<_> =
            report.suspects.iter().map(|s| (s.text.as_deref(), &s.label[..], &s.predicted[..])).collect();
        assert_eq!(suspects, [(Some("seventh"), "a", "b"), (Some("second"), "a", "b")]);
    }

    #[test]
    fn a_hesitant_mistake_is_not_suspect() {
        let report = report(&[0, 0, 1, 1], vec![3.0, 0.0, 0.0, 0.1, 0.0, 3.0, 0.0, 3.0]);
        assert_eq!(report.confusion, [[1, 1], [0, 2]]);
        assert!(report.suspects.is_empty());
    }

    #[test]
    fn without_held_out_examples_there_are_no_measures() {
        let report = report(&[0, 1, 1], vec![]);
        assert_eq!((report.accuracy, report.validated, report.labels[0].f1), (None, 0, None));
    }
}
