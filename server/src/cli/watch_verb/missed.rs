//! What has changed between two whole states of one server, as the changes that
//! would have told of it.

use task_orchestrator_shared::admin::view::{Change, View};

/// The changes from `before` to `after` of which there is something to tell.
pub(super) fn missed(before: &View, after: &View) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.server != after.server {
        changes.push(Change::Server(Box::new(after.server.clone())));
    }
    let restart = after.restart.iter().filter(|restart| before.restart.as_ref() != Some(restart));
    changes.extend(restart.map(|restart| Change::Restart(Box::new(restart.clone()))));
    if before.workers != after.workers {
        changes.push(Change::Workers(after.workers.clone()));
    }
    let ended = before.sessions.iter().filter(|session| after.session(session.number).is_none());
    changes.extend(ended.map(|session| Change::SessionEnded(session.number)));
    let known = |number| before.session(number);
    let come = after.sessions.iter().filter(|session| known(session.number) != Some(session));
    changes.extend(come.map(|session| Change::Session(Box::new(session.clone()))));
    changes.extend(after.backups.clone().map(Change::Backups));
    changes.extend(after.dead_letters.clone().map(Change::DeadLetters));
    changes.extend(after.health.clone().map(Change::Health));
    changes.push(Change::Limits(after.limits.clone()));
    changes.extend(records(before, after));
    changes
}

/// The records that are new, oldest first.
fn records(before: &View, after: &View) -> Option<Change> {
    let last = before.audit.as_ref()?.first().map_or(0, |record| record.seq);
    let new = after.audit.as_ref()?.iter().take_while(|record| record.seq > last);
    let mut new: Vec<_> = new.cloned().collect();
    new.reverse();
    Some(Change::Audit(new))
}
