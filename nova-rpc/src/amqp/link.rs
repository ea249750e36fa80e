//! One connection that is made again whenever it is lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use lapin::tcp::{AMQPUriTcpExt as _, OwnedTLSConfig};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Event};
use nova_core::Env;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::config::AmqpConfig;
use super::error::{Closed, is_transient};
use super::stats::Counters;

/// The rest after a loss, and after the first attempt that failed. It doubles up to the
/// configuration's.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// How often a connection is looked at that tells nothing.
const LOOK: Duration = Duration::from_secs(1);
/// How long the broker may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A connection that works, and the number of those that there were.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) connection: Arc<Connection>,
    pub(super) generation: u64,
}

#[derive(Debug, Clone)]
enum State {
    Down(Option<lapin::Error>),
    Up(Live),
    Closed,
}

/// A connection that is made again whenever it is lost, for as long as it is not closed. Clones
/// share it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    state: watch::Receiver<State>,
}

/// What keeps a [`Link`] up. It runs until it is told to stop, and then says goodbye.
pub(super) struct Supervisor {
    pub(super) role: &'static str,
    pub(super) env: Env,
    pub(super) config: Arc<AmqpConfig>,
    pub(super) counters: Arc<Counters>,
    pub(super) stop: CancellationToken,
    state: watch::Sender<State>,
}

impl Link {
    /// A link, and what is to be spawned to keep it up.
    pub(super) fn new(
        role: &'static str,
        env: Env,
        config: Arc<AmqpConfig>,
        counters: Arc<Counters>,
        stop: CancellationToken,
    ) -> (Self, Supervisor) {
        let (sender, state) = watch::channel(State::Down(None));
        let supervisor = Supervisor {
            role,
            env,
            config,
            counters,
            stop,
            state: sender,
        };
        (Self { state }, supervisor)
    }

    /// The connection, as soon as there is one.
    pub(super) async fn live(&self) -> Result<Live, Closed> {
        let mut states = self.state.clone();
        loop {
            match &*states.borrow_and_update() {
                State::Up(live) if live.connection.status().connected() => return Ok(live.clone()),
                State::Closed => return Err(Closed),
                State::Up(_) | State::Down(_) => {}
            }
            states.changed().await.map_err(|_| Closed)?;
        }
    }

    /// Waits for the first connection, or for a reason why there will be none without somebody's
    /// doing.
    pub(super) async fn first(&self) -> lapin::Result<()> {
        let mut states = self.state.clone();
        loop {
            match &*states.borrow_and_update() {
                State::Up(_) => return Ok(()),
                State::Down(Some(error)) if !is_transient(error) => return Err(error.clone()),
                State::Closed => return Err(io::Error::other(Closed).into()),
                State::Down(_) => {}
            }
            if states.changed().await.is_err() {
                return Err(io::Error::other(Closed).into());
            }
        }
    }

    /// Why there is no connection, if it is known.
    pub(super) fn last_error(&self) -> Option<lapin::Error> {
        match &*self.state.borrow() {
            State::Down(error) => error.clone(),
            State::Up(_) | State::Closed => None,
        }
    }
}

impl Supervisor {
    pub(super) async fn run(self) {
        let mut generation = 0;
        let mut delay = FIRST_DELAY;
        while !self.stop.is_cancelled() {
            let connected = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                connected = connect(&self.config, self.role) => connected,
            };
            match connected {
                Ok(connection) => {
                    generation += 1;
                    delay = FIRST_DELAY;
                    if generation > 1 {
                        self.counters.reconnects.count();
                    }
                    self.stay(Arc::new(connection), generation).await;
                }
                Err(error) => {
                    tracing::warn!(role = self.role, broker = %self.config.url, %error, "the broker cannot be reached");
                    self.state.send_replace(State::Down(Some(error)));
                }
            }
            // So that a broker that comes back is not met by everybody at once.
            let rest = self.env.random_duration(delay / 2, delay);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(rest) => {}
            }
            delay = (delay * 2).min(self.config.max_reconnect_delay);
        }
        self.state.send_replace(State::Closed);
    }

    /// Holds a connection until it is lost, or until told to stop.
    async fn stay(&self, connection: Arc<Connection>, generation: u64) {
        let role = self.role;
        tracing::info!(role, broker = %self.config.url, generation, "connected");
        let mut events = connection.events_listener();
        self.state.send_replace(State::Up(Live {
            connection: Arc::clone(&connection),
            generation,
        }));
        while connection.status().connected() {
            let event = tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    self.state.send_replace(State::Closed);
                    let goodbye = connection.close(200, "OK".into());
                    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
                    return;
                }
                event = events.next() => event,
                () = tokio::time::sleep(LOOK) => continue,
            };
            match event {
                Some(Event::ConnectionBlocked(reason)) => {
                    tracing::warn!(role, reason, "the broker takes no messages for now");
                }
                Some(Event::ConnectionUnblocked) => {
                    tracing::info!(role, "the broker takes messages again");
                }
                Some(_) => {}
                None => break,
            }
        }
        tracing::warn!(role, broker = %self.config.url, generation, "the connection is lost");
        self.state.send_replace(State::Down(None));
    }
}

/// One attempt.
async fn connect(config: &AmqpConfig, role: &str) -> lapin::Result<Connection> {
    let mut uri = config.url.uri().clone();
    let heartbeat = u16::try_from(config.heartbeat.as_secs()).unwrap_or(u16::MAX);
    uri.query.heartbeat.get_or_insert(heartbeat);
    let name = format!("{} {role}", config.connection_name);
    let properties = ConnectionProperties::default().with_connection_name(name.as_str().into());
    let limit = config.connect_timeout;
    let runtime = lapin::runtime::default_runtime()?;
    // Bounded within too: the thread that connects outlives a future that is dropped.
    let open = async move |uri: AMQPUri, runtime| {
        let tls = OwnedTLSConfig::default();
        let stream = uri.connect_with_config_async(tls.as_ref(), &runtime);
        match tokio::time::timeout(limit, stream).await {
            Ok(stream) => Ok(stream?),
            Err(_) => Err(timed_out()),
        }
    };
    let connecting = Connection::connector(uri, runtime, open, properties);
    match tokio::time::timeout(limit, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(timed_out()),
    }
}

fn timed_out() -> lapin::Error {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
