//! Completions: what a person may be typing as a prompt's or a resource's
//! argument. Must never search more than one page.

use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, Reference};
use serde_json::json;

use super::failure::Refusal;
use super::shared::Shared;
use crate::tasks;
use crate::tasks::command::{ListSessions, QueryTasks};
use crate::tasks::page::MAX_PAGE;

/// Longest text that is completed.
const TYPED: usize = 255;

/// What the argument may become.
///
/// # Errors
///
/// `invalid_params` for a prompt or a template that does not exist; the store's own.
pub(super) async fn complete(
    shared: &Shared,
    request: CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let typed: String = request.argument.value.chars().take(TYPED).collect();
    let typed = typed.to_lowercase();
    let found = match (&request.r#ref, request.argument.name.as_str()) {
        (Reference::Prompt(prompt), _) if shared.roles.get(&prompt.name).is_none() => {
            return Err(unknown("prompt", &prompt.name));
        }
        (Reference::Resource(template), _) if !known_template(&template.uri) => {
            return Err(unknown("resource template", &template.uri));
        }
        (_, "task_id") => tasks(shared, &typed).await?,
        (_, "session_id") => sessions(shared, &typed).await?,
        _ => Vec::new(),
    };
    let more = found.len() > CompletionInfo::MAX_VALUES;
    let values = found.into_iter().take(CompletionInfo::MAX_VALUES).collect();
    let info = CompletionInfo::with_pagination(values, None, more);
    info.map(CompleteResult::new).map_err(|error| ErrorData::internal_error(error, None))
}

fn known_template(uri: &str) -> bool {
    super::resources::templates().iter().any(|template| template.uri_template == uri)
}

fn unknown(what: &str, name: &str) -> ErrorData {
    let name: String = name.chars().take(TYPED).collect();
    ErrorData::invalid_params(format!("Unknown {what}: {name}"), Some(json!({ "field": "ref" })))
}

/// Newest tasks whose id begins so or whose title contains it.
async fn tasks(shared: &Shared, typed: &str) -> Result<Vec<String>, ErrorData> {
    let query = QueryTasks { limit: MAX_PAGE, ..QueryTasks::default() };
    let page = shared.store.read(move |tx| tasks::query_tasks(tx, &query)).await.map_err(Refusal::from)?;
    let fits =
        |id: &str, title: &str| id.to_lowercase().starts_with(typed) || title.to_lowercase().contains(typed);
    let tasks = page.tasks.into_iter().map(|found| found.task);
    Ok(tasks.filter(|t| fits(t.task_id.as_str(), t.title.as_str())).map(|t| t.task_id.to_string()).collect())
}

/// Latest sessions whose id begins so or whose name contains it.
async fn sessions(shared: &Shared, typed: &str) -> Result<Vec<String>, ErrorData> {
    let command = ListSessions { include_completed: true, limit: MAX_PAGE };
    let listed =
        shared.store.read(move |tx| tasks::list_sessions(tx, &command)).await.map_err(Refusal::from)?;
    let fits =
        |id: &str, name: &str| id.to_lowercase().starts_with(typed) || name.to_lowercase().contains(typed);
    let sessions = listed.sessions.into_iter();
    Ok(sessions
        .filter(|s| fits(s.session_id.as_str(), s.name.as_str()))
        .map(|s| s.session_id.to_string())
        .collect())
}
