//! What a restart needs that takes time and is none of the worker's: the build
//! command, the look at what could be in the way, the plan, the snapshot's end.
//! Each runs beside the hub and comes back as an event.

mod building;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use task_orchestrator_shared::admin::backup::Restored;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::BreakerCheck;
use tokio::sync::mpsc;

pub(crate) use building::{Building, Unbuilt};

use super::backups::Backups;
use super::event::Event;
use crate::config::{Config, Provenance};
use crate::link::SnapshotBulk;
use crate::restart::build::{self, Build, Identity};
use crate::restart::plan::Plan;
use crate::restart::{JobId, Trouble};
use crate::state::restore::RestoreError;
use crate::state::{Archive, Sealed, StateError, Tail, restore};

/// Free space below which no restart is begun: a snapshot and a log have to fit.
const MIN_FREE_BYTES: u64 = 64 * 1024 * 1024;

/// What came of a job.
#[derive(Debug)]
pub(crate) enum JobOutcome {
    /// The build command succeeded.
    Built(Result<(), Unbuilt>),
    /// What is to be run, and the configuration where it was read again.
    Examined(Result<Box<Examined>, Trouble>),
    /// The plan is on the disk.
    Planned(Result<(), Trouble>),
    /// The snapshot has its name.
    Sealed(Result<Sealed, Trouble>),
    /// The database has been replaced, or is what it was.
    Restored(Result<Restored, Trouble>),
    /// Older snapshots and backups are in order.
    Rotated,
}

/// The configuration, and where each of its values comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Where they come from.
    pub provenance: Provenance,
}

/// Nothing is in the way.
#[derive(Debug)]
pub(crate) struct Examined {
    /// What to run; `None` for what was asked to be run again.
    pub(crate) build: Option<Build>,
    /// The configuration, where it was read again.
    pub(crate) config: Option<Loaded>,
}

/// Reads the configuration again, as this process would at its start.
pub(crate) type Reload = Arc<dyn Fn() -> Result<Loaded, String> + Send + Sync>;

/// Where everything is.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The project's directory.
    pub(crate) root: PathBuf,
    /// Snapshots and backups.
    pub(crate) state: PathBuf,
    /// Copies of programs.
    pub(crate) builds: PathBuf,
    /// The plan's file.
    pub(crate) plan: PathBuf,
    /// The database. The front itself only reads it, and replaces it when no worker has it.
    pub(crate) database: PathBuf,
    /// The artifacts' files.
    pub(crate) artifacts: PathBuf,
}

impl Places {
    /// What a restore has to know.
    fn of_restore(&self) -> restore::Places {
        restore::Places {
            database: self.database.clone(),
            artifacts: self.artifacts.clone(),
            state: self.state.clone(),
        }
    }
}

/// See the module.
pub(crate) struct Jobs {
    events: mpsc::Sender<Event>,
    places: Places,
    backups: Backups,
    /// Plans are written in the order in which they are made.
    plans: Arc<tokio::sync::Mutex<()>>,
    building: Building,
}

impl Jobs {
    pub(crate) fn new(events: mpsc::Sender<Event>, places: Places, archive: Archive) -> Self {
        let backups = Backups::new(Arc::new(Mutex::new(archive)), places.of_restore());
        Self { events, places, backups, plans: Arc::default(), building: Building::default() }
    }

