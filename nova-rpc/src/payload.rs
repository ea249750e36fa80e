//! Values on their way between roles.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use nova_core::BoxError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What can be sent: plain data that can be cloned, and written to JSON and read back.
///
/// Every type that can, is one; there is nothing to implement.
pub trait Message: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Message for T {}

/// A value that keeps its type within a process and becomes JSON where it leaves it.
///
/// In memory the receiver takes the very value that was sent, or a clone where others hold it
/// too; nothing is serialised. Where sender and receiver disagree on the type, as two releases of
/// a service may, the value goes by way of JSON, so that memory behaves as a wire would.
///
/// Cloning is cheap. `Debug` shows the type and never the contents, which may be secret.
///
/// ```
/// use nova_rpc::Payload;
/// use nova_rpc::serde_json::json;
///
/// assert_eq!(Payload::new(7_u32).into_typed::<u32>()?, 7);
/// assert_eq!(Payload::new(7_u32).into_typed::<i64>()?, 7);
/// assert_eq!(Payload::from_json(json!([1, 2])).into_typed::<Vec<u8>>()?, [1, 2]);
/// assert!(Payload::new("seven".to_owned()).into_typed::<u32>().is_err());
/// # Ok::<(), nova_rpc::PayloadError>(())
/// ```
#[derive(Clone)]
pub struct Payload(Arc<dyn Erased>);

impl Payload {
    /// Wraps a value, without serialising it.
    pub fn new<T: Message>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// Wraps a value that came from a wire.
    pub fn from_json(value: Value) -> Self {
        Self::new(value)
    }

    /// Nothing: `null` on a wire, `()` in Rust.
    pub fn null() -> Self {
        Self::new(())
    }

    /// Takes the value out: as it is if it is a `T`, by way of JSON if it is not.
    ///
    /// # Errors
    /// [`PayloadError`] if it is no `T` and cannot be written to JSON or read back as one.
    pub fn into_typed<T: Message>(self) -> Result<T, PayloadError> {
        let sent = self.0.type_name();
        let whole = Arc::clone(&self.0);
        let value: Arc<dyn Any + Send + Sync> = self.0;
        if value.is::<T>() {
            // The second handle would make the value look shared, and have it cloned.
            drop(whole);
            return match value.downcast::<T>() {
                Ok(typed) => Ok(Arc::unwrap_or_clone(typed)),
                Err(_) => Err(PayloadError::unreadable::<T>(sent, "its type changed")),
            };
        }
        let json = match value.downcast::<Value>() {
            Ok(json) => {
                drop(whole);
                Arc::unwrap_or_clone(json)
            }
            Err(_) => whole.to_json()?,
        };
        serde_json::from_value(json).map_err(|source| PayloadError::unreadable::<T>(sent, source))
    }

    /// The value as JSON.
    ///
    /// # Errors
    /// [`PayloadError::Write`] if it has no form in JSON, as a map whose keys are no text.
    pub fn to_json(&self) -> Result<Value, PayloadError> {
        self.0.to_json()
    }

    /// The name of the Rust type of the value, for people.
    pub fn type_name(&self) -> &'static str {
        self.0.type_name()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({})", self.0.type_name())
    }
}

/// A value cannot become what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The value has no form in JSON.
    #[error("a value of type {sent} cannot be written to JSON")]
    Write {
        /// The type of the value.
        sent: &'static str,
        /// What the serialiser said.
        #[source]
        source: BoxError,
    },
    /// The value cannot be read as the wanted type.
    #[error("a value of type {sent} cannot be read as {wanted}")]
    Read {
        /// The type of the value.
        sent: &'static str,
        /// The type that was asked for.
        wanted: &'static str,
        /// What the deserialiser said.
        #[source]
        source: BoxError,
    },
}

impl PayloadError {
    fn unreadable<T>(sent: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Read {
            sent,
            wanted: type_name::<T>(),
            source: source.into(),
        }
    }
}

/// A [`Message`] whose type is forgotten.
trait Erased: Any + Send + Sync {
    fn to_json(&self) -> Result<Value, PayloadError>;
    fn type_name(&self) -> &'static str;
}

impl<T: Message> Erased for T {
    fn to_json(&self) -> Result<Value, PayloadError> {
        serde_json::to_value(self).map_err(|source| PayloadError::Write {
            sent: type_name::<T>(),
            source: source.into(),
        })
    }

    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Old {
        name: String,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct New {
        name: String,
        #[serde(default)]
        zone: Option<String>,
    }

    #[test]
    fn two_releases_understand_each_other_by_way_of_json() {
        let old = Payload::new(Old { name: "web".into() });
        assert_eq!(
            old.into_typed::<New>().unwrap(),
            New {
                name: "web".into(),
                zone: None
            }
        );
        let new = Payload::new(New {
            name: "web".into(),
            zone: Some("a".into()),
        });
        assert_eq!(new.into_typed::<Old>().unwrap(), Old { name: "web".into() });
    }

    #[test]
    fn an_unshared_value_moves_and_a_shared_one_is_cloned() {
        let text = "x".repeat(100);
        let address = text.as_ptr();
        let moved: String = Payload::new(text).into_typed().unwrap();
        assert_eq!(moved.as_ptr(), address);

        let payload = Payload::new(moved);
        let cloned: String = payload.clone().into_typed().unwrap();
        assert_ne!(cloned.as_ptr(), address);
        assert_eq!(payload.into_typed::<String>().unwrap(), cloned);
    }

    #[test]
    fn what_json_cannot_say_is_a_typed_error() {
        let keyed = Payload::new(BTreeMap::from([(vec![1_u8], 1_u8)]));
        assert!(matches!(keyed.to_json(), Err(PayloadError::Write { .. })));
        assert!(matches!(
            keyed.clone().into_typed::<Old>(),
            Err(PayloadError::Write { .. })
        ));
        // As it is, it needs no JSON.
        assert!(keyed.into_typed::<BTreeMap<Vec<u8>, u8>>().is_ok());
        let error = Payload::from_json(json!({"nom": 1}))
            .into_typed::<Old>()
            .unwrap_err();
        assert!(matches!(error, PayloadError::Read { .. }));
    }

    #[test]
    fn contents_are_not_shown() {
        let shown = format!("{:?}", Payload::new("secret".to_owned()));
        assert!(!shown.contains("secret"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_value_is_the_same_in_memory_and_by_json(
            value in any::<(i64, u64, String, Option<bool>, Vec<u8>)>(),
            float in proptest::num::f64::NORMAL | proptest::num::f64::ZERO,
        ) {
            let value = (value, float);
            let kept = Payload::new(value.clone()).into_typed().unwrap();
            prop_assert_eq!(&value, &kept);
            let text = Payload::new(value.clone()).to_json().unwrap().to_string();
            let wire = Payload::from_json(serde_json::from_str(&text).unwrap());
            prop_assert_eq!(value, wire.into_typed().unwrap());
        }
    }
}
