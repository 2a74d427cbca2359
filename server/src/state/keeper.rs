//! Carries the plan of rotation out, and remembers what was verified. Never removes
//! what is pinned, nor the newest that was verified, nor anything while it is not
//! known what is pinned.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use super::archive::{Entry, SetAside, list, set_aside};
use super::disk::Disk;
use super::error::StateError;
use super::name::{CURRENT, Kind, Name};
use super::pins::{self, Pins};
use super::rotation::{Action, Candidate, Policy, compress, plan, verify};

/// What is to be done with the backups of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Planned {
    /// With which.
    pub actions: Vec<Action>,
    /// Names of those that failed their check, each with what is wrong.
    pub broken: Vec<(String, String)>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Compressed, by their new names.
    pub compressed: Vec<String>,
    /// Removed.
    pub removed: Vec<String>,
    /// Failed their check: an alert is due.
    pub set_aside: Vec<SetAside>,
}

/// Carries the plan out, and remembers in this process what it has verified.
#[derive(Debug, Clone)]
pub struct Keeper {
    directory: PathBuf,
    policy: Policy,
    /// At most one for each file that exists or did at the last plan.
    known: HashMap<String, Known>,
    /// What the current snapshot says about itself, as far as it could be read.
    current: Option<(Stamp, Origin)>,
}

/// A file that is still the same has the same: its bytes and when it was last written.
pub type Stamp = (u64, SystemTime);

/// When something was taken, and of which generation.
pub type Origin = (Timestamp, Option<u64>);

/// What reading a file from end to end has shown.
#[derive(Debug, Clone)]
struct Known {
    stamp: Stamp,
    is_good: bool,
}

impl Keeper {
    /// Nothing is known yet.
    pub fn new(directory: PathBuf, policy: Policy) -> Self {
        Self { directory, policy, known: HashMap::new(), current: None }
    }

    /// Another policy holds from now on.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Remembers that a file was verified as it is now.
    pub fn remember(&mut self, name: &str) {
        if let Some(stamp) = self.stamp(name) {
            self.learn(name, stamp, true);
        }
    }

    /// Remembers what came of verifying a file that had this stamp before it was
    /// read. That it could not be looked at says nothing about it.
    pub fn learn_result(&mut self, name: &str, stamp: Option<Stamp>, verified: &Result<(), StateError>) {
        let is_good = match verified {
            Ok(()) => true,
            Err(error) if error.is_broken() => false,
            Err(_) => return,
        };
        if let Some(stamp) = stamp {
            self.learn(name, stamp, is_good);
        }
    }

    fn learn(&mut self, name: &str, stamp: Stamp, is_good: bool) {
        self.known.insert(name.to_owned(), Known { stamp, is_good });
    }

    /// Takes over what a copy of this one has found out.
    pub fn learn_from(&mut self, other: Self) {
        self.known.extend(other.known);
    }

    /// What tells whether a file was changed; `None` where there is none.
    pub fn stamp(&self, name: &str) -> Option<Stamp> {
        let metadata = fs::metadata(self.directory.join(name)).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }

    /// Whether a file was found good as it is now; `None` where nobody has looked since.
    pub fn is_good(&self, name: &str) -> Option<bool> {
        let known = self.known.get(name)?;
        (self.stamp(name)? == known.stamp).then_some(known.is_good)
    }

    /// What is remembered of the current snapshot, unless it is another one by now.
    pub fn current(&self) -> Option<Origin> {
        let (stamp, origin) = self.current?;
        (self.stamp(CURRENT)? == stamp).then_some(origin)
    }

    /// Remembers what the current snapshot says, which had this stamp before it was read.
    pub fn learn_current(&mut self, stamp: Stamp, origin: Origin) {
        self.current = Some((stamp, origin));
    }

    /// What the next rotation does, provided that the newest of which nobody knows
    /// anything bad turns out to be good. Reads no file.
    pub fn forecast(&self, entries: &[Entry], pins: &Pins, now: Timestamp) -> Vec<Action> {
        plan(&self.candidates(entries, pins), &self.policy, now)
    }

