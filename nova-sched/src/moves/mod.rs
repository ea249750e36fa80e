//! Servers that go from one host to another: what they ask of the next host, and who takes them.

mod server_move;
pub(crate) mod takers;
mod wishes;

pub use server_move::ServerMove;
pub use wishes::Wishes;
