//! Explanations: the weight of each word, from the scores of variants of a window in which some words are masked.

use crate::options::Method;
use crate::random::SplitMix64;

/// The explanation of one window while it is computed: of one score, or of a score of each task from the same variants.
#[derive(Debug)]
pub(crate) struct Explainer {
    ids: Vec<u32>,
    /// The positions of each word's tokens.
    words: Vec<Vec<usize>>,
    mask_id: u32,
    /// For Shapley values: the orders in which masked words are uncovered. Empty for occlusion.
    orders: Vec<Vec<usize>>,
    /// By task.
    sums: Vec<Sums>,
}

/// The sums of one score over the variants. The score of the window without masks is not among them: it is computed
/// anyway, and [`weights`](Explainer::weights) adds it.
#[derive(Debug, Clone)]
struct Sums {
    /// By word: the sum of the scores just after it is uncovered, minus those just before.
    words: Vec<f64>,
    /// The score with every word masked.
    empty: f64,
}

/// The window with some words masked, and the words whose weights its score contributes to.
pub(crate) struct Variant {
    pub ids: Vec<u32>,
    /// The word that was uncovered last.
    uncovered: Option<usize>,
    /// The word that is uncovered next.
    next: Option<usize>,
}

impl Explainer {
    /// Explains `tasks` scores of a window of these token ids and words.
    pub(crate) fn new(ids: Vec<u32>, words: Vec<Vec<usize>>, mask_id: u32, method: Method, tasks: usize) -> Self {
        let orders = match method {
            Method::Occlusion => Vec::new(),
            Method::Shapley { samples, seed } => draw_orders(words.len(), samples, seed),
        };
        let sums = vec![Sums { words: vec![0.0; words.len()], empty: 0.0 }; tasks];
        Self { ids, words, mask_id, orders, sums }
    }

    /// The number of variants that the explanation of this many words takes.
    pub(crate) fn count_variants(words: usize, method: Method) -> usize {
        match method {
            _ if words == 0 => 0,
            Method::Occlusion => words,
            // All words masked once, and for each order the steps between that and the whole text.
            Method::Shapley { samples, .. } => 1 + samples * (words - 1),
        }
    }

    /// The variant with this index, which is below [`count_variants`](Self::count_variants).
    pub(crate) fn variant(&self, index: usize) -> Variant {
        // Occlusion: each word alone is masked.
        if self.orders.is_empty() {
            return self.mask_words(&[index], None, Some(index));
        }
        // Shapley values: first all words are masked, then each order uncovers them up to its last but one.
        let all = self.words.len();
        let Some(index) = index.checked_sub(1) else {
            return self.mask_words(&self.orders[0], None, None);
        };
        let order = &self.orders[index / (all - 1)];
        let (uncovered, covered) = order.split_at(index % (all - 1) + 1);
        self.mask_words(covered, uncovered.last().copied(), covered.first().copied())
    }

    /// The variant in which these words are masked.
    fn mask_words(&self, words: &[usize], uncovered: Option<usize>, next: Option<usize>) -> Variant {
        let mut ids = self.ids.clone();
        for &position in words.iter().flat_map(|&word| &self.words[word]) {
            ids[position] = self.mask_id;
        }
        Variant { ids, uncovered, next }
    }

    /// Adds a variant's score of a task.
    pub(crate) fn add_score(&mut self, task: usize, variant: &Variant, score: f64) {
        let sums = &mut self.sums[task];
        if let Some(word) = variant.uncovered {
            sums.words[word] += score;
        }
        match variant.next {
            Some(word) => sums.words[word] -= score,
            None => sums.empty = score,
        }
    }

    /// The weight of each word in the score of a task, once all variants have their scores. `whole` is the score of the
    /// window without masks.
    pub(crate) fn weights(&self, task: usize, whole: f64) -> Vec<f64> {
        let Sums { words, empty } = &self.sums[task];
        if self.orders.is_empty() {
            return words.iter().map(|sum| whole + sum).collect();
        }
        // Every order begins with all words masked, and ends with the whole window.
        let mut sums = words.clone();
        for order in &self.orders {
            if let (Some(&first), Some(&last)) = (order.first(), order.last()) {
                sums[first] -= empty;
                sums[last] += whole;
            }
        }
        sums.iter().map(|sum| sum / self.orders.len() as f64).collect()
    }
}

