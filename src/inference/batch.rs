//! Batches of rows of similar length, so that little of a batch is padding.

use crate::text::tokens::Sequence;

/// The shortest row of a batch has at least this fraction of the longest row's length: at most an eighth is padding.
const MIN_LENGTH_RATIO: f32 = 7.0 / 8.0;

/// Rows of token ids, padded on the right to one length. Row-major, `rows` × `columns`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub rows: usize,
    pub columns: usize,
    pub ids: Vec<i64>,
    /// Which of two texts a token belongs to, as the tokenizer numbers them; 0 for padding.
    pub type_ids: Vec<i64>,
    /// 1 for a token of the text, 0 for padding.
    pub mask: Vec<i64>,
}

impl Batch {
    /// Pads rows to the length of the longest.
    pub(crate) fn pad(rows: &[&Sequence], padding_id: u32) -> Self {
        let columns = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        let mut batch = Self {
            rows: rows.len(),
            columns,
            ids: Vec::with_capacity(rows.len() * columns),
            type_ids: Vec::with_capacity(rows.len() * columns),
            mask: Vec::with_capacity(rows.len() * columns),
        };
        for Sequence { ids, type_ids } in rows {
            let padding = columns - ids.len();
            batch.ids.extend(ids.iter().map(|&id| i64::from(id)));
            batch.ids.extend(std::iter::repeat_n(i64::from(padding_id), padding));
            batch.type_ids.extend(type_ids.iter().map(|&id| i64::from(id)));
            batch.type_ids.extend(std::iter::repeat_n(0, padding));
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

/// Rows that are still to be computed. Rows of similar length are computed together. The longest come first, so that memory
/// use peaks in the first batch.
#[derive(Debug, Default)]
pub(crate) struct BatchQueue {
    /// Lengths and indices of the rows, the longest first.
    rows: Vec<(usize, usize)>,
    /// The number of rows that were taken.
    taken: usize,
}

impl BatchQueue {
    /// A queue of rows with these lengths.
    pub(crate) fn new(lengths: impl Iterator<Item = usize>) -> Self {
        let mut rows: Vec<(usize, usize)> = lengths.enumerate().map(|(row, length)| (length, row)).collect();
        rows.sort_by_key(|&(length, _)| std::cmp::Reverse(length));
        Self { rows, taken: 0 }
    }

    /// Takes the indices of the rows of one batch; `None` when no row is left.
    pub(crate) fn take(&mut self, limits: BatchLimits) -> Option<Vec<usize>> {
        let left = &self.rows[self.taken..];
        let (longest, _) = left.first()?;
        let similar = |(length, _): &&(usize, usize)| *length as f32 >= *longest as f32 * MIN_LENGTH_RATIO;
        let batch = left.iter().take(limits.rows_of_length(*longest)).take_while(similar);
        let batch: Vec<usize> = batch.map(|&(_, row)| row).collect();
        self.taken += batch.len();
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BatchLimits = BatchLimits { rows: 32, tokens: 4096 };

    fn batches(lengths: &[usize]) -> Vec<Vec<usize>> {
        let mut queue = BatchQueue::new(lengths.iter().copied());
        std::iter::from_fn(|| queue.take(LIMITS)).collect()
    }

    #[test]
    fn padding_is_on_the_right_and_masked() {
        let row = |ids: &[u32], type_ids: &[u32]| Sequence { ids: ids.to_vec(), type_ids: type_ids.to_vec() };
        let batch = Batch::pad(&[&row(&[1, 2, 3], &[0, 1, 1]), &row(&[1], &[1])], 9);
        assert_eq!((batch.rows, batch.columns), (2, 3));
        assert_eq!(batch.ids, [1, 2, 3, 1, 9, 9]);
        assert_eq!(batch.type_ids, [0, 1, 1, 1, 0, 0]);
        assert_eq!(batch.mask, [1, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn each_row_is_in_one_batch_and_padding_is_bounded() {
        let lengths: Vec<usize> = (0..500).map(|i| 1 + (i * 7919) % 512).collect();
        let batches = batches(&lengths);
        let mut seen = batches.concat();
        seen.sort_unstable();
        assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        for chosen in batches {
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
        assert!(batches(&[]).is_empty());
    }
}
