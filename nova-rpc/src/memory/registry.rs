//! Who listens to which topic.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::group::Group;
use super::server::{Place, Refused, Server};
use super::work::{Answer, Work};
use crate::notification::Subscription;
use crate::target::{Route, Target};

/// Who listens to which topic. Topics that nobody listens to are not kept.
#[derive(Debug, Default)]
pub(super) struct Registry {
    topics: RwLock<BTreeMap<Arc<str>, Topic>>,
    groups: RwLock<BTreeMap<Arc<str>, Groups>>,
}

/// The groups of a topic by name, its own under none; with the number of their members.
type Groups = BTreeMap<Option<Arc<str>>, (Arc<Group>, usize)>;

#[derive(Debug, Default)]
struct Topic {
    /// In the order in which they came.
    servers: Vec<Arc<Server>>,
    /// Where the next round begins.
    turn: AtomicUsize,
}

impl Topic {
    /// The servers that the route means, beginning with the one whose turn it is.
    fn servers<'a>(&'a self, route: &'a Route) -> impl Iterator<Item = &'a Arc<Server>> {
        let turn = match self.servers.len() {
            0 | 1 => 0,
            len => self.turn.fetch_add(1, Ordering::Relaxed) % len,
        };
        let (before, from) = self.servers.split_at(turn);
        from.iter().chain(before).filter(move |server| match route {
            Route::Any | Route::Fanout => true,
            Route::Server(name) => server.endpoint.server == *name,
        })
    }
}

/// What became of an attempt to send without waiting.
pub(super) enum Sent {
    /// A server took it.
    Accepted,
    /// Nobody listens there.
    Nobody(Box<Work>),
    /// All these are full.
    Full(Box<Work>, Vec<Arc<Server>>),
}

impl Registry {
    pub(super) fn add_server(&self, server: Arc<Server>) {
        let mut topics = write(&self.topics);
        topics
            .entry(Arc::clone(&server.endpoint.topic))
            .or_default()
            .servers
            .push(server);
    }

    pub(super) fn remove_server(&self, server: &Arc<Server>) {
        let mut topics = write(&self.topics);
        let Some(topic) = topics.get_mut(&server.endpoint.topic) else {
            return;
        };
        topic.servers.retain(|other| !Arc::ptr_eq(other, server));
        if topic.servers.is_empty() {
            topics.remove(&server.endpoint.topic);
        }
    }

    /// The servers that a target means now.
    pub(super) fn servers(&self, target: &Target) -> Vec<Arc<Server>> {
        read(&self.topics)
            .get(&target.topic)
            .map(|topic| topic.servers(&target.route).cloned().collect())
            .unwrap_or_default()
    }

    /// Gives the work to a server that can begin it now, else to one with room in its backlog.
    pub(super) fn send(&self, target: &Target, mut work: Box<Work>) -> Sent {
        let topics = read(&self.topics);
        let Some(topic) = topics.get(&target.topic) else {
            return Sent::Nobody(work);
        };
        let mut full = Vec::new();
        for server in topic.servers(&target.route) {
            match server.offer(work, Place::Handler) {
                Ok(()) => return Sent::Accepted,
                Err(refused) => {
                    work = refused.work;
                    // One that closes is about to leave the list.
                    if !refused.closed {
                        full.push(Arc::clone(server));
                    }
                }
            }
        }
        for server in &full {
            match server.offer(work, Place::Anywhere) {
                Ok(()) => return Sent::Accepted,
                Err(Refused { work: same, .. }) => work = same,
            }
        }
        if full.is_empty() {
            Sent::Nobody(work)
        } else {
            Sent::Full(work, full)
        }
    }

    /// Takes a server out, and gives what it has not begun to others, or back.
    pub(super) fn close_server(&self, server: &Arc<Server>) {
        self.remove_server(server);
        for work in server.close() {
            let left = if work.route == Route::Fanout {
                // The others have theirs.
                work
            } else {
                let topic = Arc::clone(&server.endpoint.topic);
                let target = Target {
                    topic,
                    route: work.route.clone(),
                };
                match self.send(&target, work) {
                    Sent::Accepted => continue,
                    Sent::Nobody(work) | Sent::Full(work, _) => work,
                }
            };
            left.refuse(Answer::GivenBack);
        }
    }

    /// Joins a group, which the first member brings about.
    pub(super) fn join(&self, subscription: &Subscription, capacity: usize) -> Arc<Group> {
        let mut topics = write(&self.groups);
        let groups = topics.entry(Arc::clone(&subscription.topic)).or_default();
        let (group, members) = groups
            .entry(subscription.group.clone())
            .or_insert_with(|| (Arc::new(Group::new(capacity)), 0));
        *members += 1;
        Arc::clone(group)
    }

    /// Leaves a group. With its last member it is gone, and what waited in it is lost.
    pub(super) fn leave(&self, subscription: &Subscription) {
        let mut topics = write(&self.groups);
        let Some(groups) = topics.get_mut(&subscription.topic) else {
            return;
        };
        if let Some((group, members)) = groups.get_mut(&subscription.group) {
            *members -= 1;
            if *members == 0 {
                let lost = group.close();
                if lost > 0 {
                    let (topic, group) = (&subscription.topic, &subscription.group);
                    tracing::warn!(topic = %topic, group = ?group, lost, "nobody is left to notify");
                }
                groups.remove(&subscription.group);
            }
        }
        if groups.is_empty() {
            topics.remove(&subscription.topic);
        }
    }

    /// The groups of a topic.
    pub(super) fn groups(&self, topic: &str) -> Vec<Arc<Group>> {
        read(&self.groups)
            .get(topic)
            .map(|groups| {
                groups
                    .values()
                    .map(|(group, _)| Arc::clone(group))
                    .collect()
            })
            .unwrap_or_default()
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
