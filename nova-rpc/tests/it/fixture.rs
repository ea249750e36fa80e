//! What the tests share.

use std::sync::Arc;
use std::time::Duration;

use nova_core::{Env, RequestContext};
use nova_rpc::{
    Call, Client, Endpoint, Handler, IdempotencyKey, MemoryTransport, Payload, Request,
    ServeOptions, ServerHandle, Target, Transport, Version,
};
use serde::{Deserialize, Serialize};

pub const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    pub text: String,
}

impl Ping {
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
        }
    }
}

impl Call for Ping {
    const METHOD: &'static str = "ping";
    const VERSION: Version = Version::new(1, 2);
    type Reply = String;
}

pub struct World {
    pub env: Env,
    pub transport: Arc<dyn Transport>,
}

impl World {
    pub fn new() -> Self {
        Self::with_seed(11)
    }

    pub fn with_seed(seed: u64) -> Self {
        let env = Env::simulated(seed);
        let transport = Arc::new(MemoryTransport::new(env.clone()));
        Self { env, transport }
    }

    pub fn context(&self) -> RequestContext {
        RequestContext::new(
            &self.env,
            "alice".parse().unwrap(),
            "research".parse().unwrap(),
        )
    }

    pub fn client(&self) -> Client {
        Client::new(
            Arc::clone(&self.transport),
            self.env.clone(),
            Target::topic("conductor"),
        )
    }

    pub async fn serve(&self, options: ServeOptions, handler: impl Handler) -> ServerHandle {
        let endpoint = Endpoint::new("conductor", "host-1");
        self.transport
            .serve(&endpoint, options, Arc::new(handler))
            .await
            .unwrap()
    }

    pub fn request(&self, key: &str) -> Request {
        let deadline = self.env.now().saturating_add(MINUTE);
        let key = IdempotencyKey::new(key);
        Request::new("ping", Payload::null(), self.context(), deadline, key)
    }
}
