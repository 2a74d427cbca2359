//! The screens, each in a file of its own.

use ratatui::layout::Rect;

use super::layout::Layout;
use super::{audit, configuration, connections, dead_letters, logs, state, tasks};
use crate::model::Model;
use crate::screen::Screen;
use crate::widgets::Canvas;

/// Draws the screen that is shown.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    match model.screen {
        Screen::Tasks => tasks::draw(model, canvas, area, layout),
        Screen::DeadLetters => dead_letters::draw(model, canvas, area, layout),
        Screen::Overview => super::overview::draw(model, canvas, area, layout),
        Screen::Connections => connections::draw(model, canvas, area, layout),
        Screen::Restarts => super::restarts::draw(model, canvas, area, layout),
        Screen::State => state::draw(model, canvas, area, layout),
        Screen::Logs => logs::draw(model, canvas, area),
        Screen::Audit => audit::draw(model, canvas, area, layout),
        Screen::Configuration => configuration::draw(model, canvas, area, layout),
    }
}
