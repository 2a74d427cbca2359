//! How the server is, with each thing that was looked at, and what somebody must look at.

use jiff::Timestamp;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::role::Operation;

use super::{clock, missing};
use crate::action::ActionId;
use crate::model::{Model, checks};
use crate::theme::Tone;
use crate::widgets::{self, Pen};

/// Seconds from which on it is told when this was measured.
const FRESH_SECONDS: i64 = 180;

/// What stands above it.
pub(super) fn title(model: &Model, view: &View) -> String {
    let Some(health) = &view.health else { return "Health".to_owned() };
    let alerts = match health.alerts.len() {
        0 => String::new(),
        1 => ", 1 alert".to_owned(),
        alerts => format!(", {alerts} alerts"),
    };
    // Measured every minute: told only where that has not been done, so that nothing
    // changes on the screen while nothing changes on the server.
    let age = health.timestamp.parse().map(|at: Timestamp| model.now.wall.as_second() - at.as_second());
    let is_old = age.map_or(true, |age| age > FRESH_SECONDS);
    let at = if is_old { format!(", measured {}", clock(model, &health.timestamp)) } else { String::new() };
    format!("Health: {}{alerts}{at}", checks::level(health.status))
}

/// Draws it.
pub(super) fn draw(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let Some(health) = &view.health else {
        let why = missing(model, pen, Operation::HealthCheck);
        pen.line([why]);
        let action = ActionId::Health.action();
        if let Some(key) = model.settings.keymap.hint(action.id).filter(|_| model.barred(action).is_none()) {
            pen.line([(Tone::Key, key.to_string()), (Tone::Plain, " measures it now".to_owned())]);
        }
        return;
    };
    let all = checks::all(health);
    let fits = all.len() <= usize::from(pen.rows());
    widgets::checks(pen, &if fits { all } else { checks::worst_first(health) });
}
