//! What was heard, as lines. Keeps the view that changes are told against; knows no
//! screen and no clock: the time of what a server does not tell is given.

use task_orchestrator_shared::admin::view::{Delta, View};
use task_orchestrator_shared::admin::{Skew, Welcome};

use super::missed::missed;
use super::told::{Line, told};
use crate::cli::heard::{Heard, Why};
use crate::cli::render::text::{clean, count, milliseconds};

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Watching {
    view: Option<Box<View>>,
    /// Why there is no connection, where that was told.
    away: Option<Why>,
}

impl Watching {
    /// The lines of what was heard, with their time.
    pub(super) fn heard(&mut self, heard: &Heard, now: &str) -> Vec<(String, Line)> {
        let at = |lines: Vec<Line>, at: &str| lines.into_iter().map(|line| (at.to_owned(), line)).collect();
        match heard {
            Heard::Live(welcome) => at(self.live(welcome), now),
            Heard::View(view) => at(self.whole(view), now),
            Heard::Delta(delta) => at(self.delta(delta), &delta.at),
            Heard::Away { why, text, retry_in } => {
                let wait = milliseconds(retry_in.as_secs_f64() * 1000.0);
                // Each attempt fails in the same way: once is enough.
                let known = self.away.replace(*why) == Some(*why);
                let line =
                    Line::bad(format!("no connection: {}; trying again, first in {wait}", clean(text)));
                if known { Vec::new() } else { at(vec![line], now) }
            }
        }
    }

    fn live(&mut self, welcome: &Welcome) -> Vec<Line> {
        self.away = None;
        let Welcome { pid, version, generation, .. } = welcome;
        let mut lines = vec![Line::good(format!(
            "connected to the server (pid {pid}, version {}, generation {generation})",
            clean(version)
        ))];
        if let Some(skew) = welcome.skew {
            let side = match skew {
                Skew::UpgradeClient => "this program is too old for the server: upgrade this program",
                Skew::UpgradeServer => "the server is too old for this program: upgrade the server",
            };
            lines.push(Line::warning(format!("{side}; until then one can only look")));
        }
        lines
    }

    fn whole(&mut self, view: &View) -> Vec<Line> {
        let before = self.view.replace(Box::new(view.clone()));
        match before {
            // The same server: what has changed meanwhile is told as if it had been seen.
            Some(mut before) if before.boot == view.boot => {
                let mut lines = Vec::new();
                for change in missed(&before, view) {
                    lines.extend(told(&before, &change));
                    before.change(change);
                }
                lines
            }
            Some(_) => vec![Line::warning(format!("another server than before: {}", in_short(view)))],
            None => vec![Line::plain(in_short(view))],
        }
    }

    fn delta(&mut self, delta: &Delta) -> Vec<Line> {
        let Some(view) = &mut self.view else { return Vec::new() };
        let empty = Delta { seq: delta.seq, at: delta.at.clone(), changes: Vec::new() };
        if view.apply(empty).is_err() {
            // The link asks for everything anew; until then nothing certain can be told.
            return Vec::new();
        }
        let mut lines = Vec::new();
        for change in &delta.changes {
            lines.extend(told(view, change));
            view.change(change.clone());
        }
        lines
    }
}

fn in_short(view: &View) -> String {
    let server = &view.server;
    let mut parts = vec![
        format!("generation {}", server.generation),
        format!("phase {}", server.phase),
        count(view.workers.len() as u64, "worker", "workers"),
        count(view.sessions.len() as u64, "client", "clients"),
    ];
    if server.held_by_operator {
        parts.push("maintenance".to_owned());
    }
    parts.extend(server.safe_mode.as_deref().map(|why| format!("safe mode: {}", clean(why))));
    parts.join(", ")
}

#[cfg(test)]
mod tests;
