//! Ten thousand random sequences of task operations, valid and not, against a
//! model that shares no code with the domain: after each accepted step the
//! store must hold exactly what the model holds, and each refusal must be one
//! that the model refuses too and must leave nothing behind.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "model/bench.rs"]
mod bench;
#[path = "model/reference.rs"]
mod reference;

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use task_orchestrator::tasks::command::{
    CancelTask, CompleteTask, DeleteTask, ExecuteTask, PlanTask, PlannedSubtask, UpdateTask,
};
use task_orchestrator::tasks::{
    self, ArtifactType, Complexity, Description, NextAction, SessionId, Status, Summary, TaskId, Title,
};

use bench::{Bench, Seen};
use reference::{Model, Step, require};

/// An operation whose numbers are turned into names when it is applied.
#[derive(Debug, Clone)]
enum Op {
    Plan { reuse: bool, parent: Option<u8>, needs: Vec<u8>, steps: Vec<(Vec<u8>, Vec<u8>)> },
    Status { task: u8, to: u8 },
    Depend { task: u8, on: Vec<u8> },
    Execute { task: u8 },
    Complete { task: u8, action: u8 },
    Cancel { task: u8 },
    Delete { task: u8, force: bool, archive: bool },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let few = || prop::collection::vec(any::<u8>(), 0..2);
    let step = (prop::collection::vec(0..4u8, 0..2), prop::collection::vec(any::<u8>(), 0..2));
    let plan = (
        prop::bool::weighted(0.05),
        prop::option::weighted(0.4, any::<u8>()),
        few(),
        prop::collection::vec(step, 0..4),
    );
    let op = prop_oneof![
        3 => plan.prop_map(|(reuse, parent, needs, steps)| Op::Plan { reuse, parent, needs, steps }),
        3 => (any::<u8>(), 0..8u8).prop_map(|(task, to)| Op::Status { task, to }),
        3 => (any::<u8>(), few()).prop_map(|(task, on)| Op::Depend { task, on }),
        5 => any::<u8>().prop_map(|task| Op::Execute { task }),
        4 => (any::<u8>(), 0..4u8).prop_map(|(task, action)| Op::Complete { task, action }),
        1 => any::<u8>().prop_map(|task| Op::Cancel { task }),
        1 => (any::<u8>(), any::<bool>(), any::<bool>())
            .prop_map(|(task, force, archive)| Op::Delete { task, force, archive }),
    ];
    // Something to work on first: otherwise most sequences would be about nothing.
    let inside = prop::collection::vec((prop::collection::vec(0..2u8, 0..2), Just(Vec::new())), 2..5);
    let first = inside.prop_map(|steps| Op::Plan { reuse: false, parent: None, needs: Vec::new(), steps });
    (first, prop::collection::vec(op, 1..14))
        .prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
}

