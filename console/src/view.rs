//! Draws the model. Changes nothing, and fits into whatever area there is.

mod chrome;
mod connections;
pub mod help;
pub mod layout;
mod prompts;
mod screens;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::Model;
use crate::msg::Hit;
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

/// Draws the model into this area of the buffer.
pub fn view(model: &Model, area: Rect, buffer: &mut Buffer) -> Drawn {
    let mut canvas = Canvas::new(model.settings.look, buffer);
    let area = canvas.clip(area);
    let layout = Layout::of(area);
    let body = chrome::draw(model, &mut canvas, area, layout);
    if layout != Layout::Line {
        screens::draw(model, &mut canvas, body, layout);
        prompts::draw(model, &mut canvas, area, body);
    }
    canvas.finish()
}
