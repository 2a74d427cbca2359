//! Moving in lists and texts, sorting and filtering them.

use tui_input::Input;

use super::close;
use crate::action::ActionId;
use crate::model::filter::Filter;
use crate::model::list::{ListState, sight};
use crate::model::prompt::{FilterPrompt, Prompt};
use crate::model::rows::{self, Rows, arranged, place};
use crate::model::{Model, words};
use crate::msg::Effect;
use crate::screen::Screen;
use crate::view::prompts;

/// The key of the chosen row.
pub(super) fn chosen(model: &Model) -> Option<String> {
    let rows = rows::of(model)?;
    let row = rows::chosen(model, &*rows)?;
    Some(rows.key(row).into_owned())
}

/// The rows that are shown, and the place of the chosen one.
fn stands(model: &Model, rows: &dyn Rows) -> (Vec<usize>, usize) {
    let fresh = ListState::default();
    let list = model.lists.get(&model.screen).unwrap_or(&fresh);
    let order = arranged(rows, list);
    let at = place(rows, &order, list);
    (order, at)
}

/// Moves what is chosen. Returns whether it is another row now.
pub(super) fn step(model: &mut Model, action: ActionId) -> bool {
    let Some(rows) = rows::of(model) else { return false };
    let (order, at) = stands(model, &*rows);
    let page = model.page_rows.max(1);
    let to = match action {
        ActionId::Up => at.saturating_sub(1),
        ActionId::Down => at.saturating_add(1),
        ActionId::PageUp => at.saturating_sub(page),
        ActionId::PageDown => at.saturating_add(page),
        ActionId::Top => 0,
        _ => usize::MAX,
    };
    let to = to.min(order.len().saturating_sub(1));
    let key = order.get(to).map(|row| rows.key(*row).into_owned());
    drop(rows);
    let list = model.list_mut();
    list.chosen = key;
    (list.last_place, list.detail_top) = (to, 0);
    list.top = sight(list.top, to, page, order.len());
    to != at
}

/// Chooses a row.
pub(super) fn choose(model: &mut Model, key: String) -> Vec<Effect> {
    let again = model.list().chosen.as_ref() == Some(&key);
    let list = model.list_mut();
    (list.chosen, list.detail_top) = (Some(key), 0);
    if again { super::acts::perform(model, ActionId::Open) } else { super::poll::refresh_detail(model) }
}

/// The chosen row is on the page, and its place is remembered for when it goes.
pub(super) fn keep_in_sight(model: &mut Model) {
    if model.screen == Screen::Logs {
        return;
    }
    let Some(rows) = rows::of(model) else { return };
    let list = model.list();
    let (count, at) = if list.filter.is_empty() && list.sort.is_none() && list.chosen.is_none() {
        (rows.count(), 0)
    } else {
        let (order, at) = stands(model, &*rows);
        (order.len(), at)
    };
    drop(rows);
    let page = model.page_rows;
    let list = model.list_mut();
    list.last_place = at;
    list.top = sight(list.top, at, page, count);
}

/// The wheel was turned.
pub(super) fn wheel(model: &mut Model, down: bool) -> Vec<Effect> {
    let action = if down { ActionId::Down } else { ActionId::Up };
    let mut effects = Vec::new();
    for _ in 0..3 {
        match &mut model.prompt {
            Prompt::None => effects.extend(super::acts::perform(model, action)),
            Prompt::Help { .. } | Prompt::Page(_) | Prompt::Confirm(_) => scroll_text(model, action),
            Prompt::Palette(_) | Prompt::Filter(_) | Prompt::Choose(_) => {}
        }
    }
    effects
}

/// Scrolls what there is to read.
pub(super) fn scroll_text(model: &mut Model, action: ActionId) {
    let page = model.page_rows.max(1);
    // As it is drawn: how many rows there are depends on how wide they are.
    let last = match &model.prompt {
        Prompt::Page(text) => prompts::page::count(text, model.size).saturating_sub(page),
        Prompt::Help { .. } => prompts::help::count(model, model.size).saturating_sub(page),
        Prompt::Confirm(dialog) => prompts::dialog::last_top(dialog, model.size),
        _ => return,
    };
    let top = match &mut model.prompt {
        Prompt::Page(text) => &mut text.top,
        Prompt::Help { top } => top,
        Prompt::Confirm(dialog) => &mut dialog.top,
        _ => return,
    };
    let to = match action {
        ActionId::Up => top.saturating_sub(1),
        ActionId::Down => top.saturating_add(1),
        ActionId::PageUp => top.saturating_sub(page),
        ActionId::PageDown => top.saturating_add(page),
        ActionId::Top => 0,
        _ => last,
    };
    *top = to.min(last);
}

/// Scrolls the details, where they stand alone.
pub(super) fn scroll_detail(model: &mut Model, action: ActionId) {
    let page = model.page_rows.max(1);
    let last = crate::view::detail_lines(model).saturating_sub(page);
    let top = &mut model.list_mut().detail_top;
    let to = match action {
        ActionId::PageUp => top.saturating_sub(page),
        ActionId::PageDown => top.saturating_add(page),
        ActionId::Top => 0,
        _ => last,
    };
    *top = to.min(last);
}

/// The filter of the screen.
fn filter_mut(model: &mut Model) -> &mut Filter {
    if model.screen == Screen::Logs { &mut model.logs.filter } else { &mut model.list_mut().filter }
}

/// Lets one type a filter.
pub(super) fn open_filter(model: &mut Model) {
    let before = filter_mut(model).clone();
    let input = Input::from(before.text.clone());
    model.prompt = Prompt::Filter(FilterPrompt { input, before, wrong: None });
}

/// What is typed holds at once; while it is wrong, the last good one holds.
pub(super) fn filter_typed(model: &mut Model) {
    let columns: Vec<&str> =
        rows::of(model).map_or_else(Vec::new, |rows| rows.columns().iter().map(|column| column.id).collect());
    let columns = if model.screen == Screen::Logs { crate::model::logs::COLUMNS.to_vec() } else { columns };
    let Prompt::Filter(prompt) = &mut model.prompt else { return };
    match Filter::parse(prompt.input.value(), &columns) {
        Ok(filter) => {
            prompt.wrong = None;
            *filter_mut(model) = filter;
        }
        Err(wrong) => prompt.wrong = Some(wrong),
    }
}

/// As it was before.
pub(super) fn filter_abandoned(model: &mut Model) {
    if let Prompt::Filter(prompt) = &model.prompt {
        let before = prompt.before.clone();
        *filter_mut(model) = before;
    }
    close(model);
}

/// Everything that the list shows, a line a row, its cells with tabs between.
pub(super) fn as_text(model: &Model) -> Option<String> {
    let rows = rows::of(model)?;
    let list: ListState = model.list();
    let titles: Vec<&str> = rows.columns().iter().map(|column| column.title).collect();
    let mut text = titles.join("\t");
    for row in arranged(&*rows, &list) {
        text.push('\n');
        let cells: Vec<String> =
            (0..rows.columns().len()).map(|column| rows.value(row, column).plain().into_owned()).collect();
        text.push_str(&cells.join("\t"));
    }
    Some(words::at_most(text, crate::model::words::MAX_COPIED))
}

#[cfg(test)]
mod tests;
