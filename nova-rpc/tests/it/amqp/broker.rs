//! The broker under test, and a way to it that can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nova_core::{Env, RequestContext};
use nova_rpc::amqp::{AmqpConfig, AmqpTransport};
use nova_rpc::{
    Client, Endpoint, Handler, ServeOptions, ServerHandle, Target, Transport, handler_fn,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Long enough for anything that is to happen.
pub const LIMIT: Duration = Duration::from_secs(30);

/// As scripts/services sets it.
pub fn url() -> String {
    std::env::var("NOVA_TEST_AMQP_URL").unwrap()
}

/// A connection that is none of ours.
pub async fn peer() -> lapin::Connection {
    let properties = lapin::ConnectionProperties::default();
    lapin::Connection::connect(&url(), properties)
        .await
        .unwrap()
}

/// A transport in a world of its own, and the names in it.
pub struct Site {
    pub env: Env,
    pub amqp: AmqpTransport,
    pub topic: String,
    pub exchange: String,
}

impl Site {
    pub async fn new() -> Self {
        let env = Env::system();
        let exchange = format!("nova-test-{}", env.uuid().simple());
        let topic = format!("topic-{}", env.uuid().simple());
        let amqp = Self::connect(&env, &exchange, &url()).await;
        Self {
            env,
            amqp,
            topic,
            exchange,
        }
    }

    /// Another transport in the same world.
    pub async fn beside(&self, url: &str) -> Self {
        Self {
            env: self.env.clone(),
            amqp: Self::connect(&self.env, &self.exchange, url).await,
            topic: self.topic.clone(),
            exchange: self.exchange.clone(),
        }
    }

    async fn connect(env: &Env, exchange: &str, url: &str) -> AmqpTransport {
        let config = AmqpConfig::new(url.parse().unwrap()).control_exchange(exchange);
        AmqpTransport::connect(env.clone(), config).await.unwrap()
    }

    pub fn shared(&self) -> Arc<dyn Transport> {
        Arc::new(self.amqp.clone())
    }

    pub fn client(&self) -> Client {
        let target = Target::topic(self.topic.as_str());
        Client::new(self.shared(), self.env.clone(), target).with_timeout(LIMIT)
    }

    pub fn context(&self) -> RequestContext {
        let (user, project) = ("alice".parse(), "research".parse());
        RequestContext::new(&self.env, user.unwrap(), project.unwrap())
    }

    pub async fn serve(&self, server: &str, handler: impl Handler) -> ServerHandle {
        let endpoint = Endpoint::new(self.topic.as_str(), server);
        let options = ServeOptions::default();
        self.amqp
            .serve(&endpoint, options, Arc::new(handler))
            .await
            .unwrap()
    }
}

/// Answers the arguments' text, and counts.
pub fn echo(counter: &Arc<AtomicUsize>) -> impl Handler + use<> {
    let counter = Arc::clone(counter);
    handler_fn(move |request| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            let args = request.args.to_json().unwrap();
            Ok(nova_rpc::Payload::from_json(args["text"].clone()))
        }
    })
}

/// A way to the broker that can be cut.
pub struct Proxy {
    pub url: String,
    cut: Arc<std::sync::Mutex<CancellationToken>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub async fn new() -> Self {
        let broker = url();
        let (before, vhost) = broker.rsplit_once('/').unwrap();
        let (credentials, address) = before.rsplit_once('@').unwrap();
        let address = address.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(std::sync::Mutex::new(CancellationToken::new()));
        let shared = Arc::clone(&cut);
        let listening = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let cut = shared.lock().unwrap().clone();
                let address = address.clone();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(address).await else {
                        return;
                    };
                    tokio::select! {
                        biased;
                        () = cut.cancelled() => {}
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                    }
                });
            }
        });
        Self {
            url: format!("{credentials}@127.0.0.1:{port}/{vhost}"),
            cut,
            listening,
        }
    }

    /// Cuts every connection; new ones are let through.
    pub fn cut(&self) {
        std::mem::take(&mut *self.cut.lock().unwrap()).cancel();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}
