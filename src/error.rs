//! Errors. Each kind has a code that never changes.

use std::fmt;
use std::sync::Arc;

/// The kind of an [`Error`], with a stable [`code`](ErrorKind::code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument has the wrong type or is out of range.
    InvalidInput,
    /// The text, or its pair, has no tokens, or only white space, control and zero-width characters.
    EmptyText,
    /// The text has more tokens than the model reads at once, with the option [`LongText::Error`](crate::LongText::Error); or
    /// its pair leaves no room for it.
    TextTooLong,
    /// A file of the model is missing or cannot be read.
    ModelNotFound,
    /// A file of the model is damaged, or two files contradict each other.
    ModelMalformed,
    /// A head file is damaged.
    HeadMalformed,
    /// A head file was made for another encoder.
    HeadMismatch,
    /// A head that is taught more was exported without its examples.
    HeadNotExtendable,
    /// The model is valid, but uses an op or a format that this runtime does not support, or cannot do what an option asks
    /// for.
    ModelUnsupported,
    /// A batch needs a larger tensor than the limit, or there is no memory left.
    OutOfMemory,
    /// A defect of this library, or of a model that passes all checks and then fails.
    Internal,
}

impl ErrorKind {
    /// The stable code, such as `"empty-text"`.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid-input",
            Self::EmptyText => "empty-text",
            Self::TextTooLong => "text-too-long",
            Self::ModelNotFound => "model-not-found",
            Self::ModelMalformed => "model-malformed",
            Self::HeadMalformed => "head-malformed",
            Self::HeadMismatch => "head-mismatch",
            Self::HeadNotExtendable => "head-not-extendable",
            Self::ModelUnsupported => "model-unsupported",
            Self::OutOfMemory => "out-of-memory",
            Self::Internal => "internal",
        }
    }
}

/// An error: its [kind](Error::kind), a message, the [index](Error::index) of the text at fault in a batch, and the
/// cause as its [source](std::error::Error::source) where another library failed.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    index: Option<usize>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), index: None, source: None }
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ModelMalformed, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ModelUnsupported, message)
    }

    /// The error for a damaged `model.onnx`.
    pub(crate) fn damaged_graph(reason: impl fmt::Display) -> Self {
        Self::malformed(format!("model.onnx is damaged: {reason}: download or export it again"))
    }

    /// The error for a `model.onnx` that this runtime cannot run.
    pub(crate) fn unsupported_graph(reason: impl fmt::Display) -> Self {
        Self::unsupported(format!(
            "model.onnx {reason}: take another ONNX file of the same model, or export it with \
             `optimum-cli export onnx --task text-classification`"
        ))
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds the cause.
    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into().into());
        self
    }

    /// Adds the index of the text at fault.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    pub(crate) fn without_index(mut self) -> Self {
        self.index = None;
        self
    }

    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The kind's stable code, such as `"empty-text"`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The index of the text at fault in a batch.
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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|cause| &**cause as &(dyn std::error::Error + 'static))
    }
}
