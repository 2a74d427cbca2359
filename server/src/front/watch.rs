//! Watches the program's file, for developers who want the worker restarted when
//! it changes. Looks at the file's identity now and then: that is the same for
//! every way in which a file can be replaced, and one file costs nothing to look at.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::Event;
use crate::restart::build::Identity;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// A file counts as written when it has stayed the same for so many looks: a
/// linker writes for a while.
const QUIET_LOOKS: u32 = 2;

/// Tells of every change of the file until the front ends.
pub(crate) async fn watch(program: PathBuf, events: mpsc::Sender<Event>, ended: CancellationToken) {
    let mut looks = tokio::time::interval(EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut change = Change::new(Identity::of(&program).ok());
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            _ = looks.tick() => {}
        }
        if change.look(Identity::of(&program).ok()) {
            tracing::info!(program = %program.display(), "the program's file has changed");
            if events.send(Event::ProgramChanged).await.is_err() {
                return;
            }
        }
    }
}

/// What was seen of the file.
struct Change {
    /// What was told of last.
    told: Option<Identity>,
    seen: Option<Identity>,
    quiet: u32,
}

impl Change {
    fn new(present: Option<Identity>) -> Self {
        Self { told: present, seen: present, quiet: 0 }
    }

    /// Whether there is something to tell. A file that is missing is being replaced.
    fn look(&mut self, present: Option<Identity>) -> bool {
        self.quiet = if present == self.seen { self.quiet + 1 } else { 0 };
        self.seen = present;
        if present.is_none() || present == self.told || self.quiet < QUIET_LOOKS {
            return false;
        }
        self.told = present;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_only_when_it_is_over() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("program");
        let identity = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Identity::of(&path).ok()
        };
        let first = identity("one");
        let mut change = Change::new(first);
        assert!(!change.look(first) && !change.look(first));
        let growing = [identity("tw"), identity("two!")];
        assert!(growing.iter().all(|identity| !change.look(*identity)));
        assert!(!change.look(None), "being replaced");
        let last = identity("three");
        assert!(!change.look(last) && !change.look(last));
        assert!(change.look(last));
        assert!(!change.look(last), "told already");
    }
}
