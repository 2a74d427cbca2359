//! What the terminal can show, as far as the environment tells. The terminal itself is
//! not asked: its answer may come late, and then it would be taken for keys.

use crate::symbols::Symbols;
use crate::theme::Depth;

/// The environment, by the names of its variables.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// How many colours there are.
pub fn depth(environment: Environment<'_>) -> Depth {
    if environment("NO_COLOR").is_some() {
        return Depth::None;
    }
    let colours = environment("COLORTERM").unwrap_or_default();
    let term = environment("TERM").unwrap_or_default();
    if colours == "truecolor" || colours == "24bit" || term.ends_with("-direct") {
        Depth::True
    } else if term.contains("256") {
        Depth::Ansi256
    } else if term.starts_with("vt1") || term.starts_with("vt2") || term.ends_with("-m") {
        Depth::None
    } else {
        Depth::Ansi16
    }
}

/// Which signs there are. The console of Linux has few beyond ASCII.
pub fn symbols(environment: Environment<'_>) -> Symbols {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(environment).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    let has_unicode = locale.contains("utf-8") || locale.contains("utf8");
    let is_linux = environment("TERM").is_some_and(|term| term == "linux");
    if has_unicode && !is_linux { Symbols::Unicode } else { Symbols::Ascii }
}

/// Whether the terminal is at the other end of a network.
pub fn is_remote(environment: Environment<'_>) -> bool {
    ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].into_iter().any(|name| environment(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(variables: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn colours_are_those_that_the_terminal_is_known_to_have() {
        for (variables, expected) in [
            (&[("TERM", "xterm")][..], Depth::Ansi16),
            (&[("TERM", "xterm-256color")], Depth::Ansi256),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "vt100")], Depth::None),
            (&[("TERM", "linux")], Depth::Ansi16),
        ] {
            assert_eq!(depth(&of(variables)), expected, "{variables:?}");
        }
    }

    #[test]
    fn signs_follow_the_locale() {
        for (variables, expected) in [
            (&[("LANG", "de_DE.UTF-8")][..], Symbols::Unicode),
            (&[("LANG", "C.utf8")], Symbols::Unicode),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")], Symbols::Ascii),
            (&[], Symbols::Ascii),
            (&[("LANG", "de_DE.UTF-8"), ("TERM", "linux")], Symbols::Ascii),
        ] {
            assert_eq!(symbols(&of(variables)), expected, "{variables:?}");
        }
    }
}
