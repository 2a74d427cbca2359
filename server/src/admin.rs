//! The admin socket: JSON-RPC 2.0, one line a message. Knows who speaks, and passes
//! on what they want; whoever carries it out decides whether they may.
//!
//! - `thread`, `listener`, `places`: who gets a connection.  - `peer`: who that is.
//! - `lines`, `outbox`: a line in, a line out.               - `requests`: what is carried out at once.
//! - `connection`, `calls`: one caller.                      - `streams`, `logs`: what is told without asking again.
//!
//! While a request is carried out, what happens is told by notifications with the
//! method `event`, always before the answer and on the same connection.

mod asked;
mod calls;
mod connection;
mod finished;
mod lines;
mod listener;
mod logs;
mod outbox;
mod peer;
mod places;
mod requests;
#[cfg(test)]
pub(crate) mod sample;
mod shared;
mod streams;
#[cfg(test)]
mod tests;
mod thread;

pub use asked::{Answered, Asked, Caller, Deltas, Told};
pub use logs::{Follow, LogSource, LogSourceError};
pub(crate) use shared::Facts;
#[cfg(test)]
pub(crate) use thread::serve;
pub(crate) use thread::spawn;
