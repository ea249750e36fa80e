//! What a flavor and an image ask for.

mod cells;
mod error;
mod masks;
mod pages;
mod policies;
mod source;

pub use error::NumaFlavorError;
