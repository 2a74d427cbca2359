//! Follows the server until a condition holds or the time is over.

use std::time::Duration;

use task_orchestrator_shared::admin::view::{Delta, View};
use tokio::time::{Instant, timeout_at};

use super::Condition;
use crate::cli::heard::{Heard, Why};
use crate::cli::unfollowed::Unfollowed;

/// How the waiting ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Waited {
    /// How.
    pub(super) end: End,
    /// What was known last of a server that was there at the end.
    pub(super) view: Option<Box<View>>,
    /// How long it took.
    pub(super) took: Duration,
}

/// How the waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It holds.
    Holds,
    /// It did not in time.
    TimedOut,
    /// No server runs.
    Nobody,
}

/// Waits for `condition` for at most so long.
pub(super) async fn until(
    condition: Condition,
    next: &mut impl AsyncFnMut() -> Option<Heard>,
    limit: Duration,
) -> Result<Waited, Unfollowed> {
    let (began, mut view) = (Instant::now(), None);
    let end = loop {
        let Ok(heard) = timeout_at(began + limit, next()).await else { break End::TimedOut };
        let heard = heard.ok_or(Unfollowed::Ended)?;
        if let Some(unfollowed) = Unfollowed::of(&heard) {
            return Err(unfollowed);
        }
        match heard {
            Heard::Live(_) => {}
            Heard::View(whole) => {
                if condition.holds(view.insert(whole)) {
                    break End::Holds;
                }
            }
            Heard::Delta(delta) => {
                if take(&mut view, delta, condition) {
                    break End::Holds;
                }
            }
            Heard::Away { why: Why::Nobody, .. } if condition != Condition::Ready => break End::Nobody,
            // What a server was that is away is not what is now.
            Heard::Away { .. } => view = None,
        }
    };
    Ok(Waited { end, view, took: began.elapsed() })
}

/// Makes the changes one by one and looks after each: a phase may be over within one
/// delta. After a gap the next whole state counts.
fn take(known: &mut Option<Box<View>>, mut delta: Delta, condition: Condition) -> bool {
    let Some(view) = known else { return false };
    let changes = std::mem::take(&mut delta.changes);
    if view.apply(delta).is_err() {
        *known = None;
        return false;
    }
    for change in changes {
        view.change(change);
        if condition.holds(view) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
