//! What lies over the screen, each in a file of its own.

use ratatui::layout::Rect;

use crate::model::Model;
use crate::model::prompt::Prompt;
use crate::widgets::Canvas;

/// Draws it over the screen.
pub(super) fn draw(model: &Model, _canvas: &mut Canvas<'_>, _area: Rect, _body: Rect) {
    match &model.prompt {
        Prompt::None
        | Prompt::Help { .. }
        | Prompt::Palette(_)
        | Prompt::Filter(_)
        | Prompt::Confirm(_)
        | Prompt::Choose(_)
        | Prompt::Page(_) => {}
    }
}
