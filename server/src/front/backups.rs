//! Snapshots and backups as administrators ask about them: the archive's answers
//! in the admin channel's types. Everything here blocks on files, so the hub runs
//! it beside itself; nothing that reads whole files holds the archive's lock, for
//! which a restart would wait. Names come from other users' programs: only one
//! that stands in the list is used, as it stands there, and never as a path.

mod look;
mod refusal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use jiff::Timestamp;
use task_orchestrator_shared::admin::backup::{Backup, Due, MAX_BACKUPS, Pruned, Verified};
use task_orchestrator_shared::admin::{Done, Reply, Request};

use crate::state::keeper::{Origin, Planned};
use crate::state::restore::Places;
use crate::state::rotation::Action;
use crate::state::{self, Archive, CURRENT, Entry, Kind, Pins, Policy, StateError};
use crate::workspace::Workspace;

/// See the module.
#[derive(Debug, Clone)]
pub struct Backups {
    archive: Arc<Mutex<Archive>>,
    places: Places,
    /// Held while whole files are read: one at a time, because each may need the
    /// disk space of another database and a core. Others are refused meanwhile.
    long: Arc<Mutex<()>>,
}

impl Backups {
    /// Of an archive that others use as well.
    pub fn new(archive: Arc<Mutex<Archive>>, places: Places) -> Self {
        Self { archive, places, long: Arc::default() }
    }

    /// Of a workspace's files, for when no server runs.
    pub fn of_files(workspace: &Workspace, policy: Policy) -> Self {
        let archive = Archive::new(workspace.server_state(), policy);
        Self::new(Arc::new(Mutex::new(archive)), workspace.into())
    }

    /// Another policy holds from now on.
    pub fn set_policy(&self, policy: Policy) {
        self.lock().keeper().set_policy(policy);
    }

    /// The archive, for short.
    pub(super) fn lock(&self) -> MutexGuard<'_, Archive> {
        // Only its memory of what was verified could be behind.
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to whatever only looks at backups, and to pins and pruning; `None`
    /// for everything else.
    pub fn answer(&self, request: &Request) -> Option<Reply> {
        Some(match request {
            Request::Backups => self.list(),
            Request::VerifyBackup { name } => self.verify(name.as_deref()),
            Request::CompareBackups { older, newer } => self.compare(older, newer),
            Request::PlanRestore { name } => self.plan_restore(name),
            Request::PruneBackups { dry_run } => self.prune(*dry_run),
            Request::PinBackup { name, pinned } => self.pin(name, *pinned),
            _ => return None,
        })
    }

    /// Every snapshot and backup, newest first, at most [`MAX_BACKUPS`]. What is `due`
    /// holds if the newest that nobody has looked at is good, which rotation verifies.
    pub fn list(&self) -> Reply {
        self.backups().map_or_else(|error| Reply::Refused(refusal::of_state(&error)), Reply::Backups)
    }

    /// The same for the hub's view.
    ///
    /// # Errors
    ///
    /// When the directory or the list of pins cannot be read.
    pub fn backups(&self) -> Result<Vec<Backup>, StateError> {
        let entries = state::list(&self.places.state)?;
        let current = self.current(&entries);
        let mut archive = self.lock();
        let pins = archive.pins()?;
        let keeper = archive.keeper();
        let actions = keeper.forecast(&entries, &pins, Timestamp::now());
        let removals = keeper.removals(&entries, &pins);
        let mut listed: Vec<(Timestamp, Backup)> = Vec::with_capacity(entries.len());
        for entry in entries {
            let verified = keeper.is_good(&entry.name);
            let due = actions.iter().find_map(|action| due(action, &entry));
            let remove_at = removals.get(&entry.name).map(Timestamp::to_string);
            let (taken, backup) = row(entry, current, verified, due, &pins);
            listed.push((taken, Backup { remove_at, ..backup }));
        }
        drop(archive);
        // Stable: the current one stays before a backup of the same moment.
        listed.sort_by_key(|(taken, _)| std::cmp::Reverse(*taken));
        Ok(listed.into_iter().take(MAX_BACKUPS).map(|(_, backup)| backup).collect())
    }

