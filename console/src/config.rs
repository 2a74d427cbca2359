//! The console's configuration: one file, read once and whole. All mistakes are told at
//! once, each with its place; with a mistake in it the console does not start.
//!
//! It knows no environment but what it is given, and the console never writes the file.

mod file;
mod problem;
mod render;
mod setting;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::tz::TimeZone;

use crate::capabilities::Capabilities;
use crate::keymap::Keymap;
use crate::model::list::{Direction, ListState};
use crate::model::rows::Column;
use crate::model::{Model, Settings};
use crate::screen::Screen;
use crate::symbols::Symbols;
use crate::theme::{Depth, Look, Theme};

pub use file::MAX_FILE_BYTES;
pub use problem::{ConfigErrors, Place, Problem};
pub use render::print;

/// A value, and where it was given; nowhere is the default.
#[derive(Debug, Clone, PartialEq)]
pub struct Given<T> {
    /// It.
    pub value: T,
    /// Where it was given.
    pub place: Option<Place>,
}

/// In which time zone times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// That of this machine.
    Local,
    /// UTC.
    Utc,
}

/// How the rows of a screen are sorted at the start.
pub type Sort = (&'static str, Direction);

/// Which columns a screen has: the ids that the configuration may name.
pub type ColumnsOf = fn(Screen) -> &'static [Column];

/// What the file says, and the defaults for the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The theme.
    pub theme: Given<Theme>,
    /// The signs; nothing for what the terminal has.
    pub symbols: Given<Option<Symbols>>,
    /// The colours; nothing for what the terminal has. It weighs more than `NO_COLOR`:
    /// who writes it here means this program.
    pub colour: Given<Option<Depth>>,
    /// Whether the mouse is taken; nothing: but over a network. Not unasked: it takes
    /// away the terminal's own way of selecting text.
    pub mouse: Given<Option<bool>>,
    /// The objective for a restart, in milliseconds.
    pub objective_ms: Given<f64>,
    /// The screen that comes first.
    pub start_screen: Given<Screen>,
    /// The time zone.
    pub time_zone: Given<Zone>,
    /// Columns that are not shown.
    pub hidden: BTreeMap<Screen, Given<BTreeSet<&'static str>>>,
    /// By which column rows are sorted.
    pub sort: BTreeMap<Screen, Given<Sort>>,
    /// Which key does what.
    pub keymap: Keymap,
    /// Where keys were given, by the name of the action.
    pub keys: BTreeMap<&'static str, Place>,
}

impl Default for Config {
    fn default() -> Self {
        fn given<T>(value: T) -> Given<T> {
            Given { value, place: None }
        }
        Self {
            theme: given(Theme::default()),
            symbols: given(None),
            colour: given(None),
            mouse: given(Some(false)),
            objective_ms: given(1000.0),
            start_screen: given(Screen::default()),
            time_zone: given(Zone::Local),
            hidden: BTreeMap::new(),
            sort: BTreeMap::new(),
            keymap: Keymap::default(),
            keys: BTreeMap::new(),
        }
    }
}

/// Where the file is, unless the command line says otherwise:
/// `$XDG_CONFIG_HOME/task-orchestrator/console.toml`, or below `$HOME/.config`. Nothing
/// where neither is known. A relative `XDG_CONFIG_HOME` counts as absent, as the
/// specification demands.
pub fn default_path(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".config"));
    let base = absolute("XDG_CONFIG_HOME").or_else(home)?;
    Some(base.join("task-orchestrator").join("console.toml"))
}

impl Config {
    /// Reads the file; the defaults where there is none, unless it was asked for by name.
    ///
    /// # Errors
    ///
    /// Every mistake in it; a file that cannot be read, that is larger than
    /// [`MAX_FILE_BYTES`], or that was asked for and is not there.
    pub fn load(path: &Path, was_asked_for: bool) -> Result<Self, ConfigErrors> {
        match read_bounded(path) {
            Ok(text) => Self::from_text(path, &text, crate::model::rows::columns),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !was_asked_for => Ok(Self::default()),
            Err(error) => Err(ConfigErrors(vec![Problem {
                place: Place { path: path.to_owned(), line: 1, column: 1 },
                message: format!("cannot be read: {error}"),
                help: None,
            }])),
        }
    }

    /// The same from text; `path` is for messages.
    ///
    /// # Errors
    ///
    /// Every mistake in it.
    pub fn from_text(path: &Path, text: &str, columns: ColumnsOf) -> Result<Self, ConfigErrors> {
        let (tables, errors) = file::tables(text);
        let parsed = file::read(path, text, tables.get_ref(), &errors);
        table::build(parsed, columns)
    }

    /// What the console starts with, on a terminal that can show this, in this time zone
    /// of the machine. What the command line says is for the caller to put over it.
    pub fn settings(&self, terminal: &Capabilities, local: TimeZone) -> Settings {
        Settings {
            look: Look {
                theme: self.theme.value,
                depth: self.colour.value.unwrap_or(terminal.depth),
                symbols: self.symbols.value.unwrap_or(terminal.symbols),
            },
            keymap: self.keymap.clone(),
            zone: match self.time_zone.value {
                Zone::Local => local,
                Zone::Utc => TimeZone::UTC,
            },
            mouse: self.mouse.value.unwrap_or(!terminal.is_ssh),
            objective_ms: self.objective_ms.value,
            ..Settings::default()
        }
    }

    /// Where one is in each list at the start, and on which screen.
    pub fn arrange(&self, model: &mut Model) {
        model.screen = self.start_screen.value;
        for (screen, hidden) in &self.hidden {
            list(model, *screen).hidden.clone_from(&hidden.value);
        }
        for (screen, sort) in &self.sort {
            list(model, *screen).sort = Some(sort.value);
        }
    }
}

fn list(model: &mut Model, screen: Screen) -> &mut ListState {
    model.lists.entry(screen).or_default()
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let file = fs::File::open(path)?;
    let mut text = String::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= MAX_FILE_BYTES) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {MAX_FILE_BYTES} bytes")))
    }
}

#[cfg(test)]
mod tests;
