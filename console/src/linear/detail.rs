//! The chosen row in full, as labels with values: its columns, and what only the
//! details of its screen tell.

use task_orchestrator_shared::admin::audit::AuditRecord;
use task_orchestrator_shared::admin::session_detail::{RequestPlace, SessionDetail};
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::explain::page;

use super::text::{fact, time, wrapped};
use super::{list, restarts};
use crate::model::known::Fetched;
use crate::model::{Model, words};
use crate::screen::Screen;

/// Most requests and moments of a session that are printed.
const MOST: usize = 20;

/// The chosen row; says so where there is none.
pub(super) fn lines(model: &Model) -> Vec<String> {
    let Some(key) = model.list().chosen else {
        return vec!["No row is chosen: type the number of one.".to_owned()];
    };
    let Some(mut lines) = list::facts(model, &key) else {
        return vec!["The chosen row is not there any more.".to_owned()];
    };
    let more = model.view().map_or_else(Vec::new, |(view, _)| more(model, view, &key));
    lines.extend(more.iter().flat_map(|line| wrapped(line)));
    lines
}

fn more(model: &Model, view: &View, key: &str) -> Vec<String> {
    match model.screen {
        Screen::Connections => match &model.session {
            Fetched::Failed(why) => vec![fact("requests", why)],
            fetched => fetched
                .value()
                .filter(|detail| detail.client == key)
                .map_or_else(Vec::new, |detail| session(model, detail)),
        },
        Screen::Restarts => restart(view, key),
        Screen::DeadLetters => letter(view, key),
        Screen::Tasks => task(model, key),
        Screen::Audit => {
            let records = model.audit.value().or(view.audit.as_ref());
            let seq = key.parse().ok();
            let record = records.into_iter().flatten().find(|record| Some(record.seq) == seq);
            record.map_or_else(Vec::new, audit)
        }
        Screen::State | Screen::Configuration | Screen::Overview | Screen::Logs => Vec::new(),
    }
}

fn session(model: &Model, detail: &SessionDetail) -> Vec<String> {
    let mut lines =
        vec![fact("unanswered requests", (detail.requests.len() as u64 + detail.left_out).to_string())];
    for request in detail.requests.iter().take(MOST) {
        let place = match request.place {
            RequestPlace::Buffered => "waits for a worker".to_owned(),
            RequestPlace::InFlight => request
                .worker_pid
                .map_or_else(|| "with a worker".to_owned(), |pid| format!("with worker {pid}")),
            RequestPlace::Front => "with the server itself".to_owned(),
        };
        let replayed = if request.replayed { ", replayed" } else { "" };
        lines.push(format!(
            "  {} {}, {place}, since {}, {}{replayed}",
            request.sequence,
            request.method,
            words::millis(request.age_ms as f64),
            words::bytes(request.bytes)
        ));
    }
    for moment in detail.history.iter().rev().take(MOST) {
        lines.push(format!(
            "  {} {}: {}",
            time(&moment.at, model),
            moment.what.replace('_', " "),
            moment.detail
        ));
    }
    lines
}

fn restart(view: &View, key: &str) -> Vec<String> {
    let past = view.history.iter().flat_map(|history| &history.recent);
    let Some(past) = past.into_iter().find(|past| past.restart_id.0 == key) else { return Vec::new() };
    let mut lines = restarts::phases(&past.phases);
    lines.extend(past.error.iter().map(|error| {
        let page = page(error.error_code);
        fact(
            "error",
            format!("{} in {}: {} ({})", page.name, super::text::phase(error.phase), error.error, page.title),
        )
    }));
    lines
}

fn letter(view: &View, key: &str) -> Vec<String> {
    let letters = view.dead_letters.iter().flatten();
    let letter = letters.into_iter().find(|letter| letter.id.to_string() == key);
    letter.map_or_else(Vec::new, |letter| {
        let page = page(letter.error_code);
        vec![
            fact("told to its client", format!("{}: {}", page.name, page.title)),
            fact("of client", &letter.client),
        ]
    })
}

fn task(model: &Model, key: &str) -> Vec<String> {
    let tree = model.tasks.value();
    let row = tree.into_iter().flat_map(|tree| &tree.rows).find(|row| row.id == key);
    row.map_or_else(Vec::new, |row| row.waits_for.iter().map(|title| fact("waits for", title)).collect())
}

fn audit(record: &AuditRecord) -> Vec<String> {
    // Each field under its name, as it stands in the file: here somebody wants it all.
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(record) else { return Vec::new() };
    let said = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    fields.iter().map(|(name, value)| fact(name, said(value))).collect()
}
