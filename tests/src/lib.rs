//! What the end-to-end tests and benchmarks share: they start the real
//! program, speak to it as a client does, and look at what it left behind.
//!
//! Nothing here waits for a time: every wait is for a condition, with a
//! deadline that only a failure reaches.

pub mod admin;
pub mod bench;
pub mod caller;
pub mod chaos;
pub mod client;
pub mod conformance;
pub mod console;
pub mod fake_server;
pub mod followed;
pub mod history;
pub mod http;
pub mod lossy;
pub mod measure;
pub mod observed;
pub mod official;
pub mod open_metrics;
pub mod picture;
pub mod process;
pub mod program;
pub mod pty;
pub mod random;
pub mod wait;
pub mod workspace;

pub use caller::Caller;
pub use client::{Client, ToolReply};
pub use followed::Followed;
pub use pty::Pty;
pub use workspace::{Status, Workspace};
