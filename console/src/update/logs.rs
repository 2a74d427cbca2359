//! Following the log: what is asked for, and where one is in it.

use task_orchestrator_shared::admin::log::LogLevel;
use task_orchestrator_shared::role::Operation;

use crate::action::ActionId;
use crate::model::Model;
use crate::msg::Effect;

/// Asks for the lines that are wanted, where nobody has yet.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    let may = model.link.welcome().is_some_and(|welcome| welcome.you.may.contains(&Operation::ViewLogs));
    if !may || model.logs.is_followed {
        return Vec::new();
    }
    again(model)
}

fn again(model: &mut Model) -> Vec<Effect> {
    model.logs.is_followed = true;
    vec![Effect::Follow(model.logs.wanted())]
}

/// An action of the screen.
pub(super) fn perform(model: &mut Model, action: ActionId) -> Vec<Effect> {
    match action {
        ActionId::Follow => {
            let last = model.logs.end().checked_sub(1);
            model.logs.held_at = if model.logs.held_at.is_some() { None } else { last };
            Vec::new()
        }
        ActionId::Wrap => {
            model.logs.wrap = !model.logs.wrap;
            Vec::new()
        }
        ActionId::LevelUp => {
            let next = match model.logs.level {
                None | Some(LogLevel::Trace) => Some(LogLevel::Debug),
                Some(LogLevel::Debug) => Some(LogLevel::Info),
                Some(LogLevel::Info) => Some(LogLevel::Warn),
                Some(LogLevel::Warn) => Some(LogLevel::Error),
                Some(LogLevel::Error) => None,
            };
            model.logs.level = next;
            again(model)
        }
        _ => Vec::new(),
    }
}

/// Moves in it: away from the newest line, or back to it.
pub(super) fn scroll(model: &mut Model, action: ActionId) {
    let page = model.page_rows.max(1) as u64;
    let logs = &mut model.logs;
    let Some(last) = logs.end().checked_sub(1) else { return };
    let first = logs.first.saturating_add(page.saturating_sub(1)).min(last);
    let at = logs.held_at.unwrap_or(last);
    let to = match action {
        ActionId::Up => at.saturating_sub(1),
        ActionId::Down => at + 1,
        ActionId::PageUp => at.saturating_sub(page),
        ActionId::PageDown => at + page,
        ActionId::Top => first,
        _ => last,
    };
    let to = to.clamp(first, last);
    logs.held_at = (to != last).then_some(to);
}
