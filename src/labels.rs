//! Probabilities to named labels, highest first.

use serde::Serialize;

/// One label with its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Score {
    /// The label's name.
    pub label: String,
    /// Its probability, 0 to 1.
    pub score: f32,
}

/// The model's labels, and whether one text has exactly one of them.
#[derive(Debug)]
pub(crate) struct Labels {
    names: Vec<String>,
    exclusive: bool,
}

impl Labels {
    pub(crate) fn exclusive(names: Vec<String>) -> Self {
        Self { names, exclusive: true }
    }

    pub(crate) fn independent(names: Vec<String>) -> Self {
        Self { names, exclusive: false }
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn is_exclusive(&self) -> bool {
        self.exclusive
    }

    /// The best `top_k` labels, or all, highest first; equal ones in the model's order.
    pub(crate) fn rank(&self, probabilities: &[f32], top_k: Option<usize>) -> Vec<Score> {
        let mut scores: Vec<_> = self.names.iter().zip(probabilities).collect();
        scores.sort_by(|a, b| b.1.total_cmp(a.1));
        scores.truncate(top_k.unwrap_or(usize::MAX));
        scores.into_iter().map(|(label, &score)| Score { label: label.clone(), score }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_highest_first_and_keeps_the_order_of_ties() {
        let labels = Labels::exclusive(["a", "b", "c"].map(String::from).to_vec());
        let names = |k| labels.rank(&[0.25, 0.5, 0.25], k).into_iter().map(|s| s.label).collect::<Vec<_>>();
        assert_eq!(names(None), ["b", "a", "c"]);
        assert_eq!(names(Some(2)), ["b", "a"]);
    }
}
