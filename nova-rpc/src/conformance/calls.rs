//! Calls and what comes back.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::subject::{Subject, Work, Workshop, next};
use crate::call::Call;
use crate::error::Error;
use crate::handler::handler_fn;
use crate::idempotency::IdempotencyKey;
use crate::incoming::Incoming;
use crate::payload::Payload;
use crate::remote_error::RemoteError;
use crate::request::Request;
use crate::router::Router;
use crate::serve::ServeOptions;
use crate::target::Target;
use crate::version::Version;

/// Every kind of value that must come back as it was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Echo {
    text: String,
    number: f64,
    large: u64,
    small: i64,
    nothing: Option<u8>,
    list: Vec<Echo>,
}

impl Echo {
    fn sample(list: Vec<Self>) -> Self {
        let text = "caf\u{e9} \u{1f600} \"quoted\"\n".to_owned();
        let (large, small) = (u64::MAX, i64::MIN);
        Self {
            text,
            number: 0.1 + 0.2,
            large,
            small,
            nothing: None,
            list,
        }
    }
}

impl Call for Echo {
    const METHOD: &'static str = "echo";
    const VERSION: Version = Version::new(1, 3);
    type Reply = Self;
}

async fn echo(_: Incoming, call: Echo) -> Result<Echo, RemoteError> {
    Ok(call)
}

/// A typed value comes back equal.
///
/// # Panics
/// If not.
pub async fn a_call_comes_back(subject: &Subject) {
    let topic = subject.topic("echo");
    let router = Router::new(Version::new(1, 5)).on(echo);
    let server = subject
        .serve(&topic, "s1", ServeOptions::default(), router)
        .await;
    let client = subject.client(Target::topic(topic));
    let sent = Echo::sample(vec![Echo::sample(Vec::new())]);
    let reply = client
        .call(&subject.context(), sent.clone())
        .await
        .expect("it is answered");
    assert_eq!(reply, sent);
    let _ = server.stop().await;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fail {
    code: u32,
}

impl Call for Fail {
    const METHOD: &'static str = "fail";
    const VERSION: Version = Version::new(1, 0);
    type Reply = ();
}

impl From<Fail> for RemoteError {
    fn from(fail: Fail) -> Self {
        Self::new("Failure", "as ordered")
            .with_module("suite")
            .with_data(&fail)
    }
}

/// A handler's failure reaches the caller with its class, module, message and data.
///
/// # Panics
/// If not.
pub async fn failures_are_typed(subject: &Subject) {
    let topic = subject.topic("fail");
    let router =
        Router::new(Version::new(1, 0)).on(|_, call: Fail| async move { Err::<(), _>(call) });
    let server = subject
        .serve(&topic, "s1", ServeOptions::default(), router)
        .await;
    let client = subject.client(Target::topic(topic));
    let error = client
        .call(&subject.context(), Fail { code: 7 })
        .await
        .unwrap_err();
    let remote = error.as_remote().expect("a remote failure");
    assert_eq!(*remote, RemoteError::from(Fail { code: 7 }));
    assert_eq!(remote.data(), Some(Fail { code: 7 }));
    assert!(error.may_have_run() && !error.retryable());
    let _ = server.stop().await;
}

/// Requests are dispatched by namespace, version and method as `oslo.messaging` does.
///
/// # Panics
/// If not.
pub async fn dispatch_follows_the_rules(subject: &Subject) {
    let topic = subject.topic("dispatch");
    let router = Router::new(Version::new(1, 5)).on(echo);
    let server = subject
        .serve(&topic, "s1", ServeOptions::default(), router)
        .await;
    let target = Target::topic(topic);

    let send = async |method: &'static str, version: Version, namespace: Option<&'static str>| {
        let args = Payload::new(Echo::sample(Vec::new()));
        let deadline = subject.env().now().saturating_add(super::subject::LIMIT);
        let key = IdempotencyKey::generate(subject.env());
        let request =
            Request::new(method, args, subject.context(), deadline, key).with_version(version);
        let request = match namespace {
            Some(namespace) => request.in_namespace(namespace),
            None => request,
        };
        match subject.transport().call(&target, request).await {
            Ok(_) => None,
            Err(Error::Remote(remote)) => {
                assert_eq!(remote.module(), RemoteError::DISPATCHER_MODULE);
                Some((remote.class().to_owned(), remote.message().to_owned()))
            }
            Err(error) => panic!("{error:?}"),
        }
    };
    let unsupported = |version: &str| {
        let message =
            format!("Endpoint does not support RPC version {version}. Attempted method: echo");
        Some(("UnsupportedVersion".to_owned(), message))
    };
    assert_eq!(send("echo", Version::new(1, 5), None).await, None);
    assert_eq!(send("echo", Version::new(1, 0), None).await, None);
    assert_eq!(
        send("echo", Version::new(1, 6), None).await,
        unsupported("1.6")
    );
    assert_eq!(
        send("echo", Version::new(2, 0), None).await,
        unsupported("2.0")
    );
    assert_eq!(
        send("echo", Version::new(1, 0), Some("admin")).await,
        unsupported("1.0")
    );
    let message = "Endpoint does not support RPC method missing".to_owned();
    let missing = Some(("NoSuchMethod".to_owned(), message));
    assert_eq!(send("missing", Version::new(1, 0), None).await, missing);
    let _ = server.stop().await;
}

/// The suite's method, as a newer and as a broken caller know it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct NewerWork {
    name: String,
    millis: u64,
    zone: Option<String>,
}

