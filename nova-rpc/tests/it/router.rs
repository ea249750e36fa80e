//! Which method a router finds.

use nova_rpc::{
    Call, Handler, Incoming, Payload, RemoteError, Request, Router, ServeOptions, Version,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{Ping, World};

macro_rules! calls {
    ($($name:ident $method:literal $major:literal $minor:literal $namespace:expr;)*) => {
        $(
            #[derive(Debug, Clone, Serialize, Deserialize)]
            struct $name {}
            impl Call for $name {
                const METHOD: &'static str = $method;
                const VERSION: Version = Version::new($major, $minor);
                const NAMESPACE: Option<&'static str> = $namespace;
                type Reply = String;
            }
        )*
    };
}

calls! {
    EchoOne "echo" 1 0 None;
    EchoTwo "echo" 2 0 None;
    OnlyTwo "only_in_v2" 2 0 None;
    EchoAdmin "echo" 2 1 Some("admin");
}

fn answering<C: Call<Reply = String>>(
    text: &'static str,
) -> impl Fn(Incoming, C) -> std::future::Ready<Result<String, RemoteError>> + Send + Sync {
    move |_, _| std::future::ready(Ok(text.to_owned()))
}

fn router() -> Router {
    let admin = Router::new(Version::new(2, 3)).on::<EchoAdmin, _, _>(answering("admin"));
    let two = Router::new(Version::new(2, 0))
        .on::<EchoTwo, _, _>(answering("two"))
        .on::<OnlyTwo, _, _>(answering("only"));
    Router::new(Version::new(1, 5))
        .on::<EchoOne, _, _>(answering("one"))
        .merge(two)
        .merge(admin)
}

async fn ask(request: Request) -> Result<String, String> {
    match router().handle(request).await {
        Ok(payload) => Ok(payload.into_typed().unwrap()),
        Err(error) => Err(error.class().to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn namespace_version_and_method_choose() {
    let world = World::new();
    let cases = [
        ("echo", Version::new(1, 5), None, Ok("one")),
        ("echo", Version::new(2, 0), None, Ok("two")),
        ("echo", Version::new(2, 1), None, Err("UnsupportedVersion")),
        ("echo", Version::new(2, 1), Some("admin"), Ok("admin")),
        (
            "echo",
            Version::new(2, 4),
            Some("admin"),
            Err("UnsupportedVersion"),
        ),
        (
            "echo",
            Version::new(1, 0),
            Some("admin"),
            Err("UnsupportedVersion"),
        ),
        ("only_in_v2", Version::new(2, 0), None, Ok("only")),
        ("only_in_v2", Version::new(1, 0), None, Err("NoSuchMethod")),
        ("_private", Version::new(1, 0), None, Err("NoSuchMethod")),
        (
            "only_in_v2",
            Version::new(3, 0),
            None,
            Err("UnsupportedVersion"),
        ),
    ];
    for (method, version, namespace, expected) in cases {
        let mut request = world.request("k").with_version(version);
        request.method = method.into();
        // A unit reads as an empty struct on no wire: say it as a wire would.
        request.args = Payload::from_json(nova_rpc::serde_json::json!({}));
        request.namespace = namespace.map(Into::into);
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(
            ask(request).await,
            expected,
            "{method} {version} {namespace:?}"
        );
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no host has room")]
struct NoRoom;

impl From<NoRoom> for RemoteError {
    fn from(error: NoRoom) -> Self {
        Self::from_error("NoValidHost", &error).with_module("nova.exception")
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_ones_own_and_a_later_handler_in_place_of_an_earlier() {
    let world = World::new();
    let router = Router::new(Version::new(1, 2))
        .on(|_, ping: Ping| async move { Ok::<_, NoRoom>(ping.text) })
        .on(|_, _: Ping| async { Err::<String, _>(NoRoom) });
    assert_eq!(
        format!("{router:?}"),
        r#"[(None, Version { major: 1, minor: 2, revision: 0 }, "ping")]"#
    );
    let _server = world.serve(ServeOptions::default(), router).await;
    let error = world
        .client()
        .call(&world.context(), Ping::new("x"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "NoValidHost: no host has room");
    assert_eq!(error.as_remote().unwrap().module(), "nova.exception");
}
