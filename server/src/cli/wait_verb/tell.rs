//! What `wait` prints in the end.

use serde::Serialize;
use task_orchestrator_shared::admin::view::{ServerView, View, WorkerRole, WorkerView};
use task_orchestrator_shared::restart::RestartReport;

use super::Condition;
use super::until::{End, Waited};
use crate::cli::render::text::{clean, count, milliseconds};
use crate::cli::screen::Screen;
use crate::exit::Exit;

/// For programs: the parts of the view that conditions look at.
#[derive(Debug, Serialize)]
struct Told<'a> {
    condition: String,
    holds: bool,
    waited_ms: u64,
    running: bool,
    #[serde(flatten)]
    now: Option<Now<'a>>,
}

#[derive(Debug, Serialize)]
struct Now<'a> {
    server: &'a ServerView,
    workers: &'a [WorkerView],
    restart: Option<&'a RestartReport>,
    sessions: usize,
    unanswered: u64,
}

/// Prints how it ended and what is now.
pub(super) fn tell(
    condition: Condition,
    waited: &Waited,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    if json {
        screen.print_json(&Told {
            condition: condition.to_string(),
            holds: waited.end == End::Holds,
            waited_ms: u64::try_from(waited.took.as_millis()).unwrap_or(u64::MAX),
            running: waited.view.is_some(),
            now: waited.view.as_deref().map(now),
        })?;
    } else {
        let verdict = match waited.end {
            End::Holds => screen.paint.good("holds"),
            End::TimedOut => screen.paint.bad("does not hold"),
            End::Nobody => screen.paint.bad("cannot hold"),
        };
        let took = milliseconds(waited.took.as_secs_f64() * 1000.0);
        let now = waited.view.as_deref().map_or_else(|| nobody(waited.end), in_words);
        writeln!(screen.out, "{condition} {verdict} after {took}: {now}")?;
    }
    Ok(match waited.end {
        End::Holds => Exit::Done,
        End::TimedOut => Exit::TimedOut,
        End::Nobody => Exit::NoServer,
    })
}

fn now(view: &View) -> Now<'_> {
    Now {
        server: &view.server,
        workers: &view.workers,
        restart: view.restart.as_ref().map(|restart| &restart.report),
        sessions: view.sessions.len(),
        unanswered: unanswered(view),
    }
}

fn unanswered(view: &View) -> u64 {
    let figures = view.sessions.iter().map(|session| &session.figures);
    figures.fold(0, |sum, it| sum.saturating_add(it.in_flight).saturating_add(it.buffered))
}

fn nobody(end: End) -> String {
    match end {
        End::Nobody => "no server is running for this workspace",
        End::Holds | End::TimedOut => "there is no connection to a server",
    }
    .to_owned()
}

fn in_words(view: &View) -> String {
    let server = &view.server;
    let active = view.workers.iter().find(|worker| worker.role == WorkerRole::Active);
    let worker = match active {
        Some(WorkerView { pid, ready: true, .. }) => format!("worker {pid} serves"),
        Some(WorkerView { pid, ready: false, .. }) => format!("worker {pid} is not ready"),
        None => "no worker serves".to_owned(),
    };
    let clients = count(view.sessions.len() as u64, "client", "clients");
    let mut parts = vec![
        worker,
        format!("generation {}", server.generation),
        format!("phase {}", server.phase),
        clients,
        format!("{} not answered", count(unanswered(view), "request", "requests")),
    ];
    if server.maintenance_mode {
        parts.push("requests are held back".to_owned());
    }
    parts.extend(server.refusal.as_deref().map(|why| format!("requests are refused: {}", clean(why))));
    parts.extend(server.safe_mode.as_deref().map(|why| format!("safe mode: {}", clean(why))));
    parts.join(", ")
}

#[cfg(test)]
mod tests;