    /// What administrators ask about snapshots and backups.
    pub(crate) fn backups(&self) -> &Backups {
        &self.backups
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    pub(crate) fn events(&self) -> &mpsc::Sender<Event> {
        &self.events
    }

    /// The build command. Stands apart because it can fail for a while.
    pub(crate) fn building(&mut self) -> &mut Building {
        &mut self.building
    }

    /// Runs the build command. It is ended with [`Building::end`].
    ///
    /// # Errors
    ///
    /// As [`Building::begin`].
    pub(crate) fn build(&mut self, job: JobId, command: String, now: Instant) -> Result<(), Trouble> {
        let (root, events) = (self.places.root.clone(), self.events.clone());
        self.building.begin(job, command, root, events, now)
    }

    /// The circuit breakers by what they are around, for health and metrics.
    pub(crate) fn breakers(&self, now: Instant) -> BTreeMap<String, BreakerCheck> {
        BTreeMap::from([("build".to_owned(), self.building.check(now))])
    }

    /// Looks whether anything is in the way, and opens the program.
    pub(crate) fn examine(
        &self,
        job: JobId,
        program: Option<PathBuf>,
        known: Vec<Build>,
        reload: Option<Reload>,
    ) {
        let places = self.places.clone();
        self.blocking(job, move || {
            let examined = examine(&places, program.as_deref(), &known, reload.as_ref());
            JobOutcome::Examined(examined.map(Box::new))
        });
    }

    /// Writes the plan and removes copies that it does not name.
    pub(crate) fn plan(
        &self,
        job: JobId,
        current: Build,
        other: Option<Build>,
        can_go_back: bool,
        configured: PathBuf,
    ) {
        let (places, events, turn) = (self.places.clone(), self.events.clone(), Arc::clone(&self.plans));
        let work = move || {
            let written = write_plan(&places, &current, other.as_ref(), can_go_back, configured);
            JobOutcome::Planned(written.map_err(|error| {
                Trouble::new(
                    ErrorCode::StateSerializationFailed,
                    format!("the plan cannot be written: {error}"),
                )
            }))
        };
        tokio::spawn(async move {
            let _turn = turn.lock_owned().await;
            if let Ok(outcome) = tokio::task::spawn_blocking(work).await {
                let _ = events.send(Event::Job { job, outcome }).await;
            }
        });
    }

    /// Completes the snapshot.
    pub(crate) fn seal(&self, job: JobId, part: PathBuf, bulk: SnapshotBulk, tail: Tail) {
        let backups = self.backups().clone();
        self.blocking(job, move || {
            let sealed = backups.lock().seal(&part, &bulk, &tail);
            JobOutcome::Sealed(sealed.map_err(|error| state_failed(&error)))
        });
    }

    /// Puts a snapshot or backup in the place of the database. Nobody may have it open.
    pub(crate) fn restore(&self, job: JobId, name: String) {
        let places = self.places.of_restore();
        let events = self.events.clone();
        tokio::spawn(async move {
            // Its end is always told: nothing goes on before.
            let done = crate::process::aside(move || restore_from(&places, &name)).await;
            let text = "the restore did not come to its end: the log of the front says why";
            let done = done.unwrap_or_else(|| Err(Trouble::new(ErrorCode::Internal, text)));
            let _ = events.send(Event::Job { job, outcome: JobOutcome::Restored(done) }).await;
        });
    }

    /// Puts the older snapshots and backups in order; nobody waits for that.
    pub(crate) fn rotate(&self, verified: Option<String>) {
        let backups = self.backups().clone();
        let work = move || {
            let mut archive = backups.lock();
            if let Some(name) = verified {
                archive.is_verified(&name);
            }
            for kind in [crate::state::Kind::Snapshot, crate::state::Kind::Database] {
                match archive.keep(kind, jiff::Timestamp::now()) {
                    Ok(kept) => tracing::debug!(?kind, ?kept, "backups put in order"),
                    Err(error) => tracing::error!(?kind, %error, "backups cannot be put in order"),
                }
            }
        };
        let (sorted, events) = (crate::process::aside(work), self.events.clone());
        tokio::spawn(async move {
            sorted.await;
            let _ = events.send(Event::Job { job: JobId(0), outcome: JobOutcome::Rotated }).await;
        });
    }

    /// Removes the copies of programs that nobody can want any more, and half
    /// written ones. Not while a restart may be making one.
    pub(crate) fn prune_builds(&self, wanted: Vec<PathBuf>) {
        let (keep, turn) = (self.places.builds.clone(), Arc::clone(&self.plans));
        tokio::spawn(async move {
            let _turn = turn.lock_owned().await;
            let pruned = tokio::task::spawn_blocking(move || match build::prune(&keep, &wanted) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            });
            if let Ok(Err(error)) = pruned.await {
                tracing::warn!(%error, "copies of programs cannot be removed");
            }
        });
    }

