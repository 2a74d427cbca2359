//! Resources: tasks, artifacts and sessions under their own addresses. Must
//! never read a file that is not an artifact of the store.

mod content;

use rmcp::model::{
    ErrorData, ListResourcesResult, PaginatedRequestParams, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate,
};
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;

use super::failure::Refusal;
use super::shared::Shared;
use crate::store::ExecuteError;
use crate::tasks;
use crate::tasks::command::{ListSessions, QueryTasks, SessionStatus};
use crate::tasks::outcome::SessionReport;
use crate::tasks::{
    Artifact, ArtifactId, ArtifactInfo, Cursor, Repository as _, SessionId, SessionSummary, Task, TaskId,
};

/// Tasks in a page of the list.
const PAGE: u32 = 50;
/// Sessions at the top of the list.
const LISTED_SESSIONS: u32 = 50;
/// Artifacts of one task in the list; a task's own resource names all.
const LISTED_ARTIFACTS: usize = 20;
/// Subtasks in a task's own resource.
const READ_CHILDREN: usize = 1000;
/// The type of everything but artifacts.
const JSON: &str = "application/json";

/// What a resource's address names.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    Task(TaskId),
    Artifact(ArtifactId),
    Session(SessionId),
}

impl Address {
    fn parse(uri: &str) -> Option<Self> {
        let (kind, id) = uri.split_once("://")?;
        match kind {
            "task" => TaskId::new(id).ok().map(Self::Task),
            "artifact" => ArtifactId::new(id).ok().map(Self::Artifact),
            "session" => SessionId::new(id).ok().map(Self::Session),
            _ => None,
        }
    }
}

/// Whether the address could name a resource of this server.
pub(super) fn is_ours(uri: &str) -> bool {
    Address::parse(uri).is_some()
}

/// The kinds of resources.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let of = |uri, name, title, about, mime: Option<&str>| {
        let template = ResourceTemplate::new(uri, name).with_title(title).with_description(about);
        match mime {
            Some(mime) => template.with_mime_type(mime),
            None => template,
        }
    };
    vec![
        of("task://{task_id}", "task", "Task", "A task with its subtasks and artifacts.", Some(JSON)),
        of("artifact://{artifact_id}", "artifact", "Artifact", "The content that a task left behind.", None),
        of("session://{session_id}", "session", "Session", "A session and how far its work is.", Some(JSON)),
    ]
}

/// Refuses a cursor where there is one page only.
pub(super) fn only_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        Some(_) => Err(bad_cursor()),
        None => Ok(()),
    }
}

/// The refusal of a cursor that no page has named.
pub(super) fn bad_cursor() -> ErrorData {
    ErrorData::invalid_params(
        "cursor: is not one that a page has named as nextCursor",
        Some(json!({ "field": "cursor" })),
    )
}

/// A page of the resources: the latest sessions, then all tasks, newest first, with their artifacts.
///
/// # Errors
///
/// `invalid_params` for a cursor that no page has named; the store's own.
pub(super) async fn list(
    shared: &Shared,
    request: Option<PaginatedRequestParams>,
) -> Result<ListResourcesResult, ErrorData> {
    let cursor = request.and_then(|request| request.cursor);
    let cursor = cursor.map(|cursor| cursor.parse::<Cursor>().map_err(|_| bad_cursor())).transpose()?;
    let mut resources = Vec::new();
    if cursor.is_none() {
        let command = ListSessions { include_completed: false, limit: LISTED_SESSIONS };
        let listed =
            shared.store.read(move |tx| tasks::list_sessions(tx, &command)).await.map_err(refused)?;
        resources.extend(listed.sessions.iter().map(session_resource));
    }
    let query = QueryTasks { include_artifacts: true, limit: PAGE, cursor, ..QueryTasks::default() };
    let page = shared.store.read(move |tx| tasks::query_tasks(tx, &query)).await.map_err(refused)?;
    for found in &page.tasks {
        resources.push(task_resource(&found.task));
        let artifacts = found.artifacts.iter().flatten().take(LISTED_ARTIFACTS);
        resources.extend(artifacts.map(|artifact| artifact_resource(artifact, &found.task)));
    }
    let mut result = ListResourcesResult::with_all_items(resources);
    result.next_cursor = page.next_cursor.map(|cursor| cursor.to_string());
    Ok(result)
}

fn task_resource(task: &Task) -> Resource {
    Resource::new(format!("task://{}", task.task_id), task.task_id.as_str())
        .with_title(task.title.as_str())
        .with_description(format!("{} task for {}", task.status, task.specialist_type))
        .with_mime_type(JSON)
}

