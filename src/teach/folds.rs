//! Divides the examples into the folds of the cross-validation.

use crate::random::SplitMix64;

/// The number of folds; each is held out once.
const FOLDS: usize = 5;
/// With more examples, one fold of 400 or more is a sufficient estimate, and five would take five times as long.
const MANY: usize = 2000;
const SEED: u64 = 1;

/// The examples of each fold, as indices. The examples of each label are spread evenly over the folds. The only example of a
/// label is in no fold: a classifier that is fitted without it does not know the label.
pub(super) fn divide_into_folds(labels: &[Vec<usize>], classes: usize) -> Vec<Vec<usize>> {
    let mut by_label: Vec<Vec<usize>> = vec![Vec::new(); classes + 1];
    for (example, labels) in labels.iter().enumerate() {
        // Examples without a label are a group of their own.
        by_label[labels.first().copied().unwrap_or(classes)].push(example);
    }
    let mut random = SplitMix64::new(SEED);
    let mut folds = vec![Vec::new(); FOLDS];
    let mut next = 0;
    for mut group in by_label {
        if group.len() < 2 {
            continue;
        }
        random.shuffle(&mut group);
        for example in group {
            folds[next % FOLDS].push(example);
            next += 1;
        }
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    folds.retain(|fold| !fold.is_empty());
    if labels.len() > MANY {
        folds.truncate(1);
    }
    folds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_is_spread_over_the_folds() {
        let labels: Vec<Vec<usize>> = (0..60).map(|i| vec![i % 3]).collect();
        let folds = divide_into_folds(&labels, 3);
        assert_eq!(folds.len(), FOLDS);
        for label in 0..3 {
            for fold in &folds {
                assert_eq!(fold.iter().filter(|&&i| labels[i] == [label]).count(), 4);
            }
        }
        let mut all = folds.concat();
        all.sort_unstable();
        assert_eq!(all, (0..60).collect::<Vec<_>>());
    }

    #[test]
    fn the_only_example_of_a_label_is_never_held_out() {
        let labels = [vec![0], vec![1], vec![1], vec![]];
        let mut all = divide_into_folds(&labels, 2).concat();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        assert!(divide_into_folds(&labels[..2], 2).is_empty());
    }

    #[test]
    fn of_many_examples_a_fifth_of_each_label_is_held_out() {
        let labels: Vec<Vec<usize>> = (0..20_000).map(|i| vec![usize::from(i % 100 == 0)]).collect();
        let folds = divide_into_folds(&labels, 2);
        assert_eq!((folds.len(), folds[0].len()), (1, 20_000 / FOLDS));
        assert_eq!(folds[0].iter().filter(|&&i| labels[i] == [1]).count(), 200 / FOLDS);
    }
}
