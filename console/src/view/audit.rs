//! The audit: who wanted what, what was decided, what came of it.

use ratatui::layout::Rect;
use serde_json::Value as Json;
use task_orchestrator_shared::admin::audit::{Actor, AuditEvent, AuditRecord};
use task_orchestrator_shared::role::Operation;

use super::facts;
use super::layout::Layout;
use crate::action::ActionId;
use crate::model::known::Fetched;
use crate::model::rows::{
    self, Rows,
    audit::{Audit, AuditRow, outcome_word},
};
use crate::model::value::Value;
use crate::model::{Model, absent, words};
use crate::theme::Tone;
use crate::widgets::rich::Fact;
use crate::widgets::{Canvas, Table};

/// Rows below the list, with their title: the most important ones, and nearly all where
/// there is room.
const fn rows_below(layout: Layout) -> u16 {
    match layout {
        Layout::Full => 12,
        Layout::Usual => 8,
        Layout::Small | Layout::Line => 0,
    }
}

/// Digits of a hash that are shown: enough to tell it from others.
const DIGITS: usize = 12;

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let rows = Audit::of(model);
    let [top, rest] = canvas.split_top(area, u16::from(rows.is_some()));
    if let Some(rows) = &rows {
        facts::parts(canvas, top, &summary(model, rows));
    }
    let has_any = rows.as_ref().is_some_and(|rows| rows.count() > 0);
    let below = if model.is_open { rest.height } else { rows_below(layout) };
    let [list, below] = canvas.split_bottom(rest, if has_any { below } else { 0 });
    let freshness = model.view().map(|(_, freshness)| freshness);
    let why = match &model.audit {
        Fetched::Failed(why) => format!("Not known: {why}"),
        _ => absent::why(model, Operation::ViewAudit),
    };
    let nothing =
        if model.own_denials { "Nothing of what is known was denied to you." } else { "The audit is empty." };
    let table = Table {
        title: if model.own_denials { "Denied to you" } else { "Audit" },
        rows: rows.as_ref().zip(freshness).map(|(rows, freshness)| (rows as _, freshness)),
        absent: &why,
        nothing,
    };
    let chosen = table.draw(model, canvas, list);
    let row = rows.as_ref().zip(chosen).and_then(|(rows, chosen)| rows.at(chosen));
    if let (Some(row), Some(freshness)) = (row, freshness) {
        let title = format!("record {}", row.record.seq);
        facts::below(model, canvas, below, &title, &details(model, &row), freshness);
    }
}

/// How many lines the details of the chosen record have where they stand alone.
pub(super) fn detail_lines(model: &Model) -> usize {
    let Some(rows) = Audit::of(model) else { return 0 };
    let row = rows::chosen(model, &rows).and_then(|row| rows.at(row));
    row.map_or(0, |row| facts::divided(&details(model, &row), model.size.0).len())
}

/// How much of the audit is shown, and what is not in it.
fn summary(model: &Model, rows: &Audit<'_>) -> Vec<(Tone, String)> {
    if model.own_denials {
        let all = facts::hint(model, ActionId::OwnDenials, "shows all again");
        let all = all.trim_start_matches([';', ',', ' ']).to_owned();
        let rest = "what this console refuses by itself never reaches the server".to_owned();
        return vec![(Tone::Plain, all), (Tone::Dim, rest)];
    }
    let denied = rows.denied();
    let mut parts = vec![(Tone::Plain, format!("{} newest", rows.count()))];
    parts.push(match denied {
        0 => (Tone::Plain, "none denied".to_owned()),
        denied => (Tone::Warn, format!("{denied} denied")),
    });
    parts.push((Tone::Dim, more(model)));
    if let Some(why) = model.view().and_then(|(view, _)| view.server.audit_failure.as_ref()) {
        parts.insert(0, (Tone::Bad, format!("NOT WRITTEN: {why}")));
    }
    parts
}

/// Whether there are older ones.
fn more(model: &Model) -> String {
    match &model.audit {
        Fetched::Unasked => {
            format!("older ones are not asked for{}", facts::hint(model, ActionId::Refresh, "does that"))
        }
        Fetched::Asked(_) => "older ones are asked for".to_owned(),
        Fetched::Have(held) => {
            let at = words::time(held.at.wall, model.now.wall, &model.settings.zone);
            format!("older ones as of {at}")
        }
        Fetched::Failed(why) => format!("older ones: {why}"),
    }
}

