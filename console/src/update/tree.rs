//! Branches of the tree of tasks: open and closed.

use super::lists;
use crate::model::Model;
use crate::msg::Effect;
use crate::screen::Screen;

/// Opens or closes the chosen branch.
pub(super) fn branch(model: &mut Model, open: bool) -> Vec<Effect> {
    if model.screen == Screen::Tasks
        && let Some(key) = lists::chosen(model)
    {
        if open {
            model.closed.remove(&key);
        } else {
            model.closed.insert(key);
        }
    }
    Vec::new()
}

/// Opens the chosen branch where it is closed, and the other way round.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    let is_closed = lists::chosen(model).is_some_and(|key| model.closed.contains(&key));
    branch(model, is_closed)
}
