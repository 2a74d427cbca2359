//! How everything is: what an operator has to know at a glance, the most important first
//! where there is no room for all of it.

mod backups;
mod connections;
mod curves;
mod health;
mod history;
mod phases;
mod requests;
mod server;
mod small;

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::role::{Operation, Role};

use super::layout::Layout;
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, Part, Pen};

/// A part of the screen: draws what it is about into any area.
type Panel = fn(&Model, &View, &mut Pen<'_, '_>);

/// What stands above a part.
type Title = fn(&Model, &View) -> String;

/// The parts, and the rows that each wants within.
const LEFT: [(Title, Panel, u16, u16); 4] = [
    (server::title, server::draw, 6, 4),
    (health::title, health::draw, 7, 5),
    (connections::title, connections::draw, 5, 3),
    (backups::title, backups::draw, 4, 3),
];
const RIGHT: [(Title, Panel, u16, u16); 4] = [
    (phases::title, phases::draw, 10, 10),
    (requests::title, requests::draw, 9, 3),
    (curves::title, curves::draw, 5, 5),
    (history::title, history::draw, 5, 0),
];

/// Draws it.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let Some((view, freshness)) = model.view() else { return };
    if layout <= Layout::Usual {
        let [left, right] = canvas.split_left(area, area.width / 2);
        column(model, view, canvas, left, &LEFT, layout);
        column(model, view, canvas, right, &RIGHT, layout);
    } else {
        small::draw(model, view, &mut Pen::new(canvas, area).labels(9));
    }
    if !freshness.is_live() {
        canvas.fade(area);
    }
}

fn column(
    model: &Model,
    view: &View,
    canvas: &mut Canvas<'_>,
    area: Rect,
    panels: &[(Title, Panel, u16, u16)],
    layout: Layout,
) {
    let is_full = layout == Layout::Full;
    let mut rest = area;
    for (number, (title, panel, full, usual)) in panels.iter().enumerate() {
        let (wanted, around) = if is_full { (*full, 2) } else { (*usual, 1) };
        if wanted == 0 {
            continue;
        }
        let is_last = panels.iter().skip(number + 1).all(|next| !is_full && next.3 == 0);
        let rows = if is_last { rest.height } else { wanted + around };
        let [place, below] = canvas.split_top(rest, rows);
        rest = below;
        let title = title(model, view);
        let within = if is_full {
            canvas.frame(place, &title, Tone::Title)
        } else {
            let mut pen = Pen::new(canvas, Rect { width: place.width.saturating_sub(1), ..place });
            pen.title(&title);
            pen.rest()
        };
        panel(model, view, &mut Pen::new(canvas, within));
    }
}

/// Why something is not there: this role may not see it, or nobody has measured it yet.
fn missing(model: &Model, pen: &Pen<'_, '_>, operation: Operation) -> Part {
    match model.link.welcome() {
        Some(welcome) if !welcome.you.may.contains(&operation) => {
            (Tone::Dim, format!("{} needs {}", pen.sign(Symbol::Locked), Role::least_for(operation)))
        }
        _ => (Tone::Dim, format!("{} not measured yet", pen.sign(Symbol::Unknown))),
    }
}

/// A time of the server's as a time of day, or with its date.
pub(super) fn clock(model: &Model, time: &str) -> String {
    time.parse().map_or_else(|_| "?".to_owned(), |at| words::time(at, model.now.wall, &model.settings.zone))
}

/// The first letters of a program's hash.
pub(super) fn short(sha256: Option<&str>) -> String {
    sha256.map_or_else(|| "?".to_owned(), |sha256| sha256.chars().take(8).collect())
}

/// A count that is plain at zero and stands out otherwise.
fn noted(count: u64, tone: Tone) -> Part {
    (if count == 0 { Tone::Plain } else { tone }, count.to_string())
}

#[cfg(test)]
mod tests;
