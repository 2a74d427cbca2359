//! Lines of the log as they are printed.

use task_orchestrator_shared::admin::log::LogLine;

use super::list::{self, PAGE};
use super::text::{time, wrapped};
use crate::model::Model;
use crate::model::value::Value;

/// Most lines that are printed at once while following; how many were left out is said.
const AT_ONCE: usize = 50;

/// The newest lines, and what can be done here.
pub(super) fn page(model: &Model) -> Vec<String> {
    if let Some(why) = list::denied(model) {
        return vec![format!("Logs: {why}.")];
    }
    let logs = &model.logs;
    let level = logs.level.map_or_else(|| "all".to_owned(), |level| format!("{} and above", level.as_str()));
    let session = logs.session.as_ref().map_or_else(String::new, |session| format!(", about {session}"));
    let filter =
        if logs.filter.is_empty() { String::new() } else { format!(", matching /{}", logs.filter.text) };
    let mut lines = wrapped(&format!("Logs: levels: {level}{session}{filter}."));
    let shown: Vec<&LogLine> =
        lines_from(model, 0).rev().filter(|line| matches(model, line)).take(PAGE).collect();
    if shown.is_empty() {
        lines.push("No lines.".to_owned());
    }
    lines.extend(shown.into_iter().rev().flat_map(|line| one(model, line)));
    if logs.missed > 0 {
        lines.push(format!("{} lines were left out: too many came.", logs.missed));
    }
    lines.extend(logs.ended.iter().map(|why| format!("No more lines come: {why}")));
    lines.push("follow prints lines as they come.".to_owned());
    lines
}

/// Lines from this number on, and the number behind the newest.
pub(super) fn since(model: &Model, from: u64) -> (Vec<String>, u64) {
    let logs = &model.logs;
    let new: Vec<&LogLine> = lines_from(model, from).filter(|line| matches(model, line)).collect();
    let left_out = new.len().saturating_sub(AT_ONCE);
    let mut lines = Vec::new();
    if left_out > 0 {
        lines.push(format!("{left_out} lines are left out; again shows the newest."));
    }
    lines.extend(new.into_iter().skip(left_out).flat_map(|line| one(model, line)));
    (lines, logs.end())
}

/// The lines that are kept, from this number on.
fn lines_from(model: &Model, from: u64) -> impl DoubleEndedIterator<Item = &LogLine> {
    let logs = &model.logs;
    let first = logs.end().saturating_sub(logs.count() as u64);
    (from.max(first)..logs.end()).filter_map(|number| logs.line(number))
}

fn one(model: &Model, line: &LogLine) -> Vec<String> {
    let level = line.level.map_or("?", |level| level.as_str());
    let pid = line.pid.map_or_else(String::new, |pid| format!("[{pid}]"));
    let at = if line.at.is_empty() { "?".to_owned() } else { time(&line.at, model) };
    wrapped(&format!("{at} {level} {}{pid} {}: {}", line.process, line.target, line.text))
}

fn matches(model: &Model, line: &LogLine) -> bool {
    let level = line.level.map_or(Value::Unknown, |level| Value::text(level.as_str()));
    let of = |column: &str| match column {
        "level" => Some(level.clone()),
        "process" => Some(Value::text(line.process.as_str())),
        "target" => Some(Value::text(line.target.as_str())),
        "text" => Some(Value::text(line.text.as_str())),
        _ => None,
    };
    let filter = &model.logs.filter;
    filter.is_empty()
        || filter.matches(of, || crate::model::logs::COLUMNS.iter().filter_map(|column| of(column)).collect())
}
