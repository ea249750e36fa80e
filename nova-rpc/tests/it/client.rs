//! What a client does before it sends and after it receives.

use nova_rpc::{Error, Incoming, RemoteError, Router, ServeOptions, Target, Version};

use crate::fixture::{MINUTE, Ping, World};

#[tokio::test(start_paused = true)]
async fn a_pin_refuses_what_is_newer_before_anything_is_sent() {
    let world = World::new();
    let client = world.client();
    for (pin, allowed) in [
        (Version::new(1, 1), false),
        (Version::new(1, 2), true),
        (Version::new(1, 3), true),
        (Version::new(2, 0), false),
    ] {
        let pinned = client.clone().pinned(pin);
        assert_eq!(pinned.can_send::<Ping>(), allowed);
        // Nobody serves: what passes the pin is unreachable.
        let call = pinned
            .call(&world.context(), Ping::new("x"))
            .await
            .unwrap_err();
        let cast = pinned
            .cast(&world.context(), Ping::new("x"))
            .await
            .unwrap_err();
        for error in [call, cast] {
            assert_eq!(
                matches!(error, Error::VersionCap { .. }),
                !allowed,
                "{error:?}"
            );
            assert_eq!(
                matches!(error, Error::Unreachable { .. }),
                allowed,
                "{error:?}"
            );
            assert!(!error.may_have_run());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_inherited_by_calls_that_a_handler_makes() {
    let world = World::new();
    let inner = world.client().on("host-1");
    let router = Router::new(Version::new(1, 2))
        .with_state((inner, world.env.clone()))
        .on(async |incoming: Incoming<_>, call: Ping| {
            let (inner, env): &(nova_rpc::Client, nova_core::Env) = &incoming.state;
            if call.text == "inner" {
                return Ok::<_, RemoteError>(format!("{}", incoming.remaining(env).as_secs()));
            }
            tokio::time::sleep(MINUTE / 6).await;
            Ok(inner.call(&incoming.context, Ping::new("inner")).await?)
        });
    let _server = world.serve(ServeOptions::default(), router).await;
    let client = world.client().with_timeout(MINUTE / 2);
    assert_eq!(
        client
            .call(&world.context(), Ping::new("outer"))
            .await
            .unwrap(),
        "20"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_of_a_handler_is_told_by_its_oslo_name() {
    let world = World::new();
    let nowhere = world.client().on("nowhere");
    let router = Router::new(Version::new(1, 2)).with_state(nowhere).on(
        async |incoming: Incoming<nova_rpc::Client>, call: Ping| {
            incoming.state.call(&incoming.context, call).await
        },
    );
    let _server = world.serve(ServeOptions::default(), router).await;
    let error = world
        .client()
        .call(&world.context(), Ping::new("x"))
        .await
        .unwrap_err();
    let remote = error.as_remote().unwrap();
    assert_eq!(remote.class(), "MessageUndeliverable");
    assert_eq!(remote.module(), "oslo_messaging.exceptions");
    assert_eq!(
        remote.message(),
        "ping cannot reach conductor.nowhere: nobody listens there"
    );
}

#[test]
fn a_client_says_where_it_calls() {
    let world = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let client = world.block_on(async { World::new().client() });
    assert_eq!(
        client.on("host-9").target(),
        &Target::topic("conductor").server("host-9")
    );
}
