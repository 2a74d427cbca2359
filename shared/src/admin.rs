//! What is said on the admin socket: JSON-RPC 2.0, one line a message.
//!
//! - `hello`: who speaks, and in which version.    - `request`, `reply`: operations and what comes of them.
//! - `view`: the whole state, then numbered deltas. - `log`, `audit`: lines of the log, records of the audit.
//! - `codec`: how each of these is a line.          - `status`: the server at one moment.

pub mod audit;
pub mod backup;
pub mod codec;
pub mod config;
pub mod hello;
pub mod log;
pub mod reply;
pub mod request;
pub mod schema;
pub mod session_detail;
pub mod status;
pub mod tasks;
pub mod token;
pub mod view;

pub use hello::{Hello, PROTOCOL, Skew, Versions, Welcome, WhoAmI};
pub use reply::{Done, Refusal, Reply, Stopping};
pub use request::{Context, Request};
pub use status::{MAX_SESSIONS_LISTED, SessionStatus, Status, WorkerStatus};

/// Longest line that the server sends and its caller accepts, in bytes: a thousand
/// sessions, or as many restarts with all their phases, fit.
pub const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// Longest line that the server accepts, in bytes: a path and a note fit.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;