/// Random permutations of the words in antithetic pairs: every second one is the reverse of the one before it.
fn draw_orders(words: usize, samples: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = SplitMix64::new(seed);
    let mut orders: Vec<Vec<usize>> = Vec::with_capacity(samples);
    for sample in 0..samples {
        let mut order: Vec<usize> = (0..words).collect();
        match orders.last() {
            Some(previous) if sample % 2 == 1 => order = previous.iter().rev().copied().collect(),
            _ => random.shuffle(&mut order),
        }
        orders.push(order);
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: u32 = 9;
    /// Rounding error of sums of a few hundred numbers below 2.
    const ROUNDING: f64 = 1e-12;

    /// The weights of words of one token each. `score` gets a flag for each word that is not masked.
    fn weights(words: usize, method: Method, score: impl Fn(&[bool]) -> f64) -> Vec<f64> {
        let ids: Vec<u32> = (10..10 + words as u32).collect();
        let mut explainer = Explainer::new(ids, (0..words).map(|word| vec![word]).collect(), MASK, method, 1);
        for index in 0..Explainer::count_variants(words, method) {
            let variant = explainer.variant(index);
            let kept: Vec<bool> = variant.ids.iter().map(|&id| id != MASK).collect();
            explainer.add_score(0, &variant, score(&kept));
        }
        explainer.weights(0, score(&vec![true; words]))
    }

    fn shapley(samples: usize) -> Method {
        Method::Shapley { samples, seed: 7 }
    }

    /// Words 0 and 1 together add 0.6, word 2 subtracts 0.1, word 3 has no effect.
    fn score(kept: &[bool]) -> f64 {
        0.2 + if kept[0] && kept[1] { 0.6 } else { 0.0 } - if kept[2] { 0.1 } else { 0.0 }
    }

    #[track_caller]
    fn check(weights: &[f64], expected: &[f64], error: f64) {
        assert_eq!(weights.len(), expected.len());
        for (a, b) in weights.iter().zip(expected) {
            assert!((a - b).abs() <= error, "{weights:?} instead of {expected:?}");
        }
    }

    #[test]
    fn an_occlusion_weight_is_the_loss_of_score() {
        check(&weights(4, Method::Occlusion, score), &[0.6, 0.6, -0.1, 0.0], ROUNDING);
    }

    #[test]
    fn shapley_divides_the_effect_of_words_together() {
        // In an antithetic pair each of the two words comes after the other once: the estimate is exact.
        check(&weights(4, shapley(2), score), &[0.3, 0.3, -0.1, 0.0], ROUNDING);
        check(&weights(4, shapley(100), score), &[0.3, 0.3, -0.1, 0.0], ROUNDING);
    }

    #[test]
    fn shapley_weights_sum_to_the_score_minus_that_of_all_words_masked() {
        // A score without symmetry that antithetic pairs could exploit.
        let odd = |kept: &[bool]| {
            let factors = kept.iter().enumerate().map(|(i, &kept)| if kept { (i + 1) as f64 } else { 0.3 });
            factors.product::<f64>().sin()
        };
        for words in 1..9 {
            for samples in [1, 2, 3, 10] {
                let sum: f64 = weights(words, shapley(samples), odd).iter().sum();
                let expected = odd(&vec![true; words]) - odd(&vec![false; words]);
                assert!((sum - expected).abs() < ROUNDING, "{words} words, {samples} samples: {sum}, {expected}");
            }
        }
    }

    #[test]
    fn all_tokens_of_a_word_are_masked() {
        let explainer = Explainer::new(vec![1, 2, 3, 4], vec![vec![1, 2]], MASK, Method::Occlusion, 1);
        assert_eq!(explainer.variant(0).ids, [1, MASK, MASK, 4]);
    }

    #[test]
    fn orders_are_permutations_and_depend_on_the_seed() {
        let mut seen = draw_orders(6, 5, 1);
        assert_eq!(seen, draw_orders(6, 5, 1));
        assert_ne!(seen, draw_orders(6, 5, 2));
        assert_eq!(seen[1], seen[0].iter().rev().copied().collect::<Vec<_>>());
        seen.iter_mut().for_each(|order| order.sort_unstable());
        assert!(seen.iter().all(|order| order == &[0, 1, 2, 3, 4, 5]));
    }

    #[test]
    fn no_words_have_no_variants() {
        assert_eq!((Explainer::count_variants(0, shapley(5)), Explainer::count_variants(0, Method::Occlusion)), (0, 0));
        assert!(weights(0, shapley(5), |_| 1.0).is_empty());
    }
}
