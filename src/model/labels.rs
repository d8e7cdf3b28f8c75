//! Turns scores into labels.

use crate::options::Activation;
use crate::prediction::Score;

/// Decision threshold of labels that are scored by a sigmoid each.
const SIGMOID_THRESHOLD: f32 = 0.5;

/// The `top_k` labels with the highest scores, highest first; all labels if `None`. Labels with equal scores stay in the
/// model's order.
pub(crate) fn rank(labels: &[String], scores: &[f32], top_k: Option<usize>) -> Vec<Score> {
    let best = order_by_score(scores).into_iter().take(top_k.unwrap_or(usize::MAX));
    best.map(|label| Score { label: labels[label].clone(), score: scores[label] }).collect()
}

/// The labels as indices, highest score first; those of equal scores in the model's order.
fn order_by_score(scores: &[f32]) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..scores.len()).collect();
    labels.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    labels
}

/// The label with the highest score; of equal ones the first.
pub(crate) fn best_label(scores: &[f32]) -> usize {
    (1..scores.len()).fold(0, |best, label| if scores[label] > scores[best] { label } else { best })
}

/// The labels of a prediction.
#[derive(Debug, PartialEq)]
pub(crate) struct Decision {
    /// The label with the highest score of those that reach their threshold; `None` if none does.
    pub label: Option<String>,
    /// With a sigmoid: all labels whose scores reach their threshold, highest score first.
    pub labels: Option<Vec<String>>,
}

/// The scores that labels must reach.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Thresholds {
    /// No threshold: the label with the highest score is always predicted.
    None,
    Same(f32),
    /// By label, in the order of the labels.
    Each(Vec<f32>),
}

impl Thresholds {
    /// The thresholds if neither the options nor the head set any: [`SIGMOID_THRESHOLD`] with a sigmoid, else none.
    pub(crate) fn default_for(activation: Activation) -> Self {
        match activation {
            Activation::Sigmoid => Self::Same(SIGMOID_THRESHOLD),
            Activation::Softmax | Activation::None => Self::None,
        }
    }

    fn is_reached(&self, label: usize, score: f32) -> bool {
        match self {
            Self::None => true,
            Self::Same(threshold) => score >= *threshold,
            Self::Each(thresholds) => score >= thresholds[label],
        }
    }
}

/// Chooses the labels of a text by the scores of all labels.
pub(crate) fn decide(labels: &[String], scores: &[f32], activation: Activation, thresholds: &Thresholds) -> Decision {
    let reached = |label: &usize| thresholds.is_reached(*label, scores[*label]);
    let mut decided = order_by_score(scores).into_iter().filter(reached).map(|label| labels[label].clone());
    match activation {
        Activation::Softmax | Activation::None => Decision { label: decided.next(), labels: None },
        Activation::Sigmoid => {
            let labels: Vec<String> = decided.collect();
            Decision { label: labels.first().cloned(), labels: Some(labels) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_highest_first_and_keeps_the_order_of_ties() {
        let labels = ["a", "b", "c"].map(String::from);
        let names = |k| rank(&labels, &[0.25, 0.5, 0.25], k).into_iter().map(|s| s.label).collect::<Vec<_>>();
        assert_eq!(names(None), ["b", "a", "c"]);
        assert_eq!(names(Some(2)), ["b", "a"]);
    }

    #[test]
    fn a_decision_by_sigmoids_has_all_labels_that_reach_the_threshold() {
        let labels = ["a", "b", "c"].map(String::from);
        let decided = |activation, thresholds| {
            let Decision { label, labels } = decide(&labels, &[0.5, 0.9, 0.4], activation, &thresholds);
            (label.unwrap_or_default(), labels.map(|labels| labels.concat()))
        };
        let (sigmoid, softmax) = (Activation::Sigmoid, Activation::Softmax);
        assert_eq!(decided(sigmoid, Thresholds::default_for(sigmoid)), ("b".into(), Some("ba".into())));
        assert_eq!(decided(sigmoid, Thresholds::Same(0.4)), ("b".into(), Some("bac".into())));
        assert_eq!(decided(sigmoid, Thresholds::Same(0.95)), (String::new(), Some(String::new())));
        assert_eq!(decided(sigmoid, Thresholds::Each(vec![0.5, 0.91, 0.3])), ("a".into(), Some("ac".into())));
        assert_eq!(decided(softmax, Thresholds::default_for(softmax)), ("b".into(), None));
        assert_eq!(decided(softmax, Thresholds::Same(0.95)), (String::new(), None));
    }

    #[test]
    fn a_negative_value_has_a_label() {
        let decision = decide(&["value".into()], &[-2.5], Activation::None, &Thresholds::default_for(Activation::None));
        assert_eq!(decision.label.as_deref(), Some("value"));
    }
}
