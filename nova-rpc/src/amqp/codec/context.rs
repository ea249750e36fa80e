//! The `_context_` keys: who asks.

use nova_core::id::{ProjectId, RequestId, UserId};
use nova_core::{Env, RequestContext};
use serde::Serialize;
use serde_json::{Map, Value};

use super::unreadable::Unreadable;

const PREFIX: &str = "_context_";
/// Who asks where a peer does not say it in a form that we can use.
const UNKNOWN: &str = "unknown";

/// A context as it is written: by the names that Nova's own has.
#[derive(Serialize)]
pub(crate) struct WireContext<'a> {
    #[serde(rename = "_context_request_id")]
    request_id: &'a str,
    #[serde(rename = "_context_user_id")]
    user_id: &'a str,
    #[serde(rename = "_context_project_id")]
    project_id: &'a str,
    #[serde(rename = "_context_roles")]
    roles: &'a [String],
    #[serde(rename = "_context_is_admin")]
    is_admin: bool,
}

impl<'a> From<&'a RequestContext> for WireContext<'a> {
    fn from(context: &'a RequestContext) -> Self {
        Self {
            request_id: context.request_id.as_str(),
            user_id: context.user_id.as_str(),
            project_id: context.project_id.as_str(),
            roles: &context.roles,
            is_admin: context.is_admin,
        }
    }
}

/// Takes the `_context_` keys out of a message, without the prefix.
pub(crate) fn take_context(message: &mut Map<String, Value>) -> Map<String, Value> {
    let mut context = Map::new();
    let keys: Vec<String> = message
        .keys()
        .filter(|key| key.starts_with(PREFIX))
        .cloned()
        .collect();
    for key in keys {
        if let (Some(value), Some(name)) = (message.remove(&key), key.strip_prefix(PREFIX)) {
            context.insert(name.to_owned(), value);
        }
    }
    context
}

/// The context that a peer sent. What it left out, or wrote in a form that we have no place for,
/// is a new request id, the user and the project `unknown`, no roles, and no administrator.
pub(crate) fn read_context(
    env: &Env,
    context: &Map<String, Value>,
) -> Result<RequestContext, Unreadable> {
    let texts = |names: &'static [&'static str]| {
        names
            .iter()
            .filter_map(|name| context.get(*name).and_then(Value::as_str))
    };
    let request_id = texts(&["request_id"]).find_map(|text| text.parse().ok());
    let user_id = texts(&["user_id", "user"])
        .chain([UNKNOWN])
        .find_map(|text| text.parse::<UserId>().ok())
        .ok_or(Unreadable::Field("_context_user_id"))?;
    let project_id = texts(&["project_id", "project", "tenant"])
        .chain([UNKNOWN])
        .find_map(|text| text.parse::<ProjectId>().ok())
        .ok_or(Unreadable::Field("_context_project_id"))?;
    let roles = context.get("roles").and_then(Value::as_array);
    let mut read = RequestContext::new(env, user_id, project_id);
    read.request_id = request_id.unwrap_or_else(|| RequestId::generate(env));
    read.roles = roles
        .into_iter()
        .flatten()
        .filter_map(|role| role.as_str().map(str::to_owned))
        .collect();
    read.is_admin = context.get("is_admin") == Some(&Value::Bool(true));
    Ok(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(context: Value) -> RequestContext {
        let Value::Object(context) = context else {
            panic!("no object")
        };
        read_context(&Env::system(), &context).unwrap()
    }

    #[test]
    fn what_is_missing_or_odd_is_filled() {
        let empty = read(json!({}));
        assert!(empty.request_id.as_str().starts_with("req-"));
        assert_eq!(empty.user_id.as_str(), "unknown");
        assert_eq!(empty.project_id.as_str(), "unknown");
        assert!(!empty.is_admin && empty.roles.is_empty());

        let odd = read(json!({
            "user_id": 7, "user": "alice", "project_id": null, "tenant": "research",
            "roles": ["admin", 3], "is_admin": "true", "request_id": "has a space",
        }));
        assert_eq!(odd.user_id.as_str(), "alice");
        assert_eq!(odd.project_id.as_str(), "research");
        assert_eq!(odd.roles, ["admin"]);
        assert!(!odd.is_admin, "only a true is a true");
    }

    #[test]
    fn ours_comes_back_as_it_was() {
        let env = Env::system();
        let user = "alice".parse().unwrap();
        let sent = RequestContext::new(&env, user, "research".parse().unwrap()).admin();
        let wire = serde_json::to_value(WireContext::from(&sent)).unwrap();
        let Value::Object(mut message) = wire else {
            panic!("no object")
        };
        message.insert("method".into(), json!("x"));
        let context = take_context(&mut message);
        assert_eq!(message.len(), 1);
        assert_eq!(read_context(&env, &context).unwrap(), sent);
    }
}
