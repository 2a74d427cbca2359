//! Following the log: what is asked for, and where one is in it.

use task_orchestrator_shared::admin::log::LogLevel;
use task_orchestrator_shared::role::Operation;

use super::say;
use crate::action::ActionId;
use crate::model::Model;
use crate::model::logs::place::{Place, Shape};
use crate::model::logs::{Held, Logs};
use crate::msg::Effect;
use crate::screen::Screen;
use crate::theme::Tone;

/// Asks for the lines that are wanted, where nobody has yet.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    let may = model.link.welcome().is_some_and(|welcome| welcome.you.may.contains(&Operation::ViewLogs));
    if !may || model.logs.is_followed {
        return Vec::new();
    }
    model.logs.is_followed = true;
    vec![Effect::Follow(model.logs.wanted())]
}

/// Another screen is shown: lines that nobody sees are not sent. What is kept is joined
/// to what comes when one is back.
pub(super) fn leave(model: &mut Model) -> Vec<Effect> {
    if std::mem::take(&mut model.logs.is_followed) { vec![Effect::Unfollow] } else { Vec::new() }
}

fn anew(model: &mut Model) -> Vec<Effect> {
    model.logs.ask_anew();
    model.logs.is_followed = true;
    vec![Effect::Follow(model.logs.wanted())]
}

/// An action of the screen.
pub(super) fn perform(model: &mut Model, action: ActionId) -> Vec<Effect> {
    match action {
        ActionId::Follow if model.frozen.is_some() => {
            say(model, Tone::Warn, "the view is frozen: let it go on first".to_owned());
        }
        ActionId::Follow => {
            let at = model.logs.at(shape(model)).filter(|_| model.logs.held.is_none());
            hold(&mut model.logs, at, false);
        }
        ActionId::Wrap => model.logs.wrap = !model.logs.wrap,
        ActionId::LevelUp => {
            model.logs.level = match model.logs.level {
                None | Some(LogLevel::Trace) => Some(LogLevel::Debug),
                Some(LogLevel::Debug) => Some(LogLevel::Info),
                Some(LogLevel::Info) => Some(LogLevel::Warn),
                Some(LogLevel::Warn) => Some(LogLevel::Error),
                Some(LogLevel::Error) => None,
            };
            return anew(model);
        }
        ActionId::LogSession => return about_session(model),
        _ => {}
    }
    Vec::new()
}

/// Lines about the session that is chosen among the connections, or about all again.
fn about_session(model: &mut Model) -> Vec<Effect> {
    let session = match model.logs.session {
        Some(_) => None,
        None => {
            let Some(session) = chosen_session(model) else {
                say(model, Tone::Warn, "there is no session: one is chosen on Connections".to_owned());
                return Vec::new();
            };
            Some(session)
        }
    };
    model.logs.session = session;
    anew(model)
}

/// What is chosen depends on how that screen is sorted and filtered.
fn chosen_session(model: &mut Model) -> Option<String> {
    let here = std::mem::replace(&mut model.screen, Screen::Connections);
    let chosen = super::lists::chosen(model);
    model.screen = here;
    chosen
}

fn shape(model: &Model) -> Shape {
    Shape { cells: model.size.0, wrap: model.logs.wrap }
}

fn hold(logs: &mut Logs, at: Option<Place>, while_frozen: bool) {
    let since = logs.held.map_or(logs.end(), |held| held.since);
    logs.held = at.map(|at| Held { at, since, while_frozen });
}

/// Moves in it: away from the newest line, or back to it.
pub(super) fn scroll(model: &mut Model, action: ActionId) {
    let (page, shape) = (model.page_rows.max(1), shape(model));
    let frozen = model.frozen.is_some();
    let logs = &mut model.logs;
    let (Some(at), Some(last), Some(first)) =
        (logs.at(shape), logs.bottom(shape), logs.first_page(page, shape))
    else {
        return;
    };
    let to = match action {
        ActionId::Up => logs.up(at, 1, shape),
        ActionId::Down => logs.down(at, 1, shape),
        ActionId::PageUp => logs.up(at, page, shape),
        ActionId::PageDown => logs.down(at, page, shape),
        ActionId::Top => first,
        _ => last,
    };
    // No page is emptier than it has to be.
    let to = to.max(first).min(last);
    let while_frozen = frozen && logs.held.is_none_or(|held| held.while_frozen);
    hold(logs, Some(to).filter(|to| *to != last || frozen), while_frozen);
}

/// After each message: what is shown follows the filter, and stands still while the
/// view is frozen.
pub(super) fn settle(model: &mut Model) {
    model.logs.refilter();
    match model.logs.held {
        None if model.frozen.is_some() => {
            let at = model.logs.at(shape(model));
            hold(&mut model.logs, at, true);
        }
        Some(held) if held.while_frozen && model.frozen.is_none() => model.logs.held = None,
        _ => {}
    }
}

#[cfg(test)]
mod tests;
