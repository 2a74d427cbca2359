//! The configuration written out as it would stand in the file, each value with where it
//! comes from: what `config print` prints. It can be read back.

use std::fmt::Write;

use super::problem::Place;
use super::setting::{COLOURS, SCREENS, SYMBOLS, ZONES, name_of};
use super::{Config, Given};
use crate::action::ACTIONS;
use crate::model::list::Direction;

/// Every effective value as TOML, with its source behind it.
pub fn print(config: &Config) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String, place: &Option<Place>| {
        lines.push((format!("{name} = {value}"), source(place)));
    };
    add("theme", quoted(config.theme.value.as_str()), &config.theme.place);
    add("symbols", quoted(name_of(&SYMBOLS, config.symbols.value)), &config.symbols.place);
    add("colour", quoted(name_of(&COLOURS, config.colour.value)), &config.colour.place);
    let mouse = config.mouse.value.map_or_else(|| quoted("auto"), |mouse| mouse.to_string());
    add("mouse", mouse, &config.mouse.place);
    add("objective_ms", config.objective_ms.value.to_string(), &config.objective_ms.place);
    add("start_screen", quoted(name_of(&SCREENS, config.start_screen.value)), &config.start_screen.place);
    add("time_zone", quoted(name_of(&ZONES, config.time_zone.value)), &config.time_zone.place);
    let mut text = columns(lines);
    table(&mut text, "hidden", &config.hidden, |hidden| list(hidden.iter().copied()));
    table(&mut text, "sort", &config.sort, |(column, direction)| {
        quoted(&format!("{}{column}", if *direction == Direction::Down { "-" } else { "" }))
    });
    keys(&mut text, config);
    text
}

fn table<T>(
    text: &mut String,
    title: &str,
    entries: &std::collections::BTreeMap<crate::screen::Screen, Given<T>>,
    show: impl Fn(&T) -> String,
) {
    if entries.is_empty() {
        return;
    }
    let lines = entries.iter().map(|(screen, given)| {
        (format!("{} = {}", name_of(&SCREENS, *screen), show(&given.value)), source(&given.place))
    });
    // Writing to a string cannot fail.
    let _ = write!(text, "\n[{title}]\n{}", columns(lines.collect()));
}

fn keys(text: &mut String, config: &Config) {
    let lines = ACTIONS.iter().map(|action| {
        let keys: Vec<String> = config.keymap.keys(action.id).iter().map(ToString::to_string).collect();
        let place = config.keys.get(action.name).cloned();
        (format!("{} = {}", action.name, list(keys.iter().map(String::as_str))), source(&place))
    });
    let _ = write!(text, "\n[keys]\n{}", columns(lines.collect()));
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn source(place: &Option<Place>) -> String {
    place.as_ref().map_or_else(|| "default".to_owned(), ToString::to_string)
}

fn columns(lines: Vec<(String, String)>) -> String {
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default();
    lines.iter().map(|(line, source)| format!("{line:width$}  # {source}\n")).collect()
}
