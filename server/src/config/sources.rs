//! Every value that was given, from wherever it came, in order of rising weight:
//! file, environment, flags. It finds out which key is meant; whether the value
//! is a good one is the key's own business.

use std::ffi::OsString;

use super::file;
use super::key::{Key, VARIABLE_PREFIX, parse};
use super::problem::{Origin, Problem, Warning, suggestion};
use super::setting::{Raw, Setting};
use super::table::KEYS;
use super::{Entry, FlagSetting};
use crate::workspace::{ADMIN_SOCKET_VARIABLE, WORKSPACE_VARIABLE};

/// A value for a key.
struct Given<'a> {
    key: &'static Key,
    raw: Raw<'a>,
    origin: Origin,
}

/// All values given.
#[derive(Default)]
pub(super) struct Sources<'a> {
    given: Vec<Given<'a>>,
}

/// What came out of looking at them.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
    pub(super) entries: Vec<Entry>,
}

impl<'a> Sources<'a> {
    pub(super) fn add_file(&mut self, file: &'a file::Parsed<'a>, outcome: &mut Outcome) {
        outcome.problems.extend(file.problems.iter().cloned());
        for value in &file.values {
            match key_of(&value.path) {
                Some(key) => {
                    self.given.push(Given { key, raw: value.raw.clone(), origin: value.origin.clone() });
                }
                None => outcome.problems.push(unknown_key(&value.path, value.origin.clone())),
            }
        }
    }

    /// Variables of the prefix that belong to no key are only warned of: another
    /// version of the program may know them.
    pub(super) fn add_environment(&mut self, variables: &'a [(OsString, OsString)], outcome: &mut Outcome) {
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLE_PREFIX)) else { continue };
            if [WORKSPACE_VARIABLE, ADMIN_SOCKET_VARIABLE].contains(&name) || value.is_empty() {
                continue;
            }
            let origin = Origin::Variable(name.to_owned());
            let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
                let names: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let known =
                    names.iter().map(String::as_str).chain([WORKSPACE_VARIABLE, ADMIN_SOCKET_VARIABLE]);
                let help = suggestion(name, known);
                outcome.warnings.push(Warning { origin, message: "no key has this name".to_owned(), help });
                continue;
            };
            match value.to_str() {
                Some(text) => self.given.push(Given { key, raw: Raw::Word(text), origin }),
                None => outcome.problems.push(Problem {
                    origin,
                    message: "the value is not valid UTF-8".to_owned(),
                    help: None,
                }),
            }
        }
    }

    pub(super) fn add_flags(&mut self, flags: &'a [FlagSetting], outcome: &mut Outcome) {
        for flag in flags {
            let origin = Origin::Flag(flag.flag.clone());
            match key_of(&flag.path) {
                Some(key) => self.given.push(Given { key, raw: Raw::Word(&flag.value), origin }),
                None => outcome.problems.push(unknown_key(&flag.path, origin)),
            }
        }
    }

    /// The value that weighs most, or the default. A bad value is a problem even
    /// where a heavier one hides it.
    pub(super) fn resolve<T: Setting>(&self, key: &'static Key, outcome: &mut Outcome) -> Option<T> {
        let mut winner = None;
        let default = Given { key, raw: Raw::Word(key.default), origin: Origin::Default };
        let given = self.given.iter().filter(|given| std::ptr::eq(given.key, key));
        for given in std::iter::once(&default).chain(given) {
            match parse::<T>(key, &given.raw) {
                Ok(value) => winner = Some((value, &given.origin)),
                Err(reason) => outcome.problems.push(Problem {
                    origin: given.origin.clone(),
                    message: format!("{}: {reason}", key.path()),
                    help: None,
                }),
            }
        }
        let (value, origin) = winner?;
        outcome.entries.push(Entry { key, value: value.show(), origin: origin.clone() });
        Some(value)
    }
}

fn key_of(path: &str) -> Option<&'static Key> {
    let (section, name) = path.split_once('.')?;
    KEYS.iter().find(|key| key.section == section && key.name == name)
}

fn unknown_key(path: &str, origin: Origin) -> Problem {
    let paths: Vec<String> = KEYS.iter().map(Key::path).collect();
    let help = suggestion(path, paths.iter().map(String::as_str));
    Problem { origin, message: format!("unknown key {path}"), help }
}
