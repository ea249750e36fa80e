//! Waiting for lapin no longer than what it works on lives.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::{Channel, Connection};

/// How often to look.
const LOOK: Duration = Duration::from_millis(100);

/// What lapin works on.
pub(super) trait Alive: Sync {
    fn is_alive(&self) -> bool;
}

impl Alive for Connection {
    fn is_alive(&self) -> bool {
        self.status().connected()
    }
}

impl Alive for Channel {
    fn is_alive(&self) -> bool {
        self.status().connected()
    }
}

impl Alive for Delivery {
    fn is_alive(&self) -> bool {
        !self.acker.poisoned()
    }
}

/// Waits for `work`, and gives it up when what it works on is found dead.
///
/// lapin 4.12 now and then forgets who waits when it loses a connection: seen on
/// acknowledgements, where connections were cut under load. The wait would never end.
pub(super) async fn while_alive<T>(
    on: &impl Alive,
    work: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    let mut work = pin!(work);
    // Dead once may be on its way to an answer: that is worth more than ours.
    let mut was_dead = false;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK) => {}
        }
        let is_dead = !on.is_alive();
        if is_dead && was_dead {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into());
        }
        was_dead = is_dead;
    }
}

/// Acknowledges a delivery. False if that is known not to have got out: then it comes again.
pub(super) async fn acknowledge(delivery: &Delivery, options: BasicAckOptions) -> bool {
    let acknowledging = delivery.acker.ack(options);
    matches!(while_alive(delivery, acknowledging).await, Ok(true))
}
