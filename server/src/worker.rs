//! The worker: the MCP service proper. Disposable at any instant: everything
//! that must outlive it is in the database, or in the session record that the
//! front keeps for it. It holds no client's descriptor.

mod client_log;
mod completions;
pub mod failure;
mod prompts;
mod resources;
pub mod service;
pub mod session;
pub mod shared;
mod size;
mod subscriptions;
mod tools;

#[cfg(test)]
mod tests;