    /// When the age of each makes a rotation remove it, under the same condition. Not
    /// those that stay whatever their age.
    pub fn removals(&self, entries: &[Entry], pins: &Pins) -> HashMap<String, Timestamp> {
        let age = SignedDuration::try_from(self.policy.remove_after).unwrap_or(SignedDuration::MAX);
        let goes = |one: &Candidate| !one.verified && !one.pinned;
        let candidates = self.candidates(entries, pins).into_iter().filter(goes);
        let dated =
            candidates.filter_map(|one| Some((one.name.to_string(), one.name.taken.checked_add(age).ok()?)));
        dated.collect()
    }

    /// What rotation may remove or compress; the newest of each kind counts as verified.
    fn candidates(&self, entries: &[Entry], pins: &Pins) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for kind in [Kind::Snapshot, Kind::Database] {
            let of_kind = entries.iter().filter(|entry| entry.kind == kind);
            let usable = of_kind.filter(|entry| self.is_good(&entry.name) != Some(false));
            let mut names: Vec<&Name> = usable.filter_map(|entry| entry.parts.as_ref()).collect();
            names.sort_by(|a, b| b.cmp(a));
            candidates.extend(names.into_iter().enumerate().map(|(place, name)| Candidate {
                verified: place == 0,
                pinned: pins.contains(&pins::plain(name)),
                name: name.clone(),
            }));
        }
        candidates
    }

    /// What is to be done with one kind, after its newest good one has been found.
    ///
    /// # Errors
    ///
    /// When the directory or a file cannot be read.
    pub fn plan(&mut self, kind: Kind, now: Timestamp) -> Result<Planned, StateError> {
        let entries = list(&self.directory)?;
        let pins = pins::read(&self.directory)?;
        let present: HashSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        self.known.retain(|name, _| present.contains(name.as_str()));
        let (mut candidates, mut broken) = (Vec::new(), Vec::new());
        let mut is_found = false;
        for name in entries.into_iter().filter(|entry| entry.kind == kind).filter_map(|entry| entry.parts) {
            let text = name.to_string();
            let verified = if is_found { false } else { self.verify(&text, kind, &mut broken) };
            is_found |= verified;
            if !broken.iter().any(|(name, _)| *name == text) {
                let pinned = pins.contains(&pins::plain(&name));
                candidates.push(Candidate { name, verified, pinned });
            }
        }
        Ok(Planned { actions: plan(&candidates, &self.policy, now), broken })
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// When the directory or a file cannot be read or written.
    pub fn keep<D: Disk>(&mut self, disk: &D, kind: Kind, now: Timestamp) -> Result<Kept, StateError> {
        let Planned { actions, broken } = self.plan(kind, now)?;
        let mut kept = Kept::default();
        for (name, reason) in broken {
            kept.set_aside.push(set_aside(disk, &self.directory, &name, reason)?);
        }
        for action in actions {
            match action {
                Action::Compress(name) => {
                    let compressed = compress(disk, &self.directory, &name)?;
                    if self.known.remove(&name.to_string()).is_some_and(|known| known.is_good) {
                        self.remember(&compressed);
                    }
                    kept.compressed.push(compressed);
                }
                Action::Remove(name) => {
                    let path = self.directory.join(name.to_string());
                    disk.remove(&path).map_err(StateError::file("remove the backup", &path))?;
                    kept.removed.push(name.to_string());
                }
            }
        }
        if !kept.removed.is_empty() {
            let failed = StateError::file("sync the state directory", &self.directory);
            disk.sync_directory(&self.directory).map_err(failed)?;
        }
        pins::drop_missing(disk, &self.directory)?;
        Ok(kept)
    }

    fn verify(&mut self, name: &str, kind: Kind, broken: &mut Vec<(String, String)>) -> bool {
        if self.is_good(name) == Some(true) {
            return true;
        }
        // Before it is read: what is written meanwhile has not been looked at.
        let stamp = self.stamp(name);
        let verified = verify(&self.directory, name, kind);
        self.learn_result(name, stamp, &verified);
        match verified {
            Ok(()) => return true,
            Err(StateError::Broken { reason, .. }) => broken.push((name.to_owned(), reason)),
            // It may be good, and cannot be looked at now.
            Err(error) => tracing::debug!(name, %error, "a backup cannot be verified"),
        }
        false
    }
}
