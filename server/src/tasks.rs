//! The domain: tasks, plans, dependencies, sessions, artifacts. Pure: knows no
//! MCP, no SQL, no clock and no randomness; times and names are passed in, and
//! all that it remembers is behind the [`Repository`] port.

pub mod artifact;
pub mod command;
mod delete;
pub mod error;
mod execute;
mod graph;
pub mod id;
pub mod kinds;
mod lifecycle;
mod maintenance;
pub mod outcome;
pub mod page;
mod plan;
mod progress;
mod query;
pub mod repository;
pub mod session;
mod sessions;
pub mod status;
mod synthesis;
pub mod task;
mod update;
pub mod walk;

pub use artifact::{Artifact, ArtifactInfo, Content, ContentHash};
pub use error::{RepositoryError, TaskError};
pub use id::{ArtifactId, Description, Effort, SessionId, Specialist, Summary, TaskId, Title};
pub use kinds::{
    ArtifactType, CleanupType, Complexity, MaintenanceAction, MaintenanceScope, NextAction, SessionState,
    TaskType, ValidationLevel,
};
pub use page::{Cursor, Page};
pub use repository::{BUILT_IN_ROLES, Call, IdSource, KnownRoles, Repository, RepositoryMut, Within};
pub use session::{Session, SessionSummary};
pub use status::Status;
pub use task::{Note, NoteKind, StatusCounts, Task, TaskBrief};

pub use delete::{cancel_task, delete_task};
pub use execute::{complete_task, execute_task};
pub use maintenance::{Scan, maintain, report};
pub use plan::plan_task;
pub use query::{get_status, query_tasks};
pub use sessions::{cleanup_sessions, initialize_session, list_sessions, resume_session, session_status};
pub use synthesis::{Gathering, synthesize_results};
pub use update::update_task;
pub use walk::Walk;
