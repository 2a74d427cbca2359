//! What each key of the file means. Every value is looked at, whatever is wrong with the
//! others; only when all are good is there a configuration.

use std::collections::BTreeSet;

use crossterm::event::KeyCode;
use toml::de::DeValue;

use super::file::{Parsed, Value};
use super::problem::{Place, Problem, one_of, suggestion};
use super::setting::{self, COLOURS, SCREENS, SYMBOLS, Wrong, ZONES};
use super::{ColumnsOf, Config, ConfigErrors, Given};
use crate::action::{ACTIONS, Action, ActionId};
use crate::key::{Key, NoKey};
use crate::keymap::Conflict;
use crate::model::list::Direction;
use crate::screen::Screen;

/// The keys at the top.
const KEYS: [&str; 7] = ["theme", "symbols", "colour", "mouse", "objective_ms", "start_screen", "time_zone"];

/// The tables.
const TABLES: [&str; 3] = ["hidden", "sort", "keys"];

/// What a key can be, in short.
const KEYS_ARE: &str = "a character, ctrl-CHARACTER, alt-CHARACTER, or a name like enter, tab, pageup, f2";

/// Most keys of one action.
const MAX_KEYS: usize = 8;

struct Builder {
    config: Config,
    problems: Vec<Problem>,
    columns: ColumnsOf,
}

/// The configuration, where nothing is wrong.
pub(super) fn build(parsed: Parsed<'_>, columns: ColumnsOf) -> Result<Config, ConfigErrors> {
    let mut builder = Builder { config: Config::default(), problems: parsed.problems, columns };
    for value in &parsed.values {
        builder.take(value);
    }
    builder.find_conflicts();
    let Builder { config, mut problems, .. } = builder;
    problems.sort_by(|one, other| one.place.cmp(&other.place));
    if problems.is_empty() { Ok(config) } else { Err(ConfigErrors(problems)) }
}

impl Builder {
    fn take(&mut self, value: &Value<'_>) {
        match value.path.as_slice() {
            ["hidden", screen] => self.hidden(screen, value),
            ["sort", screen] => self.sort(screen, value),
            ["keys", action] | ["keys", _, action] if !matches!(value.raw, DeValue::Table(_)) => {
                self.keys(action, value);
            }
            // A group of keys without any is nothing wrong.
            ["hidden" | "sort" | "keys"] | ["keys", _] if matches!(value.raw, DeValue::Table(_)) => {}
            [name] if KEYS.contains(name) => {
                let read = self.top(name, value);
                self.note(value, read);
            }
            path => self.unknown(path, value),
        }
    }

    fn top(&mut self, name: &str, value: &Value<'_>) -> Result<(), Wrong> {
        let (config, raw) = (&mut self.config, value.raw);
        match name {
            "theme" => config.theme = given(setting::named(raw, &setting::themes())?, value),
            "symbols" => config.symbols = given(setting::named(raw, &SYMBOLS)?, value),
            "colour" => config.colour = given(setting::named(raw, &COLOURS)?, value),
            "mouse" => config.mouse = given(setting::flag(raw)?, value),
            "objective_ms" => config.objective_ms = given(setting::millis(raw)?, value),
            "start_screen" => config.start_screen = given(setting::named(raw, &SCREENS)?, value),
            _ => config.time_zone = given(setting::named(raw, &ZONES)?, value),
        }
        Ok(())
    }

    fn note(&mut self, value: &Value<'_>, read: Result<(), Wrong>) {
        if let Err((message, help)) = read {
            let message = format!("{} {message}", value.path.join("."));
            self.problems.push(Problem { place: value.place.clone(), message, help });
        }
    }

    fn unknown(&mut self, path: &[&str], value: &Value<'_>) {
        let name = path.join(".");
        let last = path.last().copied().unwrap_or_default();
        let known = KEYS.into_iter().chain(TABLES);
        let help = suggestion(path.first().copied().unwrap_or_default(), known.clone())
            .or_else(|| suggestion(last, known.clone()))
            .or_else(|| Some(format!("known are {}", one_of(known))));
        let message = format!("unknown key {name}");
        self.problems.push(Problem { place: value.place.clone(), message, help });
    }

    /// The screen of this name; what is wrong is noted.
    fn screen(&mut self, name: &str, value: &Value<'_>) -> Option<Screen> {
        let found = SCREENS.iter().find(|(known, _)| *known == name).map(|(_, screen)| *screen);
        if found.is_none() {
            let known = || SCREENS.iter().map(|(name, _)| *name);
            let help = suggestion(name, known()).or_else(|| Some(format!("known are {}", one_of(known()))));
            let message = format!("there is no screen {name}");
            self.problems.push(Problem { place: value.place.clone(), message, help });
        }
        found
    }

