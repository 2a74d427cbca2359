//! Every client session, and what is to be known of the chosen one.

use ratatui::layout::Rect;
use task_orchestrator_shared::role::Operation;

use super::layout::Layout;
use crate::model::rows::sessions::Sessions;
use crate::model::{Model, absent};
use crate::widgets::{Canvas, Table};

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, _layout: Layout) {
    let known = model.view().map(|(view, freshness)| (Sessions::of(view), freshness));
    let table = Table {
        title: "Connections",
        rows: known.as_ref().map(|(rows, freshness)| (rows as _, *freshness)),
        absent: &absent::why(model, Operation::View),
        nothing: "No client is connected.",
    };
    table.draw(model, canvas, area);
}