fn artifact_resource(artifact: &ArtifactInfo, task: &Task) -> Resource {
    let resource = Resource::new(&artifact.accessible_via, artifact.artifact_id.as_str())
        .with_title(artifact.path.clone().unwrap_or_else(|| format!("Work of {}", task.title)))
        .with_description(format!("{} of task {}", artifact.artifact_type, task.task_id))
        .with_size(artifact.size);
    resource.with_mime_type(content::mime(artifact.path.as_deref(), artifact.artifact_type))
}

fn session_resource(session: &SessionSummary) -> Resource {
    Resource::new(format!("session://{}", session.session_id), session.session_id.as_str())
        .with_title(session.name.as_str())
        .with_description(format!("{} session, {} open tasks", session.status, session.open_tasks))
        .with_mime_type(JSON)
}

/// What is at an address.
///
/// # Errors
///
/// The protocol's error for an unknown resource, naming it.
pub(super) async fn read(shared: &Shared, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let contents = match Address::parse(uri).ok_or_else(|| not_found(uri))? {
        Address::Task(id) => json_contents(&task_json(shared, id).await?.ok_or_else(|| not_found(uri))?, uri),
        Address::Session(session_id) => {
            let report = session(shared, session_id).await.map_err(|error| unless_missing(error, uri))?;
            json_contents(&serde_json::to_value(report).map_err(defect)?, uri)
        }
        Address::Artifact(id) => content::read(shared, &id, uri).await?,
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

fn json_contents(value: &Value, uri: &str) -> ResourceContents {
    ResourceContents::text(format!("{value:#}"), uri).with_mime_type(JSON)
}

/// The protocol's error for an unknown resource.
pub(super) fn not_found(uri: &str) -> ErrorData {
    let uri: String = uri.chars().take(300).collect();
    ErrorData::resource_not_found(format!("there is no resource {uri}"), Some(json!({ "uri": uri })))
}

fn defect(error: serde_json::Error) -> ErrorData {
    Refusal::from(super::failure::Failure::internal(&error)).into()
}

fn refused(error: impl Into<Refusal>) -> ErrorData {
    error.into().into()
}

/// Refuses an address at which there is nothing.
///
/// # Errors
///
/// The protocol's error for an unknown resource, naming it.
pub(super) async fn exists(shared: &Shared, uri: &str) -> Result<(), ErrorData> {
    let found = match Address::parse(uri).ok_or_else(|| not_found(uri))? {
        Address::Task(id) => task(shared, id).await?.is_some(),
        Address::Artifact(id) => {
            shared.store.read_short(|tx| Ok(tx.artifact(&id)?)).map_err(refused)?.is_some()
        }
        Address::Session(id) => {
            shared.store.read_short(|tx| Ok(tx.session(&id)?)).map_err(refused)?.is_some()
        }
    };
    if found { Ok(()) } else { Err(not_found(uri)) }
}

/// The task of this id.
pub(super) async fn task(shared: &Shared, id: TaskId) -> Result<Option<Task>, ErrorData> {
    shared.store.read_short(|tx| Ok(tx.task(&id)?)).map_err(refused)
}

/// A task with its subtasks and artifacts.
async fn task_json(shared: &Shared, id: TaskId) -> Result<Option<Value>, ErrorData> {
    let found = shared.store.read(move |tx| {
        let Some(task) = tx.task(&id)? else { return Ok(None) };
        let children = tx.children(&id, READ_CHILDREN)?.iter().map(Task::brief).collect::<Vec<_>>();
        let artifacts = tx.artifacts(&id)?.iter().map(Artifact::info).collect::<Vec<_>>();
        Ok(Some((task, children, artifacts)))
    });
    let Some((task, children, artifacts)) = found.await.map_err(refused)? else { return Ok(None) };
    let mut value = serde_json::to_value(task).map_err(defect)?;
    if let Value::Object(fields) = &mut value {
        fields.insert("children".to_owned(), serde_json::to_value(children).map_err(defect)?);
        fields.insert("artifacts".to_owned(), serde_json::to_value(artifacts).map_err(defect)?);
    }
    Ok(Some(value))
}

async fn session(shared: &Shared, session_id: SessionId) -> Result<SessionReport, ExecuteError> {
    let command = SessionStatus { session_id };
    shared.store.read(move |tx| tasks::session_status(tx, &command)).await
}

/// A missing session is a missing resource; any other refusal stays what it is.
fn unless_missing(error: ExecuteError, uri: &str) -> ErrorData {
    if error.code() == ErrorCode::NotFound { not_found(uri) } else { refused(error) }
}
