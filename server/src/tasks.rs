//! The domain: tasks, plans, dependencies, sessions, artifacts. Pure: knows no
//! MCP, no SQL, no clock and no randomness; times and names are passed in, and
//! all that it remembers is behind the [`Repository`] port.

pub mod artifact;
pub mod command;
pub mod error;
pub mod id;
pub mod kinds;
pub mod outcome;
pub mod page;
pub mod repository;
pub mod session;
pub mod status;
pub mod task;

pub use artifact::{Artifact, ArtifactInfo, Content, ContentHash};
pub use error::{RepositoryError, TaskError};
pub use id::{ArtifactId, Description, Effort, SessionId, Specialist, Summary, TaskId, Title};
pub use kinds::{
    ArtifactType, CleanupType, Complexity, MaintenanceAction, MaintenanceScope, NextAction, SessionState,
    TaskType, ValidationLevel,
};
pub use page::{Cursor, Page};
pub use repository::{BUILT_IN_ROLES, Call, IdSource, KnownRoles, Repository, RepositoryMut};
pub use session::{Session, SessionSummary};
pub use status::Status;
pub use task::{Note, NoteKind, StatusCounts, Task, TaskBrief};
