//! Who serves: the front, its build and its workers.

use task_orchestrator_shared::admin::view::{View, WorkerRole, WorkerView};

use super::{clock, short};
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Pen;

/// Cells from which on workers stand in columns.
const ROOMY: u16 = 52;

/// What stands above it.
pub(super) fn title(_model: &Model, view: &View) -> String {
    format!("Server {}, generation {}", view.server.version, view.server.generation)
}

/// Draws it.
pub(super) fn draw(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let server = &view.server;
    // Its end says which one it is.
    let cells = pen.fact_width();
    let workspace = pen.canvas().fit_end(&server.workspace, cells);
    pen.fact("workspace", [(Tone::Plain, workspace)]);
    let front = format!("pid {}, since {}", server.pid, clock(model, &server.started_at));
    pen.fact("front", [(Tone::Plain, front)]);
    build(view, pen);
    if pen.rows() > view.workers.len().max(1) as u16 {
        you(model, pen);
    }
    if view.workers.is_empty() {
        pen.signed(Symbol::Bad, Tone::Bad, "no worker: requests are held or refused");
    }
    for worker in &view.workers {
        self::worker(model, view, worker, pen);
    }
}

fn build(view: &View, pen: &mut Pen<'_, '_>) {
    let server = &view.server;
    let (long, brief) = match &server.build {
        Some(build) => {
            let sha = format!("{} sha {}", build.version, short(build.sha256.as_deref()));
            ((Tone::Plain, sha), (Tone::Plain, build.version.clone()))
        }
        None => {
            let unknown = (Tone::Dim, format!("{} not known", pen.sign(Symbol::Unknown)));
            (unknown.clone(), unknown)
        }
    };
    let more = match (server.on_probation, server.can_roll_back) {
        (true, _) => (Tone::Busy, format!(" {} on probation", pen.sign(Symbol::Busy))),
        (false, true) => (Tone::Dim, " can roll back".to_owned()),
        (false, false) => (Tone::Plain, String::new()),
    };
    pen.fact_in("build", [vec![long, more.clone()], vec![brief, more]]);
}

fn you(model: &Model, pen: &mut Pen<'_, '_>) {
    let words = model.link.welcome().map_or_else(
        || "no connection".to_owned(),
        |welcome| {
            let you = &welcome.you;
            let user = you.user.clone().unwrap_or_else(|| format!("uid {}", you.uid));
            let lowered =
                if you.role == you.granted { String::new() } else { format!(" of {}", you.granted) };
            format!("{user}, {}{lowered}", you.role)
        },
    );
    pen.fact("you", [(Tone::Plain, words)]);
}

fn worker(model: &Model, view: &View, worker: &WorkerView, pen: &mut Pen<'_, '_>) {
    let is_live = model.is_live();
    let (symbol, tone, role) = match (worker.role, worker.ready) {
        // Nobody knows whether it still lives.
        _ if !is_live => (Symbol::Unknown, Tone::Dim, "not known"),
        (WorkerRole::Active, true) => (Symbol::Good, Tone::Good, "active"),
        (WorkerRole::Active, false) => (Symbol::Warn, Tone::Warn, "not ready"),
        (WorkerRole::Standby, true) => (Symbol::Good, Tone::Busy, "standby"),
        (WorkerRole::Standby, false) => (Symbol::Busy, Tone::Busy, "starting"),
        (WorkerRole::Former, _) => (Symbol::ToCome, Tone::Dim, "leaving"),
    };
    let memory = worker.rss_bytes.map_or_else(|| "?".to_owned(), words::bytes);
    let beat = match worker.last_heartbeat_ms.filter(|_| is_live) {
        None if !is_live => String::new(),
        None => "no sign of life yet".to_owned(),
        Some(ago) if ago < 2000 => "alive".to_owned(),
        Some(ago) => format!("silent {}", words::millis(ago as f64)),
    };
    let beat_tone =
        if worker.last_heartbeat_ms.is_some_and(|ago| ago >= 2000) { Tone::Warn } else { Tone::Plain };
    let (pad, gap) = if pen.width() >= ROOMY { (9, "  ") } else { (0, " ") };
    let who = (tone, format!("{} {role:<pad$} ", pen.sign(symbol)));
    let (beat, flight) = ((beat_tone, beat), (Tone::Plain, format!("{gap}{} in flight", worker.in_flight)));
    let pid = |more: &str| (Tone::Plain, format!("pid {}{gap}{more}", worker.pid));
    let mut parts = Pen::fitting(
        [
            vec![who.clone(), pid(&format!("{memory}{gap}")), beat.clone(), flight.clone()],
            vec![who.clone(), pid(""), beat.clone(), flight],
            vec![who, pid(""), beat],
        ],
        pen.width(),
    );
    // Only where it is another build than the one that serves.
    if let Some(build) = worker.build.as_ref().filter(|build| Some(*build) != view.server.build.as_ref()) {
        parts.push((Tone::Busy, format!("  {}", build.version)));
    }
    pen.line(parts);
}
