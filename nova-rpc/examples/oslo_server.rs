//! A server that Python's `oslo.messaging` can call: the endpoints of the conformance kit.
//!
//! `cargo run -p nova-rpc --features amqp --example oslo_server -- URL EXCHANGE TOPIC SERVER`
//! prints `READY SERVER`, and serves until it is interrupted or its standard input ends.
#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nova_core::Env;
use nova_rpc::amqp::{AmqpConfig, AmqpTransport};
use nova_rpc::serde_json::{Map, Value, json};
use nova_rpc::{
    Call, Endpoint, Handler, Incoming, Payload, RemoteError, Request, Router, ServeOptions,
    Transport, Version, async_trait,
};
use serde::{Deserialize, Serialize};

/// A typed call of the kit: its arguments, its name, its version and what it answers.
macro_rules! call {
    ($name:ident { $($field:ident: $type:ty),* }, $method:literal, $major:literal, $reply:ty
     $(, $namespace:literal)?) => {
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name { $($field: $type),* }

        impl Call for $name {
            const METHOD: &'static str = $method;
            const VERSION: Version = Version::new($major, 0);
            $(const NAMESPACE: Option<&'static str> = Some($namespace);)?
            type Reply = $reply;
        }
    };
}

call!(Echo { value: Value }, "echo", 1, Value);
call!(Add { a: Value, b: Value }, "add", 1, i64);
call!(Void {}, "void", 1, ());
call!(Slow { seconds: f64, value: Option<Value> }, "slow", 1, Value);
call!(RaiseError { kind: String, message: String, code: Option<i64> }, "raise_error", 1, ());
call!(Versions {}, "versions", 1, Value);
call!(WhoAmI {}, "whoami", 1, String);
call!(
    Record {
        key: String,
        value: Value
    },
    "record",
    1,
    ()
);
call!(Recorded { key: String }, "recorded", 1, Vec<Value>);
call!(EchoV2 { value: Value }, "echo", 2, Value);
call!(OnlyInV2 {}, "only_in_v2", 2, String);
call!(AdminEcho { value: Value }, "echo", 2, Value, "admin");

/// What the handlers share.
#[derive(Clone)]
struct Kit {
    server: Arc<str>,
    records: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
}

impl Kit {
    fn router(&self) -> Router<Self> {
        let first = Router::new(Version::new(1, 5))
            .with_state(self.clone())
            .on(|_, call: Echo| answer(call.value))
            .on(add)
            .on(|_, _: Void| answer(()))
            .on(slow)
            .on(raise_error)
            .on(|_, _: Versions| answer(json!([["", "1.5"], ["", "2.0"], ["admin", "2.3"]])))
            .on(|incoming: Incoming<Self>, _: WhoAmI| answer(incoming.state.server.to_string()))
            .on(record)
            .on(recorded);
        let second = Router::new(Version::new(2, 0))
            .on(|_, call: EchoV2| answer(json!({"v2": call.value})))
            .on(|_, _: OnlyInV2| answer("v2".to_owned()));
        let admin = Router::new(Version::new(2, 3))
            .on(|_, call: AdminEcho| answer(json!({"admin": call.value})));
        first.merge(second).merge(admin)
    }
}

async fn answer<T>(value: T) -> Result<T, RemoteError> {
    Ok(value)
}

async fn add(_: Incoming<Kit>, call: Add) -> Result<i64, RemoteError> {
    let sum = call.a.as_i64().zip(call.b.as_i64());
    sum.and_then(|(a, b)| a.checked_add(b))
        .ok_or_else(|| RemoteError::new("TypeError", "not two numbers").with_module("builtins"))
}

async fn slow(_: Incoming<Kit>, call: Slow) -> Result<Value, RemoteError> {
    let time = Duration::try_from_secs_f64(call.seconds)
        .map_err(|error| RemoteError::from_error("ValueError", &error).with_module("builtins"))?;
    tokio::time::sleep(time).await;
    Ok(call.value.unwrap_or_else(|| json!("done")))
}

async fn raise_error(_: Incoming<Kit>, call: RaiseError) -> Result<(), RemoteError> {
    let RaiseError {
        kind,
        message,
        code,
    } = call;
    let (class, module) = match kind.as_str() {
        "value" => ("ValueError", "builtins"),
        "custom" => ("ConformanceError", "conformance_errors"),
        "unlisted" => ("UnlistedError", "unlisted"),
        _ => ("RuntimeError", "builtins"),
    };
    let error = RemoteError::new(class, message).with_module(module);
    Err(match kind.as_str() {
        "custom" => error.with_kwarg("code", json!(code.unwrap_or_default())),
        _ => error,
    })
}

async fn record(incoming: Incoming<Kit>, call: Record) -> Result<(), RemoteError> {
    let mut records = incoming
        .state
        .records
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    records.entry(call.key).or_default().push(call.value);
    Ok(())
}

async fn recorded(incoming: Incoming<Kit>, call: Recorded) -> Result<Vec<Value>, RemoteError> {
    let records = incoming
        .state
        .records
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Ok(records.get(&call.key).cloned().unwrap_or_default())
}

/// Answers `context` with what the peer wrote, which typed handlers do not see; the rest is the
/// router's.
struct Foreign(Router<Kit>);

#[async_trait]
impl Handler for Foreign {
    async fn handle(&self, request: Request) -> Result<Payload, RemoteError> {
        if request.method == "context" && request.namespace.is_none() {
            let context = request.foreign_context.as_deref();
            let context = context.cloned().unwrap_or_else(Map::new);
            return Ok(Payload::from_json(Value::Object(context)));
        }
        self.0.handle(request).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, exchange, topic, server] = arguments.as_slice() else {
        return Err("usage: oslo_server URL EXCHANGE TOPIC SERVER".into());
    };
    let config = AmqpConfig::new(url.parse()?).control_exchange(exchange);
    let transport = AmqpTransport::connect(Env::system(), config).await?;
    let kit = Kit {
        server: server.as_str().into(),
        records: Arc::default(),
    };
    let endpoint = Endpoint::new(topic.as_str(), server.as_str());
    let handler = Arc::new(Foreign(kit.router()));
    let serving = transport
        .serve(&endpoint, ServeOptions::default(), handler)
        .await?;
    println!("READY {server}");

    let mut end = Vec::new();
    tokio::task::spawn_blocking(move || std::io::stdin().read_to_end(&mut end)).await??;
    println!("{:?}, {:?}", serving.stop().await, transport.stats());
    transport.close().await;
    Ok(())
}
