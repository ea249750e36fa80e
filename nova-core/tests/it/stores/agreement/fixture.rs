//! What the groups of calls share. A number means the same server, host, project… in all of them.

use std::fmt::Debug;
use std::ops::Range;

use nova_core::env::Timestamp;
use nova_core::id::{
    FlavorId, HostName, ImageId, MigrationId, ProjectId, RequestId, ServerId, UserId, ZoneName,
};
use nova_core::model::{Flavor, Generation, NewServer, Server, ServerName};
use nova_core::repository::{PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;
use uuid::Uuid;

/// The numbers of things.
pub const NUMBERS: Range<u8> = 0..4;

/// One of the [`NUMBERS`], the lower more often, so that calls meet.
pub fn few() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![4 => Just(0), 3 => Just(1), 2 => Just(2), 1 => Just(3)]
}

/// One of the few, or none.
pub fn perhaps() -> impl Strategy<Value = Option<u8>> {
    prop::option::of(few())
}

/// Microseconds: as many as a sequence of calls lasts.
pub fn instant() -> Range<i64> {
    0..40
}

/// `true` once in six times: for what should mostly succeed.
pub fn seldom() -> impl Strategy<Value = bool> {
    prop::bool::weighted(1.0 / 6.0)
}

/// The most items of a page and the number of its marker.
pub fn page_request() -> impl Strategy<Value = (u32, Option<u8>)> {
    (1..4_u32, perhaps())
}

/// The page of what [`page_request`] says.
pub fn page<Id>(&(limit, marker): &(u32, Option<u8>), id: impl Fn(u8) -> Id) -> PageRequest<Id> {
    let page = PageRequest::first(limit).unwrap();
    match marker {
        Some(number) => page.after(id(number)),
        None => page,
    }
}

/// The UUID of a number, another for each kind of thing.
pub fn uuid(kind: u8, number: u8) -> Uuid {
    Uuid::from_u128(u128::from(kind) << 120 | u128::from(number))
}

pub fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(1, number))
}

pub fn migration_id(number: u8) -> MigrationId {
    MigrationId::from_uuid(uuid(2, number))
}

pub fn image_id(number: u8) -> ImageId {
    ImageId::from_uuid(uuid(3, number))
}

/// Names that are equal for who does not tell capital letters or accents from others.
pub fn host_name(number: u8) -> HostName {
    ["host-1", "host-10", "Host-1", "h\u{f6}st-1"][usize::from(number)]
        .parse()
        .unwrap()
}

pub fn zone(number: u8) -> ZoneName {
    ["east", "East", "west", "\u{1f980}"][usize::from(number)]
        .parse()
        .unwrap()
}

pub fn project_id(number: u8) -> ProjectId {
    ["p", "P", "q", "\u{e4}"][usize::from(number)]
        .parse()
        .unwrap()
}

pub fn user_id(number: u8) -> UserId {
    format!("user-{number}").parse().unwrap()
}

pub fn request_id(number: u8) -> RequestId {
    format!("req-{number}").parse().unwrap()
}

pub fn flavor_id(number: u8) -> FlavorId {
    ["a", "A", "b", "\u{e4}"][usize::from(number)]
        .parse()
        .unwrap()
}

pub fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Texts that databases treat in ways of their own.
pub fn words(number: u8) -> String {
    ["", "plain ", "\0'\"\\\n", "\u{1f980} e\u{301}"][usize::from(number)].to_owned()
}

/// The generation that the writer read, or one that is not there.
pub fn generation(held: Generation, wrong: bool) -> Generation {
    if wrong { held.next() } else { held }
}

/// The larger the number, the larger the flavor.
pub fn flavor(number: u8) -> Flavor {
    let cores = u32::from(number) + 1;
    let memory = Mebibytes::new(64 * u64::from(cores));
    Flavor::builder(flavor_id(number), cores, memory, Gibibytes::new(1))
        .build()
        .unwrap()
}

/// Names of which some begin alike.
pub fn server_name(number: u8) -> ServerName {
    ["web", "web 1", "Web", "w\u{e9}b"][usize::from(number)]
        .parse()
        .unwrap()
}

/// A server that was not created yet.
pub fn server(number: u8, project: u8, now: Timestamp) -> Server {
    let new = NewServer::new(
        server_id(number),
        server_name(number),
        project_id(project),
        user_id(project / 2),
        flavor(number),
        image_id(number / 2),
    );
    Server::begin(new, now)
}

/// The answer as text: values and errors alike.
pub fn text(answer: impl Debug) -> String {
    format!("{answer:?}")
}

/// What a store holds, with what [`Debug`] keeps to itself.
pub fn json(answer: nova_core::Result<impl serde::Serialize>) -> String {
    match answer {
        Ok(value) => serde_json::to_string(&value).unwrap(),
        Err(error) => text(error),
    }
}

/// The server as the store holds it, to be changed; one that the store does not know if it is not
/// there.
pub async fn held_server(store: &Store, number: u8, now: Timestamp) -> Server {
    match store.servers().server_get(server_id(number)).await {
        Ok(server) => server,
        Err(_) => server(number, 0, now),
    }
}
