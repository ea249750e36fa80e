//! Which servers a list is of.

use std::collections::BTreeSet;

use super::page::MAX_PAGE;
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{FlavorId, HostName, ImageId, ProjectId, ServerId, UserId, ZoneName};
use crate::model::{NamePrefix, Server, ServerName, Tag, Tags};
use crate::state::{PowerState, TaskState, VmState};
use crate::text_enum::text_enum;

text_enum! {
    /// Whether deleted servers, those with a [`deleted_at`](Server::deleted_at), are wanted.
    pub enum Deleted: "deleted" {
        /// Those that are not deleted.
        Exclude = "exclude",
        /// Both.
        Include = "include",
        /// Those that are deleted.
        Only = "only",
    }
}

/// Which servers a list is of. Every condition that is set must hold; the default lets every
/// server through that is not deleted.
///
/// No condition changes another: unlike in Nova's API, `changed_since` alone leaves deleted
/// servers out. Whoever follows changes asks for `Deleted::Include` too.
///
/// ```
/// use nova_core::repository::{Deleted, ServerFilter};
/// use nova_core::state::VmState;
///
/// let filter = ServerFilter::default()
///     .project("shop".parse()?)
///     .vm_state(VmState::Active)
///     .vm_state(VmState::Stopped)
///     .tagged("web".parse()?)
///     .deleted(Deleted::Include);
/// assert_eq!(filter.vm_states.len(), 2);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFilter {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// On this host.
    pub host: Option<HostName>,
    /// For which this zone was asked.
    pub zone: Option<ZoneName>,
    /// With this name.
    pub name: Option<ServerName>,
    /// With a name that begins so.
    pub name_prefix: Option<NamePrefix>,
    /// Of this flavor.
    pub flavor: Option<FlavorId>,
    /// From this image.
    pub image: Option<ImageId>,
    /// In one of these vm states; none given, in any.
    pub vm_states: BTreeSet<VmState>,
    /// With one of these tasks; none given, with any or none.
    pub task_states: BTreeSet<TaskState>,
    /// With (`true`) or without (`false`) a task that runs.
    pub busy: Option<bool>,
    /// In this power state.
    pub power_state: Option<PowerState>,
    /// Locked (`true`) or not (`false`).
    pub locked: Option<bool>,
    /// With all of these tags (Nova's `tags`).
    pub tags: BTreeSet<Tag>,
    /// With one of these tags at least; none given, with any or none (Nova's `tags-any`).
    pub tags_any: BTreeSet<Tag>,
    /// Without one of these tags at least; none given, with any or none (Nova's `not-tags`).
    pub not_tags: BTreeSet<Tag>,
    /// Without all of these tags (Nova's `not-tags-any`).
    pub not_tags_any: BTreeSet<Tag>,
    /// Last written at this time or later.
    pub changed_since: Option<Timestamp>,
    /// Last written at this time or earlier, as Nova has it.
    pub changed_before: Option<Timestamp>,
    /// Asked for at this time or later.
    pub created_since: Option<Timestamp>,
    /// Asked for at this time or earlier.
    pub created_before: Option<Timestamp>,
    /// Deleted or not.
    pub deleted: Deleted,
    /// One of these; an empty set lets none through.
    pub ids: Option<BTreeSet<ServerId>>,
}

impl Default for ServerFilter {
    fn default() -> Self {
        Self {
            project: None,
            user: None,
            host: None,
            zone: None,
            name: None,
            name_prefix: None,
            flavor: None,
            image: None,
            vm_states: BTreeSet::new(),
            task_states: BTreeSet::new(),
            busy: None,
            power_state: None,
            locked: None,
            tags: BTreeSet::new(),
            tags_any: BTreeSet::new(),
            not_tags: BTreeSet::new(),
            not_tags_any: BTreeSet::new(),
            changed_since: None,
            changed_before: None,
            created_since: None,
            created_before: None,
            deleted: Deleted::Exclude,
            ids: None,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)+) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: $type) -> Self {
                self.$name = Some($name);
                self
            }
        )+
    };
}

macro_rules! adders {
    ($($(#[$doc:meta])* $name:ident: $type:ty => $field:ident;)+) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: $type) -> Self {
                self.$field.insert($name);
                self
            }
        )+
    };
}

impl ServerFilter {
    /// The most ids that a filter names.
    pub const MAX_IDS: usize = MAX_PAGE as usize;

