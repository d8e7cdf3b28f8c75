//! Converts byte offsets in UTF-8 into offsets in UTF-16 code units, which JavaScript strings have.

/// Converts some byte offsets of one text.
///
/// JavaScript strings may hold lone surrogates. Each arrives here as U+FFFD, which is also one UTF-16 unit, so the
/// converted offsets are valid in the caller's original string.
pub(crate) struct Utf16Offsets {
    /// Pairs of byte offset and UTF-16 offset, in ascending order.
    offsets: Vec<(usize, usize)>,
}

impl Utf16Offsets {
    /// Prepares the conversion of `bytes`, which must be character boundaries of `text`. Reads the text once.
    pub(crate) fn new(text: &str, bytes: impl Iterator<Item = usize>) -> Self {
        let mut offsets: Vec<(usize, usize)> = bytes.map(|byte| (byte, 0)).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let (mut last_byte, mut units) = (0, 0);
        for (byte, unit) in &mut offsets {
            units += text.get(last_byte..*byte).map_or(0, |part| part.chars().map(char::len_utf16).sum());
            last_byte = *byte;
            *unit = units;
        }
        Self { offsets }
    }

    /// The UTF-16 offset of one of the byte offsets given to [`new`](Self::new).
    pub(crate) fn at(&self, byte: usize) -> usize {
        self.offsets.binary_search_by_key(&byte, |&(byte, _)| byte).map_or(0, |index| self.offsets[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_javascript_does() {
        let text = "aé€😀b";
        let bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
        let utf16 = Utf16Offsets::new(text, bytes.iter().rev().copied());
        assert_eq!(bytes.iter().map(|&byte| utf16.at(byte)).collect::<Vec<_>>(), [0, 1, 2, 3, 5, 6]);
    }
}
