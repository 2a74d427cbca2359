//! The first words on each connection, and the records that open a session.
//!
//! A version mismatch is a polite refusal before anything has moved: both sides
//! name the range that they understand, and the highest common one is spoken.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::ClientId;

/// The link versions that this build understands (N and, once there is one, N-1).
pub const PROTOCOL: Versions = Versions { min: 1, max: 1 };

/// The line that a detached front prints once it takes connections: a shim that
/// started it waits for this and shows whatever else it said.
pub const READY: &str = "ready";

/// A range of link versions, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Oldest understood.
    pub min: u16,
    /// Newest understood.
    pub max: u16,
}

/// Why two processes cannot talk.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HelloError {
    /// No version is common to both.
    #[error(
        "the other side speaks link versions {}..={}, this build {}..={}: upgrade the older one",
        theirs.min, theirs.max, ours.min, ours.max
    )]
    NoCommonVersion {
        /// What this build understands.
        ours: Versions,
        /// What the other side offered.
        theirs: Versions,
    },
}

impl Versions {
    /// The newest version that both understand.
    ///
    /// # Errors
    ///
    /// [`HelloError::NoCommonVersion`] when the ranges do not meet.
    pub fn agree(self, theirs: Self) -> Result<u16, HelloError> {
        let newest = self.max.min(theirs.max);
        if newest >= self.min.max(theirs.min) {
            Ok(newest)
        } else {
            Err(HelloError::NoCommonVersion { ours: self, theirs })
        }
    }
}

/// shim to front: who connects, and what a former front left it for this session.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShimHello {
    /// Link versions the shim understands.
    pub versions: Versions,
    /// The program's version, for people.
    pub build: String,
    /// The client's id, drawn by the shim when it started.
    pub client: ClientId,
    /// The shim's process id.
    pub pid: u32,
    /// The session's record that the last front sent, unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RawValue>>,
}

/// front to shim: accepted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// The version that both speak from here on.
    pub version: u16,
    /// The front's version, for people.
    pub build: String,
    /// The front's process id.
    pub pid: u32,
}

/// worker to front: what has been started.
#[derive(Debug, Serialize, Deserialize)]
pub struct WorkerHello {
    /// Link versions the worker understands.
    pub versions: Versions,
    /// The worker's version, for people.
    pub build: String,
    /// The worker's process id.
    pub pid: u32,
    /// The database schema that this build wants.
    pub schema: u32,
}

/// front to worker: serve from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// How many workers this workspace's front has activated, this one included.
    pub generation: u64,
    /// The restart phase that the front is in, by its name in the design (`idle` between restarts).
    pub phase: String,
    /// Whether new requests are held back by an operator.
    pub maintenance_mode: bool,
    /// When the front started, seconds since the Unix epoch.
    pub front_started_at: i64,
}

/// worker to front: it serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReady {
    /// Its generation, which the database has counted on.
    pub generation: u64,
}

/// worker to front: its figures, with each sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerFigures {
    /// Requests that it is working on.
    pub in_flight: u64,
    /// Resident memory in bytes, where the system tells.
    pub rss_bytes: Option<u64>,
}

/// front to shim: the front ends on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// Whether the client is to be served on by the next front; otherwise its session is over.
    pub resume: bool,
    /// Why, for people.
    pub reason: String,
}

/// front to worker: a session, new or taken over.
#[derive(Debug, Serialize, Deserialize)]
pub struct SessionOpening {
    /// Whose session it is.
    pub client: ClientId,
    /// What an earlier worker left for this session; absent for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RawValue>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_common_version_is_spoken() {
        let ours = Versions { min: 2, max: 3 };
        assert_eq!(ours.agree(Versions { min: 3, max: 9 }), Ok(3));
        assert_eq!(ours.agree(Versions { min: 1, max: 2 }), Ok(2));
    }

    #[test]
    fn ranges_that_do_not_meet_are_refused_with_the_next_step() {
        let error = Versions { min: 2, max: 3 }.agree(Versions { min: 4, max: 5 }).unwrap_err();
        assert!(error.to_string().contains("upgrade the older one"));
    }
}
