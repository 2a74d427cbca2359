//! What an operator does to a running server, without a process for it: what is
//! measured is the server, not a command's start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use task_orchestrator::workspace::{self, Surroundings};
use task_orchestrator_shared::admin::{Context, Reply, Request, Status};
use task_orchestrator_shared::client::{Target, once};
use task_orchestrator_shared::restart::{RestartReport, RestartRequest};

use crate::Workspace;

/// Longer than any restart may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The sockets of a workspace's front.
#[derive(Debug, Clone)]
pub struct Server {
    admins: Target,
    clients: PathBuf,
}

impl Server {
    /// The front of this workspace. It has to run already: only then is it known
    /// where its sockets are.
    ///
    /// # Errors
    ///
    /// When the workspace is not there.
    pub fn of(workspace: &Workspace) -> Result<Self> {
        let found = workspace::Workspace::discover(Some(workspace.path()), &Surroundings::of_process()?)?;
        let admins = Target::new(found.admin_socket(), "benchmark");
        Ok(Self { admins, clients: found.client_socket() })
    }

    /// Where administrators connect.
    pub fn admins(&self) -> &Target {
        &self.admins
    }

    /// Where shims connect.
    pub fn clients(&self) -> &Path {
        &self.clients
    }

    /// Asks for a restart and waits for its outcome, whatever that is.
    ///
    /// # Errors
    ///
    /// When the server refuses or is gone.
    pub fn restart(&self, request: RestartRequest) -> Result<RestartReport> {
        let request = Request::Restart(Box::new(request));
        match once(&self.admins, request, Context::default(), Some(PATIENCE), |_| {})? {
            Reply::Restart(report) => Ok(*report),
            other => bail!("to a restart: {other:?}"),
        }
    }

    /// How the server is.
    ///
    /// # Errors
    ///
    /// As [`Server::restart`].
    pub fn status(&self) -> Result<Status> {
        match once(&self.admins, Request::Status, Context::default(), Some(PATIENCE), |_| {})? {
            Reply::Status(status) => Ok(*status),
            other => bail!("to a status: {other:?}"),
        }
    }
}
