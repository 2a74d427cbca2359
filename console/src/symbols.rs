//! Signs: the only place that defines one, each for terminals with and without Unicode.

/// Which signs are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symbols {
    /// Of Unicode, each one cell wide.
    #[default]
    Unicode,
    /// Of ASCII.
    Ascii,
}

macro_rules! symbols {
    ($($(#[doc = $doc:literal])+ $name:ident = $unicode:literal, $ascii:literal;)+) => {
        /// A sign.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Symbol { $($(#[doc = $doc])+ $name,)+ }

        impl Symbol {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }

        impl Symbols {
            /// How a sign is written.
            pub const fn of(self, symbol: Symbol) -> &'static str {
                match (self, symbol) {
                    $((Self::Unicode, Symbol::$name) => $unicode,
                    (Self::Ascii, Symbol::$name) => $ascii,)+
                }
            }
        }
    };
}

symbols! {
    /// As it should be.
    Good = "●", "*";
    /// Somebody should look.
    Warn = "▲", "!";
    /// Somebody must look.
    Bad = "✖", "X";
    /// It happens now.
    Busy = "▶", ">";
    /// It is done.
    Done = "✔", "+";
    /// It is to come.
    ToCome = "○", "o";
    /// Nobody knows.
    Unknown = "?", "?";
    /// There is no such thing here.
    NotApplicable = "–", "-";
    /// What is chosen.
    Chosen = "❯", ">";
    /// What is marked.
    Marked = "◆", "#";
    /// Not allowed.
    Locked = "✕", "x";
    /// Something was cut off.
    More = "…", "~";
    /// Sorted, the least first.
    Up = "↑", "^";
    /// Sorted, the most first.
    Down = "↓", "v";
    /// An open branch.
    Open = "▾", "-";
    /// A closed branch.
    Closed = "▸", "+";
    /// Between things in a line.
    Between = "·", "|";
    /// From one to the other.
    Arrow = "→", "->";
    /// A line from side to side.
    Horizontal = "─", "-";
    /// A line from top to bottom.
    Vertical = "│", "|";
    /// A corner.
    TopLeft = "┌", "+";
    /// A corner.
    TopRight = "┐", "+";
    /// A corner.
    BottomLeft = "└", "+";
    /// A corner.
    BottomRight = "┘", "+";
    /// A line from side to side, round something dangerous.
    DangerHorizontal = "═", "=";
    /// A line from top to bottom, round something dangerous.
    DangerVertical = "║", "#";
    /// A corner of something dangerous.
    DangerTopLeft = "╔", "#";
    /// A corner of something dangerous.
    DangerTopRight = "╗", "#";
    /// A corner of something dangerous.
    DangerBottomLeft = "╚", "#";
    /// A corner of something dangerous.
    DangerBottomRight = "╝", "#";
    /// The full part of a gauge.
    Full = "█", "#";
    /// The empty part of a gauge.
    Empty = "░", ".";
    /// A part of a bar beside a full one.
    Dark = "▓", "=";
    /// A part of a bar beside that.
    Medium = "▒", "-";
    /// A mark across a bar: the objective.
    Mark = "┃", "|";
    /// One eighth of a cell, for curves; the height of nothing at all.
    Eighth1 = "▁", "_";
    /// Two eighths.
    Eighth2 = "▂", ".";
    /// Three eighths.
    Eighth3 = "▃", ",";
    /// Four eighths.
    Eighth4 = "▄", "-";
    /// Five eighths.
    Eighth5 = "▅", "~";
    /// Six eighths.
    Eighth6 = "▆", "+";
    /// Seven eighths.
    Eighth7 = "▇", "*";
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn a_sign_of_unicode_is_one_cell_wide_and_one_of_ascii_is_ascii() {
        for symbol in Symbol::ALL {
            let sign = Symbols::Unicode.of(*symbol);
            assert_eq!(sign.width(), 1, "{symbol:?} {sign}");
            assert_eq!(sign.chars().count(), 1, "{symbol:?}: no selector of a presentation, no joiner");
            let sign = Symbols::Ascii.of(*symbol);
            assert!(sign.chars().all(|letter| letter.is_ascii_graphic()), "{symbol:?} {sign}");
        }
    }

    #[test]
    fn signs_that_tell_how_something_is_differ_in_both_sets() {
        use Symbol::{Bad, Busy, Done, Good, Locked, Marked, NotApplicable, ToCome, Unknown, Warn};
        let told = [Good, Warn, Bad, Busy, Done, ToCome, Unknown, NotApplicable, Locked, Marked];
        for symbols in [Symbols::Unicode, Symbols::Ascii] {
            let signs: std::collections::BTreeSet<_> = told.map(|symbol| symbols.of(symbol)).into();
            assert_eq!(signs.len(), told.len(), "{symbols:?}");
        }
    }
}
