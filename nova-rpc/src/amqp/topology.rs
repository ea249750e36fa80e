//! The exchanges and queues, by the names and flags that all peers must give them.
//!
//! A flag that differs is refused by the broker with 406. None is durable or exclusive; only the
//! fan-out exchange goes with its last queue; reply and fan-out queues expire.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use crate::notification::{Priority, Subscription};
use crate::target::{Endpoint, Route, Target};

/// An exchange, beside the default one that finds each queue by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exchange {
    /// The control exchange, by its name.
    Control(String),
    /// The fan-out exchange of a topic, which no control exchange scopes.
    Fanout(String),
}

impl Exchange {
    pub(super) fn fanout(topic: &str) -> Self {
        Self::Fanout(format!("{topic}_fanout"))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Control(name) | Self::Fanout(name) => name,
        }
    }

    pub(super) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        let (kind, auto_delete) = match self {
            Self::Control(_) => (ExchangeKind::Topic, false),
            Self::Fanout(_) => (ExchangeKind::Fanout, true),
        };
        let options = ExchangeDeclareOptions {
            auto_delete,
            ..ExchangeDeclareOptions::default()
        };
        let name = self.name().into();
        channel
            .exchange_declare(name, kind, options, FieldTable::default())
            .await
    }
}

/// A queue and what is bound to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Queue {
    pub(super) name: String,
    expires: Option<Duration>,
    bindings: Vec<(Exchange, String)>,
}

impl Queue {
    /// The queues of a server: the topic's, its own, and that of its fan-outs, whose name ends in
    /// an id that nobody else has.
    pub(super) fn of_server(
        endpoint: &Endpoint,
        control_exchange: &str,
        id: &str,
        expires: Duration,
    ) -> [Self; 3] {
        let topic = &endpoint.topic;
        let fanout = Self {
            name: format!("{topic}_fanout_{id}"),
            expires: Some(expires),
            bindings: vec![(Exchange::fanout(topic), topic.to_string())],
        };
        [
            Self::keyed(topic.to_string(), control_exchange),
            Self::keyed(endpoint.to_string(), control_exchange),
            fanout,
        ]
    }

    /// The queue of the replies to one transport.
    pub(super) fn of_replies(id: &str, expires: Duration) -> Self {
        Self {
            name: format!("reply_{id}"),
            expires: Some(expires),
            bindings: Vec::new(),
        }
    }

    /// The queue in which a topic's notifications of one priority wait.
    pub(super) fn of_notifications(
        topic: &str,
        priority: Priority,
        control_exchange: &str,
    ) -> Self {
        Self::keyed(format!("{topic}.{priority}"), control_exchange)
    }

    /// The queues of a group of subscribers: one for each priority, or its own.
    pub(super) fn of_subscription(
        subscription: &Subscription,
        control_exchange: &str,
    ) -> Vec<Self> {
        let topic = &subscription.topic;
        let own =
            Priority::ALL.map(|priority| Self::of_notifications(topic, priority, control_exchange));
        match &subscription.group {
            None => own.into(),
            Some(group) => vec![Self {
                name: group.to_string(),
                expires: None,
                bindings: own.into_iter().flat_map(|queue| queue.bindings).collect(),
            }],
        }
    }

    /// A queue that is bound to the control exchange by its own name.
    fn keyed(name: String, control_exchange: &str) -> Self {
        let control = Exchange::Control(control_exchange.to_owned());
        Self {
            bindings: vec![(control, name.clone())],
            expires: None,
            name,
        }
    }

    pub(super) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        let mut arguments = FieldTable::default();
        if let Some(expires) = self.expires {
            let millis = i32::try_from(expires.as_millis()).unwrap_or(i32::MAX);
            arguments.insert("x-expires".into(), AMQPValue::LongInt(millis));
        }
        let options = QueueDeclareOptions::default();
        channel
            .queue_declare(self.short_name(), options, arguments)
            .await?;
        for (exchange, key) in &self.bindings {
            exchange.declare(channel).await?;
            let (queue, key) = (self.short_name(), key.as_str().into());
            let exchange = exchange.name().into();
            let options = QueueBindOptions::default();
            channel
                .queue_bind(queue, exchange, key, options, FieldTable::default())
                .await?;
        }
        Ok(())
    }

    pub(super) fn short_name(&self) -> ShortString {
        self.name.as_str().into()
    }
}

/// The routing key of a target on the control exchange.
pub(super) fn routing_key(target: &Target) -> String {
    match &target.route {
        Route::Any | Route::Fanout => target.topic.to_string(),
        Route::Server(server) => format!("{}.{server}", target.topic),
    }
}

/// The longest name, so that what is put around it still fits the protocol's 255 bytes.
const MAX_NAME: usize = 127;

/// Whether this can be a topic, a server, a group or an exchange.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("a name is empty")
    } else if name.len() > MAX_NAME {
        Err("a name is longer than 127 bytes")
    } else if name
        .chars()
        .any(|c| matches!(c, '*' | '#') || c.is_control())
    {
        Err("a name has a wildcard or a control character in it")
    } else if name.starts_with("amq.") {
        Err("names that begin with amq. are the broker's own")
    } else {
        Ok(())
    }
}

/// Whether a target can be written on this wire.
pub(super) fn check_target(target: &Target) -> Result<(), &'static str> {
    check_name(&target.topic)?;
    match &target.route {
        Route::Any | Route::Fanout => Ok(()),
        Route::Server(server) => check_name(server),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_contract() {
        let endpoint = Endpoint::new("compute", "host-1");
        let queues = Queue::of_server(&endpoint, "nova", "abc", Duration::from_secs(1));
        let names = queues.each_ref().map(|queue| queue.name.as_str());
        assert_eq!(names, ["compute", "compute.host-1", "compute_fanout_abc"]);
        let keys = queues.each_ref().map(|queue| queue.bindings[0].1.as_str());
        assert_eq!(keys, ["compute", "compute.host-1", "compute"]);
        assert_eq!(queues[2].bindings[0].0.name(), "compute_fanout");

        let audit = Subscription::topic("notifications").group("audit");
        let queues = Queue::of_subscription(&audit, "nova");
        assert_eq!(queues.len(), 1);
        assert_eq!(queues[0].name, "audit");
        let keys: Vec<_> = queues[0].bindings.iter().map(|(_, key)| &**key).collect();
        assert_eq!(keys[..2], ["notifications.audit", "notifications.debug"]);
        assert_eq!(keys.len(), Priority::ALL.len());
    }

    #[test]
    fn wildcards_and_long_names_are_refused() {
        for bad in ["", "a.*", "#", "a\nb", "amq.topic", &"x".repeat(128)] {
            assert!(check_name(bad).is_err(), "{bad} passed");
        }
        assert_eq!(check_name("compute.cell-1"), Ok(()));
        assert!(check_target(&Target::topic("a").server("*")).is_err());
    }
}
