//! Entering the server into an MCP client's configuration, and taking it out.
//!
//! It must never lose anything that the file holds: comments, order, formatting,
//! other servers, its mode and owner, a symbolic link to it. A file that it
//! cannot understand is refused, not repaired.

mod entry;
mod file;
mod jsonc;
mod place;
mod toml_file;

use std::io;
use std::path::{Path, PathBuf};

use similar::TextDiff;
use thiserror::Error;

pub use entry::{Launch, check_name};
pub use file::MAX_CONFIGURATION_BYTES;
pub use place::{Client, Homes, Scope};
use place::{Format, Place};

/// How often a file that the client is writing at the same time is tried again.
const MAX_ATTEMPTS: usize = 5;

/// Why a client cannot be set up. The file is as it was.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The client has no such scope.
    #[error("{client} has no configuration for a {scope}: use --scope {works}")]
    Scope {
        /// The client.
        client: &'static str,
        /// What was asked for.
        scope: Scope,
        /// What it has.
        works: Scope,
    },
    /// The file is not what its client could read either.
    #[error("{path}:{line}:{column}: {message}; nothing was changed, correct the file first")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The parser's reason.
        message: String,
    },
    /// Something else stands where the servers or the entry should be.
    #[error("{path}: {key} is not {expected}; nothing was changed, correct the file first")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        key: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A name that not every client accepts.
    #[error("{0:?} is no name for a server: use 1 to 64 letters, digits, - and _")]
    Name(String),
    /// A path that cannot be written into a text file.
    #[error("{0} is not valid UTF-8 and cannot be written into a client's configuration")]
    NotText(PathBuf),
    /// Somebody else keeps writing the file.
    #[error("{path} keeps being changed by another program: close the client and try again")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl SetupError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// Which entry of which file.
#[derive(Debug, Clone)]
pub struct Target {
    place: Place,
    name: String,
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The file says so already.
    Nothing {
        /// The file.
        path: PathBuf,
    },
    /// The file was changed, or would be in a dry run.
    Changed {
        /// The file, with symbolic links followed.
        path: PathBuf,
        /// The change as a unified diff.
        diff: String,
        /// The copy of the file as it was; none when there was no file or nothing
        /// was written.
        backup: Option<PathBuf>,
    },
}

impl Target {
    /// The entry `name` of `client`'s configuration.
    ///
    /// # Errors
    /// A scope that the client does not have, or a name it would not accept.
    pub fn new(client: Client, scope: Scope, name: &str, homes: &Homes) -> Result<Self, SetupError> {
        check_name(name)?;
        Ok(Self { place: Place::of(client, scope, homes)?, name: name.to_owned() })
    }

    /// The file, as the client names it.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Enters the server, or brings an entry of that name up to date; its other
    /// members (environment, permissions) stay.
    ///
    /// # Errors
    /// A file that is broken or cannot be written.
    pub fn install(&self, launch: &Launch, dry_run: bool) -> Result<Done, SetupError> {
        self.change(dry_run, |path, text| self.entered(path, text, launch))
    }

    /// Takes the entry out.
    ///
    /// # Errors
    /// A file that is broken or cannot be written.
    pub fn uninstall(&self, dry_run: bool) -> Result<Done, SetupError> {
        self.change(dry_run, |path, text| {
            let Some(launch) = self.found(path, text)? else { return self.removed(path, text) };
            // The copy from before the entry, if putting the entry into it gives just
            // this file: only then is it known that nothing else has changed since.
            for before in file::backups(path) {
                let without_entry = self.removed(path, &before).is_ok_and(|removed| removed == before);
                if without_entry && self.entered(path, &before, &launch).is_ok_and(|entered| entered == text)
                {
                    return Ok(before);
                }
            }
            self.removed(path, text)
        })
    }

    fn change(
        &self,
        dry_run: bool,
        edit: impl Fn(&Path, &str) -> Result<String, SetupError>,
    ) -> Result<Done, SetupError> {
        let path = file::follow_link(&self.place.path)?;
        for _ in 0..MAX_ATTEMPTS {
            let before = file::read(&path)?;
            let text = before.as_deref().unwrap_or_default();
            let after = edit(&path, text)?;
            if after == text {
                return Ok(Done::Nothing { path });
            }
            let diff = difference(&path, text, &after);
            if dry_run {
                return Ok(Done::Changed { path, diff, backup: None });
            }
            if let Some(backup) = file::replace(&path, before.as_deref(), &after, self.place.new_file_mode)? {
                return Ok(Done::Changed { path, diff, backup: backup.0 });
            }
        }
        Err(SetupError::Busy { path })
    }

    fn entered(&self, path: &Path, text: &str, launch: &Launch) -> Result<String, SetupError> {
        match self.place.format {
            Format::Json { container, typed } => {
                jsonc::enter(path, text, container, &self.name, launch, typed)
            }
            Format::Toml => toml_file::enter(path, text, &self.name, launch),
        }
    }

    fn removed(&self, path: &Path, text: &str) -> Result<String, SetupError> {
        match self.place.format {
            Format::Json { container, .. } => jsonc::remove(path, text, container, &self.name),
            Format::Toml => toml_file::remove(path, text, &self.name),
        }
    }

    fn found(&self, path: &Path, text: &str) -> Result<Option<Launch>, SetupError> {
        match self.place.format {
            Format::Json { container, .. } => jsonc::find(path, text, container, &self.name),
            Format::Toml => toml_file::find(path, text, &self.name),
        }
    }
}

fn difference(path: &Path, before: &str, after: &str) -> String {
    let name = path.display().to_string();
    TextDiff::from_lines(before, after).unified_diff().header(&name, &name).to_string()
}

#[cfg(test)]
mod tests;