    fn column(&self, screen: Screen, name: &str) -> Result<&'static str, Wrong> {
        let known = || (self.columns)(screen).iter().map(|column| column.id);
        known().find(|id| *id == name).ok_or_else(|| {
            let all = one_of(known());
            let known_are =
                || if all.is_empty() { "it has none".to_owned() } else { format!("known are {all}") };
            let help = suggestion(name, known()).unwrap_or_else(known_are);
            let screen = setting::name_of(&SCREENS, screen);
            (format!("names {name:?}, which is no column of {screen}"), Some(help))
        })
    }

    fn hidden(&mut self, name: &str, value: &Value<'_>) {
        let Some(screen) = self.screen(name, value) else { return };
        let mut hidden = BTreeSet::new();
        for name in setting::texts(value.raw) {
            match name.and_then(|name| self.column(screen, name)) {
                Ok(id) => drop(hidden.insert(id)),
                Err(wrong) => self.note(value, Err(wrong)),
            }
        }
        self.config.hidden.insert(screen, given(hidden, value));
    }

    /// A column, the least first; with `-` before it, the most first.
    fn sort(&mut self, name: &str, value: &Value<'_>) {
        let Some(screen) = self.screen(name, value) else { return };
        let Some(text) = setting::text(value.raw) else {
            let message = format!(
                "is {}; a column is wanted, `-` before it for the most first",
                setting::kind(value.raw)
            );
            return self.note(value, Err((message, None)));
        };
        let (direction, name) =
            text.strip_prefix('-').map_or((Direction::Up, text), |name| (Direction::Down, name));
        match self.column(screen, name) {
            Ok(id) => drop(self.config.sort.insert(screen, given((id, direction), value))),
            Err(wrong) => self.note(value, Err(wrong)),
        }
    }

    fn keys(&mut self, name: &str, value: &Value<'_>) {
        let read = self.read_keys(name, value);
        self.note(value, read);
    }

    fn read_keys(&mut self, name: &str, value: &Value<'_>) -> Result<(), Wrong> {
        let action = Action::named(name).ok_or_else(|| {
            let known = ACTIONS.iter().map(|action| action.name);
            ("is for no action that there is".to_owned(), suggestion(name, known))
        })?;
        if let Some(place) = self.config.keys.get(action.name) {
            return Err((format!("was given before, at {place}"), None));
        }
        let texts = setting::texts(value.raw);
        if texts.len() > MAX_KEYS {
            return Err((format!("has {} keys; {MAX_KEYS} at most are wanted", texts.len()), None));
        }
        let mut keys: Vec<Key> = Vec::new();
        for text in texts {
            match text.and_then(|text| key(text, action)) {
                Ok(key) if !keys.contains(&key) => keys.push(key),
                Ok(_) => {}
                Err(wrong) => self.note(value, Err(wrong)),
            }
        }
        self.config.keymap.set(action.id, keys);
        self.config.keys.insert(action.name, value.place.clone());
        Ok(())
    }

    /// Each pair of actions that one key stands for, once, with the place of both.
    fn find_conflicts(&mut self) {
        let mut told: Vec<Conflict> = Vec::new();
        for conflict in self.config.keymap.conflicts() {
            let is_told = |one: &Conflict| {
                (one.key, one.one, one.other) == (conflict.key, conflict.one, conflict.other)
            };
            if told.iter().any(is_told) {
                continue;
            }
            let of = |name: &str| self.config.keys.get(name).cloned();
            let (one, other) = (of(conflict.one), of(conflict.other));
            // The later one is the mistake; a default has no place and is none.
            let place = one.clone().max(other.clone());
            let tell = |name: &str, place: Option<Place>| {
                place.map_or_else(|| format!("{name} (by default)"), |place| format!("{name} ({place})"))
            };
            if let Some(place) = place {
                let message = format!(
                    "{} stands for {} and for {} on {}",
                    conflict.key,
                    tell(conflict.one, one),
                    tell(conflict.other, other),
                    conflict.screen.title()
                );
                let help = Some("give one of them another key, or [] for none".to_owned());
                self.problems.push(Problem { place, message, help });
            }
            told.push(conflict);
        }
    }
}

fn key(text: &str, action: &Action) -> Result<Key, Wrong> {
    let key: Key = text.parse().map_err(|NoKey(text)| {
        (format!("has {text:?}, which is no key"), Some(format!("keys are {KEYS_ARE}")))
    })?;
    let ends = key == Key { code: KeyCode::Char('c'), ctrl: true, alt: false };
    if ends && action.id != ActionId::Quit {
        return Err(("has ctrl-c, which always ends the console".to_owned(), None));
    }
    Ok(key)
}

fn given<T>(value: T, at: &Value<'_>) -> Given<T> {
    Given { value, place: Some(at.place.clone()) }
}
