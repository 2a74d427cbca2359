//! The configuration: one table of keys, read from `config.toml`, environment and
//! flags, in that order of rising weight. All mistakes are reported at once.
//!
//! It must never be read piecemeal: a process loads it once and passes it on.

mod file;
mod key;
mod names;
mod problem;
mod render;
mod setting;
mod sources;
mod table;

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::{env, fs, io};

pub use file::MAX_FILE_BYTES;
pub use key::{Key, Process, VARIABLE_PREFIX};
pub use problem::{ConfigErrors, Origin, Problem, Warning};
pub use render::{default_file, shown_as_json, shown_as_text};
pub use setting::{
    AnonymousRole, ByteSize, ClientRole, Grants, GroupName, Level, LimitedClients, LogFormat, Policy,
    Principal, RoleGrant, Signal, Signals, Synchronous, Verbosity, Words,
};
pub use table::{
    Access, Audit, Buffer, Config, Front, Http, KEYS, Limits, Log, Restart, SECTIONS, Shutdown, State, Store,
    Worker,
};

use crate::workspace::Workspace;
use sources::{Outcome, Sources};

/// Reads a length of time as the keys take it: seconds, or text such as `30 d`.
///
/// # Errors
/// A sentence that says what is accepted.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    setting::duration(text)
}

/// A value from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagSetting {
    /// `section.name`.
    pub path: String,
    /// The value, as typed.
    pub value: String,
    /// The flag, as typed, for messages.
    pub flag: String,
}

/// What weighs more than the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Environment variables; those of other programs are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// Flags; a later one weighs more.
    pub flags: Vec<FlagSetting>,
}

impl Overrides {
    /// With this process's environment.
    pub fn of_process(flags: Vec<FlagSetting>) -> Self {
        let ours = |(name, _): &(OsString, OsString)| {
            name.as_encoded_bytes().starts_with(VARIABLE_PREFIX.as_bytes())
        };
        Self { environment: env::vars_os().filter(ours).collect(), flags }
    }
}

/// One key's effective value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: &'static Key,
    /// Its value, as it would stand in the file.
    pub value: toml::Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where every effective value comes from, in the order of the table.
#[derive(Debug, Clone)]
pub struct Provenance(pub Vec<Entry>);

impl Config {
    /// Reads the workspace's `config.toml`, if there is one, and what overrides it.
    /// Names of users and groups are looked up, which may block.
    ///
    /// # Errors
    /// Every mistake in every source, and a file that cannot be read.
    pub fn load(
        workspace: &Workspace,
        overrides: &Overrides,
    ) -> Result<(Self, Provenance, Vec<Warning>), ConfigErrors> {
        Self::load_for(Process::Front, workspace, overrides)
    }

    /// As [`Config::load`], for one process. Only the front needs names of users and
    /// groups: a worker must still start after a user has been removed, and a shim
    /// must not wait for a database of users on another machine.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_for(
        process: Process,
        workspace: &Workspace,
        overrides: &Overrides,
    ) -> Result<(Self, Provenance, Vec<Warning>), ConfigErrors> {
        let path = workspace.config_file();
        let text = read_bounded(&path).map_err(|error| {
            let origin = Origin::File { path: path.clone(), line: 1, column: 1 };
            ConfigErrors(vec![Problem { origin, message: format!("cannot be read: {error}"), help: None }])
        })?;
        Self::read(&path, &text, overrides, process == Process::Front)
    }

    /// As [`Config::load`], from text; `path` is for messages.
    ///
    /// # Errors
    /// Every mistake in every source.
    pub fn from_text(
        path: &Path,
        text: &str,
        overrides: &Overrides,
    ) -> Result<(Self, Provenance, Vec<Warning>), ConfigErrors> {
        Self::read(path, text, overrides, true)
    }

    fn read(
        path: &Path,
        text: &str,
        overrides: &Overrides,
        looks_up_names: bool,
    ) -> Result<(Self, Provenance, Vec<Warning>), ConfigErrors> {
        let (tables, errors) = file::tables(text);
        let parsed = file::read(path, text, tables.get_ref(), &errors);
        let mut outcome = Outcome::default();
        let mut sources = Sources::default();
        sources.add_file(&parsed, &mut outcome);
        sources.add_environment(&overrides.environment, &mut outcome);
        sources.add_flags(&overrides.flags, &mut outcome);
        let config = table::build(&sources, &mut outcome);
        let Outcome { mut problems, warnings, entries } = outcome;
        let provenance = Provenance(entries);
        if let Some(config) = &config {
            problems.extend(contradiction(config, &provenance));
        }
        if looks_up_names {
            problems.extend(names::problems(&provenance));
        }
        problems.sort_by_key(|problem| problem.weight());
        match config {
            Some(config) if problems.is_empty() => Ok((config, provenance, warnings)),
            Some(_) | None => Err(ConfigErrors(problems)),
        }
    }
}

impl Provenance {
    /// The entry of `section.name`.
    pub fn of(&self, path: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key.path() == path)
    }
}

/// A message that may arrive must also fit where it is kept.
fn contradiction(config: &Config, provenance: &Provenance) -> Option<Problem> {
    let entry = provenance.of("buffer.max_bytes")?;
    let other = provenance.of("buffer.max_message_bytes")?;
    (config.buffer.max_message_bytes > config.buffer.max_bytes).then(|| Problem {
        origin: if entry.origin == Origin::Default { other.origin.clone() } else { entry.origin.clone() },
        message: format!(
            "buffer.max_bytes ({}) is less than buffer.max_message_bytes ({})",
            entry.value, other.value
        ),
        help: Some("lower buffer.max_message_bytes or raise buffer.max_bytes".to_owned()),
    })
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
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
