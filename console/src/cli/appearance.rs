//! Flags about how everything looks; what they leave open is told by the environment.

use clap::{Args, ValueEnum};

use crate::capabilities::Capabilities;
use crate::symbols::Symbols;
use crate::theme::{Depth, Look, Theme};

/// How many colours to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Colour {
    /// What the terminal has, as far as TERM, COLORTERM and NO_COLOR tell.
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
    /// Leave the mouse to the terminal, which is what happens without this too
    #[arg(long)]
    pub no_mouse: bool,
}

impl AppearanceArgs {
    /// How everything looks on this terminal.
    pub fn look(&self, terminal: Capabilities) -> Look {
        let symbols = match (self.ascii, self.unicode) {
            (true, _) => Symbols::Ascii,
            (false, true) => Symbols::Unicode,
            (false, false) => terminal.symbols,
        };
        let depth = match self.colour {
            Colour::Auto => terminal.depth,
            Colour::Never => Depth::None,
            Colour::Ansi16 => Depth::Ansi16,
            Colour::Ansi256 => Depth::Ansi256,
            Colour::True => Depth::True,
        };
        Look { theme: self.theme.unwrap_or_default(), depth, symbols }
    }

    /// Whether the mouse is taken. Not unasked, since that takes away the terminal's
    /// own way of selecting text.
    pub fn is_mouse_wanted(&self) -> bool {
        self.mouse && !self.no_mouse
    }
}

fn theme(name: &str) -> Result<Theme, String> {
    Theme::named(name).ok_or_else(|| format!("expected one of {}", Theme::ALL.map(Theme::as_str).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_environment() {
        let variables = [("TERM".to_owned(), "xterm".to_owned()), ("NO_COLOR".to_owned(), "1".to_owned())];
        let terminal = Capabilities::of(&variables.into());
        let look = AppearanceArgs::default().look(terminal);
        assert_eq!((look.depth, look.symbols), (Depth::None, Symbols::Ascii));
        let flags = AppearanceArgs { colour: Colour::True, unicode: true, ..Default::default() };
        let look = flags.look(terminal);
        assert_eq!((look.depth, look.symbols), (Depth::True, Symbols::Unicode));
    }
}
