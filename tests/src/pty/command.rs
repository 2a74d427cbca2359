//! Which program is started in a terminal, and with which environment: a small known
//! one, and nothing of the test's own.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Result;
use portable_pty::CommandBuilder;

use crate::program;

/// A program that is to be started in a terminal.
#[derive(Debug)]
pub struct Started(CommandBuilder);

impl Started {
    /// This one, with UTF-8 and 256 colours, and `directory` as its home.
    pub fn program(program: &Path, directory: &Path) -> Self {
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.cwd(directory);
        command.env("PATH", "/usr/bin:/bin");
        command.env("HOME", directory);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        // Its crash reports and settings are the test's.
        command.env("XDG_STATE_HOME", directory.join("state"));
        command.env("XDG_CONFIG_HOME", directory.join("config"));
        Self(command)
    }

    /// The console, for this workspace.
    ///
    /// # Errors
    ///
    /// When it has not been built.
    pub fn console(workspace: &Path) -> Result<Self> {
        let console = Self::program(&program::beside("task-orchestrator-console")?, workspace);
        Ok(console.arg("--workspace").arg(workspace))
    }

    /// With this argument too.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// With this variable too.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(super) fn into_builder(self) -> CommandBuilder {
        self.0
    }
}
