//! What came of a plan: its true state, never a promise.

use super::artifact::Artifact;
use super::command::SynthesizeResults;
use super::error::TaskError;
use super::execute::result_of;
use super::lifecycle;
use super::outcome::{Synthesis, SynthesisMetrics, TaskResult};
use super::progress;
use super::repository::Repository;
use super::status::Status;
use super::task::{MAX_CHILDREN, Task};

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
    let plan = lifecycle::existing(repository, &command.parent_task_id)?;
    let steps = repository.children(&plan.task_id, MAX_CHILDREN)?;
    let missing = what_is_missing(&plan, &steps);
    let finished_at = steps.iter().chain([&plan]).filter_map(|task| task.completed_at).max();
    let finished = missing.is_empty();
    let mut artifacts: Vec<_> = repository.artifacts(&plan.task_id)?.iter().map(Artifact::info).collect();
    let (mut done, mut failed, mut open, mut cancelled) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        let group = match step.status {
            _ if step.is_finished() => &mut done,
            Status::Failed => &mut failed,
            Status::Cancelled | Status::Archived => &mut cancelled,
            _ => &mut open,
        };
        let result = result_of(repository, step)?;
        artifacts.extend(result.artifacts.iter().cloned());
        group.push(result);
    }
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
        synthesis: in_words(&plan, &done, &missing, &metrics),
        parent_task_id: plan.task_id,
        title: plan.title,
        status: plan.status,
        finished,
        outcomes: done.iter().filter_map(|result| result.summary.clone()).collect(),
        completed_subtasks: done,
        failed_subtasks: failed,
        open_subtasks: open,
        cancelled_subtasks: cancelled,
        artifacts,
        metrics,
        missing,
    })
}

fn what_is_missing(plan: &Task, steps: &[Task]) -> Vec<String> {
    let mut missing: Vec<String> = steps
        .iter()
        .filter(|step| step.status.is_open() || step.status == Status::Failed)
        .map(|step| format!("{} ({}) is {}", step.title, step.task_id, step.status))
        .collect();
    if matches!(plan.status, Status::Failed | Status::Cancelled) {
        missing.push(format!("the plan itself is {}", plan.status));
    }
    let anything_done = steps.iter().any(Task::is_finished) || plan.is_finished();
    if missing.is_empty() && !anything_done {
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
