//! Who is let in over HTTP, and what those who are not, or who behave badly, can do to
//! the others: nothing.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

mod hostile;
mod lifecycle;
mod matrix;
mod names;
mod raw;
mod revoked;
mod secure;
