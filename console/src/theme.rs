//! Colours: the only place that defines one. A colour never stands alone: what it
//! says is also said by a word or a sign.

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
        let style = Style::new();
        if self.depth == Depth::None || self.theme == Theme::Mono {
            return match tone {
                Tone::Plain | Tone::Good | Tone::Line => style,
                Tone::Dim => style.add_modifier(Modifier::DIM),
                Tone::Warn | Tone::Title | Tone::Key | Tone::Busy => style.add_modifier(Modifier::BOLD),
                Tone::Bad => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
                Tone::Chosen => style.add_modifier(Modifier::REVERSED),
            };
        }
        match tone {
            Tone::Plain => style,
            Tone::Dim | Tone::Line => style.fg(Color::DarkGray),
            Tone::Good => style.fg(Color::Green),
            Tone::Warn => style.fg(Color::Yellow),
            Tone::Bad => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Busy => style.fg(Color::Cyan),
            Tone::Title => style.add_modifier(Modifier::BOLD),
            Tone::Key => style.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            Tone::Chosen => style.add_modifier(Modifier::REVERSED),
        }
    }
}
