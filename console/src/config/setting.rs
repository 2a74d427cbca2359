//! How single values are read: what a name stands for, and what is said of one that
//! stands for nothing.

use toml::de::DeValue;

use super::Zone;
use super::problem::{one_of, suggestion};
use crate::screen::Screen;
use crate::symbols::Symbols;
use crate::theme::{Depth, Theme};

/// What is wrong with a value, and what was probably meant.
pub(super) type Wrong = (String, Option<String>);

/// One of several names.
pub(super) fn named<T: Copy>(raw: &DeValue<'_>, names: &[(&'static str, T)]) -> Result<T, Wrong> {
    let all = || one_of(names.iter().map(|(name, _)| *name));
    // A name that is a number, like 256, may be written as one.
    let written = match raw {
        DeValue::Integer(number) => Some(number.as_str()),
        raw => text(raw),
    };
    let written = written.unwrap_or_default();
    let found = names.iter().find(|(name, _)| *name == written).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let message = format!("is {}; one of these is wanted: {}", kind(raw), all());
        (message, suggestion(written, names.iter().map(|(name, _)| *name)))
    })
}

/// A text.
pub(super) fn text<'a>(raw: &'a DeValue<'_>) -> Option<&'a str> {
    match raw {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

/// A text, or several; each that is none is a mistake of its own.
pub(super) fn texts<'a>(raw: &'a DeValue<'_>) -> Vec<Result<&'a str, Wrong>> {
    let one = |raw: &'a DeValue<'_>| {
        text(raw).ok_or_else(|| (format!("has {}; a text or a list of texts is wanted", kind(raw)), None))
    };
    match raw {
        DeValue::Array(items) => items.iter().map(|item| one(item.get_ref())).collect(),
        raw => vec![one(raw)],
    }
}

/// Milliseconds, more than none.
pub(super) fn millis(raw: &DeValue<'_>) -> Result<f64, Wrong> {
    let number = match raw {
        DeValue::Integer(number) => number.as_str().parse::<f64>().ok().filter(|_| number.radix() == 10),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
        _ => None,
    };
    let is_good = |number: &f64| number.is_finite() && (1.0..=3_600_000.0).contains(number);
    number.filter(is_good).ok_or_else(|| {
        (format!("is {}; a number of milliseconds from 1 to 3600000 is wanted", kind(raw)), None)
    })
}

/// Yes, no, or `auto`.
pub(super) fn flag(raw: &DeValue<'_>) -> Result<Option<bool>, Wrong> {
    match raw {
        DeValue::Boolean(flag) => Ok(Some(*flag)),
        raw if text(raw) == Some("auto") => Ok(None),
        raw => Err((format!("is {}; true, false or \"auto\" is wanted", kind(raw)), None)),
    }
}

/// What a value is, in words.
pub(super) fn kind(raw: &DeValue<'_>) -> String {
    match raw {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Themes by their names.
pub(super) fn themes() -> [(&'static str, Theme); 5] {
    Theme::ALL.map(|theme| (theme.as_str(), theme))
}

/// Signs by their names.
pub(super) const SYMBOLS: [(&str, Option<Symbols>); 3] =
    [("auto", None), ("unicode", Some(Symbols::Unicode)), ("ascii", Some(Symbols::Ascii))];

/// Colours by their names.
pub(super) const COLOURS: [(&str, Option<Depth>); 5] = [
    ("auto", None),
    ("none", Some(Depth::None)),
    ("16", Some(Depth::Ansi16)),
    ("256", Some(Depth::Ansi256)),
    ("true", Some(Depth::True)),
];

/// Time zones by their names.
pub(super) const ZONES: [(&str, Zone); 2] = [("local", Zone::Local), ("utc", Zone::Utc)];

/// Screens by their names, which are those of the actions that show them.
pub(super) const SCREENS: [(&str, Screen); 9] = [
    ("overview", Screen::Overview),
    ("connections", Screen::Connections),
    ("restarts", Screen::Restarts),
    ("state", Screen::State),
    ("tasks", Screen::Tasks),
    ("dead-letters", Screen::DeadLetters),
    ("logs", Screen::Logs),
    ("audit", Screen::Audit),
    ("configuration", Screen::Configuration),
];

/// The name of a value in such a list.
pub(super) fn name_of<T: Copy + PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}
