//! Colours: the only place that defines one. A colour never stands alone: what it
//! says is also said by a word or a sign.

mod palette;

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

use crate::symbols::Symbols;

/// What something is, as far as its look goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Ordinary.
    #[default]
    Plain,
    /// Of less weight: labels, what is old, what cannot be done.
    Dim,
    /// As it should be.
    Good,
    /// Somebody should look.
    Warn,
    /// Somebody must look.
    Bad,
    /// It happens now.
    Busy,
    /// A title.
    Title,
    /// A key to press.
    Key,
    /// What is chosen.
    Chosen,
    /// A frame, a rule, the empty part of a gauge.
    Line,
}

/// The themes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light ones.
    Light,
    /// As much contrast as there is.
    HighContrast,
    /// Told apart with any colour vision: blue and orange instead of green and red.
    ColourBlind,
    /// No colour at all: bold, dim, underlined and reversed.
    Mono,
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// None, or none wanted.
    None,
    /// The sixteen of the terminal.
    #[default]
    Ansi16,
    /// 256.
    Ansi256,
    /// All.
    True,
}

/// How everything looks: the theme, as far as the terminal can show it, and the signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// The theme.
    pub theme: Theme,
    /// What the terminal can show.
    pub depth: Depth,
    /// The signs.
    pub symbols: Symbols,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Dark, Self::Light, Self::HighContrast, Self::ColourBlind, Self::Mono];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::ColourBlind => "colour-blind",
            Self::Mono => "mono",
        }
    }

    /// The theme of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name)
    }
}

impl Look {
    /// How something of this tone looks.
    pub fn style(&self, tone: Tone) -> Style {
        let style = Style::new().add_modifier(self.modifier(tone));
        let is_reversed = tone == Tone::Chosen;
        match self.colours().and_then(|colours| colours.of(tone)) {
            Some(colour) if !is_reversed => style.fg(colour.at(self.depth)),
            Some(_) | None => style,
        }
    }

    /// How everything looks that nothing else is said of: with as much contrast as there
    /// is, the terminal's own background is not relied on.
    pub fn base(&self) -> Style {
        let is_painted = self.theme == Theme::HighContrast && self.depth > Depth::None;
        if is_painted { Style::new().fg(Color::White).bg(Color::Black) } else { Style::new() }
    }

    fn colours(&self) -> Option<&'static palette::Colours> {
        if self.depth == Depth::None { None } else { palette::of(self.theme) }
    }

    /// What tells it without any colour; where there are colours, less is needed.
    fn modifier(&self, tone: Tone) -> Modifier {
        let is_plain = self.colours().is_none();
        match tone {
            Tone::Chosen => Modifier::REVERSED,
            Tone::Bad if is_plain => Modifier::BOLD.union(Modifier::UNDERLINED),
            Tone::Bad | Tone::Title | Tone::Key => Modifier::BOLD,
            Tone::Warn | Tone::Busy if is_plain => Modifier::BOLD,
            Tone::Dim if is_plain => Modifier::DIM,
            // The terminal's own grey is its background in some palettes: fainter is
            // always seen.
            Tone::Dim | Tone::Line if self.depth == Depth::Ansi16 && self.theme != Theme::HighContrast => {
                Modifier::DIM
            }
            Tone::Plain | Tone::Good | Tone::Warn | Tone::Busy | Tone::Dim | Tone::Line => Modifier::empty(),
        }
    }
}

#[cfg(test)]
mod tests;
