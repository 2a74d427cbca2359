//! Flags about how everything looks; what they leave open is as configured, and what
//! that leaves open is told by the environment.

use clap::{Args, ValueEnum};

use crate::symbols::Symbols;
use crate::theme::{Depth, Look, Theme};

/// How many colours to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Colour {
    /// As configured, or what the terminal has, as far as TERM, COLORTERM and NO_COLOR tell.
    #[default]
    Auto,
    /// None.
    Never,
    /// The sixteen of the terminal.
    #[value(name = "16")]
    Ansi16,
    /// 256.
    #[value(name = "256")]
    Ansi256,
    /// All.
    True,
}

/// How everything looks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How it looks")]
pub struct AppearanceArgs {
    /// dark, light, high-contrast, colour-blind or mono
    #[arg(long, value_name = "NAME", value_parser = theme)]
    pub theme: Option<Theme>,
    /// Signs of ASCII only
    #[arg(long, conflicts_with = "unicode")]
    pub ascii: bool,
    /// Signs of Unicode, whatever the locale says
    #[arg(long)]
    pub unicode: bool,
    /// How many colours
    #[arg(long, alias = "color", value_name = "HOW MANY", value_enum, default_value_t)]
    pub colour: Colour,
    /// Take the mouse; selecting text then needs shift (f2 changes it)
    #[arg(long, conflicts_with = "no_mouse")]
    pub mouse: bool,
    /// Leave the mouse to the terminal, which is what happens unless it is configured
    #[arg(long)]
    pub no_mouse: bool,
}

impl AppearanceArgs {
    /// How everything looks; what no flag tells is as configured.
    pub fn look(&self, configured: Look) -> Look {
        let symbols = match (self.ascii, self.unicode) {
            (true, _) => Symbols::Ascii,
            (false, true) => Symbols::Unicode,
            (false, false) => configured.symbols,
        };
        let depth = match self.colour {
            Colour::Auto => configured.depth,
            Colour::Never => Depth::None,
            Colour::Ansi16 => Depth::Ansi16,
            Colour::Ansi256 => Depth::Ansi256,
            Colour::True => Depth::True,
        };
        Look { theme: self.theme.unwrap_or(configured.theme), depth, symbols }
    }

    /// Whether the mouse is taken, where a flag tells.
    pub fn mouse(&self) -> Option<bool> {
        (self.mouse || self.no_mouse).then_some(self.mouse)
    }
}

fn theme(name: &str) -> Result<Theme, String> {
    Theme::named(name).ok_or_else(|| format!("expected one of {}", Theme::ALL.map(Theme::as_str).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_what_is_configured() {
        let configured = Look { theme: Theme::Light, depth: Depth::None, symbols: Symbols::Ascii };
        assert_eq!(AppearanceArgs::default().look(configured), configured);
        let flags = AppearanceArgs {
            colour: Colour::True,
            unicode: true,
            theme: Some(Theme::Mono),
            ..Default::default()
        };
        let look = flags.look(configured);
        assert_eq!(look, Look { theme: Theme::Mono, depth: Depth::True, symbols: Symbols::Unicode });
        assert_eq!(AppearanceArgs::default().mouse(), None);
        assert_eq!(AppearanceArgs { no_mouse: true, ..Default::default() }.mouse(), Some(false));
    }
}
