//! What the terminal can show, from the environment alone: nothing is asked of the
//! terminal, whose answer may come late and be read as keys.

use std::collections::BTreeMap;

use crate::symbols::Symbols;
use crate::theme::Depth;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// How many colours it has, or is to use.
    pub depth: Depth,
    /// Which signs it has.
    pub symbols: Symbols,
    /// Whether it can do nothing but write lines.
    pub is_dumb: bool,
    /// Whether it is at the other end of a network.
    pub is_ssh: bool,
    /// Whether a tmux or screen lies between.
    pub is_multiplexed: bool,
}

impl Capabilities {
    /// From these variables.
    pub fn of(environment: &BTreeMap<String, String>) -> Self {
        let variable = |name: &str| environment.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let term = variable("TERM").unwrap_or("dumb");
        let is_dumb = matches!(term, "dumb" | "unknown");
        Self {
            depth: depth(&variable, term, is_dumb),
            symbols: symbols(&variable, term, is_dumb),
            is_dumb,
            is_ssh: ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"]
                .into_iter()
                .any(|name| variable(name).is_some()),
            is_multiplexed: ["TMUX", "STY"].into_iter().any(|name| variable(name).is_some())
                || term.starts_with("tmux")
                || term.starts_with("screen"),
        }
    }
}

fn depth<'a>(variable: &impl Fn(&str) -> Option<&'a str>, term: &str, is_dumb: bool) -> Depth {
    // https://no-color.org: whatever stands in it, unless nothing does.
    if is_dumb || variable("NO_COLOR").is_some() {
        return Depth::None;
    }
    // These two show other colours than those that they are told exactly.
    let is_limited = variable("STY").is_some() || variable("TERM_PROGRAM") == Some("Apple_Terminal");
    let says_true = matches!(variable("COLORTERM"), Some("truecolor" | "24bit"))
        || term.ends_with("-direct")
        || variable("WT_SESSION").is_some();
    if says_true && !is_limited {
        return Depth::True;
    }
    if says_true || term.contains("256color") { Depth::Ansi256 } else { Depth::Ansi16 }
}

fn symbols<'a>(variable: &impl Fn(&str) -> Option<&'a str>, term: &str, is_dumb: bool) -> Symbols {
    // The first of these that is set decides, as everywhere in POSIX.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    let is_utf8 = locale.contains("utf-8") || locale.contains("utf8");
    // The console of Linux knows UTF-8, and its font has few signs.
    if is_utf8 && !is_dumb && term != "linux" { Symbols::Unicode } else { Symbols::Ascii }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &str) -> Capabilities {
        let pairs = variables.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        Capabilities::of(&pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn colours() {
        for (variables, depth) in [
            ("TERM=xterm", Depth::Ansi16),
            ("TERM=xterm-256color", Depth::Ansi256),
            ("TERM=xterm-256color COLORTERM=truecolor", Depth::True),
            ("TERM=xterm COLORTERM=24bit", Depth::True),
            ("TERM=xterm-direct", Depth::True),
            ("TERM=xterm-256color COLORTERM=yes", Depth::Ansi256),
            ("TERM=xterm-256color COLORTERM=truecolor NO_COLOR=1", Depth::None),
            ("TERM=xterm-256color COLORTERM=truecolor NO_COLOR=0", Depth::None),
            ("TERM=xterm-256color COLORTERM=truecolor NO_COLOR=", Depth::True),
            ("TERM=screen-256color COLORTERM=truecolor STY=1.x", Depth::Ansi256),
            ("TERM=tmux-256color COLORTERM=truecolor TMUX=/tmp/t", Depth::True),
            ("TERM=xterm-256color TERM_PROGRAM=Apple_Terminal COLORTERM=truecolor", Depth::Ansi256),
            ("TERM=dumb COLORTERM=truecolor", Depth::None),
            ("COLORTERM=truecolor", Depth::None),
            ("TERM=linux", Depth::Ansi16),
        ] {
            assert_eq!(of(variables).depth, depth, "{variables}");
        }
    }

    #[test]
    fn signs() {
        for (variables, symbols) in [
            ("TERM=xterm LANG=de_DE.UTF-8", Symbols::Unicode),
            ("TERM=xterm LANG=C.utf8", Symbols::Unicode),
            ("TERM=xterm LANG=C", Symbols::Ascii),
            ("TERM=xterm", Symbols::Ascii),
            ("TERM=xterm LANG=de_DE.UTF-8 LC_ALL=C", Symbols::Ascii),
            ("TERM=xterm LANG=C LC_CTYPE=en_US.UTF-8", Symbols::Unicode),
            ("TERM=xterm LANG=C LC_ALL= LC_CTYPE=en_US.UTF-8", Symbols::Unicode),
            ("TERM=linux LANG=de_DE.UTF-8", Symbols::Ascii),
            ("TERM=dumb LANG=de_DE.UTF-8", Symbols::Ascii),
        ] {
            assert_eq!(of(variables).symbols, symbols, "{variables}");
        }
    }

    #[test]
    fn where_it_is() {
        assert!(of("").is_dumb && of("TERM=dumb").is_dumb && !of("TERM=xterm").is_dumb);
        assert!(of("TERM=xterm SSH_TTY=/dev/pts/1").is_ssh && !of("TERM=xterm").is_ssh);
        assert!(of("TERM=xterm TMUX=/tmp/t").is_multiplexed && of("TERM=screen").is_multiplexed);
        assert!(!of("TERM=xterm").is_multiplexed);
    }
}
