//! Values that are kept as text because nothing is ever looked for in them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{BoxError, Error, Result};

/// Writes a value. JSON escapes U+0000, which PostgreSQL's text cannot hold.
pub(super) fn write(field: &'static str, value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::invalid(field, error.to_string()))
}

/// Reads what [`write`] wrote.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, BoxError> {
    Ok(serde_json::from_str(text)?)
}
