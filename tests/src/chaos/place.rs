//! Where a run with clients over HTTP takes place: an address that every front of it has,
//! and somebody who starts the next front where no shim does.

use std::net::TcpListener;
use std::process::{Child, Stdio};

use anyhow::{Context, Result};

use super::Transport;
use crate::workspace::{MANY_CRASHES, UNLIMITED};
use crate::{Workspace, wait};

/// The configuration of a run: its kills are no reason for safe mode, its calls are not
/// limited, and a front that comes after another is found where that was.
///
/// # Errors
///
/// When no port is to be had.
pub fn config(transport: Transport) -> Result<String> {
    if transport == Transport::Stdio {
        return Ok(MANY_CRASHES.to_owned());
    }
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    Ok(format!("{MANY_CRASHES}{UNLIMITED}[http]\naddress = \"{address}\"\n"))
}

/// The front where there is no shim that would start one. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Front(Option<Child>);

impl Front {
    /// Starts one where it is needed, and waits until it serves.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub(super) fn start(workspace: &Workspace, transport: Transport) -> Result<Self> {
        if transport == Transport::Stdio {
            return Ok(Self(None));
        }
        let front = Self(Some(spawn(workspace)?));
        front.serves(workspace)?;
        Ok(front)
    }

    /// Starts the next one after this has been killed, unless a shim does.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub(super) fn again(&mut self, workspace: &Workspace, transport: Transport) -> Result<()> {
        self.end();
        if transport == Transport::Http {
            self.0 = Some(spawn(workspace)?);
        }
        Ok(())
    }

    fn serves(&self, workspace: &Workspace) -> Result<()> {
        wait::until("the front to serve", || {
            workspace.status().ok()?.worker.filter(|worker| worker.ready).map(drop)
        })
    }

    fn end(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(workspace: &Workspace) -> Result<Child> {
    let mut command = workspace.command("serve");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("start the front")
}
