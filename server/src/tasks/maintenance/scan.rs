//! What a scan sees. Every list is bounded, and the scan itself looks at open
//! tasks only, so it costs what is going on and not what ever was.

use jiff::Timestamp;

use crate::tasks::error::TaskError;
use crate::tasks::graph;
use crate::tasks::id::{SessionId, Specialist};
use crate::tasks::kinds::ValidationLevel;
use crate::tasks::outcome::{IncompleteWorkflow, ScanResults, StaleTask};
use crate::tasks::progress;
use crate::tasks::repository::Repository;
use crate::tasks::status::Status;
use crate::tasks::task::{StatusCounts, Task};

/// Most entries of each list.
const LISTED: usize = 100;
/// Most open tasks of each status that are looked at, those first that rest longest.
const LOOKED_AT: usize = 1000;

/// Hours after which an active task of this role is stale. Thinking takes longer than typing.
fn threshold_hours(role: &Specialist) -> u64 {
    match role.as_str() {
        "debugger" | "devops" | "tester" => 12,
        "reviewer" | "coordinator" => 24,
        "implementer" | "documenter" => 36,
        "architect" | "researcher" | "analyst" => 72,
        _ => 24,
    }
}

/// What was seen, with the tasks themselves where something can be done about them.
pub(super) struct Scan {
    pub(super) results: ScanResults,
    pub(super) issues: Vec<String>,
    pub(super) open: Vec<Task>,
    stale: Vec<Task>,
    orphaned: Vec<Task>,
}

impl Scan {
    /// Looks at all tasks, or at those of a session.
    pub(super) fn of_many(
        repository: &dyn Repository,
        now: Timestamp,
        level: ValidationLevel,
        session: Option<&SessionId>,
    ) -> Result<Self, TaskError> {
        let mut open = Vec::new();
        for status in Status::OPEN {
            open.extend(repository.least_recent(session, status, LOOKED_AT)?);
        }
        let counts = repository.counts(session)?;
        let orphaned = repository.orphaned(session, LISTED)?;
        Self::of(repository, now, level, counts, open, orphaned)
    }

    /// Looks at one task and what is below it.
    pub(super) fn of_task(
        repository: &dyn Repository,
        now: Timestamp,
        level: ValidationLevel,
        task: Task,
    ) -> Result<Self, TaskError> {
        let mut tasks = graph::descendants(repository, &task.task_id)?;
        tasks.insert(0, task);
        let mut counts = StatusCounts::default();
        let mut orphaned = Vec::new();
        for task in &tasks {
            *counts.get_mut(task.status) += 1;
            if task.status.is_open() && given_up_above(repository, task)? {
                orphaned.push(task.clone());
            }
        }
        tasks.retain(|task| task.status.is_open());
        orphaned.truncate(LISTED);
        Self::of(repository, now, level, counts, tasks, orphaned)
    }

    fn of(
        repository: &dyn Repository,
        now: Timestamp,
        level: ValidationLevel,
        counts: StatusCounts,
        open: Vec<Task>,
        orphaned: Vec<Task>,
    ) -> Result<Self, TaskError> {
        let mut stale_tasks = Vec::new();
        let mut stale = Vec::new();
        let mut incomplete_workflows = Vec::new();
        let mut issues = Vec::new();
        for task in &open {
            if let Some(entry) = staleness(task, now).filter(|_| stale_tasks.len() < LISTED) {
                stale_tasks.push(entry);
                stale.push(task.clone());
            }
            if incomplete_workflows.len() < LISTED {
                incomplete_workflows.extend(incomplete(repository, task)?);
            }
            if level != ValidationLevel::Basic && issues.len() < LISTED {
                issues.extend(never_to_be_met(repository, task)?);
            }
            if level == ValidationLevel::FullAudit && issues.len() < LISTED {
                issues.extend(overdue(task, now));
            }
        }
        let results = ScanResults {
            total: counts.total(),
            status_distribution: counts,
            stale_tasks,
            orphaned_tasks: orphaned.iter().map(Task::brief).collect(),
            incomplete_workflows,
        };
        Ok(Self { results, issues, open, stale, orphaned })
    }

