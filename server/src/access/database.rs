//! The system's database of users and groups, asked by name and by number. What is
//! asked for may come over a network, so every question may block.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

use crate::config::Principal;

/// How long an answer about a user is believed. A change of somebody's groups takes
/// effect at the latest then.
const BELIEVED: Duration = Duration::from_secs(60);

/// Users that are remembered. With one more, all are forgotten and asked for again.
const MAX_REMEMBERED: usize = 1024;

/// What is known about a user; nothing of one that the system does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The user's name.
    pub name: Option<String>,
    /// All groups, the main one included.
    pub groups: Vec<u32>,
}

static ACCOUNTS: LazyLock<Mutex<HashMap<u32, (Instant, Account)>>> = LazyLock::new(Mutex::default);

/// What the system knows about a user. May block; asked at most once a minute for
/// each user.
pub fn account(uid: u32) -> Account {
    let now = Instant::now();
    let known = |accounts: &HashMap<u32, (Instant, Account)>| {
        let (at, account) = accounts.get(&uid)?;
        (now.duration_since(*at) < BELIEVED).then(|| account.clone())
    };
    if let Some(account) = known(&ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner)) {
        return account;
    }
    // Not under the lock: one slow answer must not hold up those about others.
    let account = ask(uid);
    let mut accounts = ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    remember(&mut accounts, uid, now, account.clone());
    account
}

fn remember(accounts: &mut HashMap<u32, (Instant, Account)>, uid: u32, now: Instant, account: Account) {
    if accounts.len() >= MAX_REMEMBERED && !accounts.contains_key(&uid) {
        accounts.clear();
    }
    accounts.insert(uid, (now, account));
}

/// What cannot be found out counts as not there: it can only take rights away, for a
/// grant to a user goes by the number, which needs no database.
fn ask(uid: u32) -> Account {
    let user = match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user,
        Ok(None) => return Account::default(),
        Err(error) => {
            tracing::warn!(uid, %error, "the system's user database does not answer");
            return Account::default();
        }
    };
    let groups = CString::new(user.name.as_str())
        .map_err(|_| nix::errno::Errno::EINVAL)
        .and_then(|name| getgrouplist(&name, user.gid))
        .inspect_err(|error| tracing::warn!(uid, %error, "the groups of a user cannot be found out"))
        .unwrap_or_else(|_| vec![user.gid]);
    Account { name: Some(user.name), groups: groups.into_iter().map(Gid::as_raw).collect() }
}

/// The number of a user or group. One that is given as a number need not be known.
///
/// # Errors
///
/// In words: the system does not know the name, or cannot say.
pub(super) fn id_of(principal: &Principal) -> Result<u32, String> {
    if let Ok(id) = principal.name().parse() {
        return Ok(id);
    }
    let (kind, found) = match principal {
        Principal::User(name) => {
            ("user", User::from_name(name).map(|user| user.map(|user| user.uid.as_raw())))
        }
        Principal::Group(name) => {
            ("group", Group::from_name(name).map(|group| group.map(|group| group.gid.as_raw())))
        }
    };
    match found {
        Ok(Some(id)) => Ok(id),
        Ok(None) => Err(format!("no {kind} {:?} is known to this system", principal.name())),
        Err(error) => Err(format!("the system cannot say who the {kind} {:?} is: {error}", principal.name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_everywhere_and_by_its_number_too() {
        assert_eq!(account(0).name.as_deref(), Some("root"));
        assert!(account(0).groups.contains(&0));
        assert_eq!(id_of(&Principal::User("root".to_owned())), Ok(0));
        assert_eq!(id_of(&Principal::User("0".to_owned())), Ok(0));
        assert_eq!(id_of(&Principal::Group("3999999999".to_owned())), Ok(3_999_999_999));
    }

    #[test]
    fn who_is_unknown_has_no_name_and_no_groups() {
        assert_eq!(account(3_999_999_999), Account::default());
        let error = id_of(&Principal::Group("no-such-group".to_owned())).unwrap_err();
        assert_eq!(error, "no group \"no-such-group\" is known to this system");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut accounts, now) = (HashMap::new(), Instant::now());
        for uid in 0..5000 {
            remember(&mut accounts, uid, now, Account::default());
            assert!(accounts.len() <= MAX_REMEMBERED && accounts.contains_key(&uid));
        }
    }
}
