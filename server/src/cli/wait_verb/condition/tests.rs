//! Each condition against views in which it does and does not hold.

use task_orchestrator_shared::admin::view::RestartView;
use task_orchestrator_shared::restart::Outcome;

use super::*;
use crate::cli::tests::samples;

/// The sample's clients quiet, and no restart.
fn quiet() -> View {
    let mut view = samples::view();
    view.sessions.truncate(1);
    view
}

fn with(change: impl FnOnce(&mut View)) -> View {
    let mut view = quiet();
    change(&mut view);
    view
}

fn restart(phase: Phase, outcome: Option<Outcome>) -> View {
    with(|view| {
        let mut report = samples::report(Outcome::Complete);
        (report.phase, report.outcome) = (phase, outcome);
        view.restart = Some(RestartView { report, progress: None, build_output: Vec::new() });
    })
}

#[test]
fn each_condition_holds_when_it_should_and_only_then() {
    use Condition::{Generation, Idle, NoClients, Ready, RestartDone, SafeMode};
    let running = || restart(Phase::Preparation, None);
    let ended = || restart(Phase::Complete, Some(Outcome::Complete));
    let failed = || restart(Phase::Failed, Some(Outcome::Failed));
    let phase = |phase| with(|view| view.server.phase = phase);
    let in_flight = |buffered| {
        with(|view| {
            let figures = &mut view.sessions[0].figures;
            if buffered { figures.buffered = 1 } else { figures.in_flight = 1 }
        })
    };
    let cases = vec![
        (Ready, quiet(), true),
        (Ready, running(), true),
        (Ready, with(|view| view.workers.clear()), false),
        (Ready, with(|view| view.workers[0].ready = false), false),
        (Ready, with(|view| view.workers[0].role = WorkerRole::Standby), false),
        (Ready, with(|view| view.server.maintenance_mode = true), false),
        (Ready, with(|view| view.server.safe_mode = Some(String::new())), false),
        (Ready, with(|view| view.server.refusal = Some(String::new())), false),
        (Ready, View::default(), false),
        (Idle, quiet(), true),
        (Idle, ended(), true),
        (Idle, in_flight(true), false),
        (Idle, in_flight(false), false),
        (Idle, running(), false),
        (SafeMode, quiet(), false),
        (SafeMode, with(|view| view.server.safe_mode = Some(String::new())), true),
        (NoClients, quiet(), false),
        (NoClients, with(|view| view.sessions.clear()), true),
        (RestartDone, quiet(), true),
        (RestartDone, running(), false),
        (RestartDone, phase(Phase::ServiceResume), false),
        (RestartDone, failed(), true),
        (Condition::Phase(Phase::Preparation), running(), true),
        (Condition::Phase(Phase::Preparation), quiet(), false),
        (Condition::Phase(Phase::ServiceResume), phase(Phase::ServiceResume), true),
        (Condition::Phase(Phase::Idle), quiet(), true),
        (Condition::Phase(Phase::Idle), ended(), true),
        (Condition::Phase(Phase::Idle), running(), false),
        (Condition::Phase(Phase::Complete), ended(), true),
        (Condition::Phase(Phase::Failed), ended(), false),
        (Condition::Phase(Phase::Failed), failed(), true),
        (Generation(3), quiet(), true),
        (Generation(2), quiet(), true),
        (Generation(4), quiet(), false),
        (Generation(3), with(|view| view.workers[0].ready = false), false),
    ];
    for (number, (condition, view, expected)) in cases.into_iter().enumerate() {
        assert_eq!(condition.holds(&view), expected, "case {number}: {condition}: {view:?}");
    }
}

#[test]
fn every_condition_is_read_as_it_is_shown() {
    for phase in phases() {
        let shown = Condition::Phase(phase).to_string();
        assert_eq!(shown.parse(), Ok(Condition::Phase(phase)));
    }
    for text in
        ["ready", "idle", "safe-mode", "no-clients", "restart-done", "phase=rolled_back", "generation=7"]
    {
        assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
    }
    assert_eq!("phase=task-suspension".parse(), Ok(Condition::Phase(Phase::TaskSuspension)));
    for text in ["", "phase", "phase=", "phase=lunch", "ready=1", "generation=-1", "generation=", "Ready"] {
        assert!(text.parse::<Condition>().is_err(), "{text}");
    }
}
