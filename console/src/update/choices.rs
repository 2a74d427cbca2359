//! One of several: what is offered, and what comes of the choice.

use task_orchestrator_shared::admin::Request;
use task_orchestrator_shared::admin::log::LogLevel;

use super::{ask, close};
use crate::action::ActionId;
use crate::model::list::Direction;
use crate::model::prompt::{Choice, Choose, Item, Prompt};
use crate::model::{Model, Purpose, rows};
use crate::msg::Effect;

pub(super) fn choose_level(model: &mut Model) -> Vec<Effect> {
    let present = model.seen.as_ref().map(|seen| seen.view.limits.log_level.clone()).unwrap_or_default();
    let items: Vec<Item> = LogLevel::ALL
        .iter()
        .map(|level| Item {
            label: level.as_str().to_owned(),
            detail: String::new(),
            is_on: level.as_str().eq_ignore_ascii_case(&present),
        })
        .collect();
    let at = items.iter().position(|item| item.is_on).unwrap_or(0);
    let title = "Level of the server's log files".to_owned();
    model.prompt = Prompt::Choose(Choose { what: Choice::LogLevel, title, items, at });
    Vec::new()
}

pub(super) fn choose_column(model: &mut Model, what: Choice) -> Vec<Effect> {
    let Some(rows) = rows::of(model) else { return Vec::new() };
    let columns = rows.columns();
    drop(rows);
    let list = model.list();
    let items = columns.iter().map(|column| {
        let sorted = list.sort.filter(|(id, _)| *id == column.id).map(|(_, direction)| direction);
        let is_on = if what == Choice::Sort { sorted.is_some() } else { !list.hidden.contains(column.id) };
        let detail = match sorted {
            Some(Direction::Up) if what == Choice::Sort => "the least first",
            Some(Direction::Down) if what == Choice::Sort => "the most first",
            _ => "",
        };
        // Not the heading, which has to be short.
        Item { label: column.id.replace('-', " "), detail: detail.to_owned(), is_on }
    });
    let items = items.collect();
    let title = if what == Choice::Sort { "Sort by" } else { "Columns" };
    let choose = Choose { what, title: title.to_owned(), items, at: 0 };
    model.prompt = Prompt::Choose(choose);
    Vec::new()
}

/// One of several was chosen.
pub(super) fn chosen(model: &mut Model) -> Vec<Effect> {
    let Prompt::Choose(Choose { what, at, items, .. }) = model.prompt.clone() else { return Vec::new() };
    let column = || rows::of(model).and_then(|rows| rows.columns().get(at).map(|column| column.id));
    match what {
        Choice::Sort => {
            if let Some(column) = column() {
                model.list_mut().sort_by(column);
            }
            close(model);
            Vec::new()
        }
        Choice::Columns => {
            if let Some(column) = column() {
                let hidden = &mut model.list_mut().hidden;
                if !hidden.remove(column) {
                    hidden.insert(column);
                }
            }
            // More than one may be chosen: it stays open.
            let effects = choose_column(model, Choice::Columns);
            if let Prompt::Choose(choose) = &mut model.prompt {
                choose.at = at;
            }
            effects
        }
        Choice::LogLevel => {
            close(model);
            let Some(level) = items.get(at).map(|item| item.label.clone()) else { return Vec::new() };
            ask(model, Purpose::Small(ActionId::LogLevel.action()), Request::LogLevel { level })
        }
        Choice::Target(targets) => {
            close(model);
            targets.get(at).map_or_else(Vec::new, |target| super::switched(model, target.clone()))
        }
    }
}