    fn blocking(&self, job: JobId, work: impl FnOnce() -> JobOutcome + Send + 'static) {
        let events = self.events.clone();
        tokio::spawn(async move {
            // A panic in it ends the process in a release build and the job in a test:
            // the restart's deadline notices.
            if let Ok(outcome) = tokio::task::spawn_blocking(work).await {
                let _ = events.send(Event::Job { job, outcome }).await;
            }
        });
    }
}

fn examine(
    places: &Places,
    program: Option<&Path>,
    known: &[Build],
    reload: Option<&Reload>,
) -> Result<Examined, Trouble> {
    let not_ready = |text: String| Trouble::new(ErrorCode::NotReady, text);
    let config = reload.map(|reload| reload()).transpose().map_err(not_ready)?;
    writable(&places.state).map_err(|error| {
        let text = format!("the state directory cannot be written: {error}");
        Trouble::new(ErrorCode::StateSerializationFailed, text)
    })?;
    if let Some(free) = free_bytes(&places.state).filter(|free| *free < MIN_FREE_BYTES) {
        let text =
            format!("{free} bytes are free on the disk of the workspace; a restart wants {MIN_FREE_BYTES}");
        return Err(not_ready(text));
    }
    let from_config = config.as_ref().and_then(|loaded| loaded.config.worker.binary.clone());
    let Some(program) = from_config.as_deref().or(program) else {
        return Ok(Examined { build: None, config });
    };
    let unusable = |error: io::Error| not_ready(format!("the program cannot be used: {error}"));
    let identity = Identity::of(program)
        .map_err(|error| not_ready(format!("the program {} cannot be used: {error}", program.display())))?;
    let same = known.iter().find(|build| build.identity() == identity).cloned();
    let build = match same {
        Some(build) => build,
        None => {
            let opened = Build::open(program, &places.builds).map_err(unusable)?;
            let sha256 = opened.sha256().map_err(unusable)?;
            // The same content at another place, or written once more, is no other build.
            let same = known.iter().find(|build| build.sha256().is_ok_and(|known| known == sha256));
            same.cloned().unwrap_or(opened)
        }
    };
    Ok(Examined { build: Some(build), config })
}

/// Whether a file can be written there: tried, not guessed from modes.
pub(crate) fn writable(directory: &Path) -> io::Result<()> {
    let probe = tempfile::Builder::new().prefix(".probe-").tempfile_in(directory)?;
    io::Write::write_all(&mut probe.as_file(), b"probe")?;
    probe.close()
}

/// Bytes that this user may still write there.
pub(crate) fn free_bytes(directory: &Path) -> Option<u64> {
    let figures = rustix::fs::statvfs(directory).ok()?;
    Some(figures.f_bavail.saturating_mul(figures.f_frsize))
}

fn write_plan(
    places: &Places,
    current: &Build,
    other: Option<&Build>,
    can_go_back: bool,
    configured: PathBuf,
) -> io::Result<()> {
    for build in std::iter::once(current).chain(other) {
        build.keep(&places.builds)?;
    }
    let (current, other) = (current.planned()?, other.map(Build::planned).transpose()?);
    let identity = Identity::of(&configured)?;
    let plan = Plan::new(current, other, can_go_back, (configured, identity));
    plan.write(&places.plan)
}

fn restore_from(places: &restore::Places, name: &str) -> Result<Restored, Trouble> {
    let failed = |error: RestoreError| match &error {
        RestoreError::State(error) => state_failed(error),
        other => Trouble::new(ErrorCode::DatabaseFailed, other.to_string()),
    };
    // Made anew: what was acknowledged since it was looked at first is exported as well.
    let prepared = restore::prepare(places, name).map_err(failed)?;
    let done = restore::restore(&prepared, jiff::Timestamp::now()).map_err(failed)?;
    Ok(Restored { name: name.to_owned(), tasks: done.tasks, kept: done.kept, lost: done.lost, held_ms: 0.0 })
}

fn state_failed(error: &StateError) -> Trouble {
    let code =
        if error.is_of_database() { ErrorCode::DatabaseFailed } else { ErrorCode::StateSerializationFailed };
    Trouble::new(code, format!("the snapshot cannot be completed: {error}"))
}
