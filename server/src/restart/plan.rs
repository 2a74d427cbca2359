//! The plan: which program the next front is to run, should this one end. On the
//! disk before a step that cannot be undone, so that a front that dies in any
//! phase does the right thing when it is back.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::build::{Identity, PlannedBuild};

/// The form of the file.
const VERSION: u32 = 1;

/// Largest file that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    version: u32,
    /// What is to be run.
    pub current: PlannedBuild,
    /// What served before, or was about to be tried.
    pub other: Option<PlannedBuild>,
    /// Whether `other` can be gone back to; otherwise it was only about to be tried.
    pub can_go_back: bool,
    /// The configured program, and what it was when this was written: once it is
    /// another one, somebody has installed a new program, and the plan is void.
    pub configured: (PathBuf, Identity),
}

impl Plan {
    /// A plan of this form.
    pub fn new(
        current: PlannedBuild,
        other: Option<PlannedBuild>,
        can_go_back: bool,
        configured: (PathBuf, Identity),
    ) -> Self {
        Self { version: VERSION, current, other, can_go_back, configured }
    }

    /// The plan in this file, if there is one that can be read and that is not void.
    pub fn read(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        if metadata.len() > MAX_BYTES {
            return None;
        }
        let plan: Self = match serde_json::from_slice(&fs::read(path).ok()?) {
            Ok(plan) => plan,
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "the plan cannot be read and is passed over");
                return None;
            }
        };
        let (configured, identity) = &plan.configured;
        let is_same = Identity::of(configured).is_ok_and(|present| present == *identity);
        (plan.version == VERSION && is_same).then_some(plan)
    }

    /// Writes it so that after a crash there is this plan or the one before.
    ///
    /// # Errors
    ///
    /// The system's reason; the plan before is still there.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let directory = path.parent().ok_or_else(|| io::Error::other("a plan needs a directory"))?;
        let mut file = tempfile::Builder::new().prefix(".plan-").tempfile_in(directory)?;
        file.write_all(&serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        fs::File::open(directory)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_void_once_another_program_is_installed() {
        let place = tempfile::tempdir().unwrap();
        let program = place.path().join("program");
        fs::write(&program, "one").unwrap();
        let identity = Identity::of(&program).unwrap();
        let current = PlannedBuild { path: program.clone(), identity, sha256: "x".into(), kept: None };
        let plan = Plan::new(current, None, false, (program.clone(), identity));
        let path = place.path().join("plan.json");
        assert_eq!(Plan::read(&path), None);
        plan.write(&path).unwrap();
        assert_eq!(Plan::read(&path), Some(plan));
        fs::write(&program, "another").unwrap();
        assert_eq!(Plan::read(&path), None);
        fs::write(&path, "{").unwrap();
        assert_eq!(Plan::read(&path), None);
    }
}