fn id(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

fn ids(names: &[String]) -> Vec<TaskId> {
    names.iter().map(|name| id(name)).collect()
}

fn plan_command(
    session: &SessionId,
    root: &str,
    parent: Option<&str>,
    needs: &[String],
    steps: &[Step],
) -> PlanTask {
    let step = |(number, (name, inside, outside)): (usize, &Step)| PlannedSubtask {
        task_id: Some(id(name)),
        title: Title::new(format!("step {number}")).unwrap(),
        description: Description::new("").unwrap(),
        specialist_type: None,
        task_type: None,
        complexity: None,
        // By title inside the plan, by id outside.
        dependencies: inside.iter().map(|index| format!("step {index}")).chain(outside.clone()).collect(),
        estimated_effort: None,
    };
    PlanTask {
        task_id: Some(id(root)),
        title: Title::new("plan").unwrap(),
        description: Description::new("").unwrap(),
        subtasks: steps.iter().enumerate().map(step).collect(),
        parent_task_id: parent.map(id),
        task_type: None,
        complexity_level: Complexity::Moderate,
        specialist_type: None,
        dependencies: ids(needs),
        estimated_effort: None,
        context: None,
        due_date: None,
        session_id: Some(session.clone()),
    }
}

/// Applies one operation to both and compares; says whether it was accepted.
fn apply(bench: &Bench, model: &mut Model, session: &SessionId, op: &Op) -> Result<bool, TestCaseError> {
    let mut next = model.clone();
    let (verdict, seen) = match op {
        Op::Plan { reuse, parent, needs, steps } => {
            let fresh = |offset: usize| {
                let prefix = session.as_str().trim_start_matches("session_");
                format!("{prefix}-{}", model.names.len() + offset)
            };
            let root = model.names.first().filter(|_| *reuse).cloned().unwrap_or_else(|| fresh(0));
            let parent = parent.map(|number| model.name(number));
            let by_name =
                |numbers: &[u8]| numbers.iter().map(|number| model.name(*number)).collect::<Vec<_>>();
            let needs = by_name(needs);
            let step = |(offset, (inside, outside)): (usize, &(Vec<u8>, Vec<u8>))| {
                (
                    fresh(offset + 1),
                    inside.iter().map(|index| usize::from(*index)).collect(),
                    by_name(outside),
                )
            };
            let steps: Vec<Step> = steps.iter().enumerate().map(step).collect();
            let command = plan_command(session, &root, parent.as_deref(), &needs, &steps);
            let verdict = next.plan(&root, parent, &needs, &steps);
            (verdict, bench.carry_out(session, move |tx, call| tasks::plan_task(tx, call, command).map(drop)))
        }
        Op::Status { task, to } => {
            let name = model.name(*task);
            let to = Status::ALL[usize::from(*to)];
            let mut command = UpdateTask::of(id(&name));
            command.status = Some(to);
            let verdict = next.set_status(&name, to.as_str());
            (
                verdict,
                bench.carry_out(session, move |tx, call| tasks::update_task(tx, call, command).map(drop)),
            )
        }
        Op::Depend { task, on } => {
            let name = model.name(*task);
            let on: Vec<String> = on.iter().map(|number| model.name(*number)).collect();
            let mut command = UpdateTask::of(id(&name));
            command.dependencies = Some(ids(&on));
            let verdict = next.depend(&name, on);
            (
                verdict,
                bench.carry_out(session, move |tx, call| tasks::update_task(tx, call, command).map(drop)),
            )
        }
        Op::Execute { task } => {
            let name = model.name(*task);
            let command = ExecuteTask { task_id: id(&name) };
            let verdict = if next.is_active(&name) { Ok(()) } else { next.begin(&name) };
            (
                verdict,
                bench.carry_out(session, move |tx, call| tasks::execute_task(tx, call, command).map(drop)),
            )
        }
        Op::Complete { task, action } => {
            let name = model.name(*task);
            let next_action = NextAction::ALL[usize::from(*action)];
            let command = CompleteTask {
                task_id: id(&name),
                summary: Summary::new("done").unwrap(),
                detailed_work: None,
                files: Vec::new(),
                artifact_type: ArtifactType::General,
                next_action,
            };
            let verdict = match next_action {
                NextAction::Continue | NextAction::Complete => next.finish(&name),
                NextAction::NeedsRevision => {
                    require(next.is_active(&name)).map(|()| next.set(&name, "pending"))
                }
                NextAction::Blocked => require(next.is_active(&name)).map(|()| next.set(&name, "blocked")),
            };
            (
                verdict,
                bench.carry_out(session, move |tx, call| tasks::complete_task(tx, call, command).map(drop)),
            )
        }
        Op::Cancel { task } => {
            let name = model.name(*task);
            let command = CancelTask { task_id: id(&name), reason: None, preserve_work: true };
            let verdict = next.cancel(&name);
            (
                verdict,
                bench.carry_out(session, move |tx, call| tasks::cancel_task(tx, call, command).map(drop)),
            )
        }
        Op::Delete { task, force, archive } => {
            let name = model.name(*task);
            let command = DeleteTask { task_id: id(&name), force: *force, archive_instead: *archive };
            let verdict = if *archive { next.archive(&name, *force) } else { next.remove(&name, *force) };
            (
                verdict,
                bench.carry_out(session, move |tx, call| tasks::delete_task(tx, call, command).map(drop)),
            )
        }
    };
    prop_assert_eq!(
        verdict.is_ok(),
        seen.is_some(),
        "the model has {:?} on {:?} of {:#?}",
        verdict,
        op,
        model
    );
    let Some(seen) = seen else { return Ok(false) };
    *model = next;
    compare(model, &seen)?;
    Ok(true)
}

fn compare(model: &Model, seen: &Seen) -> Result<(), TestCaseError> {
    let mut expected = model.tasks.clone();
    // Removed tasks leave gaps in the order of birth, and nothing else.
    let mut order: Vec<u64> = expected.values().map(|entry| entry.born).collect();
    order.sort_unstable();
    for entry in expected.values_mut() {
        entry.born = order.partition_point(|born| *born <= entry.born) as u64;
    }
    prop_assert_eq!(&seen.tasks, &expected);
    for (status, count) in &seen.counts {
        let expected = model.tasks.values().filter(|entry| entry.status == *status).count() as u64;
        prop_assert_eq!(*count, expected, "counter of {}", status);
    }
    if let Some((plan, done, wanted, percentage)) = &seen.progress {
        prop_assert_eq!((*done, *wanted), model.progress(plan));
        let share = if *wanted == 0 { 0.0 } else { *done as f64 * 100.0 / *wanted as f64 };
        prop_assert!((share - percentage).abs() < 0.01);
    }
    Ok(())
}

/// Half of the sequences, so that two cores share them.
fn half() {
    let bench = Bench::new();
    let (accepted, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let config = ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&ops(), |ops| {
        let session = bench.open_session();
        let mut model = Model::default();
        for op in &ops {
            let counter = if apply(&bench, &mut model, &session, op)? { &accepted } else { &refused };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        // What the last refusal left behind would show here.
        let seen = bench.carry_out(&session, |_, _| Ok(()));
        compare(&model, &seen.ok_or_else(|| TestCaseError::fail("looking was refused"))?)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (accepted, refused) = (accepted.into_inner(), refused.into_inner());
    // A generator that only produced refusals would prove nothing.
    assert!(accepted > 5_000 && refused > 5_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn five_thousand_sequences_agree_with_the_model() {
    half();
}

#[test]
fn five_thousand_other_sequences_agree_with_the_model() {
    half();
}
