//! What Nova's host state is called and holds: extra specs and queries name it.

mod host;
mod value;

pub(super) use host::{
    Lookup, attribute, counter, has, is_name, is_of_row, look_up, of_row, profile_value, service,
};
pub(super) use value::{Value, nearest};
