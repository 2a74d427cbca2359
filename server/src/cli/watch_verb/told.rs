//! What a change means, in words: from the view before it and the change alone.
//! Figures that move all the time are told by `status`, not here.

mod parts;
mod restart;
mod server;
mod session;

use task_orchestrator_shared::admin::view::{Change, View};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// How it matters.
    pub(super) tone: Tone,
    /// In words, without what would steer a terminal.
    pub(super) text: String,
}

/// How something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// It is to be known.
    Plain,
    /// Something is as it should be again.
    Good,
    /// Somebody should look.
    Warning,
    /// Something is not as it should be.
    Bad,
}

impl Line {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { tone: Tone::Plain, text: text.into() }
    }

    pub(super) fn good(text: impl Into<String>) -> Self {
        Self { tone: Tone::Good, text: text.into() }
    }

    pub(super) fn warning(text: impl Into<String>) -> Self {
        Self { tone: Tone::Warning, text: text.into() }
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, text: text.into() }
    }
}

/// What a change of this view means.
pub(super) fn told(before: &View, change: &Change) -> Vec<Line> {
    match change {
        Change::Server(server) => server::server(&before.server, server),
        Change::Restart(restart) => restart::restart(before, restart),
        Change::Progress(progress) => restart::progress(before, progress),
        Change::BuildOutput(line) => restart::build(line),
        Change::Workers(workers) => parts::workers(&before.workers, workers),
        Change::Session(session) => session::session(before, session),
        Change::SessionEnded(number) => session::ended(before, *number),
        Change::Figures(rows) => rows.iter().filter_map(|row| session::slow(before, *row)).collect(),
        Change::Backups(backups) => parts::backups(before.backups.as_deref(), backups),
        Change::DeadLetters(letters) => parts::dead_letters(before.dead_letters.as_deref(), letters),
        Change::Health(health) => parts::health(before.health.as_deref(), health),
        Change::Limits(limits) => parts::limits(&before.limits, limits),
        Change::Audit(records) => records.iter().filter_map(parts::record).collect(),
        Change::Buffers(_) | Change::Traffic(_) | Change::History(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
