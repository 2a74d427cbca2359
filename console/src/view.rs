//! Draws the model. Changes nothing, and fits into whatever area there is.

mod audit;
mod away;
mod banner;
mod chrome;
mod configuration;
mod connections;
mod dead_letters;
mod facts;
pub mod layout;
mod line;
mod logs;
mod overview;
pub mod prompts;
mod restarts;
mod screens;
mod state;
mod tasks;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use task_orchestrator_shared::admin::{Skew, Welcome};

use crate::model::{Model, words};
use crate::msg::Hit;
use crate::screen::Screen;
use crate::widgets::Canvas;
use layout::Layout;

/// Where things were drawn, for the mouse; later ones lie over earlier ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HitMap(Vec<(Rect, Hit)>);

/// Most places that are remembered of one frame: more than fit on any screen.
const MAX_HITS: usize = 2000;

impl HitMap {
    /// This was drawn there.
    pub fn add(&mut self, area: Rect, hit: Hit) {
        if self.0.len() < MAX_HITS && !area.is_empty() {
            self.0.push((area, hit));
        }
    }

    /// What was drawn at a place.
    pub fn at(&self, column: u16, row: u16) -> Option<&Hit> {
        let place = Position::new(column, row);
        self.0.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, hit)| hit)
    }
}

/// What drawing has shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drawn {
    /// Where things are.
    pub hits: HitMap,
    /// Where the cursor is, while something is typed.
    pub cursor: Option<Position>,
    /// Rows that a page has.
    pub page_rows: usize,
}

/// A time of the server's as a time of day, or with its date.
fn clock(model: &Model, time: &str) -> String {
    time.parse().map_or_else(|_| "?".to_owned(), |at| words::time(at, model.now.wall, &model.settings.zone))
}

/// Which side is too old, and how it is upgraded.
fn upgrade(welcome: &Welcome, skew: Skew) -> String {
    let server = &welcome.version;
    match skew {
        Skew::UpgradeClient => format!(
            "This console is too old for the server and may only look: install version {server} of \
             task-orchestrator-console"
        ),
        Skew::UpgradeServer => format!(
            "The server, version {server}, is too old for this console, which may only look: install a newer \
             task-orchestrator and run `task-orchestrator restart`"
        ),
    }
}

/// The first line of details that stand alone, and a page of them for scrolling.
pub(super) fn top_of(model: &Model, canvas: &mut Canvas<'_>, area: Rect, lines: usize) -> usize {
    canvas.page(area.height);
    model.list().detail_top.min(lines.saturating_sub(usize::from(area.height)))
}

/// Whether the details of the chosen restart take the place of the list.
pub(crate) fn has_details_alone(model: &Model) -> bool {
    let (width, height) = model.size;
    model.screen == Screen::Restarts && restarts::is_alone(model, Layout::of(Rect::new(0, 0, width, height)))
}

/// How many lines the details of the chosen row have where they stand alone; 0 on screens
/// whose details are never longer than the room for them.
pub(crate) fn detail_lines(model: &Model) -> usize {
    let mut buffer = Buffer::empty(Rect::default());
    let canvas = Canvas::new(model.settings.look, &mut buffer);
    match model.screen {
        Screen::Connections => connections::detail_lines(model),
        Screen::Restarts => restarts::detail_lines(model),
        Screen::Tasks => tasks::detail_lines(model, &canvas),
        Screen::DeadLetters => dead_letters::detail_lines(model, &canvas),
        Screen::State => state::detail_lines(model),
        Screen::Audit => audit::detail_lines(model),
        Screen::Configuration => configuration::detail_lines(model),
        _ => 0,
    }
}

/// Draws the model into this area of the buffer.
pub fn view(model: &Model, area: Rect, buffer: &mut Buffer) -> Drawn {
    let mut canvas = Canvas::new(model.settings.look, buffer);
    let area = canvas.clip(area);
    let layout = Layout::of(area);
    canvas.restyle(area, model.settings.look.base());
    let body = chrome::draw(model, &mut canvas, area, layout);
    if layout == Layout::Line {
        prompts::draw_line(model, &mut canvas, area);
    } else {
        let body = banner::draw(model, &mut canvas, body, layout);
        if model.view().is_some() {
            screens::draw(model, &mut canvas, body, layout);
        } else {
            away::draw(model, &mut canvas, body);
        }
        prompts::draw(model, &mut canvas, area, body);
        chrome::long_notice(model, &mut canvas, area);
    }
    canvas.finish()
}

#[cfg(test)]
mod tests;
