//! Answers as pages and sentences.

mod lines;
mod told;

use task_orchestrator_shared::admin::Reply;

use super::say;
use crate::heard::Tag;
use crate::model::dialog::Ask;
use crate::model::prompt::{PageLine, Prompt};
use crate::model::{Model, words};
use crate::msg::Effect;
use crate::screen::Screen;
use crate::theme::Tone;

/// The page that waits for this has its answer.
pub(super) fn answered(model: &mut Model, tag: Tag, reply: Result<Reply, String>) {
    let lines = match reply {
        Ok(reply) => lines::of(model, &reply),
        Err(why) => vec![PageLine::of(Tone::Bad, why)],
    };
    if let Prompt::Page(page) = &mut model.prompt
        && page.waits_for == Some(tag)
    {
        page.answer(lines);
    }
}

/// An order was carried out, or not.
pub(super) fn ordered(model: &mut Model, ask: &Ask, reply: Result<Reply, String>) -> Vec<Effect> {
    answered_small(model, ask.action().action().label, reply);
    // What the screen shows of it has been asked for before.
    if *ask == Ask::Reload && model.screen == Screen::Configuration {
        return super::acts::refresh(model);
    }
    Vec::new()
}

/// Says what came of something.
pub(super) fn answered_small(model: &mut Model, label: &str, reply: Result<Reply, String>) {
    let (tone, text) = match reply {
        Ok(reply) => told::of(label, &reply),
        Err(why) => (Tone::Bad, format!("{label}: {why}")),
    };
    say(model, tone, text);
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
    if model.screen == Screen::Logs {
        return Some(model.logs.as_text(words::MAX_COPIED));
    }
    super::lists::as_text(model)
}
