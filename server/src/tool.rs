//! What every tool is made of, whoever answers it: the schemas that it shows,
//! the reading of its arguments, and the one object in which it fails.
//! Must never know what a particular tool does.

pub(crate) mod arguments;
pub(crate) mod effect;
pub mod failure;
pub(crate) mod schema;
