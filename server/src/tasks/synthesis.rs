//! What came of a plan: its true state, never a promise.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::artifact::{Artifact, ArtifactInfo};
use super::command::SynthesizeResults;
use super::error::TaskError;
use super::execute::result_of;
use super::id::TaskId;
use super::lifecycle;
use super::outcome::{Synthesis, SynthesisMetrics, TaskResult};
use super::page::Cursor;
use super::progress;
use super::repository::Repository;
use super::status::Status;
use super::task::Task;
use super::walk::{WALK_PAGE, Walk, at_once};

/// Longest text of the synthesis, in bytes, before it refers to the fields.
const MAX_TEXT: usize = 256 * 1024;

/// Puts together what came of a plan.
///
/// # Errors
///
/// Unknown task.
pub fn synthesize_results(
    repository: &dyn Repository,
    command: &SynthesizeResults,
) -> Result<Synthesis, TaskError> {
    at_once(Gathering::new(command), repository)?.into_synthesis(repository)
}

/// The results of a plan's steps, as far as they are gathered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gathering {
    plan: TaskId,
    after: Option<Cursor>,
    looked: u64,
    expected: u64,
    done: Vec<TaskResult>,
    failed: Vec<TaskResult>,
    open: Vec<TaskResult>,
    cancelled: Vec<TaskResult>,
    artifacts: Vec<ArtifactInfo>,
    missing: Vec<String>,
    finished_at: Option<Timestamp>,
}

impl Gathering {
    /// A synthesis that has not begun.
    pub fn new(command: &SynthesizeResults) -> Self {
        Self {
            plan: command.parent_task_id.clone(),
            after: None,
            looked: 0,
            expected: 0,
            done: Vec::new(),
            failed: Vec::new(),
            open: Vec::new(),
            cancelled: Vec::new(),
            artifacts: Vec::new(),
            missing: Vec::new(),
            finished_at: None,
        }
    }

    fn add(&mut self, repository: &dyn Repository, step: Task) -> Result<(), TaskError> {
        if step.status.is_open() || step.status == Status::Failed {
            self.missing.push(format!("{} ({}) is {}", step.title, step.task_id, step.status));
        }
        self.finished_at = self.finished_at.max(step.completed_at);
        let group = match step.status {
            _ if step.is_finished() => &mut self.done,
            Status::Failed => &mut self.failed,
            Status::Cancelled | Status::Archived => &mut self.cancelled,
            _ => &mut self.open,
        };
        let result = result_of(repository, step)?;
        self.artifacts.extend(result.artifacts.iter().cloned());
        group.push(result);
        Ok(())
    }

    /// All of it, once the last page was looked at.
    ///
    /// # Errors
    ///
    /// Unknown task: the plan was deleted meanwhile.
    pub fn into_synthesis(self, repository: &dyn Repository) -> Result<Synthesis, TaskError> {
        let plan = lifecycle::existing(repository, &self.plan)?;
        let missing = what_is_missing(&plan, self.missing, !self.done.is_empty());
        let finished = missing.is_empty();
        let finished_at = self.finished_at.max(plan.completed_at);
        let mut artifacts: Vec<_> = repository.artifacts(&plan.task_id)?.iter().map(Artifact::info).collect();
        artifacts.extend(self.artifacts);
        let metrics = SynthesisMetrics {
            progress: progress::of_plan(repository, &plan.task_id)?,
            by_status: repository.child_counts(&plan.task_id)?,
            artifact_count: artifacts.len() as u64,
            artifact_bytes: artifacts.iter().map(|artifact| artifact.size).sum(),
            duration_seconds: finished_at
                .filter(|_| finished)
                .map(|end| end.duration_since(plan.created_at).as_secs()),
        };
        Ok(Synthesis {
            synthesis: in_words(&plan, &self.done, &missing, &metrics),
            parent_task_id: plan.task_id,
            title: plan.title,
            status: plan.status,
            finished,
            outcomes: self.done.iter().filter_map(|result| result.summary.clone()).collect(),
            completed_subtasks: self.done,
            failed_subtasks: self.failed,
            open_subtasks: self.open,
            cancelled_subtasks: self.cancelled,
            artifacts,
            metrics,
            missing,
        })
    }
}

impl Walk for Gathering {
    const KIND: &'static str = "synthesis";

    fn page(&mut self, repository: &dyn Repository) -> Result<bool, TaskError> {
        if self.after.is_none() {
            lifecycle::existing(repository, &self.plan)?;
            self.expected = repository.child_counts(&self.plan)?.total();
        }
        let (steps, after) = repository.children_after(&self.plan, self.after, WALK_PAGE)?;
        self.looked += steps.len() as u64;
        for step in steps {
            self.add(repository, step)?;
        }
        self.after = after;
        Ok(after.is_some())
    }

    fn looked(&self) -> u64 {
        self.looked
    }

    fn expected(&self) -> u64 {
        self.expected
    }
}

fn what_is_missing(plan: &Task, steps: Vec<String>, any_step_done: bool) -> Vec<String> {
    let mut missing = steps;
    if matches!(plan.status, Status::Failed | Status::Cancelled) {
        missing.push(format!("the plan itself is {}", plan.status));
    }
    if missing.is_empty() && !any_step_done && !plan.is_finished() {
        missing.push("nothing has been completed".to_owned());
    }
    missing
}

fn in_words(plan: &Task, done: &[TaskResult], missing: &[String], metrics: &SynthesisMetrics) -> String {
    let state = if missing.is_empty() { "finished" } else { "NOT finished" };
    let mut text = format!("# {}\n\nThis plan is {state}: {}.\n", plan.title, metrics.progress.progress);
    let results = std::iter::once((plan.title.as_str(), plan.summary.as_ref()))
        .chain(done.iter().map(|result| (result.title.as_str(), result.summary.as_ref())));
    for (title, summary) in results {
        let Some(summary) = summary else { continue };
        if text.len() + summary.as_str().len() > MAX_TEXT {
            text.push_str("\nThe remaining results are in completed_subtasks.\n");
            break;
        }
        text.push_str(&format!("\n## {title}\n\n{summary}\n"));
    }
    if !missing.is_empty() {
        text.push_str("\n## Missing\n\n");
        for line in missing {
            text.push_str(&format!("- {line}\n"));
        }
    }
    text
}
