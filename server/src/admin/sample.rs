//! What tests of commands need to stand in for a server.

use std::path::Path;
use std::sync::Arc;

use task_orchestrator_shared::admin::{Reply, WhoAmI};
use task_orchestrator_shared::role::{Operation, Role};

use super::Facts;

/// A server of this project.
pub(crate) fn facts(workspace: &Path) -> Facts {
    Facts { boot: "boot".to_owned(), workspace: workspace.display().to_string(), generation: Arc::default() }
}

/// Somebody who may do everything.
pub(crate) fn owner() -> Reply {
    Reply::WhoAmI(Box::new(WhoAmI {
        uid: 1000,
        user: Some("ada".to_owned()),
        gid: 1000,
        pid: Some(7),
        role: Role::Admin,
        granted: Role::Admin,
        granted_by: "owner".to_owned(),
        may: Operation::ALL.to_vec(),
    }))
}
