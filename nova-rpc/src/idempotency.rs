//! The name under which a request's effect happens once.

use std::fmt;
use std::sync::Arc;

use nova_core::Env;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A caller's name for one effect: whoever sends a request again under the same key asks for the
/// outcome of the first, not for a second effect.
///
/// A [`Client`](crate::Client) makes a new one for each call unless it is given one. Servers that
/// heed it are wrapped in [`Deduplicated`](crate::Deduplicated).
///
/// ```
/// use nova_core::Env;
/// use nova_rpc::IdempotencyKey;
///
/// let generated = IdempotencyKey::generate(&Env::system());
/// assert_eq!(IdempotencyKey::new(generated.to_string()), generated);
/// assert_eq!(IdempotencyKey::new("resize-42/step-3").to_string(), "resize-42/step-3");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct IdempotencyKey(Form);

/// A UUID is kept as such: the common key costs no allocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    Uuid(Uuid),
    Text(Arc<str>),
}

impl IdempotencyKey {
    /// A key that no other request has.
    pub fn generate(env: &Env) -> Self {
        Self(Form::Uuid(env.uuid()))
    }

    /// The key that reads `text`.
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        match Uuid::try_parse(text) {
            // Other spellings of a UUID stay text: two keys are equal when they read the same.
            Ok(uuid) if uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text => {
                Self(Form::Uuid(uuid))
            }
            Ok(_) | Err(_) => Self(Form::Text(text.into())),
        }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Uuid(uuid) => uuid.hyphenated().fmt(f),
            Form::Text(text) => f.write_str(text),
        }
    }
}

impl From<String> for IdempotencyKey {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.to_string()
    }
}
