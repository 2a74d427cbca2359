//! Waiting times that depend on how often something failed: the same for the
//! server, the shim and the admin client.

pub use task_orchestrator_shared::client::Backoff;
