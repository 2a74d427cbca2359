//! Planning: a task and its steps, checked as a whole and recorded as a whole.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::command::{PlanTask, PlannedSubtask};
use super::error::{DependencyProblem, TaskError};
use super::graph::{self, MAX_DEPTH};
use super::id::{SessionId, Specialist, TaskId};
use super::kinds::TaskType;
use super::lifecycle;
use super::outcome::{SubtaskPlanned, TaskPlanned};
use super::repository::{Call, Repository, RepositoryMut};
use super::status::Status;
use super::task::{MAX_CHILDREN, MAX_CONTEXT, MAX_DEPENDENCIES, Task};

/// Records a task and its subtasks.
///
/// # Errors
///
/// Unknown parent, session, role or dependency; taken or doubled ids; circles; too many of anything.
pub fn plan_task(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: PlanTask,
) -> Result<TaskPlanned, TaskError> {
    check_sizes(&command)?;
    check_roles(call, &command)?;
    let parent = command.parent_task_id.as_ref().map(|id| growing_plan(repository, id)).transpose()?;
    let session_id = session_of(repository, &command, parent.as_ref())?;
    let (root_id, ids) = name_all(repository, call, &command)?;
    let steps = resolve_all(repository, &command, &root_id, &ids)?;
    let root_dependencies = unique(&command.dependencies);
    let outside: Vec<TaskId> =
        unique(root_dependencies.iter().chain(steps.iter().flatten().filter(|id| !ids.contains(id))));
    graph::check_dependencies(repository, &root_id, command.parent_task_id.as_ref(), &outside)?;

    let now = repository.not_before_last(call.now)?;
    let root = root_task(&command, root_id, session_id, root_dependencies, now);
    repository.insert_task(&root)?;
    let mut subtasks = Vec::with_capacity(steps.len());
    for ((step, id), dependencies) in command.subtasks.into_iter().zip(ids).zip(steps) {
        let task = step_task(step, &root, id, dependencies);
        repository.insert_task(&task)?;
        subtasks.push(SubtaskPlanned {
            task_id: task.task_id,
            title: task.title,
            specialist_type: task.specialist_type,
            dependencies: task.dependencies,
        });
    }
    // Only now: a step may depend on one that comes later in the list.
    repository.set_dependencies(&root.task_id, &root.dependencies)?;
    for step in subtasks.iter().filter(|step| !step.dependencies.is_empty()) {
        repository.set_dependencies(&step.task_id, &step.dependencies)?;
    }
    let first = subtasks.iter().find(|step| step.dependencies.is_empty()).map(|step| &step.task_id);
    Ok(TaskPlanned {
        task_created: true,
        parent_task_id: root.task_id.clone(),
        next_steps: format!(
            "Begin with orchestrator_execute_task on {}, record results with orchestrator_complete_task.",
            first.unwrap_or(&root.task_id)
        ),
        task_id: root.task_id,
        description: root.description.into(),
        complexity: root.complexity,
        subtasks,
    })
}

fn check_sizes(command: &PlanTask) -> Result<(), TaskError> {
    if command.subtasks.len() > MAX_CHILDREN {
        return Err(TaskError::invalid(
            "subtasks",
            format!("are {}, the limit is {MAX_CHILDREN}", command.subtasks.len()),
        ));
    }
    let most = command.subtasks.iter().map(|step| step.dependencies.len()).max().unwrap_or(0);
    check_dependency_count(most.max(command.dependencies.len()))?;
    check_context(command.context.as_ref())
}

/// Refuses more dependencies than a task may have.
pub(super) fn check_dependency_count(count: usize) -> Result<(), TaskError> {
    if count > MAX_DEPENDENCIES {
        return Err(TaskError::invalid(
            "dependencies",
            format!("are {count}, the limit is {MAX_DEPENDENCIES}"),
        ));
    }
    Ok(())
}

/// Refuses a context that is larger than a task may keep.
pub(super) fn check_context(context: Option<&serde_json::Value>) -> Result<(), TaskError> {
    let bytes = context.map_or(0, |value| value.to_string().len());
    if bytes > MAX_CONTEXT {
        return Err(TaskError::invalid("context", format!("has {bytes} bytes, the limit is {MAX_CONTEXT}")));
    }
    Ok(())
}

