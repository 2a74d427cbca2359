//! Whom the state verbs ask: the server where one runs, so that what is done is
//! authorised and audited there; the files themselves where none does.

use std::time::Duration;

use anyhow::{Context as _, bail};
use task_orchestrator_shared::admin::{Reply, Request};

use crate::cli::ask::{WrongReply, accepted, ask_with_events};
use crate::cli::screen::Screen;
use crate::cli::{GlobalArgs, exit_of};
use crate::exit::Exit;
use crate::front::{Backups, FrontError, FrontLock};
use crate::state::Policy;
use crate::workspace::Workspace;

/// How long reading, copying or restoring a large database may take.
const TIMEOUT: Duration = Duration::from_secs(600);

/// One of the two, for a whole command: whichever answered first.
pub(super) struct Source<'a> {
    global: &'a GlobalArgs,
    json: bool,
    files: Option<Files>,
}

/// The workspace's files, while no server runs.
pub(super) struct Files {
    pub(super) backups: Backups,
    pub(super) workspace: Workspace,
    /// Held once something is changed: no server may start meanwhile.
    lock: Option<FrontLock>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(global: &'a GlobalArgs, json: bool) -> Self {
        Self { global, json, files: None }
    }

    /// The answer. A refusal is an error, and with `json` an object as well.
    pub(super) fn ask(&mut self, request: &Request, screen: &mut Screen<'_>) -> anyhow::Result<Reply> {
        let reply = match self.asked(request)? {
            Some(reply) => reply,
            None => self.files(request)?.answer(request)?,
        };
        accepted(reply, self.json, screen)
    }

    /// The server's answer; `None` where none runs.
    pub(super) fn asked(&mut self, request: &Request) -> anyhow::Result<Option<Reply>> {
        if self.files.is_some() {
            return Ok(None);
        }
        match ask_with_events(self.global, request, TIMEOUT, |_| {}) {
            Ok(reply) => Ok(Some(reply)),
            Err(error) if exit_of(&error) == Exit::NoServer => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The files, ready for this request.
    pub(super) fn files(&mut self, request: &Request) -> anyhow::Result<&mut Files> {
        let files = match self.files.take() {
            Some(files) => files,
            None => Files::open(self.global, request)?,
        };
        let files = self.files.insert(files);
        if request.operation().is_privileged() {
            files.lock()?;
        }
        Ok(files)
    }
}

impl Files {
    fn open(global: &GlobalArgs, request: &Request) -> anyhow::Result<Self> {
        let (workspace, _) = global.find_workspace()?;
        let policy = match (global.load_config(&workspace), request) {
            (Ok((config, ..)), _) => Policy::from(&config.state),
            (Err(error), Request::PruneBackups { .. }) => return Err(error),
            // Looking and restoring must work with a broken configuration too; what is
            // due is not known then.
            (Err(_), _) => Policy::KEEP_ALL,
        };
        Ok(Self { backups: Backups::of_files(&workspace, policy), workspace, lock: None })
    }

    fn answer(&self, request: &Request) -> anyhow::Result<Reply> {
        Ok(self.backups.answer(request).ok_or(WrongReply)?)
    }

    /// Keeps every server away for as long as this is.
    fn lock(&mut self) -> anyhow::Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        match FrontLock::take(&self.workspace, false) {
            Ok(lock) => self.lock = Some(lock),
            Err(FrontError::AlreadyRunning { pid, .. }) => bail!(
                "a server is running here (pid {pid}) and takes no connection: ask again in a moment, or \
                 stop it with `task-orchestrator stop` and keep clients from starting one meanwhile"
            ),
            Err(error) => return Err(error).context("the workspace cannot be locked"),
        }
        Ok(())
    }
}
