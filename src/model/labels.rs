//! Probabilities to labels with scores.

use crate::prediction::Score;

/// Decision threshold of the labels of a multi-label model.
const MULTI_LABEL_THRESHOLD: f32 = 0.5;

/// The best `top_k` labels, or all, highest score first; labels with equal scores stay in the model's order.
pub(crate) fn rank(labels: &[String], probabilities: &[f32], top_k: Option<usize>) -> Vec<Score> {
    let mut scores: Vec<_> = labels.iter().zip(probabilities).collect();
    scores.sort_by(|a, b| b.1.total_cmp(a.1));
    scores.truncate(top_k.unwrap_or(usize::MAX));
    scores.into_iter().map(|(label, &score)| Score { label: label.clone(), score }).collect()
}

/// The labels of a prediction.
#[derive(Debug, PartialEq)]
pub(crate) struct Decision {
    /// The best label; `None` if no score reaches its threshold.
    pub label: Option<String>,
    /// For a multi-label model all labels whose scores reach the threshold.
    pub labels: Option<Vec<String>>,
}

/// Decides by the scores of all labels, highest first. Without a threshold, a single-label model always has a label, and
/// a multi-label model has those of at least [`MULTI_LABEL_THRESHOLD`].
pub(crate) fn decide(scores: &[Score], multi_label: bool, threshold: Option<f32>) -> Decision {
    let threshold = threshold.unwrap_or(if multi_label { MULTI_LABEL_THRESHOLD } else { 0.0 });
    let decided = scores.iter().take_while(|score| score.score >= threshold).map(|score| score.label.clone());
    match multi_label {
        false => Decision { label: decided.take(1).last(), labels: None },
        true => {
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
    fn a_multi_label_decision_has_all_labels_that_reach_the_threshold() {
        let scores = rank(&["a", "b", "c"].map(String::from), &[0.5, 0.9, 0.4], None);
        let decided = |multi_label, threshold| {
            let Decision { label, labels } = decide(&scores, multi_label, threshold);
            (label.unwrap_or_default(), labels.map(|labels| labels.concat()))
        };
        assert_eq!(decided(true, None), ("b".into(), Some("ba".into())));
        assert_eq!(decided(true, Some(0.4)), ("b".into(), Some("bac".into())));
        assert_eq!(decided(true, Some(0.95)), (String::new(), Some(String::new())));
        assert_eq!(decided(false, None), ("b".into(), None));
        assert_eq!(decided(false, Some(0.95)), (String::new(), None));
    }
}
