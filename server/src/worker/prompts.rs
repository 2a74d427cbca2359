//! Prompts: one for each specialist role, with the context of a task where one
//! is named. Must never change the task.

use rmcp::model::{
    ErrorData, GetPromptRequestParams, GetPromptResult, ListPromptsResult, PaginatedRequestParams, Prompt,
    PromptArgument, PromptMessage, Role as Speaker,
};
use serde_json::{Value, json};

use super::resources;
use super::shared::Shared;
use crate::roles::Role;
use crate::tasks::{Task, TaskId};

/// Prompts in a page of the list.
const PAGE: usize = 100;

/// A page of the prompts.
///
/// # Errors
///
/// `invalid_params` for a cursor that no page has named.
pub(super) fn list(
    shared: &Shared,
    request: Option<PaginatedRequestParams>,
) -> Result<ListPromptsResult, ErrorData> {
    let from = match request.and_then(|request| request.cursor) {
        None => 0,
        Some(cursor) => {
            let place = cursor.strip_prefix('p').and_then(|place| place.parse().ok());
            place.ok_or_else(resources::bad_cursor)?
        }
    };
    let mut prompts = shared.roles.iter().skip(from).map(prompt);
    let mut page = ListPromptsResult::with_all_items(prompts.by_ref().take(PAGE).collect());
    page.next_cursor = prompts.next().map(|_| format!("p{}", from.saturating_add(PAGE)));
    Ok(page)
}

fn prompt(role: &Role) -> Prompt {
    let task = PromptArgument::new("task_id")
        .with_title("Task")
        .with_description("The task to work on; its description and state become part of the prompt.")
        .with_required(false);
    let summary: String = role.role_definition.chars().take(300).collect();
    Prompt::new(&role.name, Some(summary), Some(vec![task])).with_title(format!("Work as {}", role.name))
}

/// The prompt of a role.
///
/// # Errors
///
/// `invalid_params` for an unknown role, task or argument.
pub(super) async fn get(
    shared: &Shared,
    request: GetPromptRequestParams,
) -> Result<GetPromptResult, ErrorData> {
    let invalid = |message: String, data: Value| ErrorData::invalid_params(message, Some(data));
    let Some(role) = shared.roles.get(&request.name) else {
        let name: String = request.name.chars().take(200).collect();
        let data = json!({ "prompt": name, "known": shared.roles.names() });
        return Err(invalid(format!("Unknown prompt: {name}"), data));
    };
    let mut task = None;
    for (name, value) in request.arguments.into_iter().flatten() {
        match (name.as_str(), value) {
            ("task_id", Value::String(id)) if id.is_empty() => {}
            ("task_id", Value::Null) => {}
            ("task_id", Value::String(id)) => task = Some(find(shared, id).await?),
            ("task_id", _) => {
                return Err(invalid(
                    "argument `task_id` has to be a string".to_owned(),
                    json!({ "field": name }),
                ));
            }
            _ => {
                let name: String = name.chars().take(200).collect();
                let message = format!("unknown argument `{name}`; a role's prompt takes `task_id`");
                return Err(invalid(message, json!({ "field": name })));
            }
        }
    }
    let text = text(role, task.as_ref());
    let message = PromptMessage::new_text(Speaker::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(format!("Work as {}", role.name)))
}

async fn find(shared: &Shared, id: String) -> Result<Task, ErrorData> {
    let unknown = |id: &str| {
        let id: String = id.chars().take(64).collect();
        ErrorData::invalid_params(format!("there is no task {id:?}"), Some(json!({ "field": "task_id" })))
    };
    let known = TaskId::new(id.as_str()).map_err(|_| unknown(&id))?;
    resources::task(shared, known).await?.ok_or_else(|| unknown(&id))
}

fn text(role: &Role, task: Option<&Task>) -> String {
    let mut text = format!("{}\n", role.role_definition.trim());
    section(&mut text, "Your expertise", &role.expertise);
    section(&mut text, "How you work", &role.approach);
    if !role.output_format.is_empty() {
        text.push_str(&format!("\n## The form of your result\n{}\n", role.output_format.trim()));
    }
    if let Some(task) = task {
        text.push_str(&describe(task));
    }
    text
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        text.push_str(&format!("\n## {title}\n"));
        lines.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    }
}

fn describe(task: &Task) -> String {
    let mut text = format!(
        "\n## Your task\n{} (task_id {}, {}, {})\n\n{}\n",
        task.title, task.task_id, task.status, task.complexity, task.description
    );
    if let Some(context) = &task.context {
        let context = context.as_str().map_or_else(|| context.to_string(), str::to_owned);
        text.push_str(&format!("\nContext: {context}\n"));
    }
    if !task.dependencies.is_empty() {
        let ids: Vec<&str> = task.dependencies.iter().map(TaskId::as_str).collect();
        text.push_str(&format!("\nIt builds on: {}\n", ids.join(", ")));
    }
    for note in &task.notes {
        text.push_str(&format!("\nNote of {}: {}\n", note.at, note.text));
    }
    text.push_str(&format!(
        "\nBegin it with orchestrator_execute_task and record the result with orchestrator_complete_task, \
         task_id {}.\n",
        task.task_id
    ));
    text
}
