//! Putting a snapshot or a backup of the database in the place of the present
//! database. What it will be is made and verified beside first; then it is one
//! saga. The caller holds the front's lock, so nobody uses the database.

mod losses;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use task_orchestrator_shared::admin::backup::{self as backup_report, LostTask, RestorePlan};
use thiserror::Error;

pub use losses::{Losses, Lost};

use super::archive::{Entry, list, sweep_parts};
use super::error::StateError;
use super::name::{CURRENT, Kind, Name, time_text};
use super::read::{Item, scan};
use super::rotation::{unpack, verify_database};
use super::saga::{self, SagaError};
use crate::store::export::Export;
use crate::store::import::Import;
use crate::store::{StoreOptions, backup};
use crate::workspace::Workspace;
use steps::Steps;

/// What files beside the database begin with while they are not in its place.
const BESIDE: &str = ".restore-";
/// What they end with.
const PART: &str = ".part";

/// Why nothing was restored. Unless it is stuck, all is as it was before.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// There is no such file.
    #[error("there is no {0} in the state directory: `task-orchestrator state list` shows what there is")]
    NoSuchName(String),
    /// The snapshot or backup cannot be read or is not valid.
    #[error(transparent)]
    State(#[from] StateError),
    /// A step failed.
    #[error(transparent)]
    Saga(#[from] SagaError),
}

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Places {
    /// The database.
    pub database: PathBuf,
    /// The artifacts' files.
    pub artifacts: PathBuf,
    /// Snapshots and backups.
    pub state: PathBuf,
}

impl From<&Workspace> for Places {
    fn from(workspace: &Workspace) -> Self {
        Self {
            database: workspace.database(),
            artifacts: workspace.artifacts(),
            state: workspace.server_state(),
        }
    }
}

impl Places {
    pub(super) fn options(&self, database: &Path) -> StoreOptions {
        StoreOptions::new(database, &self.artifacts)
    }

    fn beside(&self) -> PathBuf {
        let name = format!("{BESIDE}{}{PART}", uuid::Uuid::new_v4().simple());
        self.database.with_file_name(name)
    }
}

/// The present database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Present {
    /// There is none.
    Absent,
    /// It can be read.
    Valid,
    /// It cannot, for this reason.
    Unreadable(String),
}

/// The database that is to be, beside the present one. It goes when this is dropped.
#[derive(Debug)]
pub struct Prepared {
    /// The file that it was made from.
    pub name: String,
    /// All tasks in it.
    pub tasks: u64,
    /// Links between tasks that could not be restored.
    pub links_left_out: u64,
    /// The present database.
    pub present: Present,
    /// What is in the present database and not in this one.
    pub losses: Losses,
    places: Places,
    fresh: PathBuf,
    epoch: u64,
}

impl Drop for Prepared {
    fn drop(&mut self) {
        backup::remove_with_logs(&self.fresh);
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// All tasks in the database now.
    pub tasks: u64,
    /// What the replaced database is called now, in the state directory.
    pub kept: Option<String>,
    /// The file with what was lost, in the state directory.
    pub lost: Option<String>,
}

/// Makes and verifies the database that would be restored, and looks what would
/// be lost. Changes nothing; the present database is only read, so it may be in
/// use. For a restore that follows, it must not be.
///
/// # Errors
///
/// When the name is unknown, or the file or the disk is no good.
pub fn prepare(places: &Places, name: &str) -> Result<Prepared, RestoreError> {
    let entries = list(&places.state)?;
    let entry = entries
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| RestoreError::NoSuchName(name.to_owned()))?;
    let mut prepared = Prepared {
        name: name.to_owned(),
        tasks: 0,
        links_left_out: 0,
        present: look_at(&places.database),
        losses: Losses::default(),
        places: places.clone(),
        fresh: places.beside(),
        epoch: 0,
    };
    let made_of = prepared.make(entry)?;
    prepared.epoch = entries
        .iter()
        .filter_map(|entry| entry.parts.as_ref().map(|parts| parts.generation))
        .chain([made_of, present_epoch(places)])
        .max()
        .unwrap_or(0);
    backup::make_servable(&prepared.fresh, prepared.epoch).map_err(StateError::from)?;
    let verified = backup::verify(&prepared.fresh).map_err(StateError::from)?;
    prepared.tasks = verified.tasks;
    if prepared.present == Present::Valid {
        prepared.losses = Losses::find(places, &prepared.fresh);
    }
    Ok(prepared)
}

