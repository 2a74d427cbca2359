//! What takes long because whole files are read: verifying, comparing, planning a
//! restore. One at a time, and never under the archive's lock.

use jiff::Timestamp;
use task_orchestrator_shared::admin::backup::{MAX_BACKUPS, Verified};
use task_orchestrator_shared::admin::{Refusal, Reply};

use super::{Backups, refusal};
use crate::state::restore::{self, Prepared, Restored};
use crate::state::rotation::verify;
use crate::state::{self, Entry, difference};

impl Backups {
    /// Reads one from end to end, or the newest [`MAX_BACKUPS`] of each kind, and
    /// remembers what comes of it.
    pub fn verify(&self, name: Option<&str>) -> Reply {
        let Some(_turn) = self.turn() else { return Reply::Refused(refusal::busy()) };
        let mut entries = match state::list(&self.places.state) {
            Ok(entries) => entries,
            Err(error) => return Reply::Refused(refusal::of_state(&error)),
        };
        if let Some(name) = name {
            entries.retain(|entry| entry.name == name);
            if entries.is_empty() {
                return Reply::Refused(refusal::not_found(name));
            }
        }
        entries.truncate(MAX_BACKUPS);
        Reply::Verified(entries.iter().filter_map(|entry| self.verified(entry, name.is_none())).collect())
    }

    /// `None` for one of many that was removed or renamed meanwhile.
    fn verified(&self, entry: &Entry, of_many: bool) -> Option<Verified> {
        let Entry { name, kind, .. } = entry;
        // Before it is read: what is written meanwhile has not been looked at.
        let stamp = self.lock().keeper().stamp(name);
        let verified = verify(&self.places.state, name, *kind);
        self.lock().keeper().learn_result(name, stamp, &verified);
        let is_gone = || !self.places.state.join(name).exists();
        match verified {
            Err(_) if of_many && is_gone() => None,
            verified => {
                let problem = verified.err().map(|error| error.to_string());
                Some(Verified { name: name.clone(), problem })
            }
        }
    }

    /// What differs between two, or between one and `database`.
    pub fn compare(&self, older: &str, newer: &str) -> Reply {
        let Some(_turn) = self.turn() else { return Reply::Refused(refusal::busy()) };
        match difference(&self.places, older, newer) {
            Ok(comparison) => Reply::Comparison(Box::new(comparison)),
            Err(error) => Reply::Refused(refusal::of_comparison(&error)),
        }
    }

    /// What a restore would lose. A worker may be serving from the present database,
    /// which is only read, as of one moment.
    pub fn plan_restore(&self, name: &str) -> Reply {
        match self.prepare(name) {
            Ok(prepared) => Reply::RestorePlan(Box::new(prepared.plan())),
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// Makes the database that would be, beside the present one; it goes when that is
    /// dropped.
    ///
    /// # Errors
    ///
    /// An unknown name, a file that is no good, no space, or somebody else's turn.
    pub fn prepare(&self, name: &str) -> Result<Prepared, Refusal> {
        let _turn = self.turn().ok_or_else(refusal::busy)?;
        restore::prepare(&self.places, name).map_err(|error| refusal::of_restore(&error))
    }

    /// Puts it in the place of the present database, which nobody may be using: no
    /// worker runs, and the front's lock is held. All of it or nothing.
    ///
    /// # Errors
    ///
    /// What went wrong; everything is as it was then.
    pub fn restore(&self, prepared: &Prepared) -> Result<Restored, Refusal> {
        restore::restore(prepared, Timestamp::now()).map_err(|error| refusal::of_restore(&error))
    }
}
