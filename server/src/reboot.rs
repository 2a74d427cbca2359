//! The five reboot tools as the front answers them: what they look like, how
//! their calls are recognised among all messages, who may call them how often,
//! and how the answers are put into words. They work while there is no worker.
//!
//! Must never carry anything out: that is the hub's.

mod answer;
mod arguments;
mod command;
mod definition;
mod limits;
mod recognise;
mod result;

pub use answer::{failed, progress, refused, reply, restart_reply};
pub use arguments::{HealthScope, MAX_HISTORY, ReadinessScope, ReconnectScope, StatusScope};
pub use command::{Command, permit};
pub use definition::definitions;
pub use limits::Limits;
pub use recognise::{Call, recognise};
pub use result::RestartResult;

/// Restarts the server.
pub const RESTART_SERVER: &str = "orchestrator_restart_server";
/// Measures how everything is.
pub const HEALTH_CHECK: &str = "orchestrator_health_check";
/// Looks whether a restart would go through.
pub const SHUTDOWN_PREPARE: &str = "orchestrator_shutdown_prepare";
/// Tells where a restart is, and what there was.
pub const RESTART_STATUS: &str = "orchestrator_restart_status";
/// Sends something through the connections.
pub const RECONNECT_TEST: &str = "orchestrator_reconnect_test";

#[cfg(test)]
mod tests;
