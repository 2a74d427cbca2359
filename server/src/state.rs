//! Snapshots and backups in `server_state/`: written so that a crash at any
//! instant leaves a valid one, verified when read, rotated, and restored from.
//!
//! - `format`, `source`, `bulk`, `seal`: writing a snapshot in two stages.
//! - `read`, `compare`: reading one, and proving that the database agrees.
//! - `opened`, `difference`: a compressed one as a file, and what differs between two.
//! - `name`, `archive`, `pins`, `rotation`, `keeper`: what is there, what is valid, what may go.
//! - `saga`, `restore`: putting something back, all of it or nothing.
//!
//! Knows no client, no link and no process; whoever restores holds the front's lock.

mod archive;
mod bulk;
mod compare;
mod difference;
mod disk;
mod error;
mod format;
pub mod keeper;
mod name;
mod opened;
mod pins;
mod read;
pub mod restore;
pub mod rotation;
pub mod saga;
mod seal;
mod source;

pub use archive::{Archive, Entry, Found, SetAside, back_up, list, newest_valid, part_path, sweep_parts};
pub use bulk::{verify_bulk, write_bulk};
pub use compare::{Compared, Mismatch, compare};
pub use difference::{DATABASE, Differs, difference};
pub use disk::{Disk, RealDisk};
pub use error::StateError;
pub use format::{ClientSession, DatabaseState, Snapshot, Tail, VERSION};
pub use name::{CURRENT, Kind, Name};
pub use opened::Opened;
pub use pins::{MAX_PINS, PinError, Pins};
pub use read::{Item, read, read_header, scan};
pub use rotation::Policy;
pub use seal::{Sealed, seal};
pub use source::{Each, Given, Source};

#[cfg(test)]
mod tests;
