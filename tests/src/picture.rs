//! Pictures of a terminal's screen as SVG: one, or several after another. Looks at
//! nothing but the screen, and writes no file.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use vt100::{Cell, Color, Screen};

/// Width and height of a cell, and where its letters stand, in the picture's units.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 16.4;
const BASELINE: f64 = 13.0;

/// Between the edge and the screen.
const MARGIN: f64 = 10.0;

/// The sixteen colours of the terminal, as many terminals have them.
const ANSI: [&str; 16] = [
    "#15161e", "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#c0caf5", "#737aa2",
    "#ff899d", "#b9f27c", "#ff9e64", "#7da6ff", "#c099ff", "#b4f9f8", "#ffffff",
];

/// Colours where the program has chosen none.
#[derive(Debug, Clone, Copy)]
pub struct Paper {
    /// Of letters.
    pub ink: &'static str,
    /// Of what is behind them.
    pub ground: &'static str,
}

impl Paper {
    /// A dark terminal.
    pub const DARK: Self = Self { ink: "#c0caf5", ground: "#1a1b26" };
    /// A light one.
    pub const LIGHT: Self = Self { ink: "#343b58", ground: "#f5f5f0" };
}

/// A screen as a picture.
pub fn still(screen: &Screen, paper: Paper) -> String {
    film(&[(Duration::from_secs(1), screen.clone())], paper)
}

/// Screens after another, each shown for so long, again and again.
pub fn film(screens: &[(Duration, Screen)], paper: Paper) -> String {
    let Some((_, first)) = screens.first() else { return String::new() };
    let (rows, columns) = first.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) =
        (f64::from(columns) * WIDTH + 2.0 * MARGIN, f64::from(rows) * HEIGHT + 2.0 * MARGIN);
    let mut lines = Lines::default();
    let mut frames = String::new();
    let whole: f64 = screens.iter().map(|(shown, _)| shown.as_secs_f64()).sum();
    let mut begin = 0.0;
    for (number, (shown, screen)) in screens.iter().enumerate() {
        let uses: String = (0..rows)
            .filter_map(|row| Some((row, lines.number_of(line(screen, row, columns, paper)?))))
            .map(|(row, line)| format!("<use href=\"#l{line}\" y=\"{:.1}\"/>", f64::from(row) * HEIGHT))
            .collect();
        let end = begin + shown.as_secs_f64();
        let moves = if screens.len() == 1 {
            String::new()
        } else {
            visibility(number, begin / whole, end / whole, whole)
        };
        let _ = writeln!(frames, "<g>{moves}{uses}</g>");
        begin = end;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n<defs>{}</defs>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n{frames}</g>\n</svg>\n",
        paper.ground, lines.definitions
    )
}

/// Lines that are the same in several frames are drawn once.
#[derive(Default)]
struct Lines {
    known: HashMap<String, usize>,
    definitions: String,
}

impl Lines {
    fn number_of(&mut self, line: String) -> usize {
        if let Some(number) = self.known.get(&line) {
            return *number;
        }
        let number = self.known.len();
        let _ = writeln!(self.definitions, "<g id=\"l{number}\">{line}</g>");
        self.known.insert(line, number);
        number
    }
}

/// When a frame is seen, as parts of the whole film.
fn visibility(number: usize, begin: f64, end: f64, whole: f64) -> String {
    let (values, times) = match (number, end >= 0.9999) {
        (0, _) => ("visible;hidden".to_owned(), format!("0;{end:.4}")),
        (_, true) => ("hidden;visible".to_owned(), format!("0;{begin:.4}")),
        _ => ("hidden;visible;hidden".to_owned(), format!("0;{begin:.4};{end:.4}")),
    };
    format!(
        "<animate attributeName=\"visibility\" calcMode=\"discrete\" values=\"{values}\" keyTimes=\"{times}\" \
         dur=\"{whole:.2}s\" repeatCount=\"indefinite\"/>"
    )
}

/// How a run of cells looks.
#[derive(Clone, PartialEq)]
struct Ink {
    letters: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
}

fn ink(cell: &Cell, paper: Paper) -> Ink {
    let letters = colour(cell.fgcolor()).unwrap_or_else(|| paper.ink.to_owned());
    let ground = colour(cell.bgcolor());
    let (letters, ground) = if cell.inverse() {
        (ground.unwrap_or_else(|| paper.ground.to_owned()), Some(letters))
    } else {
        (letters, ground)
    };
    Ink { letters, ground, bold: cell.bold(), dim: cell.dim(), underline: cell.underline() }
}

fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Idx(number @ 0..=15) => ANSI.get(usize::from(number)).map(|colour| (*colour).to_owned()),
        Color::Idx(number @ 16..=231) => {
            let number = number - 16;
            let part = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            Some(format!("#{:02x}{:02x}{:02x}", part(number / 36), part(number / 6 % 6), part(number % 6)))
        }
        Color::Idx(number) => {
            let grey = 8 + 10 * (number - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

/// One line; nothing for an empty one.
fn line(screen: &Screen, row: u16, columns: u16, paper: Paper) -> Option<String> {
    let mut runs: Vec<(u16, u16, Ink, String)> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            continue;
        };
        let letter = if cell.has_contents() { cell.contents() } else { " " };
        let ink = ink(cell, paper);
        match runs.last_mut() {
            Some((_, width, known, text)) if *known == ink => {
                *width += 1;
                text.push_str(letter);
            }
            _ => runs.push((column, 1, ink, letter.to_owned())),
        }
    }
    let drawn: String =
        runs.iter().map(|(column, width, ink, text)| run(*column, *width, ink, text)).collect();
    (!drawn.is_empty()).then_some(drawn)
}

fn run(column: u16, width: u16, ink: &Ink, text: &str) -> String {
    let (x, length) = (f64::from(column) * WIDTH, f64::from(width) * WIDTH);
    let mut drawn = String::new();
    if let Some(ground) = &ink.ground {
        let _ =
            write!(drawn, "<rect x=\"{x:.1}\" width=\"{length:.1}\" height=\"{HEIGHT}\" fill=\"{ground}\"/>");
    }
    if text.trim().is_empty() {
        return drawn;
    }
    // Only what is seen is drawn, at its own place: fonts differ in the width of a space.
    let lead = text.chars().take_while(|letter| *letter == ' ').count();
    let seen = text.trim();
    let (x, length) = (x + lead as f64 * WIDTH, seen.chars().count() as f64 * WIDTH);
    let bold = if ink.bold { " font-weight=\"bold\"" } else { "" };
    let dim = if ink.dim { " opacity=\"0.6\"" } else { "" };
    let line = if ink.underline { " text-decoration=\"underline\"" } else { "" };
    let seen = seen.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = write!(
        drawn,
        "<text x=\"{x:.1}\" y=\"{BASELINE}\" textLength=\"{length:.1}\" fill=\"{}\"{bold}{dim}{line} xml:space=\"preserve\">{seen}</text>",
        ink.letters
    );
    drawn
}
