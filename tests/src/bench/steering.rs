//! What an operator does to a running server, without a process for it: what is
//! measured is the server, not a command's start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use task_orchestrator::admin::{call, call_with_events};
use task_orchestrator::workspace::{self, Surroundings};
use task_orchestrator_shared::admin::{Reply, Request, Status};
use task_orchestrator_shared::restart::{RestartReport, RestartRequest};

use crate::Workspace;

/// Longer than any restart may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The sockets of a workspace's front.
#[derive(Debug)]
pub struct Server {
    admins: PathBuf,
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
        Ok(Self { admins: found.admin_socket(), clients: found.client_socket() })
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
        match call_with_events(&self.admins, &request, Some(PATIENCE), |_| {})? {
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
        match call(&self.admins, &Request::Status)? {
            Reply::Status(status) => Ok(*status),
            other => bail!("to a status: {other:?}"),
        }
    }
}
