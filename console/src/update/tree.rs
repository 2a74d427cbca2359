//! Branches of the tree of tasks: open and closed. A closed one hides what belongs to it.

use super::lists;
use crate::model::rows::{self, Branch};
use crate::model::{MAX_CLOSED, Model};
use crate::msg::Effect;

/// To the right: opens the chosen branch, or goes to the first of what belongs to it. To
/// the left: closes it, or goes to what it belongs to.
pub(super) fn branch(model: &mut Model, open: bool) -> Vec<Effect> {
    let Some((key, branch, parent)) = chosen(model) else { return Vec::new() };
    match (open, branch.is_open) {
        (true, Some(false)) => {
            model.closed.remove(&key);
        }
        (true, Some(true)) => {
            lists::step(model, crate::action::ActionId::Down);
        }
        (false, Some(true)) => close(model, key),
        (false, Some(false) | None) => {
            if let Some(parent) = parent {
                model.list_mut().chosen = Some(parent);
            }
        }
        (true, None) => {}
    }
    Vec::new()
}

/// Opens the chosen branch where it is closed, and the other way round; of a task, its details.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    match chosen(model) {
        Some((key, Branch { is_open: Some(true), .. }, _)) => close(model, key),
        Some((key, Branch { is_open: Some(false), .. }, _)) => {
            model.closed.remove(&key);
        }
        // Of a task there is nothing to open but what is known of it.
        Some((_, Branch { is_open: None, .. }, _)) => {
            model.list_mut().detail_top = 0;
            model.is_open = true;
        }
        None => {}
    }
    Vec::new()
}

/// The chosen row becomes what is chosen by its key, so that it stays so when rows go.
fn close(model: &mut Model, key: String) {
    model.list_mut().chosen = Some(key.clone());
    if model.closed.len() < MAX_CLOSED {
        model.closed.insert(key);
    }
}

/// The chosen row: its key, how it stands in the tree, and the key of what it belongs to.
fn chosen(model: &Model) -> Option<(String, Branch, Option<String>)> {
    let rows = rows::of(model)?;
    let row = rows::chosen(model, &*rows)?;
    let branch = rows.branch(row)?;
    let parent = rows.parent(row).map(|parent| rows.key(parent).into_owned());
    Some((rows.key(row).into_owned(), branch, parent))
}

#[cfg(test)]
mod tests;
