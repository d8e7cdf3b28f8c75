//! Places in a text as JavaScript counts them.

/// Some places of a text, in bytes of its UTF-8 and in UTF-16 units.
///
/// A lone surrogate reaches us as U+FFFD, which is one unit too, so the places hold in the caller's string.
pub(crate) struct Utf16 {
    /// Both, in order.
    places: Vec<(usize, usize)>,
}

impl Utf16 {
    /// Of these places, which lie between characters.
    pub(crate) fn of(text: &str, places: impl Iterator<Item = usize>) -> Self {
        let mut places: Vec<(usize, usize)> = places.map(|place| (place, 0)).collect();
        places.sort_unstable();
        places.dedup();
        let (mut byte, mut units) = (0, 0);
        for (place, unit) in &mut places {
            units += text.get(byte..*place).map_or(0, |part| part.chars().map(char::len_utf16).sum());
            byte = *place;
            *unit = units;
        }
        Self { places }
    }

    /// One of the places, in UTF-16 units.
    pub(crate) fn at(&self, place: usize) -> usize {
        self.places.binary_search_by_key(&place, |&(byte, _)| byte).map_or(0, |index| self.places[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_javascript_does() {
        let text = "aé€😀b";
        let bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
        let utf16 = Utf16::of(text, bytes.iter().rev().copied());
        assert_eq!(bytes.iter().map(|&byte| utf16.at(byte)).collect::<Vec<_>>(), [0, 1, 2, 3, 5, 6]);
    }
}
