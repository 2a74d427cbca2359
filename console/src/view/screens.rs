//! The screens, each in a file of its own.

use ratatui::layout::Rect;

use super::connections;
use super::layout::Layout;
use crate::model::Model;
use crate::screen::Screen;
use crate::widgets::Canvas;

/// Draws the screen that is shown.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    match model.screen {
        Screen::Connections => connections::draw(model, canvas, area, layout),
        Screen::Overview
        | Screen::Restarts
        | Screen::State
        | Screen::Tasks
        | Screen::DeadLetters
        | Screen::Logs
        | Screen::Audit
        | Screen::Configuration => {}
    }
}
