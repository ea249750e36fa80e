//! Notifications and their acknowledgement.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::subject::{SOON, Subject, next, silent};
use crate::notification::{
    Acknowledge, Delivery, NotificationHandler, Priority, Subscription, notification_fn,
};
use crate::notifier::Notifier;
use crate::serve::{ServeOptions, ServerHandle};

type Seen = mpsc::UnboundedSender<(&'static str, Delivery)>;

async fn subscribe(
    subject: &Subject,
    subscription: &Subscription,
    handler: impl NotificationHandler,
) -> ServerHandle {
    let options = ServeOptions::default().max_in_flight(1);
    let handler = Arc::new(handler);
    subject
        .transport()
        .subscribe(subscription, options, handler)
        .await
        .expect("it subscribes")
}

/// Writes down what it is told.
fn writer(name: &'static str, seen: &Seen) -> impl NotificationHandler + use<> {
    let seen = seen.clone();
    notification_fn(move |delivery| {
        let _ = seen.send((name, delivery));
        async { Acknowledge::Done }
    })
}

fn notifier(subject: &Subject, topic: &str) -> Notifier {
    Notifier::new(
        subject.shared(),
        subject.env().clone(),
        topic,
        "suite.host-1",
    )
}

async fn tell(subject: &Subject, notifier: &Notifier, event: &str) {
    let told = notifier
        .notify(&subject.context(), Priority::Warn, event, event.to_owned())
        .await;
    told.expect("it is accepted");
}

/// Each group is told everything once, whole, and its members share the work.
///
/// # Panics
/// If not.
pub async fn every_group_is_told_once(subject: &Subject) {
    const EVENTS: usize = 12;
    let topic = subject.topic("groups");
    let (seen, mut deliveries) = mpsc::unbounded_channel();
    let own = Subscription::topic(topic.clone());
    let audit = own.clone().group(subject.topic("audit"));
    let subscribers = [
        subscribe(subject, &own, writer("own", &seen)).await,
        subscribe(subject, &audit, writer("audit", &seen)).await,
        subscribe(subject, &audit, writer("audit", &seen)).await,
    ];
    let notifier = notifier(subject, &topic);
    for number in 0..EVENTS {
        tell(subject, &notifier, &format!("event-{number}")).await;
    }
    let mut told = BTreeMap::new();
    for _ in 0..EVENTS * 2 {
        let (
            group,
            Delivery {
                notification,
                redelivered,
            },
        ) = next(&mut deliveries).await;
        assert!(!redelivered);
        assert_eq!(notification.priority, Priority::Warn);
        assert_eq!(&*notification.publisher_id, "suite.host-1");
        assert_eq!(notification.context.user_id.as_str(), "alice");
        let text: String = notification.payload.into_typed().expect("a text was sent");
        assert_eq!(*text, *notification.event_type);
        *told.entry((group, text)).or_insert(0) += 1;
    }
    silent(&mut deliveries).await;
    assert_eq!(told.len(), EVENTS * 2);
    assert!(told.values().all(|times| *times == 1));
    for subscriber in subscribers {
        let _ = subscriber.stop().await;
    }
}

/// A notification that nobody subscribes to is no error.
///
/// # Panics
/// If not.
pub async fn nobody_to_tell_is_no_error(subject: &Subject) {
    let topic = subject.topic("untold");
    tell(subject, &notifier(subject, &topic), "unheard").await;
}

/// A notification that is given back is delivered again, and marked as such.
///
/// # Panics
/// If not, and the transport has `requeue`.
pub async fn given_back_is_told_again(subject: &Subject) {
    let topic = subject.topic("requeue");
    let (seen, mut deliveries) = mpsc::unbounded_channel();
    let handler = notification_fn(move |delivery: Delivery| {
        let _ = seen.send(delivery.clone());
        async move {
            match delivery.redelivered {
                true => Acknowledge::Done,
                false => Acknowledge::Requeue,
            }
        }
    });
    let subscriber = subscribe(subject, &Subscription::topic(topic.clone()), handler).await;
    tell(subject, &notifier(subject, &topic), "again").await;
    let first: Delivery = next(&mut deliveries).await;
    assert!(!first.redelivered);
    if subject.transport().capabilities().requeue {
        let second = next(&mut deliveries).await;
        assert!(second.redelivered);
        assert_eq!(
            first.notification.message_id,
            second.notification.message_id
        );
    }
    silent(&mut deliveries).await;
    let _ = subscriber.stop().await;
}

/// What a subscriber was at when it stopped hard goes to another of the group.
///
/// # Panics
/// If not.
pub async fn unacknowledged_goes_to_another(subject: &Subject) {
    let topic = subject.topic("unacknowledged");
    let subscription = Subscription::topic(topic.clone());
    let (seen, mut deliveries) = mpsc::unbounded_channel();
    let stuck = seen.clone();
    let stuck = notification_fn(move |delivery| {
        let _ = stuck.send(("stuck", delivery));
        pending()
    });
    let stuck = subscribe(subject, &subscription, stuck).await;
    tell(subject, &notifier(subject, &topic), "event").await;
    assert_eq!(next(&mut deliveries).await.0, "stuck");
    let other = subscribe(subject, &subscription, writer("other", &seen)).await;
    drop(stuck);
    let (name, delivery) = next(&mut deliveries).await;
    assert_eq!(name, "other");
    assert!(delivery.redelivered);
    let _ = other.stop().await;
}

/// A notification whose handler panics is done with, and the subscriber lives on.
///
/// # Panics
/// If not.
pub async fn a_panic_is_not_repeated(subject: &Subject) {
    let topic = subject.topic("poison");
    let (seen, mut deliveries) = mpsc::unbounded_channel();
    let handler = notification_fn(move |delivery: Delivery| {
        let _ = seen.send(delivery.clone());
        async move {
            assert_ne!(&*delivery.notification.event_type, "poison", "as ordered");
            Acknowledge::Done
        }
    });
    let subscriber = subscribe(subject, &Subscription::topic(topic.clone()), handler).await;
    let notifier = notifier(subject, &topic);
    for event in ["poison", "food"] {
        tell(subject, &notifier, event).await;
        let delivery: Delivery = next(&mut deliveries).await;
        assert_eq!(&*delivery.notification.event_type, event);
    }
    silent(&mut deliveries).await;
    let _ = subscriber.stop().await;
}

/// What is told while no member of a group listens waits for it.
///
/// # Panics
/// If not, and the transport is `durable`.
pub async fn notifications_wait_if_durable(subject: &Subject) {
    if !subject.transport().capabilities().durable {
        return;
    }
    let topic = subject.topic("durable");
    let subscription = Subscription::topic(topic.clone());
    let (seen, mut deliveries) = mpsc::unbounded_channel();
    let _ = subscribe(subject, &subscription, writer("before", &seen))
        .await
        .stop()
        .await;
    tell(subject, &notifier(subject, &topic), "meanwhile").await;
    tokio::time::sleep(SOON).await;
    let after = subscribe(subject, &subscription, writer("after", &seen)).await;
    assert_eq!(next(&mut deliveries).await.0, "after");
    let _ = after.stop().await;
}
