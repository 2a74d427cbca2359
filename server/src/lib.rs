//! The task orchestrator: one program in three roles.
//!
//! - [`shim`]: what an MCP client launches; copies lines between stdio and the front.
//! - [`front`]: the long-lived supervisor that owns every client connection.
//! - [`worker`]: the MCP service with its tools and its database, replaceable at any instant.
//!
//! Front and worker meet only in the frames of [`link`]: the front knows no task
//! and no SQL, the worker no client connection.

pub mod access;
pub mod admin;
pub mod audit;
pub mod breaker;
pub mod cli;
pub mod client_setup;
pub mod clock;
pub mod config;
pub mod envelope;
pub mod exit;
pub mod front;
pub mod ledger;
pub mod link;
pub mod logging;
mod private_socket;
pub mod process;
pub mod reboot;
pub mod request_headers;
pub mod restart;
pub mod roles;
pub mod shim;
pub mod shutdown;
pub mod state;
pub mod store;
pub mod tasks;
pub mod tokens;
pub mod tool;
mod warm;
pub mod worker;

pub use task_orchestrator_shared::workspace;