impl Call for NewerWork {
    const METHOD: &'static str = "work";
    const VERSION: Version = Version::new(1, 0);
    type Reply = String;
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct BrokenWork {
    nom: String,
}

impl Call for BrokenWork {
    const METHOD: &'static str = "work";
    const VERSION: Version = Version::new(1, 0);
    type Reply = u64;
}

/// Arguments and replies of another type are converted by their fields, or are a typed failure.
///
/// # Panics
/// If not.
pub async fn arguments_of_another_type(subject: &Subject) {
    let topic = subject.topic("types");
    let (workshop, mut journal) = Workshop::new();
    let server = subject
        .serve(&topic, "s1", ServeOptions::default(), workshop.worker("s1"))
        .await;
    let client = subject.client(Target::topic(topic));
    let context = subject.context();

    let newer = NewerWork {
        name: "newer".into(),
        millis: 0,
        zone: Some("a".into()),
    };
    assert_eq!(
        client
            .call(&context, newer)
            .await
            .expect("it is understood"),
        "s1"
    );
    assert_eq!(next(&mut journal).await.1, "newer");

    let error = client
        .call(&context, BrokenWork { nom: "x".into() })
        .await
        .unwrap_err();
    assert_eq!(
        error.as_remote().map(RemoteError::class),
        Some("InvalidArguments")
    );

    let number = Fields {
        name: "number".into(),
        millis: 0,
    };
    let error = client.call(&context, number).await.unwrap_err();
    assert!(matches!(error, Error::UnreadableReply { .. }), "{error:?}");
    let _ = server.stop().await;
}

/// The right arguments, and the wrong idea of the reply.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Fields {
    name: String,
    millis: u64,
}

impl Call for Fields {
    const METHOD: &'static str = Work::METHOD;
    const VERSION: Version = Work::VERSION;
    type Reply = u64;
}

/// The handler sees the caller, the request id, the deadline and the idempotency key.
///
/// # Panics
/// If not.
pub async fn the_request_arrives_whole(subject: &Subject) {
    let topic = subject.topic("request");
    let (sender, mut requests) = mpsc::unbounded_channel();
    let handler = handler_fn(move |request| {
        let _ = sender.send(request);
        async { Ok(Payload::null()) }
    });
    let server = subject
        .serve(&topic, "s1", ServeOptions::default(), handler)
        .await;
    let key = IdempotencyKey::new("resize-42/step-3");
    let client = subject
        .client(Target::topic(topic))
        .with_idempotency_key(key.clone());
    let earlier = subject
        .env()
        .now()
        .saturating_add(super::subject::LIMIT / 2);
    let context = subject.context().admin().with_deadline(earlier);
    client
        .cast(&context, Work::quick("x"))
        .await
        .expect("it is accepted");
    let request: Request = next(&mut requests).await;
    assert_eq!(request.context, context);
    assert_eq!(request.deadline, earlier);
    assert_eq!(request.idempotency_key, key);
    assert_eq!(
        (&*request.method, request.version),
        (Work::METHOD, Work::VERSION)
    );
    let _ = server.stop().await;
}
