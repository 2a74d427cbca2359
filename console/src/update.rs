//! What a message changes, and what is to be done about it. Pure: no clock, no input
//! or output, no randomness.

mod acts;
mod answers;
mod choices;
mod compare;
mod dialogs;
mod heard;
mod keys;
mod lists;
mod logs;
mod pages;
mod poll;
mod tree;
pub mod wake;

use tui_input::InputRequest;

use crate::action::Danger;
use crate::heard::Tag;
use crate::model::notice::{MAX_NOTICES, Notice};
use crate::model::order::Order;
use crate::model::prompt::Prompt;
use crate::model::{Asked, MAX_ASKED, Model, Now, Purpose, words};
use crate::msg::{Effect, MAX_PASTE, Msg};
use crate::theme::Tone;

pub(crate) use heard::name_of;

/// Takes in a message.
pub fn update(model: &mut Model, msg: Msg, now: Now) -> Vec<Effect> {
    model.now = now;
    // Rows that move do not move the page: the view finds the chosen one by itself, and
    // a thousand changes a second are not worth sorting for.
    let is_change = matches!(&msg, Msg::Heard(crate::heard::Heard::Delta { .. }));
    let mut effects = answers::forget(model);
    effects.extend(match msg {
        Msg::Key(press) => keys::pressed(model, press),
        Msg::Paste(text) => pasted(model, &text),
        Msg::Click(hit) => keys::clicked(model, hit),
        Msg::Wheel { down } => lists::wheel(model, down),
        Msg::Heard(heard) => heard::take(model, heard),
        Msg::Tick => poll::tick(model),
        Msg::Resize(width, height) => {
            model.size = (width, height);
            Vec::new()
        }
        Msg::Drawn { page_rows } => {
            model.page_rows = page_rows.max(1);
            Vec::new()
        }
        Msg::Targets(targets) => dialogs::choose_target(model, targets),
        Msg::Started(outcome) => started(model, outcome),
        Msg::Said(Ok(text)) => {
            say(model, Tone::Good, text);
            Vec::new()
        }
        Msg::Said(Err(text)) => {
            say(model, Tone::Bad, text);
            Vec::new()
        }
    });
    if model.link.is_live() {
        model.series.advance(now);
    }
    dialogs::check(model);
    if !is_change {
        lists::keep_in_sight(model);
    }
    logs::settle(model);
    effects
}

fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if !model.prompt.takes_text() {
        return Vec::new();
    }
    let text = words::at_most(text.to_owned(), MAX_PASTE);
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        keys::typed(model, InputRequest::InsertChar(letter));
    }
    Vec::new()
}

fn started(model: &mut Model, outcome: Result<(), String>) -> Vec<Effect> {
    model.is_starting = false;
    match outcome {
        Ok(()) => {
            say(model, Tone::Good, "the server was started".to_owned());
            vec![Effect::RetryNow]
        }
        Err(why) => {
            say(model, Tone::Bad, why);
            Vec::new()
        }
    }
}

/// Says what came of something.
pub(crate) fn say(model: &mut Model, tone: Tone, text: String) {
    if model.notices.len() == MAX_NOTICES {
        model.notices.pop_front();
    }
    model.notices.push_back(Notice { tone, text, at: model.now });
}

/// Sends an order, and remembers what for.
fn send(model: &mut Model, purpose: Purpose, order: Order) -> Vec<Effect> {
    if model.asked.len() >= MAX_ASKED {
        say(
            model,
            Tone::Warn,
            format!("{MAX_ASKED} questions wait for an answer already: wait for one of them"),
        );
        return Vec::new();
    }
    model.last_tag += 1;
    let tag = Tag(model.last_tag);
    model.asked.insert(tag, Asked { purpose, at: model.now });
    vec![Effect::Send { tag, order }]
}

/// Asks something that needs no confirmation.
fn ask(
    model: &mut Model,
    purpose: Purpose,
    request: task_orchestrator_shared::admin::Request,
) -> Vec<Effect> {
    let is_privileged = request.operation().is_privileged();
    let context = task_orchestrator_shared::admin::Context {
        // A second press within one console is a second intention, and one that is sent
        // again over a new connection is not: the link draws the key.
        expected_generation: is_privileged
            .then(|| model.seen.as_ref().map(|seen| seen.view.server.generation))
            .flatten(),
        ..Default::default()
    };
    debug_assert!(crate::model::order::danger_of(&request) <= Danger::Harmless);
    match Order::plain(request, context) {
        Some(order) => send(model, purpose, order),
        None => Vec::new(),
    }
}

/// Closes what lies over the screen.
fn close(model: &mut Model) {
    model.prompt = Prompt::None;
}

/// Looks at another server: nothing that is known holds of it.
fn switched(model: &mut Model, target: crate::targets::TargetRow) -> Vec<Effect> {
    let name = heard::name_of(&target.workspace.to_string_lossy());
    let next = crate::model::Target { name, workspace: target.workspace.clone() };
    let mut fresh = Model::new(next, model.settings.clone(), model.now);
    (fresh.size, fresh.page_rows, fresh.screen) = (model.size, model.page_rows, model.screen);
    // A late answer of the other server must find nobody.
    (fresh.last_tag, fresh.nonce) = (model.last_tag, std::mem::take(&mut model.nonce));
    // As is what else it has said and the loop has not taken in yet.
    fresh.opening = model.opening.saturating_add(1);
    *model = fresh;
    vec![Effect::Switch(target)]
}

#[cfg(test)]
mod tests;
