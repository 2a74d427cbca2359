//! What is asked because it is shown, and the server does not tell of it by itself: when
//! its screen is opened, and now and then while it is shown. Never more than one question
//! of a kind at once, and none anew while the view is frozen, the link is not live, or the
//! role may not ask.

use std::time::Duration;

use task_orchestrator_shared::admin::Request;
use task_orchestrator_shared::role::Operation;

use super::{ask, lists};
use crate::model::known::Fetched;
use crate::model::{Model, Now, Purpose};
use crate::msg::Effect;
use crate::screen::Screen;

/// How often the chosen session is asked for.
const SESSION: Duration = Duration::from_secs(2);

/// How often the tasks are asked for.
const TASKS: Duration = Duration::from_secs(5);

fn period(model: &Model) -> Option<Duration> {
    let (period, operation) = match model.screen {
        Screen::Connections => (SESSION, Operation::ViewRequests),
        Screen::Tasks => (TASKS, Operation::ViewTasks),
        _ => return None,
    };
    let may = model.link.welcome().is_some_and(|welcome| welcome.you.may.contains(&operation));
    (may && model.link.is_live() && model.frozen.is_none()).then_some(period)
}

/// How long until it is asked again; nothing where nothing is.
pub(super) fn left(model: &Model, now: Now) -> Option<Duration> {
    period(model).map(|period| now.until(model.polled.saturating_add(period)))
}

/// Time went by: asks again where it is time to.
pub(super) fn tick(model: &mut Model) -> Vec<Effect> {
    if left(model, model.now) != Some(Duration::ZERO) {
        return Vec::new();
    }
    // Also where there is nothing to ask, so that the next look is a period away.
    model.polled = model.now.running;
    refresh(model)
}

/// Asks for what the screen shows and the view does not hold.
pub(super) fn refresh(model: &mut Model) -> Vec<Effect> {
    if !model.link.is_live() {
        return Vec::new();
    }
    let may = |model: &Model, operation| {
        model.link.welcome().is_some_and(|welcome| welcome.you.may.contains(&operation))
    };
    match model.screen {
        Screen::Configuration if may(model, Request::ShowConfig.operation()) => {
            model.config.ask();
            ask(model, Purpose::Config, Request::ShowConfig)
        }
        Screen::Tasks if may(model, Request::Tasks.operation()) => {
            if is_waited_for(model, &Purpose::Tasks) {
                return Vec::new();
            }
            // Why it failed stays there until there is an answer.
            if !matches!(model.tasks, Fetched::Failed(_)) {
                model.tasks.ask();
            }
            model.polled = model.now.running;
            ask(model, Purpose::Tasks, Request::Tasks)
        }
        Screen::Logs => super::logs::follow(model),
        Screen::Connections => refresh_detail(model),
        _ => Vec::new(),
    }
}

/// Asks for the details of what is chosen.
pub(super) fn refresh_detail(model: &mut Model) -> Vec<Effect> {
    if model.screen != Screen::Connections || !model.link.is_live() {
        return Vec::new();
    }
    let may = model.link.welcome().is_some_and(|welcome| welcome.you.may.contains(&Operation::ViewRequests));
    // One question at a time, however fast one moves: its answer leads to the next.
    if !may || is_waited_for(model, &Purpose::Session) {
        return Vec::new();
    }
    let Some(session) = lists::chosen(model) else { return Vec::new() };
    // Why it failed stays there until there is an answer, or another one is chosen.
    let is_other = model.session_asked.as_ref() != Some(&session);
    if is_other || !matches!(model.session, Fetched::Failed(_)) {
        model.session.ask();
    }
    model.polled = model.now.running;
    model.session_asked = Some(session.clone());
    ask(model, Purpose::Session, Request::Session { session })
}

/// There is an answer: asks anew where another session is chosen by now.
pub(super) fn detail_answered(model: &mut Model) -> Vec<Effect> {
    if model.screen != Screen::Connections || lists::chosen(model) == model.session_asked {
        return Vec::new();
    }
    refresh_detail(model)
}

/// Whether the answer to such a question is still waited for.
fn is_waited_for(model: &Model, purpose: &Purpose) -> bool {
    model.asked.values().any(|asked| asked.purpose == *purpose)
}

#[cfg(test)]
mod tests;
