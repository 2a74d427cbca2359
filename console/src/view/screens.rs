//! The screens, each in a file of its own.

use ratatui::layout::Rect;

use super::layout::Layout;
use crate::model::Model;
use crate::screen::Screen;
use crate::widgets::Canvas;

/// Draws the screen that is shown.
pub(super) fn draw(model: &Model, _canvas: &mut Canvas<'_>, _area: Rect, _layout: Layout) {
    match model.screen {
        Screen::Overview
        | Screen::Connections
        | Screen::Restarts
        | Screen::State
        | Screen::Tasks
        | Screen::DeadLetters
        | Screen::Logs
        | Screen::Audit
        | Screen::Configuration => {}
    }
}
