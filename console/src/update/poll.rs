//! What is asked anew now and then while it is shown, because the server does not tell of
//! it by itself. Never more than one question of a kind at once, and none while the view
//! is frozen, the link is not live, or the role may not ask.

use std::time::Duration;

use task_orchestrator_shared::role::Operation;

use super::acts;
use crate::model::{Model, Now, Purpose};
use crate::msg::Effect;
use crate::screen::Screen;

/// How often the chosen session is asked for.
const SESSION: Duration = Duration::from_secs(2);

/// How often the tasks are asked for.
const TASKS: Duration = Duration::from_secs(5);

/// After this time an answer is not waited for any more.
const GIVEN_UP: Duration = Duration::from_secs(10);

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
    acts::refresh(model)
}

/// Whether the answer to such a question is still waited for.
pub(super) fn is_waited_for(model: &Model, purpose: &Purpose) -> bool {
    let mut asked = model.asked.values();
    asked.any(|asked| asked.purpose == *purpose && model.now.since(asked.at) < GIVEN_UP)
}

#[cfg(test)]
mod tests;
