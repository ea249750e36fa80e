//! Bodies that were recorded from `oslo.messaging` 18.3.1, and arbitrary JSON.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// A recorded body.
pub(super) fn sample(name: &str) -> String {
    let text = include_str!("../../../tests/fixtures/oslo_messages.json");
    let samples: Map<String, Value> = serde_json::from_str(text).unwrap();
    samples[name].as_str().unwrap().to_owned()
}

/// Any JSON value of a moderate size.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("method".to_owned()),
        Just("args".to_owned()),
        Just("_msg_id".to_owned()),
        Just("_reply_q".to_owned()),
        Just("_context_user".to_owned()),
        Just("failure".to_owned()),
        Just("message_id".to_owned()),
        ".{0,6}",
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