/// Puts it in the place of the present database.
///
/// # Errors
///
/// [`RestoreError::Saga`]
pub fn restore(prepared: &Prepared, now: Timestamp) -> Result<Restored, RestoreError> {
    let mut steps = Steps::new(prepared, now)?;
    saga::run(&prepared.places.state, &mut steps, now)?;
    steps.clean_up();
    losses::forget_old(&prepared.places.state, steps.lost(), now);
    Ok(Restored {
        tasks: prepared.tasks,
        kept: steps.kept().map(str::to_owned),
        lost: steps.lost().map(str::to_owned),
    })
}

/// Undoes a restore that was not finished, and removes what was left half
/// written beside the database and in the state directory. To be called under the front's lock before anything opens it.
/// Returns what was undone.
///
/// # Errors
///
/// When it cannot be undone: the database must not be used then.
pub fn recover(places: &Places) -> Result<Option<saga::Journal>, RestoreError> {
    let undone = match saga::unfinished(&places.state)? {
        Some(journal) => {
            let mut steps = Steps::from_journal(&places.state, &journal)?;
            saga::recover(&places.state, &mut steps, journal.clone())?;
            Some(journal)
        }
        None => None,
    };
    sweep_parts(&places.state)?;
    let directory = places.database.parent().unwrap_or(Path::new("."));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(BESIDE)) {
            // One that cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(undone)
}

impl Restored {
    /// As administrators see it.
    pub fn report(self, name: &str, held: Duration) -> backup_report::Restored {
        backup_report::Restored {
            name: name.to_owned(),
            tasks: self.tasks,
            kept: self.kept,
            lost: self.lost,
            held_ms: held.as_secs_f64() * 1000.0,
        }
    }
}

#[cfg(test)]
pub(super) fn steps_of(prepared: &Prepared, now: Timestamp) -> Result<impl saga::Saga + use<>, SagaError> {
    Steps::new(prepared, now)
}

impl Prepared {
    /// As administrators see it.
    pub fn plan(&self) -> RestorePlan {
        let unknown = match &self.present {
            Present::Unreadable(reason) => Some(reason.clone()),
            Present::Absent | Present::Valid => self.losses.unknown.clone(),
        };
        let first = self.losses.first.iter().map(|lost| LostTask {
            task_id: lost.task_id.clone(),
            title: lost.title.clone(),
            status: lost.status.as_str().to_owned(),
            gone: lost.gone,
        });
        RestorePlan {
            name: self.name.clone(),
            tasks: self.tasks,
            gone: self.losses.gone,
            older: self.losses.older,
            artifacts: self.losses.artifacts,
            links_left_out: self.links_left_out,
            first: first.collect(),
            unknown,
        }
    }

    /// Makes the new database. Returns how many workers the restored one had seen.
    fn make(&mut self, entry: &Entry) -> Result<u64, StateError> {
        let from = self.places.state.join(&entry.name);
        match entry.kind {
            Kind::Snapshot => {
                let mut import = Import::create(&self.fresh)?;
                let snapshot = scan(&from, &mut |item| match item {
                    Item::Session(session) => Ok(import.session(session)?),
                    Item::Related(task) | Item::Active(task) => Ok(import.task(task)?),
                })?;
                scan(&from, &mut |item| match item {
                    Item::Session(_) => Ok(()),
                    Item::Related(task) | Item::Active(task) => Ok(import.link(task)?),
                })?;
                self.links_left_out = import.finish()?.links_left_out;
                Ok(snapshot.database_state.epoch.max(snapshot.generation))
            }
            Kind::Database => {
                unpack(&from, &self.fresh)?;
                Ok(verify_database(&self.places.state, &self.fresh)?.epoch)
            }
        }
    }
}

fn look_at(database: &Path) -> Present {
    if !database.exists() {
        return Present::Absent;
    }
    match backup::verify(database) {
        Ok(_) => Present::Valid,
        Err(error) => Present::Unreadable(error.to_string()),
    }
}

/// How many workers have taken over the present database; 0 when it does not tell.
fn present_epoch(places: &Places) -> u64 {
    Export::open(&places.options(&places.database))
        .and_then(|present| present.facts())
        .map_or(0, |facts| facts.epoch)
}

/// A name in the state directory that nothing has, for a backup of the database.
fn free_name(state: &Path, now: Timestamp, generation: u64) -> String {
    let mut name = Name::new(Kind::Database, now, generation);
    while [false, true].iter().any(|form| state.join(name.compressed(*form).to_string()).exists()) {
        name = name.next();
    }
    name.to_string()
}

/// The snapshot that is meant when none is named.
pub const fn default_name() -> &'static str {
    CURRENT
}

/// A name for a file about this restore.
fn dated(prefix: &str, now: Timestamp, suffix: &str) -> String {
    format!("{prefix}_{}{suffix}", time_text(now))
}
