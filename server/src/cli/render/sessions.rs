//! The clients that are connected, for people.

use std::io::{self, Write};

use jiff::{Timestamp, Unit};
use task_orchestrator_shared::admin::SessionStatus;
use task_orchestrator_shared::admin::view::{SessionState, SessionView};

use super::text::{bytes, clean, milliseconds, table};
use crate::cli::screen::Paint;
use crate::cli::sessions_verb::{Clients, short};

/// Prints one line a session.
pub(in crate::cli) fn sessions(clients: &Clients, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Vec<String>> = match clients {
        Clients::Viewed(sessions) if !sessions.is_empty() => {
            std::iter::once(TITLES.map(str::to_owned).to_vec()).chain(sessions.iter().map(viewed)).collect()
        }
        Clients::Listed(sessions) if !sessions.is_empty() => {
            let titles = ["ID", "PID", "UNANSWERED", "ASKED", "DROPPED"].map(str::to_owned);
            std::iter::once(titles.to_vec()).chain(sessions.iter().map(listed)).collect()
        }
        Clients::Viewed(_) | Clients::Listed(_) => return writeln!(out, "no client is connected"),
    };
    table(out, paint, &rows)
}

const TITLES: [&str; 12] = [
    "NO",
    "ID",
    "NAME",
    "VERSION",
    "PID",
    "STATE",
    "IN FLIGHT",
    "WAITING",
    "OLDEST",
    "REQUESTS",
    "BACK",
    "SINCE",
];

fn viewed(session: &SessionView) -> Vec<String> {
    let figures = &session.figures;
    let or_none = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), clean);
    let waiting = match figures.buffered {
        0 => "0".to_owned(),
        waiting => format!("{waiting} ({})", bytes(figures.buffered_bytes)),
    };
    vec![
        session.number.to_string(),
        clean(&short(&session.client)),
        or_none(session.name.as_deref()),
        or_none(session.version.as_deref()),
        session.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
        state(figures.state).to_owned(),
        figures.in_flight.to_string(),
        waiting,
        figures.oldest_ms.map_or_else(|| "-".to_owned(), |age| milliseconds(age as f64)),
        figures.requests.to_string(),
        session.reconnects.to_string(),
        since(&session.connected_at),
    ]
}

/// To the second: more of it makes the row longer than a screen is wide.
fn since(at: &str) -> String {
    let whole = at.parse::<Timestamp>().and_then(|at| at.round(Unit::Second));
    whole.map_or_else(|_| clean(at), |at| at.to_string())
}

fn listed(session: &SessionStatus) -> Vec<String> {
    vec![
        clean(&short(&session.client)),
        session.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
        session.unanswered.to_string(),
        session.asked.to_string(),
        session.dropped_notifications.to_string(),
    ]
}

fn state(state: SessionState) -> &'static str {
    match state {
        SessionState::Idle => "idle",
        SessionState::Active => "active",
        SessionState::Waiting => "waiting",
        SessionState::Slow => "slow",
    }
}
