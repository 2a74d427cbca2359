//! The steps of a restore and how each is undone. Everything that undoing needs
//! is in the input, so another process can do it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Places, Prepared, Present, dated, free_name, losses};
use crate::state::disk::{Disk as _, RealDisk};
use crate::state::saga::{Journal, Saga, SagaError, StepError};
use crate::store::backup;

const EXPORT: &str = "export_what_is_lost";
const KEEP: &str = "keep_the_present_database";
const SETTLE: &str = "settle_its_log";
const SWAP: &str = "swap";
const CHECK: &str = "check";

/// What the steps need, in the journal too.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Steps {
    database: PathBuf,
    artifacts: PathBuf,
    state: PathBuf,
    /// What is restored.
    name: String,
    /// The database that is to be.
    fresh: PathBuf,
    /// A second name of the present one, so that it can come back.
    replaced: PathBuf,
    /// Whether the present one can be read; none when there is none.
    readable: Option<bool>,
    /// What the present one will be called in the state directory.
    kept: Option<String>,
    /// The file for what is lost.
    lost: Option<String>,
}

impl Steps {
    pub(super) fn new(prepared: &Prepared, now: Timestamp) -> Result<Self, SagaError> {
        let Places { database, artifacts, state } = prepared.places.clone();
        let readable = match prepared.present {
            Present::Absent => None,
            Present::Valid => Some(true),
            Present::Unreadable(_) => Some(false),
        };
        let kept = readable.map(|readable| {
            if readable { free_name(&state, now, prepared.epoch) } else { dated("damaged", now, ".db") }
        });
        let is_lost = readable == Some(true) && !prepared.losses.is_none();
        Ok(Self {
            replaced: prepared.places.beside(),
            lost: is_lost.then(|| dated(losses::PREFIX, now, ".json")),
            fresh: prepared.fresh.clone(),
            name: prepared.name.clone(),
            database,
            artifacts,
            state,
            readable,
            kept,
        })
    }

    pub(super) fn from_journal(state: &Path, journal: &Journal) -> Result<Self, SagaError> {
        serde_json::from_value(journal.input.clone())
            .map_err(|error| SagaError::Journal { path: state.to_owned(), source: error.into() })
    }

    pub(super) fn kept(&self) -> Option<&str> {
        self.kept.as_deref()
    }

    pub(super) fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// After the end: the old database has its own name by now.
    pub(super) fn clean_up(&self) {
        // What stays is removed at the next start.
        let _ = fs::remove_file(&self.replaced);
    }

    fn places(&self) -> Places {
        Places {
            database: self.database.clone(),
            artifacts: self.artifacts.clone(),
            state: self.state.clone(),
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        with_suffix(&self.database, suffix)
    }

    fn kept_path(&self) -> Option<PathBuf> {
        self.kept.as_ref().map(|name| self.state.join(name))
    }

    fn keep(&self) -> Result<(), StepError> {
        let (Some(path), Some(readable)) = (self.kept_path(), self.readable) else { return Ok(()) };
        if readable {
            let part = with_suffix(&path.with_file_name(".kept"), ".part");
            backup::remove_with_logs(&part);
            backup::copy(&self.places().options(&self.database), &part)?;
            RealDisk.rename_new(&part, &path)?;
        } else {
            // Byte by byte, whatever it is.
            fs::copy(&self.database, &path)?;
            fs::File::open(&path)?.sync_all()?;
        }
        Ok(RealDisk.sync_directory(&self.state)?)
    }

    fn settle(&self) -> Result<(), StepError> {
        let log = self.beside("-wal");
        if self.readable == Some(true) {
            backup::settle(&self.database)?;
            absent(&log)?;
        } else if log.exists() {
            // Of a database that cannot be read, so it is kept with that.
            let target = self.kept_path().unwrap_or_else(|| self.state.join("damaged.db"));
            rename_or_copy(&log, &with_suffix(&target, "-wal"))?;
        }
        absent(&self.beside("-shm"))?;
        absent(&self.beside("-journal"))?;
        Ok(sync_parent(&self.database)?)
    }

    fn unsettle(&self) -> Result<(), StepError> {
        if self.readable != Some(true) {
            let target = self.kept_path().unwrap_or_else(|| self.state.join("damaged.db"));
            let kept = with_suffix(&target, "-wal");
            if kept.exists() && !self.beside("-wal").exists() {
                rename_or_copy(&kept, &self.beside("-wal"))?;
                sync_parent(&self.database)?;
            }
            absent(&kept)?;
        }
        Ok(())
    }

    fn swap(&self) -> Result<(), StepError> {
        if self.readable.is_some() {
            match fs::hard_link(&self.database, &self.replaced) {
                // Some file systems have no second names.
                Err(error)
                    if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) =>
                {
                    fs::rename(&self.database, &self.replaced)?;
                }
                linked => linked?,
            }
            sync_parent(&self.database)?;
        }
        fs::rename(&self.fresh, &self.database)?;
        Ok(sync_parent(&self.database)?)
    }

    fn swap_back(&self) -> Result<(), StepError> {
        let is_swapped = !self.fresh.exists();
        if is_swapped {
            // The log of the one that goes must not be taken for one of the old.
            for suffix in ["-wal", "-shm", "-journal"] {
                absent(&self.beside(suffix))?;
            }
        }
        if self.replaced.exists() {
            fs::rename(&self.replaced, &self.database)?;
            // Two names of one file: then the rename has done nothing.
            absent(&self.replaced)?;
        } else if is_swapped && self.readable.is_none() {
            absent(&self.database)?;
        }
        Ok(sync_parent(&self.database)?)
    }
}

impl Saga for Steps {
    fn name(&self) -> &'static str {
        "restore"
    }

    fn input(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::to_value(self)
    }

    fn steps(&self) -> &'static [&'static str] {
        &[EXPORT, KEEP, SETTLE, SWAP, CHECK]
    }

    fn act(&mut self, step: &str) -> Result<(), StepError> {
        match step {
            EXPORT => match &self.lost {
                Some(lost) => Ok(losses::export(&self.places(), &self.fresh, lost, &self.name)?),
                None => Ok(()),
            },
            KEEP => self.keep(),
            SETTLE => self.settle(),
            SWAP => self.swap(),
            CHECK => Ok(backup::verify(&self.database).map(drop)?),
            other => Err(format!("there is no step {other}").into()),
        }
    }

    fn compensate(&mut self, step: &str) -> Result<(), StepError> {
        match step {
            EXPORT => {
                if let Some(lost) = &self.lost {
                    absent(&self.state.join(format!(".{lost}.part")))?;
                    absent(&self.state.join(lost))?;
                }
                Ok(())
            }
            KEEP => {
                if let Some(path) = self.kept_path() {
                    backup::remove_with_logs(&path.with_file_name(".kept.part"));
                    absent(&path)?;
                }
                Ok(())
            }
            SETTLE => self.unsettle(),
            SWAP => self.swap_back(),
            CHECK => Ok(()),
            other => Err(format!("there is no step {other}").into()),
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes sure that there is nothing.
fn absent(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The state directory may be on another file system.
fn rename_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
            fs::File::open(to)?.sync_all()?;
            fs::remove_file(from)
        }
        result => result,
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    RealDisk.sync_directory(path.parent().unwrap_or(Path::new(".")))
}
