//! What a store is opened with. Only values; their meaning is where they are used.

use std::path::PathBuf;
use std::time::Duration;

/// How certain a commit is when it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// On the disk: survives a power failure.
    #[default]
    Full,
    /// With the operating system: survives the end of any process.
    Normal,
    /// For tests of logic only: not even the database file survives a power failure.
    Off,
}

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The database file. It and its directory are made when they do not exist.
    pub database: PathBuf,
    /// The directory of the artifacts' files.
    pub artifacts: PathBuf,
    /// How certain a commit is.
    pub synchronous: Synchronous,
    /// Connections for reading, 1 to 16.
    pub readers: usize,
    /// Most operations that share one commit.
    pub group_commit_max: usize,
    /// How long a lock of another process is waited for.
    pub busy_timeout: Duration,
    /// How long an operation with an idempotency key, or of a client that never
    /// came back, is remembered.
    pub retention: Duration,
    /// Files that no artifact names stay for so long: an older worker that is
    /// still finishing may be about to name them.
    pub orphan_age: Duration,
    /// Whether operations are remembered at all. Exists only so that the
    /// history checker can prove that it notices when they are not; nothing
    /// outside tests may set it to false.
    pub operation_log: bool,
}

impl StoreOptions {
    /// The usual store of a workspace's state directory.
    pub fn new(database: impl Into<PathBuf>, artifacts: impl Into<PathBuf>) -> Self {
        Self {
            database: database.into(),
            artifacts: artifacts.into(),
            synchronous: Synchronous::default(),
            readers: 2,
            group_commit_max: 256,
            busy_timeout: Duration::from_secs(5),
            retention: Duration::from_secs(24 * 60 * 60),
            orphan_age: Duration::from_secs(60 * 60),
            operation_log: true,
        }
    }
}
