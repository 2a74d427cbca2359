//! A restart as it goes on: on a terminal one line that is drawn over, elsewhere
//! one line a phase. What cannot be shown is no reason to fail.

use std::io::Write;

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Progress, RestartEvent};

use super::text::{clean, milliseconds, shortened};

/// The line that is drawn over must not wrap.
const COLUMNS: usize = 79;

/// Back to the line's begin, and clear it.
const OVER: &str = "\r\x1b[2K";

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Detail {
    /// Nothing.
    Silent,
    /// One line a phase.
    Lines,
    /// One line that is drawn over, for terminals.
    Live,
}

/// Shows events as they come.
pub(in crate::cli) struct ProgressLine<'a> {
    err: &'a mut dyn Write,
    detail: Detail,
    phase: Option<Phase>,
    /// What stands on the line that is drawn over.
    live: Option<String>,
}

impl<'a> ProgressLine<'a> {
    /// Shows that much there.
    pub(in crate::cli) fn new(err: &'a mut dyn Write, detail: Detail) -> Self {
        Self { err, detail, phase: None, live: None }
    }

    /// Shows an event.
    pub(in crate::cli) fn show(&mut self, event: &RestartEvent) {
        // Whoever closed the standard error does not want to see it.
        let _ = match (self.detail, event) {
            (Detail::Silent, _) => Ok(()),
            (Detail::Lines, RestartEvent::BuildOutput { line }) => writeln!(self.err, "  | {}", clean(line)),
            (Detail::Live, RestartEvent::BuildOutput { line }) => {
                let live = self.live.as_deref().unwrap_or_default();
                write!(self.err, "{OVER}  | {}\n{live}", clean(line))
            }
            (Detail::Lines, RestartEvent::Progress(progress)) if self.phase == Some(progress.phase) => Ok(()),
            (Detail::Lines, RestartEvent::Progress(progress)) => writeln!(self.err, "{}", line(progress)),
            (Detail::Live, RestartEvent::Progress(progress)) => {
                let line = shortened(&line(progress), COLUMNS);
                // A phase that is over stays to be seen.
                let goes_on = self.phase.is_some_and(|phase| phase != progress.phase);
                let written = write!(self.err, "{}{OVER}{line}", if goes_on { "\n" } else { "" });
                self.live = Some(line);
                written
            }
        };
        if let RestartEvent::Progress(progress) = event {
            self.phase = Some(progress.phase);
        }
        let _ = self.err.flush();
    }

    /// Leaves the line that was drawn over.
    pub(in crate::cli) fn finish(mut self) {
        if self.live.take().is_some() {
            let _ = writeln!(self.err);
        }
    }
}

fn line(progress: &Progress) -> String {
    let Progress { phase, elapsed_ms, message, held, in_flight, .. } = progress;
    let mut line = format!("{:>9}  {:<24}{}", milliseconds(*elapsed_ms), phase.as_str(), clean(message));
    if *held > 0 || *in_flight > 0 {
        line.push_str(&format!(" ({held} held, {in_flight} in flight)"));
    }
    line
}
