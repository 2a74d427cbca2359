//! What a decision is based on. A dialog remembers it, and is void when it changes.

use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::restart::RestartId;

/// What a decision is based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The server.
    pub boot: String,
    /// The generation that serves.
    pub generation: u64,
    /// The restart that runs.
    pub running: Option<RestartId>,
    /// Whether the server is in safe mode.
    pub safe_mode: bool,
    /// Whether an operator holds requests back.
    pub held: bool,
    /// Clients that would be concerned.
    pub clients: u64,
    /// Requests of them that wait for a worker.
    pub waiting: u64,
}

impl World {
    /// As it is.
    pub fn of(view: &View) -> Self {
        let running = view.restart.as_ref().filter(|restart| restart.report.outcome.is_none());
        Self {
            boot: view.boot.clone(),
            generation: view.server.generation,
            running: running.map(|restart| restart.report.restart_id.clone()),
            safe_mode: view.server.safe_mode.is_some(),
            held: view.server.held_by_operator,
            clients: view.sessions.len() as u64,
            waiting: view.buffers.as_ref().map_or(0, |buffers| buffers.total_buffered_requests),
        }
    }

    /// Why a decision about what waits is void now. What waits comes and goes: only
    /// where it is twice as much, and more than a few, is it another decision.
    pub fn more_wait(&self, now: &Self) -> Option<String> {
        let material = now.waiting >= self.waiting.saturating_mul(2).max(self.waiting.saturating_add(10));
        material.then(|| format!("{} requests wait now, no longer {}", now.waiting, self.waiting))
    }

    /// Why a decision that was based on this is void now, in a sentence.
    pub fn void(&self, now: Option<&Self>) -> Option<String> {
        let Some(now) = now else {
            return Some("the console has no live connection to the server any more".to_owned());
        };
        if now.boot != self.boot {
            return Some("another server runs now".to_owned());
        }
        if now.generation != self.generation {
            return Some(format!("generation {} serves now, no longer {}", now.generation, self.generation));
        }
        if now.running != self.running {
            return Some(match &now.running {
                Some(_) => "a restart has begun meanwhile".to_owned(),
                None => "the restart that ran is over".to_owned(),
            });
        }
        if now.safe_mode != self.safe_mode {
            return Some("the server has gone into or out of safe mode".to_owned());
        }
        if now.held != self.held {
            return Some("somebody has switched maintenance meanwhile".to_owned());
        }
        // A client more or less is no other decision; a tenth of them is one.
        let differ = now.clients.abs_diff(self.clients);
        let material = differ >= 2 && differ.saturating_mul(10) >= self.clients.max(1);
        material.then(|| format!("{} clients are concerned now, no longer {}", now.clients, self.clients))
    }
}
