//! Requests, a line each.

use nova_core::model::{ResourceClass, Resources, ServerGroupPolicy};

use super::names::{parsed, server_id};
use crate::request::{Destination, Fulfilment, GroupRequest, PlacementRequest, RequestImage};

/// Begins a request: one server of 1 processor, 1,024 MiB of memory and 10 GiB of disk.
///
/// ```
/// use nova_sched::{Scheduler, testing};
///
/// let fleet = testing::fleet_of([testing::host("node-1"), testing::host("node-2").zone("az2")]);
/// let request = testing::request().vcpus(4).memory_mib(8192).count(2).zone("az2").build();
/// let plan = Scheduler::default().plan(&fleet, &request);
/// assert!(plan.placements().iter().all(|placement| placement.host.as_str() == "node-2"));
/// ```
pub fn request() -> RequestBuilder {
    let resources = Resources::new();
    RequestBuilder {
        request: PlacementRequest::new(resources),
        image: RequestImage::default(),
    }
    .vcpus(1)
    .memory_mib(1024)
    .disk_gib(10)
}

/// A [`PlacementRequest`] in the making, for tests. Every method panics if a name cannot be used;
/// a test has nothing to handle there.
#[derive(Debug, Clone)]
#[must_use = "nothing comes of it until build is called"]
pub struct RequestBuilder {
    request: PlacementRequest,
    image: RequestImage,
}

impl RequestBuilder {
    /// So many processors for each server.
    pub fn vcpus(self, amount: u64) -> Self {
        self.with(|request| request.with_resource(ResourceClass::Vcpu, amount))
    }

    /// So much memory for each server.
    pub fn memory_mib(self, amount: u64) -> Self {
        self.with(|request| request.with_resource(ResourceClass::MemoryMb, amount))
    }

    /// So much disk for each server.
    pub fn disk_gib(self, amount: u64) -> Self {
        self.with(|request| request.with_resource(ResourceClass::DiskGb, amount))
    }

    /// So much of a class by its name, as `CUSTOM_GPU` or `VGPU`.
    #[track_caller]
    pub fn resource(self, class: &str, amount: u64) -> Self {
        let class = parsed(class);
        self.with(|request| request.with_resource(class, amount))
    }

    /// So many servers: all of them or none.
    pub fn count(self, count: u32) -> Self {
        self.with(|request| request.with_count(count))
    }

    /// What is to happen where not all of them fit.
    pub fn fulfilment(self, fulfilment: Fulfilment) -> Self {
        self.with(|request| request.with_fulfilment(fulfilment))
    }

    /// Of this priority.
    pub fn priority(self, priority: i32) -> Self {
        self.with(|request| request.with_priority(priority))
    }

    /// In this zone.
    #[track_caller]
    pub fn zone(self, zone: &str) -> Self {
        let zone = parsed(zone);
        self.with(|request| request.with_zone(zone))
    }

    /// Of this project.
    #[track_caller]
    pub fn project(self, project: &str) -> Self {
        let project = parsed(project);
        self.with(|request| request.with_project(project))
    }

    /// Of the flavor of this name.
    pub fn flavor(self, name: &str) -> Self {
        self.with(|request| request.with_flavor(name))
    }

    /// With an extra spec.
    pub fn extra_spec(self, key: &str, value: &str) -> Self {
        self.with(|request| request.with_extra_spec(key, value))
    }

    /// From an image with this property, besides others.
    pub fn image_property(mut self, name: &str, value: &str) -> Self {
        self.image
            .properties
            .insert(name.to_owned(), value.to_owned());
        let image = self.image.clone();
        self.with(|request| request.with_image(image))
    }

    /// Only on hosts with this trait.
    #[track_caller]
    pub fn required_trait(self, name: &str) -> Self {
        let name = parsed(name);
        self.with(|request| request.with_required_trait(name))
    }

    /// Only on hosts without this trait.
    #[track_caller]
    pub fn forbidden_trait(self, name: &str) -> Self {
        let name = parsed(name);
        self.with(|request| request.with_forbidden_trait(name))
    }

    /// With a scheduler hint.
    pub fn hint<'a>(self, name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|request| request.with_hint(name, values))
    }

    /// With the servers of these numbers ([`server_id`]).
    pub fn servers(self, numbers: impl IntoIterator<Item = u64>) -> Self {
        self.with(|request| request.with_servers(numbers.into_iter().map(server_id)))
    }

    /// As a member of a group of this policy, which has members on these hosts: the numbers of
    /// the servers, and where they are.
    #[track_caller]
    pub fn group<'a>(
        self,
        policy: ServerGroupPolicy,
        members: impl IntoIterator<Item = (u64, &'a str)>,
    ) -> Self {
        let mut group = GroupRequest::new(policy);
        for (number, host) in members {
            group = group.with_member_on(server_id(number), parsed(host));
        }
        self.with(|request| request.with_group(group))
    }

    /// Not on this host.
    #[track_caller]
    pub fn ignored_host(self, host: &str) -> Self {
        let host = parsed(host);
        self.with(|request| request.with_ignored_host(host))
    }

    /// Only on this host, or on another one that is forced; filters of
    /// [`Stage::Filter`](crate::Stage::Filter) are not run.
    #[track_caller]
    pub fn forced_host(self, host: &str) -> Self {
        let host = parsed(host);
        self.with(|request| request.with_forced_host(host))
    }

    /// Only on this host, and filters are run.
    #[track_caller]
    pub fn destination(self, host: &str) -> Self {
        let host = parsed(host);
        self.with(|request| request.with_destination(Destination::host(host)))
    }

    /// With anything else that can be asked.
    pub fn with(mut self, change: impl FnOnce(PlacementRequest) -> PlacementRequest) -> Self {
        self.request = change(self.request);
        self
    }

    /// The request.
    pub fn build(self) -> PlacementRequest {
        self.request
    }
}

impl From<RequestBuilder> for PlacementRequest {
    fn from(builder: RequestBuilder) -> Self {
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Scheduler;
    use crate::testing;

    #[test]
    fn hosts_and_how_much_is_to_be_fulfilled_take_a_word_each() {
        let fleet = testing::fleet_of([
            testing::host("full").memory_mib(2048),
            testing::host("off").disabled("new firmware"),
            testing::host("free"),
        ]);
        let hosts = |request: RequestBuilder| {
            let plan = Scheduler::default().plan(&fleet, &request.build());
            let placements = plan.placements().iter();
            let hosts = placements.map(|one| one.host.as_str().to_owned());
            hosts.collect::<Vec<_>>()
        };
        // Who is forced is not asked whether it is in service; who is a destination is.
        assert_eq!(hosts(request().forced_host("off")), ["off"]);
        assert_eq!(hosts(request().destination("off")), [""; 0]);
        assert_eq!(hosts(request().destination("full")), ["full"]);
        let three = request().count(3).destination("full");
        assert_eq!(hosts(three.clone()), [""; 0]);
        assert_eq!(
            hosts(three.fulfilment(Fulfilment::AsManyAsFit)),
            ["full", "full"]
        );
        assert_eq!(request().priority(-3).build().shape().priority, -3);
    }
}
