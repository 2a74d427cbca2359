//! The admin socket: JSON-RPC 2.0, one line a message. Whoever the kernel says
//! is the server's own user, or root, may ask; everyone else is refused.
//!
//! While a request is executed, what happens is told by notifications with the
//! method `event`, always before the answer and on the same connection.

mod asked;
mod connection;
mod listener;
#[cfg(test)]
mod tests;
mod wire;

pub use asked::{Answered, Asked, Caller, Deltas, Told};
pub(crate) use listener::serve;
