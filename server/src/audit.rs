//! The audit: who did what with the server itself, in files whose every record is
//! covered by a keyed hash and follows the one before.
//!
//! - `handle`, `writer`: what the front calls, and the one thread that writes.
//! - `ours`, `bounds`: what is not the server's own is refused, what is a caller's is cut.
//! - `windows`: repeats of the same decision are counted, not written.
//! - `log`, `open`, `checkpoint`, `key`: the files, and going on with them after a crash.
//! - `line`, `files`, `scan`, `read`, `verify`: reading them, and finding what was changed.
//!
//! It decides nothing about permission, and it must never lose a record in silence:
//! what cannot be written is refused, kept, or counted and told.
//!
//! What it can prove: nobody without the key has changed, removed, added or reordered
//! records up to the checkpoint. What it cannot: whoever can read the key can write
//! another history, and whoever can put back the log *and* the checkpoint of an earlier
//! moment makes the server forget what came after.

mod bounds;
mod checkpoint;
mod disk;
mod error;
mod files;
mod handle;
mod key;
mod line;
mod log;
mod open;
mod options;
mod ours;
mod read;
mod scan;
#[cfg(test)]
mod tests;
mod verify;
mod windows;
mod writer;

pub use error::AuditError;
pub use handle::{Audit, QUEUE};
pub use options::Options;
pub use read::{each, newest};
pub use verify::verify;
pub use windows::{MAX_TARGETS, MAX_WINDOWS, WINDOW};
