//! Answers as pages and sentences.

use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::restart::{Outcome, RestartReport};

use super::say;
use crate::heard::Tag;
use crate::model::Model;
use crate::model::dialog::Ask;
use crate::model::prompt::{PageLine, Prompt};
use crate::model::words;
use crate::msg::Effect;
use crate::theme::Tone;

/// The page that waits for this has its answer.
pub(super) fn answered(model: &mut Model, tag: Tag, reply: Result<Reply, String>) {
    let lines = match reply {
        Ok(reply) => lines(&reply),
        Err(why) => vec![PageLine::of(Tone::Bad, why)],
    };
    if let Prompt::Page(page) = &mut model.prompt
        && page.waits_for == Some(tag)
    {
        page.answer(lines);
    }
}

/// An order was carried out, or not.
pub(super) fn ordered(model: &mut Model, ask: &Ask, reply: Result<Reply, String>) {
    let label = ask.action().action().label;
    match reply {
        Ok(Reply::Restart(report)) => {
            let tone = if report.is_success() { Tone::Good } else { Tone::Bad };
            say(model, tone, restarted(&report));
        }
        Ok(reply) => say(model, Tone::Good, sentence(label, &reply)),
        Err(why) => say(model, Tone::Bad, format!("{label}: {why}")),
    }
}

fn restarted(report: &RestartReport) -> String {
    let took = words::millis(report.duration_ms);
    let held = words::millis(report.downtime_ms);
    match report.outcome {
        Some(Outcome::Complete) => format!(
            "restart complete in {took}: generation {}, requests held at most {held}, {} replayed",
            report.generation, report.replayed_requests
        ),
        Some(Outcome::Cancelled) => "the restart was called off; nothing has changed".to_owned(),
        Some(Outcome::RolledBack) => format!("rolled back after {took}: {}", report.message),
        Some(Outcome::Failed) | None => format!("the restart failed after {took}: {}", report.message),
    }
}

/// What came of something, in a sentence.
pub(super) fn sentence(label: &str, reply: &Reply) -> String {
    match reply {
        Reply::Done(done) => done.message.clone(),
        _ => format!("{label}: done"),
    }
}

/// A reply as lines to read.
fn lines(reply: &Reply) -> Vec<PageLine> {
    // Whatever has no words of its own yet is still told in full.
    let text = serde_json::to_string_pretty(reply).unwrap_or_default();
    text.lines().map(PageLine::plain).collect()
}

/// The page of the error of the chosen row.
pub(super) fn explain(model: &mut Model) -> Vec<Effect> {
    let _ = model;
    Vec::new()
}

/// The two marked restarts beside each other.
pub(super) fn compare_restarts(model: &mut Model) -> Vec<Effect> {
    let _ = model;
    Vec::new()
}

/// Everything that is shown, as text.
pub(super) fn everything(model: &Model) -> Option<String> {
    if let Prompt::Page(page) = &model.prompt {
        let lines: Vec<&str> = page.lines.iter().map(|line| line.text.as_str()).collect();
        return Some(words::at_most(lines.join("\n"), words::MAX_COPIED));
    }
    super::lists::as_text(model)
}