/// Refuses a role that the workspace does not have.
pub(super) fn check_role(call: &Call<'_>, role: &Specialist) -> Result<(), TaskError> {
    if call.roles.is_known(role) {
        return Ok(());
    }
    Err(TaskError::UnknownRole { name: role.clone(), known: call.roles.names() })
}

fn check_roles(call: &Call<'_>, command: &PlanTask) -> Result<(), TaskError> {
    let of_steps = command.subtasks.iter().filter_map(|step| step.specialist_type.as_ref());
    command.specialist_type.iter().chain(of_steps).try_for_each(|role| check_role(call, role))
}

/// The plan that is to get another step, if it can.
fn growing_plan(repository: &dyn Repository, id: &TaskId) -> Result<Task, TaskError> {
    let parent = lifecycle::existing(repository, id)?;
    if !parent.status.is_open() {
        return Err(TaskError::invalid(
            "parent_task_id",
            format!("task {id} is {}: only an open task gets new subtasks", parent.status),
        ));
    }
    if repository.child_counts(id)?.total() >= MAX_CHILDREN as u64 {
        return Err(TaskError::invalid(
            "parent_task_id",
            format!("task {id} has {MAX_CHILDREN} subtasks already"),
        ));
    }
    if graph::ancestors(repository, Some(id))?.len() >= MAX_DEPTH {
        return Err(TaskError::invalid("parent_task_id", format!("plans nest at most {MAX_DEPTH} deep")));
    }
    Ok(parent)
}

/// The session of the plan; one that had been put away is in use again.
fn session_of(
    repository: &mut dyn RepositoryMut,
    command: &PlanTask,
    parent: Option<&Task>,
) -> Result<Option<SessionId>, TaskError> {
    let Some(id) = &command.session_id else { return Ok(parent.and_then(|task| task.session_id.clone())) };
    let mut session =
        repository.session(id)?.ok_or_else(|| TaskError::NotFound { what: "session", id: id.to_string() })?;
    if session.archived {
        session.archived = false;
        repository.update_session(&session)?;
    }
    Ok(Some(id.clone()))
}

/// The ids of the plan and its steps, given or drawn.
fn name_all(
    repository: &dyn Repository,
    call: &mut Call<'_>,
    command: &PlanTask,
) -> Result<(TaskId, Vec<TaskId>), TaskError> {
    let mut used = BTreeSet::new();
    let mut name = |given: Option<&TaskId>| -> Result<TaskId, TaskError> {
        let taken = |id: &TaskId| TaskError::AlreadyExists { what: "task", id: id.to_string() };
        let id = match given {
            Some(id) if repository.task(id)?.is_some() => return Err(taken(id)),
            Some(id) => id.clone(),
            None => TaskId::new(call.ids.draw("task_"))?,
        };
        if !used.insert(id.clone()) {
            return Err(taken(&id));
        }
        Ok(id)
    };
    let root = name(command.task_id.as_ref())?;
    let steps = command.subtasks.iter().map(|step| name(step.task_id.as_ref())).collect::<Result<_, _>>()?;
    Ok((root, steps))
}

/// What each step depends on, found by id or by title.
fn resolve_all(
    repository: &dyn Repository,
    command: &PlanTask,
    root: &TaskId,
    ids: &[TaskId],
) -> Result<Vec<Vec<TaskId>>, TaskError> {
    let mut by_title: BTreeMap<&str, Vec<&TaskId>> = BTreeMap::new();
    for (step, id) in command.subtasks.iter().zip(ids) {
        by_title.entry(step.title.as_str()).or_default().push(id);
    }
    let place: BTreeMap<&TaskId, usize> = ids.iter().enumerate().map(|(index, id)| (id, index)).collect();
    let mut resolved = Vec::with_capacity(ids.len());
    let mut inside = Vec::with_capacity(ids.len());
    for (step, id) in command.subtasks.iter().zip(ids) {
        let mut dependencies = Vec::new();
        for text in &step.dependencies {
            let refuse = |problem| TaskError::Dependency {
                task: step.title.to_string(),
                dependency: text.clone(),
                problem,
            };
            let found = resolve(repository, text, &place, &by_title).map_err(|error| match error {
                Unresolved::Problem(problem) => refuse(problem),
                Unresolved::Other(error) => error,
            })?;
            if found == *id {
                return Err(refuse(DependencyProblem::Itself));
            }
            if found == *root {
                return Err(refuse(DependencyProblem::Ancestor));
            }
            dependencies.push(found);
        }
        let dependencies = unique(&dependencies);
        inside.push(dependencies.iter().filter_map(|id| place.get(id).copied()).collect::<Vec<_>>());
        resolved.push(dependencies);
    }
    if let Some(way) = graph::circle(&inside) {
        let title = |index: &usize| command.subtasks.get(*index).map(|step| step.title.to_string());
        let path: Vec<String> = way.iter().filter_map(title).collect();
        let name = |at: usize| path.get(at).cloned().unwrap_or_default();
        return Err(TaskError::Dependency {
            task: name(0),
            dependency: name(1),
            problem: DependencyProblem::Cycle(path),
        });
    }
    Ok(resolved)
}

