//! Clients that come, come back, grow slow and go.

use task_orchestrator_shared::admin::view::{SessionRow, SessionState, SessionView, View};

use super::Line;
use crate::cli::sessions_verb::name;

/// A session is new, or more is known of it.
pub(super) fn session(before: &View, after: &SessionView) -> Vec<Line> {
    let number = after.number;
    let Some(known) = before.session(number) else {
        return vec![Line::plain(format!("client {} attached ({})", called(after), after.place()))];
    };
    let mut lines = Vec::new();
    if let Some(name) = name(after).filter(|_| known.name != after.name || known.version != after.version) {
        lines.push(Line::plain(format!("client {number} is {name}")));
    }
    if after.reconnects > known.reconnects {
        lines.push(Line::plain(format!("client {} came back", called(after))));
    }
    lines
}

/// A session has ended.
pub(super) fn ended(before: &View, number: u64) -> Vec<Line> {
    let called = before.session(number).map_or_else(|| number.to_string(), called);
    vec![Line::plain(format!("client {called} is gone"))]
}

/// A client reads too slowly, or does so no more.
pub(super) fn slow(before: &View, row: SessionRow) -> Option<Line> {
    let known = before.session(row.0)?;
    let is_slow = |state: SessionState| state == SessionState::Slow;
    match (is_slow(known.figures.state), is_slow(row.figures().state)) {
        (false, true) => Some(Line::warning(format!("client {} does not read", called(known)))),
        (true, false) => Some(Line::good(format!("client {} reads again", called(known)))),
        (true, true) | (false, false) => None,
    }
}

fn called(session: &SessionView) -> String {
    match name(session) {
        Some(name) => format!("{} ({name})", session.number),
        None => session.number.to_string(),
    }
}