/// Every field of the record.
fn details(model: &Model, row: &AuditRow<'_>) -> Vec<Fact> {
    let time = facts::time(model, &row.record.at);
    let mut facts = vec![Fact::known("time", time, model.settings.look.symbols)];
    match &row.record.event {
        AuditEvent::Intent(_) | AuditEvent::Allowed(_) | AuditEvent::Denied { .. } => {}
        AuditEvent::Outcome { of, .. } => facts.push(Fact::of("what came of", earlier(*of))),
        AuditEvent::Repeated { of, times } => {
            let times = words::counted(*times, "time", "times");
            facts.push(Fact::of("again", format!("{times} more of {}", earlier(*of))));
        }
        AuditEvent::Audit { what, detail } => {
            facts.push(Fact::of("the audit was", what.clone()));
            facts.push(Fact::of("", detail.clone()));
        }
    }
    if let Some(attempt) = row.attempt() {
        facts.push(Fact::of("who", who(&attempt.actor)));
        facts.push(Fact::of("what", format!("{}, called as {}", attempt.operation, attempt.method)));
        push(&mut facts, "target", attempt.target.as_ref());
        facts.push(decision(row));
    }
    facts.extend(outcome(row));
    if let Some(attempt) = row.attempt() {
        push(&mut facts, "reason", attempt.reason.as_ref());
        for (name, value) in parameters(&attempt.parameters) {
            facts.push(Fact::of("parameter", format!("{name} = {value}")));
        }
        push(&mut facts, "intention", attempt.idempotency_key.as_ref());
    }
    facts.push(Fact::of("hash", hashes(row.record)).toned(Tone::Dim));
    facts
}

fn push(facts: &mut Vec<Fact>, label: &'static str, value: Option<&String>) {
    if let Some(value) = value {
        facts.push(Fact::of(label, value.clone()));
    }
}

fn earlier(of: u64) -> String {
    if of == 0 { "a record that was lost".to_owned() } else { format!("record {of}") }
}

fn who(actor: &Actor) -> String {
    let mut text = match &actor.user {
        Some(user) => format!("{user} (uid {}, gid {})", actor.uid, actor.gid),
        None => format!("uid {}, gid {}", actor.uid, actor.gid),
    };
    match actor.role {
        Some(role) => text.push_str(&format!(" as {role}")),
        None => text.push_str(" without a role"),
    }
    text.push_str(&format!(" over {}", actor.transport));
    if let Some(source) = &actor.source_ip {
        text.push_str(&format!(" from {source}"));
    }
    if let Some(token) = &actor.token {
        text.push_str(&format!(" with the token {token}"));
    }
    if let Some(pid) = actor.pid {
        text.push_str(&format!(", process {pid}"));
    }
    if let Some(client) = &actor.client {
        text.push_str(&format!(", {client}"));
    }
    text
}

fn decision(row: &AuditRow<'_>) -> Fact {
    let again = match row.again {
        0 => String::new(),
        times => format!(", and {} more since", words::counted(times, "time", "times")),
    };
    match &row.record.event {
        AuditEvent::Denied { why, .. } => Fact::of("DENIED", format!("{why}{again}")).toned(Tone::Bad),
        AuditEvent::Intent(_) => Fact::of("allowed", format!("written before it was done{again}")),
        _ => Fact::of("allowed", format!("it only looks{again}")),
    }
}

fn outcome(row: &AuditRow<'_>) -> Option<Fact> {
    let Some((outcome, detail)) = row.ended() else {
        let is_open = matches!(row.record.event, AuditEvent::Intent(_));
        let text = "not told: it is under way, or the record of it is later or lost";
        return is_open.then(|| Fact::of("outcome", text).toned(Tone::Busy));
    };
    let Value::State(word, tone) = outcome_word(outcome) else { return None };
    let by = row.outcome.map_or_else(String::new, |record| format!(" (record {})", record.seq));
    Some(Fact::of("outcome", format!("{word}: {detail}{by}")).toned(tone))
}

/// Each parameter by its name; what is in it in the short form of JSON.
fn parameters(parameters: &Json) -> Vec<(String, String)> {
    match parameters {
        Json::Null => Vec::new(),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Json::String(text) => (name.clone(), text.clone()),
                value => (name.clone(), value.to_string()),
            })
            .collect(),
        other => vec![("value".to_owned(), other.to_string())],
    }
}

fn hashes(record: &AuditRecord) -> String {
    let short = |hash: &str| hash.chars().take(DIGITS).collect::<String>();
    format!("{}, behind {}", short(&record.mac), short(&record.prev))
}

#[cfg(test)]
mod tests;
