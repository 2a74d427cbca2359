//! Specialist roles: what a specialist is told before it works on a task.
//!
//! The built-in roles are always there. Files of the workspace are merged over
//! them by name, field by field; a broken file is reported with its place and
//! changes nothing. Reads files only in [`Roles::load`], never writes one.

mod file;
mod problem;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use problem::RoleProblem;

use crate::tasks::{KnownRoles, Specialist};

/// Most files read from a workspace's role directory.
pub const MAX_FILES: usize = 100;
/// Largest role file that is read.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Most roles a workspace may have, built-in ones included.
pub const MAX_ROLES: usize = 200;

const BUILTIN: &str = include_str!("roles/builtin.yaml");

/// One specialist role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// The name under which tasks refer to it.
    pub name: String,
    /// Who the specialist is and what it is responsible for.
    pub role_definition: String,
    /// What it knows.
    pub expertise: Vec<String>,
    /// How it works.
    pub approach: Vec<String>,
    /// What its result looks like.
    pub output_format: String,
}

/// The roles of one workspace.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    roles: BTreeMap<String, Role>,
    problems: Vec<RoleProblem>,
}

impl Roles {
    /// The built-in roles alone.
    pub fn builtin() -> Self {
        let mut roles = Self::default();
        roles.merge("builtin.yaml", BUILTIN);
        roles
    }

    /// The built-in roles with the workspace's own merged over them.
    ///
    /// Never fails: what cannot be read or understood is in [`Roles::problems`].
    pub fn load(directory: &Path) -> Self {
        let mut roles = Self::builtin();
        let (files, problems) = file::read_all(directory);
        roles.problems.extend(problems);
        for (name, text) in files {
            roles.merge(&name, &text);
        }
        roles
    }

    /// The role of this name.
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.roles.get(name)
    }

    /// The role of this name, or the generic one when its file is gone.
    pub fn get_or_generic(&self, name: &str) -> Role {
        self.get(name).or_else(|| self.get("generic")).cloned().unwrap_or_default()
    }

    /// All roles in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// All names, in order.
    pub fn names(&self) -> Vec<String> {
        self.roles.keys().cloned().collect()
    }

    /// What was wrong with the workspace's files.
    pub fn problems(&self) -> &[RoleProblem] {
        &self.problems
    }

    /// Changes when any role changes: tells a session whether its list is stale.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for role in self.roles.values() {
            // Each part is preceded by its length, so that no two lists hash alike.
            let lists = role.expertise.iter().chain(&role.approach);
            for part in [&role.name, &role.role_definition, &role.output_format].into_iter().chain(lists) {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
            hash.update(role.expertise.len().to_le_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Takes in one file as a whole, or not at all.
    fn merge(&mut self, file: &str, text: &str) {
        match file::parse(file, text, self) {
            Ok(roles) => self.roles.extend(roles.into_iter().map(|role| (role.name.clone(), role))),
            Err(problem) => self.problems.push(problem),
        }
    }
}

impl KnownRoles for Roles {
    fn is_known(&self, role: &Specialist) -> bool {
        self.get(role.as_str()).is_some()
    }

    fn names(&self) -> Vec<String> {
        Self::names(self)
    }
}

#[cfg(test)]
mod tests;