    setters! {
        /// Of this project.
        project: ProjectId;
        /// Of this user.
        user: UserId;
        /// On this host.
        host: HostName;
        /// For which this zone was asked.
        zone: ZoneName;
        /// With this name.
        name: ServerName;
        /// With a name that begins so.
        name_prefix: NamePrefix;
        /// Of this flavor.
        flavor: FlavorId;
        /// From this image.
        image: ImageId;
        /// With or without a task that runs.
        busy: bool;
        /// In this power state.
        power_state: PowerState;
        /// Locked or not.
        locked: bool;
        /// Last written at this time or later.
        changed_since: Timestamp;
        /// Last written at this time or earlier.
        changed_before: Timestamp;
        /// Asked for at this time or later.
        created_since: Timestamp;
        /// Asked for at this time or earlier.
        created_before: Timestamp;
    }

    adders! {
        /// In this vm state, or another that was given.
        vm_state: VmState => vm_states;
        /// With this task, or another that was given.
        task_state: TaskState => task_states;
        /// With this tag, and the others that were given.
        tagged: Tag => tags;
        /// With this tag, or another that was given.
        tagged_any: Tag => tags_any;
        /// Without this tag, or without another that was given.
        not_tagged: Tag => not_tags;
        /// Without this tag, and without the others that were given.
        not_tagged_any: Tag => not_tags_any;
    }

    /// Deleted or not.
    #[must_use]
    pub fn deleted(mut self, deleted: Deleted) -> Self {
        self.deleted = deleted;
        self
    }

    /// One of these.
    #[must_use]
    pub fn ids(mut self, ids: impl IntoIterator<Item = ServerId>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// Whether the filter is one that every store can serve.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it names more than [`MAX_IDS`](Self::MAX_IDS) ids, or more tags in
    /// one condition than a server can have.
    pub fn check(&self) -> Result<()> {
        if self
            .ids
            .as_ref()
            .is_some_and(|ids| ids.len() > Self::MAX_IDS)
        {
            return Err(Error::invalid(
                "server ids",
                format!("there are more than {}", Self::MAX_IDS),
            ));
        }
        let tags = [
            &self.tags,
            &self.tags_any,
            &self.not_tags,
            &self.not_tags_any,
        ];
        if tags.iter().any(|tags| tags.len() > Tags::MAX) {
            return Err(Error::invalid(
                "tags",
                format!("there are more than {}", Tags::MAX),
            ));
        }
        Ok(())
    }

    /// Whether the filter lets the server through.
    pub fn matches(&self, server: &Server) -> bool {
        self.matches_place(server)
            && self.matches_state(server)
            && self.matches_tags(&server.tags)
            && self.matches_times(server)
    }

    fn matches_place(&self, server: &Server) -> bool {
        fits(self.project.as_ref(), &server.project_id)
            && fits(self.user.as_ref(), &server.user_id)
            && (self.host.is_none() || self.host == server.host)
            && (self.zone.is_none() || self.zone == server.availability_zone)
            && fits(self.name.as_ref(), &server.name)
            && self
                .name_prefix
                .as_ref()
                .is_none_or(|prefix| server.name.as_str().starts_with(prefix.as_str()))
            && fits(self.flavor.as_ref(), server.flavor.id())
            && fits(self.image.as_ref(), &server.image_id)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&server.id))
    }

    fn matches_state(&self, server: &Server) -> bool {
        (self.vm_states.is_empty() || self.vm_states.contains(&server.vm_state))
            && (self.task_states.is_empty()
                || server
                    .task_state
                    .is_some_and(|task| self.task_states.contains(&task)))
            && fits(self.busy.as_ref(), &server.task_state.is_some())
            && fits(self.power_state.as_ref(), &server.power_state)
            && fits(self.locked.as_ref(), &server.locked())
            && match self.deleted {
                Deleted::Exclude => server.deleted_at.is_none(),
                Deleted::Include => true,
                Deleted::Only => server.deleted_at.is_some(),
            }
    }

    fn matches_tags(&self, held: &Tags) -> bool {
        let has = |tag: &Tag| held.contains(tag);
        self.tags.iter().all(has)
            && (self.tags_any.is_empty() || self.tags_any.iter().any(has))
            && (self.not_tags.is_empty() || !self.not_tags.iter().all(has))
            && !self.not_tags_any.iter().any(has)
    }

    fn matches_times(&self, server: &Server) -> bool {
        self.changed_since.is_none_or(|t| server.updated_at >= t)
            && self.changed_before.is_none_or(|t| server.updated_at <= t)
            && self.created_since.is_none_or(|t| server.created_at >= t)
            && self.created_before.is_none_or(|t| server.created_at <= t)
    }
}

fn fits<T: PartialEq>(wanted: Option<&T>, held: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == held)
}
