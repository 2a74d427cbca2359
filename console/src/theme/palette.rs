//! The colours of each theme, each in three depths: the terminal's sixteen, which look as
//! its owner has set them, the nearest of 256, and exactly. Checked against the
//! background that the theme is for.

use ratatui::style::Color;

use super::{Depth, Theme, Tone};

/// One colour in three depths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shade {
    /// Of the terminal's sixteen; nothing where its own foreground serves best.
    ansi: Option<Color>,
    /// Of 256: one of the 240 that no terminal changes.
    indexed: u8,
}

/// What differs from plain text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colours {
    dim: Shade,
    good: Shade,
    warn: Shade,
    bad: Shade,
    busy: Shade,
    key: Shade,
    line: Shade,
    title: Option<Shade>,
}

const fn shade(ansi: Color, indexed: u8) -> Shade {
    Shade { ansi: Some(ansi), indexed }
}

/// One that stays the terminal's foreground where there are only sixteen.
const fn grey(indexed: u8) -> Shade {
    Shade { ansi: None, indexed }
}

static DARK: Colours = Colours {
    dim: grey(248),
    good: shade(Color::Green, 78),
    warn: shade(Color::Yellow, 221),
    bad: shade(Color::Red, 210),
    busy: shade(Color::Cyan, 81),
    key: shade(Color::Cyan, 111),
    line: grey(244),
    title: None,
};

static LIGHT: Colours = Colours {
    dim: grey(241),
    good: shade(Color::Green, 22),
    // Yellow is not seen on white.
    warn: shade(Color::Magenta, 94),
    bad: shade(Color::Red, 124),
    busy: shade(Color::Blue, 24),
    key: shade(Color::Blue, 19),
    line: grey(243),
    title: None,
};

static HIGH_CONTRAST: Colours = Colours {
    dim: shade(Color::White, 252),
    good: shade(Color::LightGreen, 84),
    warn: shade(Color::LightYellow, 227),
    bad: shade(Color::LightRed, 210),
    busy: shade(Color::LightCyan, 87),
    key: shade(Color::LightCyan, 153),
    line: shade(Color::White, 231),
    title: Some(shade(Color::White, 231)),
};

static COLOUR_BLIND: Colours = Colours {
    dim: grey(248),
    good: shade(Color::LightBlue, 75),
    warn: shade(Color::LightYellow, 229),
    bad: shade(Color::LightRed, 208),
    busy: shade(Color::LightMagenta, 183),
    key: shade(Color::Cyan, 153),
    line: grey(244),
    title: None,
};

/// The colours of a theme; nothing for one without.
pub(super) fn of(theme: Theme) -> Option<&'static Colours> {
    match theme {
        Theme::Dark => Some(&DARK),
        Theme::Light => Some(&LIGHT),
        Theme::HighContrast => Some(&HIGH_CONTRAST),
        Theme::ColourBlind => Some(&COLOUR_BLIND),
        Theme::Mono => None,
    }
}

impl Colours {
    /// The colour of a tone; nothing where it is that of plain text.
    pub(super) fn of(&self, tone: Tone) -> Option<Shade> {
        match tone {
            Tone::Plain | Tone::Chosen => None,
            Tone::Title => self.title,
            Tone::Dim => Some(self.dim),
            Tone::Good => Some(self.good),
            Tone::Warn => Some(self.warn),
            Tone::Bad => Some(self.bad),
            Tone::Busy => Some(self.busy),
            Tone::Key => Some(self.key),
            Tone::Line => Some(self.line),
        }
    }
}

impl Shade {
    /// It, where there are so many colours.
    pub(super) fn at(self, depth: Depth) -> Color {
        match depth {
            Depth::None => Color::Reset,
            Depth::Ansi16 => self.ansi.unwrap_or(Color::Reset),
            Depth::Ansi256 => Color::Indexed(self.indexed),
            Depth::True => {
                let (red, green, blue) = exact(self.indexed);
                Color::Rgb(red, green, blue)
            }
        }
    }
}

/// What one of the 256 stands for: a cube of 6 × 6 × 6, then 24 greys.
const fn exact(indexed: u8) -> (u8, u8, u8) {
    if indexed >= 232 {
        let grey = 8 + (indexed - 232) * 10;
        return (grey, grey, grey);
    }
    let place = indexed.saturating_sub(16);
    (level(place / 36), level(place / 6 % 6), level(place % 6))
}

const fn level(step: u8) -> u8 {
    if step == 0 { 0 } else { 55 + step * 40 }
}
