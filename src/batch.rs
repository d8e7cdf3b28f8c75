//! Token ids of texts to rectangles: texts of like length share one, so little is padding.

use std::ops::Range;

use crate::tokenize::TokenIds;

/// Most tokens, padding included, that one batch may hold: it bounds the memory of the activations.
const MAX_TOKENS: usize = 4096;
/// A batch's shortest text is at least this share of its longest, so that at most an eighth is padding.
const MIN_FILL: f32 = 7.0 / 8.0;

/// Token ids of several texts, padded on the right to one length. Row-major, `rows` × `columns`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub rows: usize,
    pub columns: usize,
    pub ids: Vec<i64>,
    /// 1 for a token of the text, 0 for padding.
    pub mask: Vec<i64>,
}

impl Batch {
    /// The chosen encodings, padded to the longest of them.
    pub(crate) fn pad(encodings: &[TokenIds], chosen: &[usize], padding_id: u32) -> Self {
        let columns = chosen.iter().map(|&i| encodings[i].ids.len()).max().unwrap_or(0);
        let mut batch = Self {
            rows: chosen.len(),
            columns,
            ids: Vec::with_capacity(chosen.len() * columns),
            mask: Vec::with_capacity(chosen.len() * columns),
        };
        for &i in chosen {
            let ids = &encodings[i].ids;
            let padding = columns - ids.len();
            batch.ids.extend(ids.iter().map(|&id| i64::from(id)));
            batch.ids.extend(std::iter::repeat_n(i64::from(padding_id), padding));
            batch.mask.extend(std::iter::repeat_n(1, ids.len()));
            batch.mask.extend(std::iter::repeat_n(0, padding));
        }
        batch
    }
}

/// Which encodings to compute together: indices ordered by length, cut into runs of like length.
pub(crate) struct Plan {
    order: Vec<usize>,
    runs: Vec<Range<usize>>,
}

impl Plan {
    /// Batches of at most `max_rows` texts, the longest first, so that memory peaks at once.
    pub(crate) fn new(encodings: &[TokenIds], max_rows: usize) -> Self {
        let length = |i: usize| encodings[i].ids.len();
        let mut order: Vec<usize> = (0..encodings.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(length(i)));
        let mut runs = Vec::new();
        let mut start = 0;
        while start < order.len() {
            let longest = length(order[start]);
            let fits = |&&i: &&usize| length(i) as f32 >= longest as f32 * MIN_FILL;
            let room = max_rows.min((MAX_TOKENS / longest.max(1)).max(1));
            let end = start + order[start..].iter().take(room).take_while(fits).count();
            runs.push(start..end);
            start = end;
        }
        Self { order, runs }
    }

    /// The indices of each batch.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &[usize]> {
        self.runs.iter().map(|run| &self.order[run.clone()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_lengths(lengths: &[usize]) -> Vec<TokenIds> {
        let encoding = |&n: &usize| TokenIds { ids: (1..=n as u32).collect(), truncated: false };
        lengths.iter().map(encoding).collect()
    }

    #[test]
    fn pads_on_the_right_and_masks_it() {
        let batch = Batch::pad(&of_lengths(&[1, 3]), &[1, 0], 9);
        assert_eq!((batch.rows, batch.columns), (2, 3));
        assert_eq!(batch.ids, [1, 2, 3, 1, 9, 9]);
        assert_eq!(batch.mask, [1, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn every_text_is_in_one_batch_and_padding_is_bounded() {
        let lengths: Vec<usize> = (0..500).map(|i| 1 + (i * 7919) % 512).collect();
        let encodings = of_lengths(&lengths);
        let plan = Plan::new(&encodings, 32);
        let mut seen: Vec<usize> = plan.batches().flatten().copied().collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        for chosen in plan.batches() {
            let batch = Batch::pad(&encodings, chosen, 0);
            assert!(batch.rows <= 32 && batch.ids.len() <= MAX_TOKENS);
            let kept = batch.mask.iter().sum::<i64>() as f32;
            assert!(kept >= batch.mask.len() as f32 * MIN_FILL, "{kept} of {}", batch.mask.len());
        }
    }

    #[test]
    fn no_texts_make_no_batches() {
        assert_eq!(Plan::new(&[], 8).batches().count(), 0);
    }
}
