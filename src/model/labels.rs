//! Probabilities to labels with scores.

use crate::prediction::Score;

/// The best `top_k` labels, or all, highest score first; labels with equal scores stay in the model's order.
pub(crate) fn rank(labels: &[String], probabilities: &[f32], top_k: Option<usize>) -> Vec<Score> {
    let mut scores: Vec<_> = labels.iter().zip(probabilities).collect();
    scores.sort_by(|a, b| b.1.total_cmp(a.1));
    scores.truncate(top_k.unwrap_or(usize::MAX));
    scores.into_iter().map(|(label, &score)| Score { label: label.clone(), score }).collect()
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
}
