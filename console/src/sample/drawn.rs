//! A model as pictures: its cells as text, and which of them look alike.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::model::Model;
use crate::msg::Msg;
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;

/// The sizes that everything is drawn in: beside each other, usual, small.
const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 10)];

/// What is drawn, in each size, with signs of Unicode and of ASCII, and where there
/// are which colours. Asserts that without colours everything says the same.
pub(crate) fn pictures(model: &Model) -> String {
    let mut all = String::new();
    for (width, height) in SIZES {
        for symbols in [Symbols::Unicode, Symbols::Ascii] {
            let coloured = drawn(model, width, height, symbols, Depth::Ansi16);
            let plain = drawn(model, width, height, symbols, Depth::None);
            let text = text_of(&coloured);
            assert_eq!(text, text_of(&plain), "what is said without colours");
            for cell in &plain.content {
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "no colours");
            }
            if symbols == Symbols::Ascii {
                assert!(text.is_ascii(), "signs of ASCII only: {text}");
            }
            all.push_str(&format!("== {width}x{height} {symbols:?}\n{text}"));
            if symbols == Symbols::Unicode {
                all.push_str(&format!("-- colour\n{}-- none\n{}", styles_of(&coloured), styles_of(&plain)));
            }
        }
    }
    all
}

pub(crate) fn drawn(model: &Model, width: u16, height: u16, symbols: Symbols, depth: Depth) -> Buffer {
    let mut model = model.clone();
    model.settings.look.symbols = symbols;
    model.settings.look.depth = depth;
    let area = Rect::new(0, 0, width, height);
    let then = model.now;
    update(&mut model, Msg::Resize(width, height), then);
    // Drawn twice: how many rows fit is known once it was drawn.
    let mut buffer = Buffer::empty(area);
    let drawn = crate::view::view(&model, area, &mut buffer);
    update(&mut model, Msg::Drawn { page_rows: drawn.page_rows }, then);
    let mut buffer = Buffer::empty(area);
    crate::view::view(&model, area, &mut buffer);
    buffer
}

pub(crate) fn text_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let lines = buffer.content.chunks(width).map(|line| {
        let line: String = line.iter().map(|cell| cell.symbol()).collect();
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

/// Runs of cells that look alike, a line for each row that has any.
fn styles_of(buffer: &Buffer) -> String {
    let mut all = String::new();
    let width = usize::from(buffer.area.width.max(1));
    for (row, cells) in buffer.content.chunks(width).enumerate() {
        let mut runs: Vec<(usize, usize, Style)> = Vec::new();
        for (column, cell) in cells.iter().enumerate() {
            match runs.last_mut() {
                Some((_, end, style)) if *style == cell.style() && *end == column => *end += 1,
                _ => runs.push((column, column + 1, cell.style())),
            }
        }
        let told: Vec<String> = runs
            .iter()
            .filter(|(_, _, style)| {
                style.fg != Some(Color::Reset)
                    || style.bg != Some(Color::Reset)
                    || style.add_modifier != Modifier::empty()
            })
            .map(|(start, end, style)| {
                let part = |colour: Option<Color>| colour.filter(|colour| *colour != Color::Reset);
                let mut words: Vec<String> = Vec::new();
                words.extend(part(style.fg).map(|colour| format!("{colour}")));
                words.extend(part(style.bg).map(|colour| format!("on {colour}")));
                words.extend(style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()));
                format!("{start}-{} {}", end - 1, words.join(" "))
            })
            .collect();
        if !told.is_empty() {
            all.push_str(&format!("{row}: {}\n", told.join(", ")));
        }
    }
    all
}
