//! The conditions of lists of servers.

use nova_core::model::NamePrefix;
use nova_core::repository::ServerFilter;
use nova_core::state::{PowerState, TaskState, VmState};
use proptest::prelude::*;

use super::fixture::{
    few, flavor_id, host_name, image_id, project_id, server_id, server_name, time, user_id, zone,
};
use super::servers::tag;

/// The number of a kind of condition, and what it compares with.
pub type Condition = (u8, u8);

/// How many kinds there are.
const KINDS: u8 = 23;

/// Any condition.
pub fn condition() -> impl Strategy<Value = Condition> {
    (0..KINDS, few())
}

/// The filter of all these.
pub fn filter(conditions: &[Condition]) -> ServerFilter {
    let none = ServerFilter::default();
    conditions.iter().fold(none, |filter, (kind, number)| {
        restrict(filter, *kind, *number)
    })
}

fn restrict(filter: ServerFilter, kind: u8, number: u8) -> ServerFilter {
    let time = time(i64::from(number) * 4);
    let odd = number % 2 == 1;
    match kind {
        0 => filter.project(project_id(number)),
        1 => filter.host(host_name(number)),
        2 => filter.name(server_name(number)),
        3 => filter.name_prefix(NamePrefix::new(&server_name(number).as_str()[..1]).unwrap()),
        4 => filter.vm_state(VmState::ALL[usize::from(number)]),
        5 => filter.vm_state(VmState::Deleted),
        6 => filter.busy(odd),
        7 => filter.locked(odd),
        8 => filter.tagged(tag(number)),
        9 => filter.tagged_any(tag(number)),
        10 => filter.not_tagged(tag(number)),
        11 => filter.not_tagged_any(tag(number)),
        12 => filter.changed_since(time),
        13 => filter.changed_before(time),
        14 => filter.created_since(time),
        15 => filter.created_before(time),
        16 => filter.user(user_id(number)),
        17 => filter.zone(zone(number)),
        18 => filter.flavor(flavor_id(number)),
        19 => filter.image(image_id(number)),
        20 => filter.task_state(TaskState::ALL[usize::from(number)]),
        21 => filter.power_state(PowerState::ALL[usize::from(number)]),
        _ => filter.ids([server_id(number), server_id(3 - number)]),
    }
}
