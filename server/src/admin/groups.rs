//! The groups of users, as the user database says. Never from `/proc`: what is
//! there may belong to another process by the time it is read.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::unistd::{Uid, User, getgrouplist};
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long an answer of the user database holds.
const FRESH: Duration = Duration::from_secs(60);

/// How long the user database may take. It may be at the other end of a network.
const PATIENCE: Duration = Duration::from_secs(3);

/// Users whose groups are remembered; with more, all are forgotten.
const MAX_USERS: usize = 256;

/// Remembers the groups of users for a while.
#[derive(Debug, Default)]
pub(super) struct Groups {
    known: Mutex<HashMap<u32, Arc<Known>>>,
}

#[derive(Debug)]
struct Known {
    at: Instant,
    /// Asked for once, however many callers of the user come at once.
    groups: OnceCell<Vec<u32>>,
}

impl Groups {
    /// The groups of this user. Those that cannot be found out are none: what is
    /// granted to a group is not granted to who cannot be shown to be in it.
    pub(super) async fn of(&self, uid: u32) -> Vec<u32> {
        let known = self.known(uid);
        let looked = known.groups.get_or_try_init(|| async {
            let groups = tokio::task::spawn_blocking(move || look_up(uid)).await;
            groups.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
        });
        // Around the waiting for another caller's look-up too.
        let reason = match tokio::time::timeout(PATIENCE, looked).await {
            Ok(Ok(groups)) => return groups.clone(),
            Ok(Err(error)) => error,
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        tracing::warn!(uid, reason, "the user database does not tell the groups of an admin caller");
        Vec::new()
    }

    fn known(&self, uid: u32) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&uid).filter(|found| found.at.elapsed() < FRESH) {
            return Arc::clone(found);
        }
        if known.len() >= MAX_USERS {
            known.clear();
        }
        let new = Arc::new(Known { at: Instant::now(), groups: OnceCell::new() });
        known.insert(uid, Arc::clone(&new));
        new
    }
}

/// Blocks. A user who is in no database is in no group.
fn look_up(uid: u32) -> nix::Result<Vec<u32>> {
    let Some(user) = User::from_uid(Uid::from_raw(uid))? else { return Ok(Vec::new()) };
    let Ok(name) = CString::new(user.name) else { return Ok(Vec::new()) };
    Ok(getgrouplist(&name, user.gid)?.into_iter().map(nix::unistd::Gid::as_raw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn root_is_in_its_own_group_and_a_stranger_in_none() {
        let groups = Groups::default();
        assert!(groups.of(0).await.contains(&0));
        assert_eq!(groups.of(u32::MAX - 7).await, Vec::<u32>::new());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_holds_for_a_minute() {
        let groups = Groups::default();
        let first = groups.known(5);
        assert!(Arc::ptr_eq(&first, &groups.known(5)));
        tokio::time::advance(FRESH).await;
        assert!(!Arc::ptr_eq(&first, &groups.known(5)));
    }

    #[tokio::test]
    async fn no_more_users_are_remembered_than_there_may_be() {
        let groups = Groups::default();
        for uid in 0..1000 {
            groups.known(uid);
        }
        assert!(groups.known.lock().unwrap().len() <= MAX_USERS);
    }
}