    /// What can be done without a person: which task goes where, and why.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&Task, Status, &'static str)> {
        let stale =
            self.stale.iter().filter(|task| task.status == Status::Active).map(|task| {
                (task, Status::Suspended, "nothing happened for longer than its role is allowed")
            });
        let orphaned =
            self.orphaned.iter().map(|task| (task, Status::Cancelled, "the plan it belongs to was given up"));
        stale.chain(orphaned)
    }

    /// What a person should do.
    pub(super) fn recommendations(&self) -> Vec<String> {
        let mut list = Vec::new();
        let resting = self.stale.iter().filter(|task| task.status != Status::Active).count();
        if resting > 0 {
            list.push(format!(
                "Look at {resting} tasks that wait or are blocked for long: go on or cancel them."
            ));
        }
        for plan in self.results.incomplete_workflows.iter().take(10) {
            list.push(format!("{} ({}): {}", plan.title, plan.task_id, plan.reason));
        }
        if !self.issues.is_empty() {
            list.push("Correct the issues with orchestrator_update_task.".to_owned());
        }
        if list.is_empty() && self.steps().next().is_none() {
            list.push("Nothing needs attention.".to_owned());
        }
        list
    }
}

fn staleness(task: &Task, now: Timestamp) -> Option<StaleTask> {
    // What waits may wait longer than what is being worked on.
    let patience = if task.status == Status::Active { 1 } else { 7 };
    let threshold_hours = threshold_hours(&task.specialist_type) * patience;
    let idle_hours = u64::try_from(now.duration_since(task.updated_at).as_hours()).unwrap_or(0);
    (idle_hours >= threshold_hours).then(|| StaleTask {
        task_id: task.task_id.clone(),
        title: task.title.clone(),
        status: task.status,
        specialist_type: task.specialist_type.clone(),
        last_change: task.updated_at,
        idle_hours,
        threshold_hours,
    })
}

fn given_up_above(repository: &dyn Repository, task: &Task) -> Result<bool, TaskError> {
    let Some(parent) = &task.parent_task_id else { return Ok(false) };
    let parent = repository.task(parent)?;
    Ok(parent.is_some_and(|plan| matches!(plan.status, Status::Cancelled | Status::Archived)))
}

/// Why an open plan cannot finish by itself.
fn incomplete(repository: &dyn Repository, task: &Task) -> Result<Option<IncompleteWorkflow>, TaskError> {
    let counts = repository.child_counts(&task.task_id)?;
    let reason = if counts.total() == 0 || counts.open() > counts.blocked {
        return Ok(None);
    } else if counts.blocked > 0 {
        format!("all that is open below it is blocked ({})", counts.blocked)
    } else if counts.failed > 0 {
        format!("{} of its subtasks failed: retry or cancel them", counts.failed)
    } else {
        "all its subtasks are closed: complete it, or plan what is missing".to_owned()
    };
    Ok(Some(IncompleteWorkflow {
        task_id: task.task_id.clone(),
        title: task.title.clone(),
        status: task.status,
        reason,
        progress: progress::of_plan(repository, &task.task_id)?,
    }))
}

fn never_to_be_met(repository: &dyn Repository, task: &Task) -> Result<Vec<String>, TaskError> {
    let waits_for = progress::unfinished(repository, &task.dependencies)?;
    Ok(waits_for
        .iter()
        .filter(|dependency| matches!(dependency.status, Status::Cancelled | Status::Archived))
        .map(|dependency| {
            format!(
                "{} waits for {}, which is {} and will not be finished",
                task.task_id, dependency.task_id, dependency.status
            )
        })
        .collect())
}

fn overdue(task: &Task, now: Timestamp) -> Option<String> {
    let due = task.due_date.filter(|due| *due < now)?;
    Some(format!("{} was due at {due}", task.task_id))
}
