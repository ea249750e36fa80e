//! Why bytes are no message.

/// Why bytes are no message. Tells where, and never what was in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it has {length} bytes, and the limit is {limit}")]
    TooLarge { length: usize, limit: usize },
    #[error("it is compressed, which is not supported")]
    Compressed,
    #[error("it is no JSON object (line {line}, column {column})")]
    Json { line: usize, column: usize },
    #[error("its envelope is of another version than 2.0")]
    Version,
    #[error("its field `{0}` is missing or cannot be used")]
    Field(&'static str),
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        // The text of the error may quote the message.
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}
