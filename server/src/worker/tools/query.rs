//! Looking: finding tasks, the state of the whole, the results of a plan.
//! Must never change anything.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Tool;
use super::call::{Answer, Call};
use super::effect::Effect;
use super::lenient::{one_or_many, or_default, timestamp};
use crate::tasks;
use crate::tasks::command::{QueryTasks, SynthesizeResults};
use crate::tasks::outcome::{Synthesis, TasksFound};
use crate::tasks::page::{DEFAULT_PAGE, MAX_PAGE};
use crate::tasks::{
    Complexity, Cursor, Gathering, SessionId, Specialist, Status, TaskError, TaskId, TaskType,
};
use crate::worker::failure::Refusal;

/// `orchestrator_query_tasks`
pub(super) struct Query;

/// Which tasks; everything named has to match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryArguments {
    /// In any of these statuses.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<Status>", length(max = 100))]
    status: Vec<Status>,
    /// Of any of these kinds.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<TaskType>", length(max = 100))]
    task_type: Vec<TaskType>,
    /// For any of these specialist roles.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<String>", length(max = 100))]
    specialist_type: Vec<String>,
    /// Of any of these complexities.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<Complexity>", length(max = 100))]
    complexity: Vec<Complexity>,
    /// Direct subtasks of this task only.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    parent_task_id: Option<String>,
    /// Tasks of this session only.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    session_id: Option<String>,
    /// All of these words in title, description or summary; a last word ending in * is a beginning.
    #[schemars(length(max = 1000))]
    search_text: Option<String>,
    /// Planned at this time or later, like 2026-12-31T12:00:00Z or 2026-12-31.
    created_after: Option<String>,
    /// Planned before this time.
    created_before: Option<String>,
    /// With the direct subtasks of each task.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "bool", default)]
    include_children: bool,
    /// With the artifacts of each task.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "bool", default)]
    include_artifacts: bool,
    /// Most tasks in this page.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 1000), extend("default" = 100))]
    limit: Option<u32>,
    /// Where to go on: next_cursor of the page before.
    #[schemars(length(max = 64))]
    cursor: Option<String>,
}

impl Tool for Query {
    type Arguments = QueryArguments;
    type Reply = TasksFound;
    const NAME: &'static str = "orchestrator_query_tasks";
    const TITLE: &'static str = "Find tasks";
    const DESCRIPTION: &'static str = "Find tasks by status, kind, specialist, complexity, parent, session, words \
        or time, newest first. Use it to look up ids, to see what is open, or to find earlier work on a subject. \
        Large results come in pages: go on with next_cursor as cursor and the same filters.";
    const EFFECT: Effect = Effect::Reads;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = query(arguments)?;
        call.read(move |tx| tasks::query_tasks(tx, &command)).await
    }
}

fn query(arguments: QueryArguments) -> Result<QueryTasks, TaskError> {
    let time = |field, text: Option<String>| text.map(|text| timestamp(field, &text)).transpose();
    let limit = arguments.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(TaskError::invalid("limit", format!("is {limit}; it may be 1 to {MAX_PAGE}")));
    }
    Ok(QueryTasks {
        status: arguments.status,
        task_type: arguments.task_type,
        specialist_type: arguments
            .specialist_type
            .into_iter()
            .map(Specialist::new)
            .collect::<Result<_, _>>()?,
        complexity: arguments.complexity,
        parent_task_id: arguments.parent_task_id.map(TaskId::new).transpose()?,
        session_id: arguments.session_id.map(SessionId::new).transpose()?,
        search_text: arguments.search_text,
        created_after: time("created_after", arguments.created_after)?,
        created_before: time("created_before", arguments.created_before)?,
        include_children: arguments.include_children,
        include_artifacts: arguments.include_artifacts,
        limit,
        cursor: arguments.cursor.as_deref().map(str::parse::<Cursor>).transpose()?,
    })
}

/// `orchestrator_synthesize_results`
pub(super) struct Synthesize;

/// Which plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SynthesizeArguments {
    /// The plan's own task.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    parent_task_id: String,
}

impl Tool for Synthesize {
    type Arguments = SynthesizeArguments;
    type Reply = Synthesis;
    const NAME: &'static str = "orchestrator_synthesize_results";
    const TITLE: &'static str = "Put results together";
    const DESCRIPTION: &'static str = "Put together what came of a plan: its completed, failed and open subtasks, \
        their outcomes and artifacts, the metrics, and what is missing. Use it at the end of a plan before you \
        report to the user, or in between to see the true state; it says so when the plan is not finished.";
    const EFFECT: Effect = Effect::Reads;
    const WALKS: bool = true;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = SynthesizeResults { parent_task_id: TaskId::new(arguments.parent_task_id)? };
        let gathered = call.walk(Gathering::new(&command), 1.0, Gathering::into_synthesis).await?;
        Answer::of(gathered)
    }
}
