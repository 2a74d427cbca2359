//! Each kind of answer as lines to read.

mod access;
mod health;
mod letters;
mod restarts;
mod sessions;
mod state;

use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::audit::AuditVerdict;
use task_orchestrator_shared::admin::config::{ConfigEntry, Reloaded};

use crate::model::prompt::PageLine;
use crate::model::{Model, words};
use crate::theme::Tone;

/// An answer in full, as lines to read.
pub(super) fn of(model: &Model, reply: &Reply) -> Vec<PageLine> {
    match reply {
        Reply::WhoAmI(you) => access::who(you),
        Reply::Roles(roles) => access::roles(model, roles),
        Reply::Health(health) => health::health(model, health),
        Reply::Readiness(readiness) => health::readiness(readiness),
        Reply::ReconnectTest(test) => sessions::test(test),
        Reply::Session(detail) => sessions::session(model, detail),
        Reply::Status(status) => sessions::status(status),
        Reply::Restart(report) => restarts::report(report),
        Reply::RestartStatus(status) => restarts::status(model, status),
        Reply::Backups(backups) => state::backups(model, backups),
        Reply::Verified(verified) => state::verified(verified),
        Reply::Comparison(comparison) => state::comparison(comparison),
        Reply::RestorePlan(plan) => state::plan(plan),
        Reply::Pruned(pruned) => state::pruned(pruned),
        Reply::DeadLetters(all) => letters::list(model, all),
        Reply::DeadLetter(letter) => letters::letter(model, letter),
        Reply::Config(entries) => entries.iter().map(key).collect(),
        Reply::AuditVerdict(found) => verdict(found),
        Reply::Reloaded(reloaded) => reloads(reloaded),
        Reply::LogLines(lines) => lines
            .iter()
            .map(|line| PageLine::plain(format!("{} {} {}", line.at, line.target, line.text)))
            .collect(),
        Reply::Audit(records) => vec![counted(records.len(), "record", "records")],
        Reply::Tasks(tree) => vec![counted(tree.rows.len(), "row of work", "rows of work")],
        Reply::View(view) => vec![counted(view.sessions.len(), "client", "clients")],
        Reply::Snapshot(_)
        | Reply::Restored(_)
        | Reply::Retried(_)
        | Reply::Stopping(_)
        | Reply::Done(_)
        | Reply::Refused(_) => {
            let (tone, text) = super::told::of("done", reply);
            vec![PageLine::of(tone, text)]
        }
    }
}

/// Cells of a label.
const LABEL: usize = 16;

/// A label with what it stands before.
fn fact(label: &str, text: impl AsRef<str>) -> PageLine {
    toned(Tone::Plain, label, text)
}

fn toned(tone: Tone, label: &str, text: impl AsRef<str>) -> PageLine {
    PageLine::of(tone, format!("{label:<LABEL$}{}", text.as_ref()))
}

fn title(text: &str) -> PageLine {
    PageLine::of(Tone::Title, text)
}

fn blank() -> PageLine {
    PageLine::plain("")
}

/// Something and, where there is none of it, a word for that.
fn or_none(mut lines: Vec<PageLine>, none: &str) -> Vec<PageLine> {
    if lines.is_empty() {
        lines.push(PageLine::of(Tone::Dim, none));
    }
    lines
}

fn counted(count: usize, one: &str, many: &str) -> PageLine {
    PageLine::plain(words::counted(count as u64, one, many))
}

/// A moment as the server writes it, in the zone of this console.
fn time(model: &Model, at: &str) -> String {
    let Ok(moment) = at.parse() else { return "unknown".to_owned() };
    words::time(moment, model.now.wall, &model.settings.zone)
}

fn bytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".to_owned(), words::bytes)
}

fn key(entry: &ConfigEntry) -> PageLine {
    PageLine::plain(format!("{} = {}, from {}", entry.key, entry.value, entry.source))
}

/// What a check of the audit has found.
fn verdict(verdict: &AuditVerdict) -> Vec<PageLine> {
    let records = words::counted(verdict.records, "record", "records");
    let range = match (verdict.first_seq, verdict.last_seq) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    let files = words::counted(verdict.files.len() as u64, "file", "files");
    let mut lines = vec![match verdict.intact {
        true => PageLine::of(Tone::Good, "Intact: no record was edited, removed, reordered or cut off."),
        false => {
            let problems = words::counted(verdict.problems.len() as u64, "thing is", "things are");
            PageLine::of(Tone::Bad, format!("NOT INTACT: {problems} not as the server wrote it."))
        }
    }];
    lines.push(PageLine::plain(format!("{records}{range}, in {files}")));
    lines.extend(verdict.problems.iter().map(|problem| {
        let place = match problem.line {
            0 => problem.file.clone(),
            line => format!("{}:{line}", problem.file),
        };
        PageLine::of(Tone::Bad, format!("{place}: {}", problem.problem))
    }));
    lines.push(blank());
    lines.push(title("Files, oldest first"));
    lines.extend(verdict.files.iter().map(PageLine::plain));
    lines
}

fn reloads(reloaded: &Reloaded) -> Vec<PageLine> {
    let keys =
        |tone, label, keys: &[String]| keys.iter().map(|key| toned(tone, label, key)).collect::<Vec<_>>();
    let mut lines = keys(Tone::Good, "in force", &reloaded.applied);
    lines.extend(keys(Tone::Warn, "after a restart", &reloaded.needs_restart));
    lines.extend(keys(Tone::Warn, "after a stop", &reloaded.needs_stop));
    or_none(lines, "nothing has changed")
}

#[cfg(test)]
mod tests;
