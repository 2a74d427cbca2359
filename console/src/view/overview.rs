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

use super::clock;
use super::layout::Layout;
use crate::model::Model;
use crate::msg::Hit;
use crate::screen::Screen;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{self, Canvas, Pen};

/// Draws what a part is about into any area.
type Panel = fn(&Model, &View, &mut Pen<'_, '_>);

/// A part of the screen: what stands above it, what draws it, the rows that it wants
/// within where there is much room and where there is the usual, and the screen that
/// tells more.
struct Part {
    title: fn(&Model, &View) -> String,
    draw: Panel,
    full: u16,
    usual: u16,
    more: Option<Screen>,
}

macro_rules! parts {
    ($($module:ident $full:literal $usual:literal $more:expr;)+) => {
        [$(Part { title: $module::title, draw: $module::draw, full: $full, usual: $usual, more: $more },)+]
    };
}

static LEFT: [Part; 4] = parts! {
    server 6 4 None;
    health 7 5 None;
    connections 5 3 Some(Screen::Connections);
    backups 4 3 Some(Screen::State);
};
static RIGHT: [Part; 4] = parts! {
    phases 10 10 Some(Screen::Restarts);
    requests 9 3 Some(Screen::Connections);
    curves 5 5 None;
    history 5 0 Some(Screen::Restarts);
};

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

fn column(model: &Model, view: &View, canvas: &mut Canvas<'_>, area: Rect, parts: &[Part], layout: Layout) {
    let is_full = layout == Layout::Full;
    let wanted = |part: &Part| if is_full { part.full } else { part.usual };
    let shown: Vec<&Part> = parts.iter().filter(|part| wanted(part) > 0).collect();
    let mut rest = area;
    for (number, part) in shown.iter().enumerate() {
        let around = if is_full { 2 } else { 1 };
        // What is left over is the last one's.
        let rows = if number + 1 == shown.len() { rest.height } else { wanted(part) + around };
        let [place, below] = canvas.split_top(rest, rows);
        rest = below;
        let title = (part.title)(model, view);
        let within = if is_full {
            canvas.frame(place, &title, Tone::Title)
        } else {
            let mut pen = Pen::new(canvas, Rect { width: place.width.saturating_sub(1), ..place });
            pen.title(&title);
            pen.rest()
        };
        (part.draw)(model, view, &mut Pen::new(canvas, within));
        if let Some(screen) = part.more {
            canvas.hit(place, Hit::Screen(screen));
        }
    }
}

/// Why something is not there: this role may not see it, or nobody has measured it yet.
fn missing(model: &Model, pen: &Pen<'_, '_>, operation: Operation) -> widgets::Part {
    match model.link.welcome() {
        Some(welcome) if !welcome.you.may.contains(&operation) => {
            (Tone::Dim, format!("{} needs {}", pen.sign(Symbol::Locked), Role::least_for(operation)))
        }
        Some(_) => (Tone::Dim, format!("{} not measured yet", pen.sign(Symbol::Unknown))),
        None => (Tone::Dim, format!("{} not known", pen.sign(Symbol::Unknown))),
    }
}

/// The first letters of a program's hash.
pub(super) fn short(sha256: Option<&str>) -> String {
    sha256.map_or_else(|| "?".to_owned(), |sha256| sha256.chars().take(8).collect())
}

/// A count that is plain at zero and stands out otherwise.
fn noted(count: u64, tone: Tone) -> widgets::Part {
    (if count == 0 { Tone::Plain } else { tone }, count.to_string())
}

#[cfg(test)]
mod tests;
