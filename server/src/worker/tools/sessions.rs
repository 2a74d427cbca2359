//! Sessions: named pieces of work that a client opens and comes back to.
//! Must never take a working directory outside the workspace.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::call::{Answer, Call};
use super::effect::Effect;
use super::lenient::or_default;
use crate::tasks;
use crate::tasks::command::{CleanupSessions, InitializeSession, ListSessions, ResumeSession, SessionStatus};
use crate::tasks::outcome::{SessionOpened, SessionReport, SessionResumed, SessionsCleaned, SessionsListed};
use crate::tasks::page::{DEFAULT_PAGE, MAX_PAGE};
use crate::tasks::{CleanupType, SessionId, TaskError, Title};
use crate::worker::failure::Refusal;
use crate::worker::limits::Family;

const ROLE: &str = "Task orchestrator: keeps the plan, its state and its results for you.";
const INSTRUCTIONS: &str = "Cut the work into a plan with orchestrator_plan_task: one task with subtasks, each with \
    the specialist that fits and the dependencies that it truly has. Begin a subtask with \
    orchestrator_execute_task, which tells you the specialist's way of working and what the tasks before it found \
    out. Record its result with orchestrator_complete_task; the answer names the next task. When all are done, \
    orchestrator_synthesize_results puts everything together. orchestrator_get_status shows where you are at any \
    time, also after an interruption.";
const CAPABILITIES: [&str; 6] = [
    "Plans with subtasks, specialists and dependencies",
    "Results and artifacts kept by content, readable as resources",
    "Search over all tasks and their results",
    "Sessions that can be left and resumed",
    "Maintenance: stale, orphaned and unfinished work",
    "Calls that are executed once, through restarts and crashes of the server",
];

/// `orchestrator_initialize_session`
pub(super) struct Initialize;

/// Which session to open or to come back to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InitializeArguments {
    /// What the work is about; a session without a name is called by its date.
    #[schemars(length(min = 1, max = 255))]
    name: Option<String>,
    /// Where the work happens: the workspace, or a directory inside it. The workspace when absent.
    #[schemars(length(max = 4096))]
    working_directory: Option<String>,
    /// The session to come back to; absent for a new one.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    session_id: Option<String>,
}

/// An open session with what a client has to know for working in it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Initialized {
    #[serde(flatten)]
    session: SessionOpened,
    /// Where this workspace keeps its state.
    orchestrator_path: String,
    /// How to work with the orchestrator.
    orchestrator_context: Context,
}

/// How to work with the orchestrator.
#[derive(Debug, Serialize, JsonSchema)]
struct Context {
    /// What the orchestrator is to the client.
    role: String,
    /// What it can do.
    capabilities: Vec<String>,
    /// How a piece of work is done with it.
    instructions: String,
    /// The specialist roles of this workspace with what each is responsible for.
    specialist_roles: BTreeMap<String, String>,
    /// Mistakes in the workspace's own role files, with file and line.
    role_problems: Vec<String>,
}

impl Tool for Initialize {
    type Arguments = InitializeArguments;
    type Reply = Initialized;
    const NAME: &'static str = "orchestrator_initialize_session";
    const TITLE: &'static str = "Open a session";
    const DESCRIPTION: &'static str = "Open a named piece of work, or come back to one with session_id. Use it once \
        at the beginning: it tells how to work with the orchestrator, which specialist roles there are and which \
        tasks are still open. Tasks planned afterwards over this connection belong to the session.";
    const EFFECT: Effect = Effect::Adds;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = InitializeSession {
            name: arguments.name.map(Title::new).transpose()?,
            working_directory: call.directory(arguments.working_directory).await?,
            session_id: arguments.session_id.map(SessionId::new).transpose()?,
        };
        let orchestrator_path = call.shared().orchestrator_dir.display().to_string();
        let orchestrator_context = context(call);
        let answer = call
            .write(move |tx, world| {
                let session = tasks::initialize_session(tx, world, command)?;
                Ok(Initialized { session, orchestrator_path, orchestrator_context })
            })
            .await?;
        call.work_in(&answer);
        Ok(answer)
    }
}

