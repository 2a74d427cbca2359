//! The worker: the MCP service proper. Disposable at any instant: everything
//! that must outlive it is in the database, or in the session record that the
//! front keeps for it. It holds no client's descriptor.
//!
//! - `run`, `serve`, `transport`, [`session`]: the link to the front and what comes through it.
//! - [`service`], `tools`, `resources`, `prompts`, `completions`, `subscriptions`,
//!   `client_log`, [`failure`]: the MCP service of one session.
//! - [`background`], `long_calls`: calls that clients have run in the background.
//! - [`shared`], `jobs`, [`limits`], `notices`: what all sessions serve from, and what concerns them all.
//! - [`program`], `options`, `inspect`, `tree`: how it is opened, and what the front orders beside requests.
//! - [`orders`]: snapshots and backups that the front asks for.

pub mod background;
pub mod client_log;
mod completions;
pub mod failure;
mod inspect;
pub mod jobs;
pub mod limits;
mod long_calls;
mod notices;
mod options;
pub mod orders;
pub mod program;
mod prompts;
mod resources;
mod run;
mod serve;
pub mod service;
pub mod session;
pub mod shared;
mod size;
mod subscriptions;
mod tools;
mod transport;
mod tree;

#[cfg(test)]
mod tests;

pub use run::WorkerError;
pub use serve::LinkEnd;
