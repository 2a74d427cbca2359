//! What takes long because whole files are read: verifying, comparing, planning a
//! restore. One at a time, and never under the archive's lock.

use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::backup::{MAX_BACKUPS, Verified};

use super::{Backups, refusal};
use crate::state::restore::prepare;
use crate::state::rotation::verify;
use crate::state::{self, Entry, difference};

impl Backups {
    /// Reads one from end to end, or the newest [`MAX_BACKUPS`] of each kind, and
    /// remembers what comes of it.
    pub fn verify(&self, name: Option<&str>) -> Reply {
        let Some(_turn) = self.turn() else { return refusal::busy() };
        let mut entries = match state::list(&self.places.state) {
            Ok(entries) => entries,
            Err(error) => return refusal::of_state(&error),
        };
        if let Some(name) = name {
            entries.retain(|entry| entry.name == name);
            if entries.is_empty() {
                return refusal::not_found(name);
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
        let Some(_turn) = self.turn() else { return refusal::busy() };
        match difference(&self.places, older, newer) {
            Ok(comparison) => Reply::Comparison(Box::new(comparison)),
            Err(error) => refusal::of_comparison(&error),
        }
    }

    /// What a restore would lose. Makes the database that would be, beside the present
    /// one, and removes it again; a worker may be serving from the present one, which
    /// is only read, as of one moment.
    pub fn plan_restore(&self, name: &str) -> Reply {
        let Some(_turn) = self.turn() else { return refusal::busy() };
        match prepare(&self.places, name) {
            Ok(prepared) => Reply::RestorePlan(Box::new(prepared.plan())),
            Err(error) => refusal::of_restore(&error),
        }
    }
}