    /// What the current snapshot says about itself: its name does not tell, and
    /// reading it whenever somebody lists would cost a hash over all of it.
    fn current(&self, entries: &[Entry]) -> Option<Origin> {
        let entry = entries.iter().find(|entry| entry.parts.is_none())?;
        let (known, stamp) = {
            let mut archive = self.lock();
            let keeper = archive.keeper();
            (keeper.current(), keeper.stamp(CURRENT))
        };
        if known.is_some() {
            return known;
        }
        let origin = match state::read_header(&self.places.state.join(CURRENT)) {
            Ok(header) => (header.timestamp, Some(header.generation)),
            Err(_) => (entry.modified, None),
        };
        if let Some(stamp) = stamp {
            self.lock().keeper().learn_current(stamp, origin);
        }
        Some(origin)
    }

    /// Does what the policy says, or says only what it would do.
    pub fn prune(&self, dry_run: bool) -> Reply {
        let Some(_turn) = self.turn() else { return Reply::Refused(refusal::busy()) };
        match self.pruned(dry_run) {
            Ok(pruned) => Reply::Pruned(Box::new(pruned)),
            Err(error) => Reply::Refused(refusal::of_state(&error)),
        }
    }

    fn pruned(&self, dry_run: bool) -> Result<Pruned, StateError> {
        let mut pruned = Pruned { dry_run, ..Pruned::default() };
        for kind in [Kind::Snapshot, Kind::Database] {
            // Verified by a copy, without the lock; what it has found is remembered.
            let mut keeper = self.lock().keeper().clone();
            let now = Timestamp::now();
            let planned = keeper.plan(kind, now)?;
            self.lock().keeper().learn_from(keeper);
            if dry_run {
                would_be(&mut pruned, planned);
                continue;
            }
            let kept = self.lock().keep(kind, now)?;
            let plain = |name: String| name.strip_suffix(".gz").map_or_else(|| name.clone(), str::to_owned);
            pruned.compressed.extend(kept.compressed.into_iter().map(plain));
            pruned.removed.extend(kept.removed);
            let broken =
                kept.set_aside.into_iter().map(|one| Verified { name: one.name, problem: Some(one.reason) });
            pruned.broken.extend(broken);
        }
        Ok(pruned)
    }

    /// Keeps a backup whatever its age, or not any more.
    pub fn pin(&self, name: &str, pinned: bool) -> Reply {
        let mut archive = self.lock();
        let changed = if pinned { archive.pin(name) } else { archive.unpin(name) };
        drop(archive);
        let message = match (changed, pinned) {
            (Ok(true), true) => format!("{name} stays until it is unpinned"),
            (Ok(true), false) => format!("{name} is kept as the configuration says"),
            (Ok(false), true) => format!("{name} was pinned already"),
            (Ok(false), false) => format!("{name} was not pinned"),
            (Err(error), _) => return Reply::Refused(refusal::of_pin(&error, name)),
        };
        Reply::Done(Done { message })
    }

    /// The turn to read whole files; `None` while somebody else has it.
    fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.long.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

fn due(action: &Action, entry: &Entry) -> Option<Due> {
    let (name, due) = match action {
        Action::Compress(name) => (name, Due::Compress),
        Action::Remove(name) => (name, Due::Remove),
    };
    (entry.parts.as_ref() == Some(name)).then_some(due)
}

fn row(
    entry: Entry,
    current: Option<Origin>,
    verified: Option<bool>,
    due: Option<Due>,
    pins: &Pins,
) -> (Timestamp, Backup) {
    let (taken, generation) = match &entry.parts {
        Some(parts) => (parts.taken, Some(parts.generation)),
        None => current.unwrap_or((entry.modified, None)),
    };
    let plain = entry.name.strip_suffix(".gz").unwrap_or(&entry.name);
    let backup = Backup {
        kind: entry.kind.as_str().to_owned(),
        size_bytes: entry.size_bytes,
        taken_at: taken.to_string(),
        generation,
        compressed: entry.parts.as_ref().is_some_and(|parts| parts.compressed),
        verified,
        pinned: pins.contains(plain),
        due,
        remove_at: None,
        name: entry.name,
    };
    (taken, backup)
}

fn would_be(pruned: &mut Pruned, planned: Planned) {
    for action in planned.actions {
        match action {
            Action::Compress(name) => pruned.compressed.push(name.to_string()),
            Action::Remove(name) => pruned.removed.push(name.to_string()),
        }
    }
    let broken = planned.broken.into_iter().map(|(name, reason)| Verified { name, problem: Some(reason) });
    pruned.broken.extend(broken);
}

#[cfg(test)]
mod tests;
