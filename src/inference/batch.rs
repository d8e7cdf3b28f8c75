//! Batches: texts of similar length are computed together, so that little is padding.

use std::ops::Range;

/// The shortest row of a batch has at least this fraction of the longest row's length: at most an eighth is padding.
const MIN_LENGTH_RATIO: f32 = 7.0 / 8.0;

/// Rows of token ids, padded on the right to one length. Row-major, `rows` × `columns`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub rows: usize,
    pub columns: usize,
    pub ids: Vec<i64>,
    /// 1 for a token of the text, 0 for padding.
    pub mask: Vec<i64>,
}

impl Batch {
    /// Pads rows to the length of the longest.
    pub(crate) fn pad(rows: &[&[u32]], padding_id: u32) -> Self {
        let columns = rows.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let mut batch = Self {
            rows: rows.len(),
            columns,
            ids: Vec::with_capacity(rows.len() * columns),
            mask: Vec::with_capacity(rows.len() * columns),
        };
        for ids in rows {
            let padding = columns - ids.len();
            batch.ids.extend(ids.iter().map(|&id| i64::from(id)));
            batch.ids.extend(std::iter::repeat_n(i64::from(padding_id), padding));
            batch.mask.extend(std::iter::repeat_n(1, ids.len()));
            batch.mask.extend(std::iter::repeat_n(0, padding));
        }
        batch
    }
}

/// The size limits of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchLimits {
    pub rows: usize,
    /// Padding included. A single row may have more.
    pub tokens: usize,
}

impl BatchLimits {
    /// The number of rows of this length that a batch may have.
    pub(crate) fn rows_of_length(self, length: usize) -> usize {
        self.rows.min((self.tokens / length.max(1)).max(1))
    }
}

/// Which rows to compute together: row indices ordered by length, divided into runs of similar length.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    order: Vec<usize>,
    runs: Vec<Range<usize>>,
}

impl Plan {
    /// Plans batches of rows with these lengths. The longest come first, so that memory peaks at once.
    pub(crate) fn new(lengths: &[usize], limits: BatchLimits) -> Self {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
        let mut runs = Vec::new();
        let mut start = 0;
        while start < order.len() {
            let longest = lengths[order[start]];
            let fits = |&&i: &&usize| lengths[i] as f32 >= longest as f32 * MIN_LENGTH_RATIO;
            let end = start + order[start..].iter().take(limits.rows_of_length(longest)).take_while(fits).count();
            runs.push(start..end);
            start = end;
        }
        Self { order, runs }
    }

    /// The row indices of a batch; `None` after the last one.
    pub(crate) fn batch(&self, index: usize) -> Option<&[usize]> {
        self.runs.get(index).map(|run| &self.order[run.clone()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BatchLimits = BatchLimits { rows: 32, tokens: 4096 };

    fn batches(plan: &Plan) -> impl Iterator<Item = &[usize]> {
        (0..).map_while(|index| plan.batch(index))
    }

    #[test]
    fn padding_is_on_the_right_and_masked() {
        let batch = Batch::pad(&[&[1, 2, 3], &[1]], 9);
        assert_eq!((batch.rows, batch.columns), (2, 3));
        assert_eq!(batch.ids, [1, 2, 3, 1, 9, 9]);
        assert_eq!(batch.mask, [1, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn each_row_is_in_one_batch_and_padding_is_bounded() {
        let lengths: Vec<usize> = (0..500).map(|i| 1 + (i * 7919) % 512).collect();
        let plan = Plan::new(&lengths, LIMITS);
        let mut seen: Vec<usize> = batches(&plan).flatten().copied().collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        for chosen in batches(&plan) {
            let longest = chosen.iter().map(|&i| lengths[i]).max().unwrap();
            assert!(chosen.len() <= LIMITS.rows && chosen.len() * longest <= LIMITS.tokens);
            let kept: usize = chosen.iter().map(|&i| lengths[i]).sum();
            assert!(
                kept as f32 >= (chosen.len() * longest) as f32 * MIN_LENGTH_RATIO,
                "{kept} of {}",
                chosen.len() * longest
            );
        }
    }

    #[test]
    fn no_rows_give_no_batches() {
        assert_eq!(batches(&Plan::new(&[], LIMITS)).count(), 0);
    }
}
