//! Lines as they are printed: without control characters, and wrapped at words.

use task_orchestrator_shared::phase::Phase;
use unicode_width::UnicodeWidthStr;

use crate::model::value::Value;
use crate::model::{Model, Now, words};

/// Widest line, in cells: that of the usual terminal, which would break a longer one within
/// a word. Only a single word that is longer makes a longer one.
pub(super) const WIDTH: usize = 80;

/// A text in lines of at most [`WIDTH`] cells; those behind the first are indented.
/// What gives orders becomes blanks: what a client has written gives no orders to a terminal.
pub(super) fn wrapped(text: &str) -> Vec<String> {
    let clean = words::clean(text);
    if clean.width() <= WIDTH {
        return vec![clean.trim_end().to_owned()];
    }
    let indent: String = clean.chars().take_while(|letter| *letter == ' ').collect();
    let mut lines = Vec::new();
    let mut line = indent.clone();
    let mut is_begun = false;
    for word in clean.split_whitespace() {
        if is_begun && line.width() + 1 + word.width() > WIDTH {
            lines.push(std::mem::replace(&mut line, format!("{indent}    ")));
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line);
    lines
}

/// A label with its value.
pub(super) fn fact(label: &str, value: impl AsRef<str>) -> String {
    format!("{label}: {}", value.as_ref())
}

/// A value as it is read: like the plain one, with times in the zone of the settings.
pub(super) fn value(value: &Value<'_>, model: &Model) -> String {
    match value {
        Value::Time(time) => words::time(*time, model.now.wall, &model.settings.zone),
        other => other.plain().into_owned(),
    }
}

/// A moment that the server has written.
pub(super) fn time(written: &str, model: &Model) -> String {
    value(&Value::time(written), model)
}

/// A moment of this console.
pub(super) fn moment(at: Now, model: &Model) -> String {
    words::time(at.wall, model.now.wall, &model.settings.zone)
}

/// A phase by its name, without underscores.
pub(super) fn phase(phase: Phase) -> String {
    phase.as_str().replace('_', " ")
}

/// A value that may not have been measured.
pub(super) fn known<T>(value: Option<T>, with: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "unknown".to_owned(), with)
}

/// A text that may end with a full stop, with one.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// The word for yes or no.
pub(super) fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_at_words_and_only_a_long_word_is_longer() {
        let text = format!("  {}", "word ".repeat(60));
        let lines = wrapped(&text);
        assert!(lines.len() > 2 && lines.iter().all(|line| line.width() <= WIDTH), "{lines:?}");
        assert!(lines[1].starts_with("      word"), "{lines:?}");
        let long = "x".repeat(300);
        assert_eq!(
            wrapped(&format!("a {long} b")),
            ["a".to_owned(), format!("    {long}"), "    b".to_owned()]
        );
        assert_eq!(wrapped(""), [""]);
    }

    #[test]
    fn what_was_written_elsewhere_gives_no_orders_to_the_terminal() {
        assert_eq!(wrapped("a\u{1b}[2Jb\nc\td"), ["a [2Jb c d"]);
    }
}
