//! What the domain needs of a store, and of the world: the ports. The domain
//! calls these and nothing else; who implements them decides nothing.

use jiff::Timestamp;

use super::artifact::Artifact;
use super::command::QueryTasks;
use super::error::RepositoryError;
use super::id::{ArtifactId, SessionId, Specialist, TaskId};
use super::page::{Cursor, Page, Resting};
use super::session::Session;
use super::status::Status;
use super::task::{StatusCounts, Task};

/// The roles that exist in a task orchestrator without any configuration.
pub const BUILT_IN_ROLES: [&str; 11] = [
    "architect",
    "implementer",
    "debugger",
    "documenter",
    "reviewer",
    "tester",
    "researcher",
    "analyst",
    "devops",
    "coordinator",
    "generic",
];

/// What a repository returns.
pub type Stored<T> = Result<T, RepositoryError>;

/// Where something is looked for.
#[derive(Debug, Clone, Copy)]
pub enum Within<'a> {
    /// Among the direct subtasks of a task.
    Plan(&'a TaskId),
    /// Among the tasks of a session.
    Session(&'a SessionId),
}

/// Reading. All answers belong to one moment.
pub trait Repository {
    /// The task.
    fn task(&self, id: &TaskId) -> Stored<Option<Task>>;
    /// Direct subtasks in creation order, at most `limit`.
    fn children(&self, parent: &TaskId, limit: usize) -> Stored<Vec<Task>>;
    /// Direct subtasks in creation order from a place on that an earlier call has
    /// named. The place where it goes on, unless that was all.
    fn children_after(
        &self,
        parent: &TaskId,
        after: Option<Cursor>,
        limit: usize,
    ) -> Stored<(Vec<Task>, Option<Cursor>)>;
    /// How many direct subtasks there are in each status.
    fn child_counts(&self, parent: &TaskId) -> Stored<StatusCounts>;
    /// Tasks that name this one as a dependency, in creation order.
    fn dependents(&self, id: &TaskId) -> Stored<Vec<Task>>;
    /// What a task waits for before it can be completed: its dependencies and
    /// its direct subtasks. The ids alone, for walks through the graph.
    fn waits_for(&self, id: &TaskId) -> Stored<Vec<TaskId>>;
    /// The oldest pending task of this plan or session that waits for nothing
    /// (of a session: that has no open subtasks either).
    fn next_ready(&self, within: Within<'_>) -> Stored<Option<Task>>;
    /// How many tasks there are in each status, in all or of a session.
    fn counts(&self, session: Option<&SessionId>) -> Stored<StatusCounts>;
    /// The newest tasks in any of these statuses (none means all), newest first.
    fn newest(&self, session: Option<&SessionId>, statuses: &[Status], limit: usize) -> Stored<Vec<Task>>;
    /// Tasks in this status, oldest change first, from a place on that an earlier
    /// call has named. The place where it goes on, unless that was all.
    fn resting(
        &self,
        session: Option<&SessionId>,
        status: Status,
        after: Option<Resting>,
        limit: usize,
    ) -> Stored<(Vec<Task>, Option<Resting>)>;
    /// A page of what matches.
    fn find(&self, query: &QueryTasks) -> Stored<Page>;
    /// The artifact.
    fn artifact(&self, id: &ArtifactId) -> Stored<Option<Artifact>>;
    /// A task's artifacts, oldest first.
    fn artifacts(&self, task: &TaskId) -> Stored<Vec<Artifact>>;
    /// The session.
    fn session(&self, id: &SessionId) -> Stored<Option<Session>>;
    /// Sessions, latest activity first; `before` leaves out those with later activity.
    fn sessions(&self, before: Option<Timestamp>, limit: usize) -> Stored<Vec<Session>>;
}

/// Writing. Everything of one operation is kept, or nothing. Adding or changing
/// a task moves the last activity of its session forward.
pub trait RepositoryMut: Repository {
    /// `now`, or the latest creation time when the clock has gone back since:
    /// creation times never decrease, so a range of times is a range of places.
    fn not_before_last(&mut self, now: Timestamp) -> Stored<Timestamp>;
    /// Adds a task, still without its dependencies: these may be added after it.
    fn insert_task(&mut self, task: &Task) -> Stored<()>;
    /// Sets what a task depends on; all of them exist.
    fn set_dependencies(&mut self, id: &TaskId, dependencies: &[TaskId]) -> Stored<()>;
    /// Replaces everything of a task.
    fn update_task(&mut self, task: &Task) -> Stored<()>;
    /// Removes a task, what depends on it no longer does, and its artifacts' rows.
    fn remove_task(&mut self, id: &TaskId) -> Stored<()>;
    /// Adds an artifact.
    fn insert_artifact(&mut self, artifact: &Artifact) -> Stored<()>;
    /// Removes a task's artifacts.
    fn remove_artifacts(&mut self, task: &TaskId) -> Stored<()>;
    /// Adds a session.
    fn insert_session(&mut self, session: &Session) -> Stored<()>;
    /// Replaces everything of a session.
    fn update_session(&mut self, session: &Session) -> Stored<()>;
    /// Removes a session that has no tasks.
    fn remove_session(&mut self, id: &SessionId) -> Stored<()>;
}

/// Where new names come from.
pub trait IdSource {
    /// A name nobody has, beginning with the prefix.
    fn draw(&mut self, prefix: &'static str) -> String;
}

/// Which specialist roles the workspace has.
pub trait KnownRoles {
    /// Whether there is such a role.
    fn is_known(&self, role: &Specialist) -> bool;
    /// All of them, for a refusal that helps.
    fn names(&self) -> Vec<String>;
}

impl KnownRoles for [&str] {
    fn is_known(&self, role: &Specialist) -> bool {
        self.contains(&role.as_str())
    }

    fn names(&self) -> Vec<String> {
        self.iter().map(|&name| name.to_owned()).collect()
    }
}

impl<const N: usize> KnownRoles for [&str; N] {
    fn is_known(&self, role: &Specialist) -> bool {
        self.as_slice().is_known(role)
    }

    fn names(&self) -> Vec<String> {
        self.as_slice().names()
    }
}

/// What an operation gets from the world.
pub struct Call<'a> {
    /// The time of the call.
    pub now: Timestamp,
    /// Where new names come from.
    pub ids: &'a mut dyn IdSource,
    /// Which roles there are.
    pub roles: &'a dyn KnownRoles,
}
