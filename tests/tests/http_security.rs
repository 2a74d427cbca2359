//! Who is let in over HTTP, and what those who are not, or who behave badly, can do to
//! the others: nothing.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

#[path = "http_security/hostile.rs"]
mod hostile;
#[path = "http_security/lifecycle.rs"]
mod lifecycle;
#[path = "http_security/matrix.rs"]
mod matrix;
#[path = "http_security/names.rs"]
mod names;
#[path = "http_security/raw.rs"]
mod raw;
#[path = "http_security/revoked.rs"]
mod revoked;
#[path = "http_security/secure.rs"]
mod secure;
