//! The SQL stores give the same answers to the same random sequence of calls as the memory store,
//! and hold the same afterwards.
//!
//! The memory store is the model: what it answers is right, whatever the state, for every call is
//! allowed in every state and has an answer there, if only an error. A case is therefore a plain
//! vector of calls. `proptest-state-machine` was left out: what it adds are preconditions, and
//! there are none; its reference state would have to be a value that is cloned and changed without
//! `await`, which a store is not. A call that needs to know the state, such as a write that names
//! the generation it read, reads it from the store when it is made. So any part of a sequence is a
//! sequence.
//!
//! Numbers mean the same server, host and project in every group of calls, and a sequence mixes
//! several groups: a server that is purged takes what others gave it. Not all of them are in each
//! sequence, so that calls of the same group meet.
//!
//! A failing sequence shrinks by leaving out calls, first many at a time: proptest's own way, one
//! at a time and never to fewer than were asked for, takes thousands of runs against a database. A
//! failure prints what is left and the seed that makes it again. Set `PROPTEST_RNG_SEED` to that,
//! or `PROPTEST_CASES` to more than the usual number of sequences.

mod actions;
mod aggregates;
mod archive;
mod block_devices;
mod calls;
mod cells;
mod claims;
mod console_tokens;
mod coverage;
mod databases;
mod faults;
mod fixture;
mod flavors;
mod hosts;
mod key_pairs;
mod migrations;
mod operations;
mod ports;
mod quotas;
mod runner;
mod server_filters;
mod server_groups;
mod servers;