fn context(call: &Call<'_>) -> Context {
    let roles = &call.shared().roles;
    Context {
        role: ROLE.to_owned(),
        capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
        instructions: INSTRUCTIONS.to_owned(),
        specialist_roles: roles
            .iter()
            .map(|role| (role.name.clone(), role.role_definition.clone()))
            .collect(),
        role_problems: roles.problems().iter().map(ToString::to_string).collect(),
    }
}

/// `orchestrator_list_sessions`
pub(super) struct List;

/// Which sessions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListArguments {
    /// Also those whose tasks are all finished, and those put away.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "bool", default)]
    include_completed: bool,
    /// Most sessions in the answer.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 1000), extend("default" = 100))]
    limit: Option<u32>,
}

impl Tool for List {
    type Arguments = ListArguments;
    type Reply = SessionsListed;
    const NAME: &'static str = "orchestrator_list_sessions";
    const TITLE: &'static str = "List sessions";
    const DESCRIPTION: &'static str = "List the sessions of this workspace, latest activity first. Use it to find a \
        piece of work to come back to.";
    const EFFECT: Effect = Effect::Reads;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let limit = arguments.limit.unwrap_or(DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(TaskError::invalid("limit", format!("is {limit}; it may be 1 to {MAX_PAGE}")).into());
        }
        let command = ListSessions { include_completed: arguments.include_completed, limit };
        call.read(move |tx| tasks::list_sessions(tx, &command)).await
    }
}

/// Which session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichSession {
    /// Which session.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    session_id: String,
}

/// `orchestrator_resume_session`
pub(super) struct Resume;

impl Tool for Resume {
    type Arguments = WhichSession;
    type Reply = SessionResumed;
    const NAME: &'static str = "orchestrator_resume_session";
    const TITLE: &'static str = "Resume a session";
    const DESCRIPTION: &'static str = "Come back to a session: shows its open tasks and what can be begun now. Use \
        it after an interruption; orchestrator_list_sessions has the ids. Tasks planned afterwards over this \
        connection belong to the session.";
    const EFFECT: Effect = Effect::AddsOnce;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = ResumeSession { session_id: SessionId::new(arguments.session_id)? };
        let answer = call.write(move |tx, world| tasks::resume_session(tx, world, command)).await?;
        call.work_in(&answer);
        Ok(answer)
    }
}

/// `orchestrator_session_status`
pub(super) struct Status;

impl Tool for Status {
    type Arguments = WhichSession;
    type Reply = SessionReport;
    const NAME: &'static str = "orchestrator_session_status";
    const TITLE: &'static str = "State of a session";
    const DESCRIPTION: &'static str = "Show how one session stands: its tasks by status, how far it is, and its \
        newest tasks.";
    const EFFECT: Effect = Effect::Reads;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = SessionStatus { session_id: SessionId::new(arguments.session_id)? };
        call.read_short(|tx| tasks::session_status(tx, &command))
    }
}

/// `orchestrator_cleanup_sessions`
pub(super) struct Cleanup;

/// Which sessions to put away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CleanupArguments {
    /// Which: completed (all tasks finished), orphaned (no tasks), old (no activity), or all of these.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "CleanupType", default)]
    cleanup_type: CleanupType,
    /// Only those without activity for so many days.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 0, max = 36500), extend("default" = 7))]
    older_than_days: Option<u32>,
    /// Only say what would be done.
    #[serde(default)]
    #[schemars(with = "bool", extend("default" = true))]
    dry_run: Option<bool>,
}

impl Tool for Cleanup {
    type Arguments = CleanupArguments;
    type Reply = SessionsCleaned;
    const NAME: &'static str = "orchestrator_cleanup_sessions";
    const FAMILY: Family = Family::Heavy;
    const TITLE: &'static str = "Put sessions away";
    const DESCRIPTION: &'static str = "Archive sessions that nobody needs in the list any more, with their finished \
        tasks; empty ones are removed. Shows what it would do unless dry_run=false. Open tasks stay as they are.";
    const EFFECT: Effect = Effect::Removes;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let older_than_days = arguments.older_than_days.unwrap_or(7);
        if older_than_days > 36_500 {
            return Err(TaskError::invalid("older_than_days", "may be 0 to 36500").into());
        }
        let command = CleanupSessions {
            cleanup_type: arguments.cleanup_type,
            older_than_days,
            dry_run: arguments.dry_run.unwrap_or(true),
        };
        call.write(move |tx, world| tasks::cleanup_sessions(tx, world, command)).await
    }
}
