//! Names and ids from plain text and numbers, as tests write them.

use std::fmt;
use std::str::FromStr;

use nova_core::id::{AggregateId, ImageId, ServerId};

use crate::fleet::HostAggregate;

/// The server of a number: always the same id.
pub fn server_id(number: u64) -> ServerId {
    numbered(0x5e, number)
}

/// The aggregate of a number: always the same id.
pub fn aggregate_id(number: u64) -> AggregateId {
    numbered(0xa9, number)
}

/// The image of a number: always the same id.
pub fn image_id(number: u64) -> ImageId {
    numbered(0x13, number)
}

/// An aggregate of these hosts, with these metadata. Its id follows from its name.
///
/// ```
/// use nova_sched::testing;
///
/// let ssd = testing::aggregate("ssd", ["node-1", "node-2"], [("ssd", "true")]);
/// assert_eq!((ssd.hosts.len(), ssd.metadata["ssd"].as_str()), (2, "true"));
/// ```
///
/// # Panics
/// If a host's name is none: an empty one, or one with white space.
pub fn aggregate<'a>(
    name: &str,
    hosts: impl IntoIterator<Item = &'a str>,
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> HostAggregate {
    let digest = name.bytes().fold(0_u64, |digest, byte| {
        digest.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut aggregate = HostAggregate::new(aggregate_id(digest), name);
    for host in hosts {
        aggregate.hosts.insert(parsed(host));
    }
    for (key, value) in metadata {
        aggregate.metadata.insert(key.to_owned(), value.to_owned());
    }
    aggregate
}

fn numbered<T>(kind: u8, number: u64) -> T
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let (high, low) = (number >> 48, number & 0xffff_ffff_ffff);
    parsed(&format!("000000{kind:02x}-{high:04x}-4000-8000-{low:012x}"))
}

/// The value of a text that a test's author wrote.
#[track_caller]
#[expect(
    clippy::panic,
    reason = "a test that writes a bad name is told where, and has nothing to handle"
)]
pub(super) fn parsed<T>(text: &str) -> T
where
    T: FromStr,
    T::Err: fmt::Display,
{
    match text.parse() {
        Ok(value) => value,
        Err(error) => panic!("{text:?} cannot be used here: {error}"),
    }
}
