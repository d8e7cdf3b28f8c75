//! The input of a prediction: a text, or a pair of texts.

use std::borrow::Cow;

/// A text, or a pair of texts for a model that reads two at once, such as one for natural language inference (does the first
/// text entail the second?) or a reranker (does the second text answer the first?).
///
/// ```
/// use litmus_text::Input;
///
/// assert_eq!("a text".pair(), None);
/// assert_eq!(("a text", "another").pair(), Some("another"));
/// ```
pub trait Input {
    /// The text, to which all offsets refer.
    fn text(&self) -> &str;

    /// The second text of a pair.
    fn pair(&self) -> Option<&str> {
        None
    }
}

impl Input for str {
    fn text(&self) -> &str {
        self
    }
}

impl Input for String {
    fn text(&self) -> &str {
        self
    }
}

impl Input for Cow<'_, str> {
    fn text(&self) -> &str {
        self
    }
}

impl<A: AsRef<str>, B: AsRef<str>> Input for (A, B) {
    fn text(&self) -> &str {
        self.0.as_ref()
    }

    fn pair(&self) -> Option<&str> {
        Some(self.1.as_ref())
    }
}

impl<T: Input + ?Sized> Input for &T {
    fn text(&self) -> &str {
        T::text(self)
    }

    fn pair(&self) -> Option<&str> {
        T::pair(self)
    }
}
