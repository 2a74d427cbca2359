//! The audit: who wanted what, what was decided, what came of it.

use ratatui::layout::Rect;
use serde_json::Value as Json;
use task_orchestrator_shared::admin::audit::{Actor, AuditEvent, AuditRecord};
use task_orchestrator_shared::role::Operation;

use super::facts;
use super::layout::Layout;
use crate::action::ActionId;
use crate::model::known::Fetched;
use crate::model::rows::Rows;
use crate::model::rows::audit::{Audit, AuditRow, outcome_word};
use crate::model::value::Value;
use crate::model::{Model, absent, words};
use crate::theme::Tone;
use crate::widgets::{Canvas, Table};

/// Rows that the details have below the list: the most important of them, and all where
/// there is room.
const DETAIL: u16 = 10;

/// Digits of a hash that are shown: enough to tell it from others.
const DIGITS: usize = 12;

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let rows = Audit::of(model);
    let [top, rest] = canvas.split_top(area, u16::from(rows.is_some()));
    if let Some(rows) = &rows {
        facts::parts(canvas, top, &summary(model, rows));
    }
    let detail = match layout {
        Layout::Small | Layout::Usual if model.is_open => rest.height,
        Layout::Full if model.is_open => rest.height.saturating_sub(8),
        Layout::Small | Layout::Line => 0,
        Layout::Full | Layout::Usual => DETAIL,
    };
    let [list, below] = canvas.split_bottom(rest, detail);
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
    if let Some(row) = row {
        let title = format!("record {}", row.record.seq);
        let within = canvas.frame(below, &title, Tone::Title);
        let facts = details(model, &row);
        facts::draw(canvas, within, &facts, model.is_open);
    }
    if freshness.is_some_and(|freshness| !freshness.is_live()) {
        canvas.fade(below);
    }
}

/// How much of the audit is shown, and what is not in it.
fn summary(model: &Model, rows: &Audit<'_>) -> Vec<(Tone, String)> {
    if model.own_denials {
        let all = facts::hint(model, ActionId::OwnDenials, "shows all again");
        let text = format!("what this console refuses itself never reaches the server and is not in it{all}");
        return vec![(Tone::Dim, text)];
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
        Fetched::Unasked => format!(
            "older ones{}",
            facts::hint(model, ActionId::Refresh, "asks for them").replace("; ", ": ")
        ),
        Fetched::Asked(_) => "older ones are asked for".to_owned(),
        Fetched::Have(held) => {
            let at = words::time(held.at.wall, model.now.wall, &model.settings.zone);
            format!("older ones as of {at}")
        }
        Fetched::Failed(why) => format!("older ones: {why}"),
    }
}

/// Every field of the record.
fn details(model: &Model, row: &AuditRow<'_>) -> Vec<facts::Fact<'static>> {
    let mut facts = vec![("time", Tone::Plain, facts::time(model, &row.record.at).unwrap_or_default())];
    match &row.record.event {
        AuditEvent::Intent(_) | AuditEvent::Allowed(_) | AuditEvent::Denied { .. } => {}
        AuditEvent::Outcome { of, .. } => facts.push(("what came of", Tone::Plain, earlier(*of))),
        AuditEvent::Repeated { of, times } => {
            facts.push((
                "again",
                Tone::Plain,
                format!("{} more of {}", words::counted(*times, "time", "times"), earlier(*of)),
            ));
        }
        AuditEvent::Audit { what, detail } => {
            facts.push(("the audit was", Tone::Plain, what.clone()));
            facts.push(("", Tone::Plain, detail.clone()));
        }
    }
    if let Some(attempt) = row.attempt() {
        facts.push(("who", Tone::Plain, who(&attempt.actor)));
        facts.push(("what", Tone::Plain, format!("{}, called as {}", attempt.operation, attempt.method)));
        push(&mut facts, "target", attempt.target.as_ref());
        facts.push(decision(row));
    }
    facts.extend(outcome(row));
    if let Some(attempt) = row.attempt() {
        push(&mut facts, "reason", attempt.reason.as_ref());
        for (name, value) in parameters(&attempt.parameters) {
            facts.push(("parameter", Tone::Plain, format!("{name} = {value}")));
        }
        push(&mut facts, "intention", attempt.idempotency_key.as_ref());
    }
    facts.push(("hash", Tone::Dim, hashes(row.record)));
    facts
}

fn push(facts: &mut Vec<facts::Fact<'static>>, label: &'static str, value: Option<&String>) {
    if let Some(value) = value {
        facts.push((label, Tone::Plain, value.clone()));
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
    if let Some(pid) = actor.pid {
        text.push_str(&format!(", process {pid}"));
    }
    if let Some(client) = &actor.client {
        text.push_str(&format!(", {client}"));
    }
    text
}

fn decision(row: &AuditRow<'_>) -> facts::Fact<'static> {
    let again = match row.again {
        0 => String::new(),
        times => format!(", and {} more since", words::counted(times, "time", "times")),
    };
    match &row.record.event {
        AuditEvent::Denied { why, .. } => ("DENIED", Tone::Bad, format!("{why}{again}")),
        AuditEvent::Intent(_) => ("allowed", Tone::Plain, format!("written before it was done{again}")),
        _ => ("allowed", Tone::Plain, format!("it only looks{again}")),
    }
}

fn outcome(row: &AuditRow<'_>) -> Option<facts::Fact<'static>> {
    let Some((outcome, detail)) = row.ended() else {
        let is_open = matches!(row.record.event, AuditEvent::Intent(_));
        return is_open.then(|| {
            ("outcome", Tone::Busy, "not told: it is under way, or the record is older or lost".to_owned())
        });
    };
    let Value::State(word, tone) = outcome_word(outcome) else { return None };
    let by = row.outcome.map_or_else(String::new, |record| format!(" (record {})", record.seq));
    Some(("outcome", tone, format!("{word}: {detail}{by}")))
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
