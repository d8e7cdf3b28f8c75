//! Scores to labels.

use crate::options::Activation;
use crate::prediction::Score;

/// Decision threshold of labels that are scored by a sigmoid each.
const SIGMOID_THRESHOLD: f32 = 0.5;

/// The best `top_k` labels, or all, highest score first; labels with equal scores stay in the model's order.
pub(crate) fn rank(labels: &[String], scores: &[f32], top_k: Option<usize>) -> Vec<Score> {
    let mut scores: Vec<_> = labels.iter().zip(scores).collect();
    scores.sort_by(|a, b| b.1.total_cmp(a.1));
    scores.truncate(top_k.unwrap_or(usize::MAX));
    scores.into_iter().map(|(label, &score)| Score { label: label.clone(), score }).collect()
}

/// The labels of a prediction.
#[derive(Debug, PartialEq)]
pub(crate) struct Decision {
    /// The best label; `None` if no score reaches the threshold.
    pub label: Option<String>,
    /// With a sigmoid: all labels whose scores reach the threshold.
    pub labels: Option<Vec<String>>,
}

/// Decides by the scores of all labels, highest first. Without a threshold there is always a label, except with a
/// sigmoid: then those of at least [`SIGMOID_THRESHOLD`].
pub(crate) fn decide(scores: &[Score], activation: Activation, threshold: Option<f32>) -> Decision {
    let threshold = threshold.or((activation == Activation::Sigmoid).then_some(SIGMOID_THRESHOLD));
    let reaches = |score: &&Score| threshold.is_none_or(|threshold| score.score >= threshold);
    let decided = scores.iter().take_while(reaches).map(|score| score.label.clone());
    match activation {
        Activation::Softmax | Activation::None => Decision { label: decided.take(1).last(), labels: None },
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
        let scores = rank(&["a", "b", "c"].map(String::from), &[0.5, 0.9, 0.4], None);
        let decided = |activation, threshold| {
            let Decision { label, labels } = decide(&scores, activation, threshold);
            (label.unwrap_or_default(), labels.map(|labels| labels.concat()))
        };
        assert_eq!(decided(Activation::Sigmoid, None), ("b".into(), Some("ba".into())));
        assert_eq!(decided(Activation::Sigmoid, Some(0.4)), ("b".into(), Some("bac".into())));
        assert_eq!(decided(Activation::Sigmoid, Some(0.95)), (String::new(), Some(String::new())));
        assert_eq!(decided(Activation::Softmax, None), ("b".into(), None));
        assert_eq!(decided(Activation::Softmax, Some(0.95)), (String::new(), None));
    }

    #[test]
    fn a_negative_value_has_a_label() {
        let scores = rank(&["value".into()], &[-2.5], None);
        assert_eq!(decide(&scores, Activation::None, None).label.as_deref(), Some("value"));
    }
}
