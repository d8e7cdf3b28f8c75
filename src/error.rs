//! What can go wrong, each kind with a code that never changes.

use std::fmt;

/// The kinds of failure, one per stable [`code`](ErrorKind::code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument has the wrong type or is out of range.
    InvalidInput,
    /// The text holds nothing to classify: it is empty, or white space only.
    EmptyText,
    /// The text has more tokens than the model reads at once, and [`LongText::Error`](crate::LongText::Error) was asked.
    TextTooLong,
    /// A file of the model could not be read.
    ModelNotFound,
    /// A file of the model is damaged, or its files contradict each other.
    ModelMalformed,
    /// The model is sound, but uses something this runtime does not have.
    ModelUnsupported,
    /// The model or a text needs more memory than one value may have, or than there is.
    OutOfMemory,
    /// A fault of this library.
    Internal,
}

impl ErrorKind {
    /// The code programs may rely on, such as `"empty-text"`.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid-input",
            Self::EmptyText => "empty-text",
            Self::TextTooLong => "text-too-long",
            Self::ModelNotFound => "model-not-found",
            Self::ModelMalformed => "model-malformed",
            Self::ModelUnsupported => "model-unsupported",
            Self::OutOfMemory => "out-of-memory",
            Self::Internal => "internal",
        }
    }
}

/// A failure: its [kind](Error::kind), a message for people, and in a batch the index of the text at fault.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    index: Option<usize>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), index: None }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ModelMalformed, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ModelUnsupported, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    pub(crate) fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    pub(crate) fn without_index(mut self) -> Self {
        self.index = None;
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The kind's stable code, such as `"empty-text"`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// In a batch, the index of the first text at fault.
    pub fn index(&self) -> Option<usize> {
        self.index
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "{} (text {index})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}
