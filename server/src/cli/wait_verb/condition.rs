//! What can be waited for, and whether it holds. Pure: a view decides alone.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use task_orchestrator_shared::admin::view::{SessionView, View, WorkerRole};
use task_orchestrator_shared::phase::Phase;

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// A worker serves, and requests are neither held back nor refused.
    Ready,
    /// No restart runs, and nothing is in flight or waits.
    Idle,
    /// Too many crashes have led to safe mode.
    SafeMode,
    /// No client is connected.
    NoClients,
    /// No restart runs.
    RestartDone,
    /// The restart that runs, or the last one, is in this phase.
    Phase(Phase),
    /// This generation serves, or a later one.
    Generation(u64),
}

/// Phases that can be waited for.
const PHASES: [Phase; 4] = [Phase::Idle, Phase::Complete, Phase::Failed, Phase::RolledBack];

fn phases() -> impl Iterator<Item = Phase> {
    Phase::EIGHT.into_iter().chain(PHASES)
}

impl Condition {
    /// Whether it holds.
    pub fn holds(self, view: &View) -> bool {
        match self {
            Self::Ready => serves(view) && !is_closed(view),
            Self::Idle => !restarts(view) && view.sessions.iter().all(is_quiet),
            Self::SafeMode => view.server.safe_mode.is_some(),
            Self::NoClients => view.sessions.is_empty(),
            Self::RestartDone => !restarts(view),
            Self::Phase(phase) => is_in(view, phase),
            Self::Generation(least) => view.server.generation >= least && serves(view),
        }
    }
}

fn serves(view: &View) -> bool {
    view.workers.iter().any(|worker| worker.role == WorkerRole::Active && worker.ready)
}

/// Whether requests are held back or refused.
fn is_closed(view: &View) -> bool {
    let server = &view.server;
    server.maintenance_mode || server.safe_mode.is_some() || server.refusal.is_some()
}

fn is_quiet(session: &SessionView) -> bool {
    session.figures.in_flight == 0 && session.figures.buffered == 0
}

/// Whether a restart runs. Its phase and its report change one after the other.
fn restarts(view: &View) -> bool {
    let unfinished = view.restart.as_ref().is_some_and(|restart| restart.report.outcome.is_none());
    unfinished || Phase::EIGHT.contains(&view.server.phase)
}

fn is_in(view: &View, phase: Phase) -> bool {
    match phase {
        Phase::Idle => !restarts(view),
        _ => view.server.phase == phase || view.restart.as_ref().is_some_and(|it| it.report.phase == phase),
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        match (name, value) {
            ("ready", None) => Ok(Self::Ready),
            ("idle", None) => Ok(Self::Idle),
            ("safe-mode", None) => Ok(Self::SafeMode),
            ("no-clients", None) => Ok(Self::NoClients),
            ("restart-done", None) => Ok(Self::RestartDone),
            ("phase", Some(value)) => phase(value).map(Self::Phase),
            ("generation", Some(value)) => {
                value.parse().map(Self::Generation).map_err(|_| format!("{value} is no generation"))
            }
            _ => Err("expected ready, idle, safe-mode, no-clients, restart-done, phase=NAME or generation=N"
                .to_owned()),
        }
    }
}

fn phase(name: &str) -> Result<Phase, String> {
    let found = phases().find(|phase| phase.as_str() == name.replace('-', "_"));
    found.ok_or_else(|| {
        let names: Vec<&str> = phases().map(Phase::as_str).collect();
        format!("{name} is no phase: {}", names.join(", "))
    })
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Idle => f.write_str("idle"),
            Self::SafeMode => f.write_str("safe-mode"),
            Self::NoClients => f.write_str("no-clients"),
            Self::RestartDone => f.write_str("restart-done"),
            Self::Phase(phase) => write!(f, "phase={phase}"),
            Self::Generation(generation) => write!(f, "generation={generation}"),
        }
    }
}

#[cfg(test)]
mod tests;
