//! Who may administer the server, and in which role: what the configuration grants,
//! with the names looked up, and what holds without it. It decides nothing about an
//! operation; that is the role's own table.

mod database;
#[cfg(test)]
mod tests;

use task_orchestrator_shared::admin::reply::Grant;
use task_orchestrator_shared::role::Role;
use thiserror::Error;

pub use database::{Account, account};

use crate::config::{Config, Grants, GroupName, Principal};

/// A name in the configuration that stands for nobody, or for somebody twice.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {mistake}")]
pub struct AccessError {
    /// The key, as `section.name`.
    pub key: &'static str,
    /// What is wrong with its value.
    pub mistake: String,
}

/// A role that somebody has, and whence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The role.
    pub role: Role,
    /// `owner`, `root`, `user:NAME` or `group:NAME`.
    pub by: String,
}

/// The group that may open the admin socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketGroup {
    /// Its number.
    pub id: u32,
    /// Its name, as the configuration has it.
    pub name: String,
}

/// A grant whose name has been looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    to: Principal,
    id: u32,
    role: Role,
}

/// Everybody who has a role. Nobody else has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    owner: u32,
    grants: Vec<Known>,
    socket_group: Option<SocketGroup>,
}

impl Access {
    /// As the configuration says, for a server of this process's user. Looks names
    /// up, which may block; without names in the configuration it cannot fail.
    ///
    /// # Errors
    ///
    /// What is wrong with the first key. [`Config::load`] has reported all; here it can
    /// only be what has come since.
    pub fn of(config: &Config) -> Result<Self, AccessError> {
        let first = |key| move |mistakes: Vec<String>| AccessError { key, mistake: mistakes.join("; ") };
        let look_up = &database::id_of;
        let grants = known(&config.access.grants, look_up).map_err(first("access.grants"))?;
        let socket_group =
            socket_group(&config.access.socket_group, look_up).map_err(first("access.socket_group"))?;
        Ok(Self { owner: rustix::process::geteuid().as_raw(), grants, socket_group })
    }

    /// The role of a user with these groups, if there is one. A grant to the user
    /// weighs more than any other, so that somebody can also be given less. Without
    /// one, the server's own user and root are admin: a grant to a group does not
    /// lower them. Of several groups the highest role counts.
    pub fn role_of(&self, uid: u32, groups: &[u32]) -> Option<Granted> {
        let granted = |known: &Known| Granted { role: known.role, by: known.to.to_string() };
        let own = self.grants.iter().find(|known| matches!(known.to, Principal::User(_)) && known.id == uid);
        if let Some(known) = own {
            return Some(granted(known));
        }
        if let Some(by) = self.by_nature(uid) {
            return Some(Granted { role: Role::Admin, by: by.to_owned() });
        }
        let of_groups = self
            .grants
            .iter()
            .filter(|known| matches!(known.to, Principal::Group(_)) && groups.contains(&known.id));
        // The first of the highest, so that the answer does not depend on the groups' order.
        of_groups.rev().max_by_key(|known| known.role).map(granted)
    }

    /// Whether this is the server's own user, or root.
    fn by_nature(&self, uid: u32) -> Option<&'static str> {
        if uid == self.owner {
            Some("owner")
        } else if uid == 0 {
            Some("root")
        } else {
            None
        }
    }

    /// Everybody who has a role: the server's own user and root unless a grant says
    /// otherwise, then the grants as they stand in the configuration.
    pub fn list(&self) -> Vec<Grant> {
        let mut always = vec![self.owner, 0];
        always.dedup();
        let unchanged = always.into_iter().filter_map(|id| {
            let Granted { role, by } = self.role_of(id, &[])?;
            let is_by_nature = self.by_nature(id) == Some(by.as_str());
            is_by_nature.then_some(Grant { to: by, id, role })
        });
        let configured = self.grants.iter().map(|known| Grant {
            to: known.to.to_string(),
            id: known.id,
            role: known.role,
        });
        unchanged.chain(configured).collect()
    }

    /// The group that may open the admin socket; without one only its owner may.
    pub fn socket_group(&self) -> Option<&SocketGroup> {
        self.socket_group.as_ref()
    }
}

/// Everything that is wrong with the names of these keys, each with its key.
pub(crate) fn mistakes(grants: Option<&Grants>, group: Option<&GroupName>) -> Vec<AccessError> {
    let look_up = &database::id_of;
    let of_grants = grants.and_then(|grants| known(grants, look_up).err()).unwrap_or_default();
    let of_group = group.and_then(|group| socket_group(group, look_up).err()).unwrap_or_default();
    let error = |key| move |mistake| AccessError { key, mistake };
    of_grants
        .into_iter()
        .map(error("access.grants"))
        .chain(of_group.into_iter().map(error("access.socket_group")))
        .collect()
}

/// The grants with their numbers; two names of one user would make it a matter of
/// luck which of them counts.
fn known(
    grants: &Grants,
    look_up: &dyn Fn(&Principal) -> Result<u32, String>,
) -> Result<Vec<Known>, Vec<String>> {
    let (mut found, mut mistakes) = (Vec::<Known>::new(), Vec::new());
    for grant in &grants.0 {
        let same = |known: &&Known, id| {
            known.id == id && matches!(known.to, Principal::User(_)) == matches!(grant.to, Principal::User(_))
        };
        match look_up(&grant.to) {
            Ok(id) => match found.iter().find(|known| same(known, id)) {
                Some(known) => mistakes.push(format!("{} and {} are the same", known.to, grant.to)),
                None => found.push(Known { to: grant.to.clone(), id, role: grant.role }),
            },
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

fn socket_group(
    group: &GroupName,
    look_up: &dyn Fn(&Principal) -> Result<u32, String>,
) -> Result<Option<SocketGroup>, Vec<String>> {
    let Some(group) = &group.0 else { return Ok(None) };
    let id = look_up(group).map_err(|mistake| vec![mistake])?;
    Ok(Some(SocketGroup { id, name: group.name().to_owned() }))
}
