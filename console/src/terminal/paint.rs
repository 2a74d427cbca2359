//! Cells as the bytes that show them. Colours of the sixteen are said in the oldest
//! way there is, which every terminal knows. The last barrier before the terminal:
//! what a server sends as a name or a line of its log never gets through as an order
//! to the terminal.

use std::io::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::model::words;

/// How a cell looks.
type Look = (Color, Color, Modifier);

const PLAIN: Look = (Color::Reset, Color::Reset, Modifier::empty());

/// Shown in place of what is no letter.
const NO_LETTER: &str = "?";

const MODIFIERS: [(Modifier, u8); 8] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

/// Appends what shows these cells at these places; in the end letters are plain again.
pub(super) fn paint<'a>(cells: impl Iterator<Item = (u16, u16, &'a Cell)>, bytes: &mut Vec<u8>) {
    let (mut look, mut next) = (PLAIN, None);
    for (x, y, cell) in cells {
        if next != Some((x, y)) {
            // Writing into memory cannot fail.
            let _ = write!(bytes, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1);
        }
        // After a letter of two cells the place is said again: terminals differ in which are.
        next = x.checked_add(1).map(|x| (x, y));
        let wanted = (cell.fg, cell.bg, cell.modifier);
        if wanted != look {
            style(wanted, bytes);
            look = wanted;
        }
        let symbol = cell.symbol();
        let is_safe = !symbol.chars().any(|letter| words::is_break(letter) || words::is_mark(letter));
        bytes.extend_from_slice(if is_safe { symbol } else { NO_LETTER }.as_bytes());
    }
    if look != PLAIN {
        style(PLAIN, bytes);
    }
}

/// From nothing, so that it does not depend on what was before.
fn style((fg, bg, modifiers): Look, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(b"\x1b[0");
    for (modifier, number) in MODIFIERS {
        if modifiers.contains(modifier) {
            let _ = write!(bytes, ";{number}");
        }
    }
    colour(fg, 0, bytes);
    colour(bg, 10, bytes);
    bytes.push(b'm');
}

/// For letters, or ten higher for what is behind them.
fn colour(colour: Color, plus: u8, bytes: &mut Vec<u8>) {
    let number = match colour {
        Color::Reset => return,
        Color::Indexed(number) => {
            let _ = write!(bytes, ";{};5;{number}", 38 + plus);
            return;
        }
        Color::Rgb(red, green, blue) => {
            let _ = write!(bytes, ";{};2;{red};{green};{blue}", 38 + plus);
            return;
        }
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
    };
    let _ = write!(bytes, ";{}", number + plus);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(cells: &[(u16, u16, Cell)]) -> String {
        let mut bytes = Vec::new();
        paint(cells.iter().map(|(x, y, cell)| (*x, *y, cell)), &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    fn cell(symbol: &'static str, fg: Color, modifier: Modifier) -> Cell {
        let mut cell = Cell::new(symbol);
        (cell.fg, cell.modifier) = (fg, modifier);
        cell
    }

    #[test]
    fn places_and_looks_are_said_only_when_they_change() {
        let bad = |symbol| cell(symbol, Color::Red, Modifier::BOLD);
        assert_eq!(
            painted(&[(4, 0, bad("n")), (5, 0, bad("o")), (0, 1, Cell::new("x"))]),
            "\x1b[1;5H\x1b[0;1;31mno\x1b[2;1H\x1b[0mx"
        );
        assert_eq!(painted(&[]), "");
    }

    #[test]
    fn each_kind_of_colour_has_its_words() {
        let of = |colour| painted(&[(0, 0, cell("x", colour, Modifier::empty()))]);
        assert_eq!(of(Color::DarkGray), "\x1b[1;1H\x1b[0;90mx\x1b[0m");
        assert_eq!(of(Color::Indexed(208)), "\x1b[1;1H\x1b[0;38;5;208mx\x1b[0m");
        assert_eq!(of(Color::Rgb(1, 2, 3)), "\x1b[1;1H\x1b[0;38;2;1;2;3mx\x1b[0m");
        let mut behind = Cell::new("x");
        behind.bg = Color::LightBlue;
        assert_eq!(painted(&[(0, 0, behind)]), "\x1b[1;1H\x1b[0;104mx\x1b[0m");
    }

    #[test]
    fn no_order_to_the_terminal_gets_through() {
        for order in ["\x1b[2J", "\x07", "\u{9b}31m", "\x7f", "\n"] {
            assert_eq!(painted(&[(0, 0, Cell::new(order))]), "\x1b[1;1H?", "{order:?}");
        }
    }
}