enum Unresolved {
    Problem(DependencyProblem),
    Other(TaskError),
}

fn resolve(
    repository: &dyn Repository,
    text: &str,
    place: &BTreeMap<&TaskId, usize>,
    by_title: &BTreeMap<&str, Vec<&TaskId>>,
) -> Result<TaskId, Unresolved> {
    let id = TaskId::new(text).ok();
    if let Some(id) = &id
        && place.contains_key(id)
    {
        return Ok(id.clone());
    }
    // A title of the same call before an older task of that id: the caller means what it has just written.
    match by_title.get(text.trim()).map(Vec::as_slice) {
        Some([only]) => return Ok((*only).clone()),
        Some(_) => return Err(Unresolved::Problem(DependencyProblem::Ambiguous)),
        None => {}
    }
    let Some(id) = id else { return Err(Unresolved::Problem(DependencyProblem::Unknown)) };
    match repository.task(&id) {
        Ok(Some(_)) => Ok(id),
        Ok(None) => Err(Unresolved::Problem(DependencyProblem::Unknown)),
        Err(error) => Err(Unresolved::Other(error.into())),
    }
}

/// The ids once each, in their order.
pub(super) fn unique<'a>(ids: impl IntoIterator<Item = &'a TaskId>) -> Vec<TaskId> {
    let mut seen = BTreeSet::new();
    ids.into_iter().filter(|id| seen.insert(*id)).cloned().collect()
}

fn root_task(
    command: &PlanTask,
    task_id: TaskId,
    session_id: Option<SessionId>,
    dependencies: Vec<TaskId>,
    now: Timestamp,
) -> Task {
    let usual = if command.subtasks.is_empty() { TaskType::Standard } else { TaskType::Breakdown };
    Task {
        task_id,
        parent_task_id: command.parent_task_id.clone(),
        session_id,
        title: command.title.clone(),
        description: command.description.clone(),
        status: Status::Pending,
        task_type: command.task_type.unwrap_or(usual),
        specialist_type: command.specialist_type.clone().unwrap_or_else(Specialist::generic),
        complexity: command.complexity_level,
        estimated_effort: command.estimated_effort.clone(),
        due_date: command.due_date,
        context: command.context.clone(),
        dependencies,
        summary: None,
        notes: Vec::new(),
        created_at: now,
        updated_at: now,
        started_at: None,
        completed_at: None,
    }
}

fn step_task(step: PlannedSubtask, root: &Task, task_id: TaskId, dependencies: Vec<TaskId>) -> Task {
    Task {
        task_id,
        parent_task_id: Some(root.task_id.clone()),
        session_id: root.session_id.clone(),
        title: step.title,
        description: step.description,
        status: Status::Pending,
        task_type: step.task_type.unwrap_or_default(),
        specialist_type: step.specialist_type.unwrap_or_else(Specialist::generic),
        complexity: step.complexity.unwrap_or(root.complexity),
        estimated_effort: step.estimated_effort,
        due_date: None,
        context: None,
        dependencies,
        summary: None,
        notes: Vec::new(),
        created_at: root.created_at,
        updated_at: root.created_at,
        started_at: None,
        completed_at: None,
    }
}
