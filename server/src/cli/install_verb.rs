//! `task-orchestrator install` and `uninstall`.

use std::env;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::Args;

use super::global::GlobalArgs;
use crate::client_setup::{Client, Done, Homes, Launch, Scope, Target};
use crate::exit::Exit;

/// Arguments of `install`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  task-orchestrator install --client claude-code
  task-orchestrator install --client cursor --scope project
  task-orchestrator install --client claude-desktop --workspace ~/my-project --dry-run

The client's file is edited in place: comments, order and other servers stay. A copy of it
is kept beside it, and the change is shown. Doing it twice changes nothing.")]
pub struct InstallArgs {
    /// Which entry of which client.
    #[command(flatten)]
    pub entry: EntryArgs,
}

/// Arguments of `uninstall`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example:
  task-orchestrator uninstall --client cursor --scope project --dry-run

The workspace and its tasks stay.")]
pub struct UninstallArgs {
    /// Which entry of which client.
    #[command(flatten)]
    pub entry: EntryArgs,
}

/// Which entry of which client.
#[derive(Debug, Clone, Args)]
pub struct EntryArgs {
    /// The client
    #[arg(long, value_enum)]
    pub client: Client,
    /// For you in every project, or for everybody in this one
    #[arg(long, value_enum, default_value = "user")]
    pub scope: Scope,
    /// The server's name in the client
    #[arg(long, default_value = "task-orchestrator")]
    pub name: String,
    /// Show the change without making it
    #[arg(long)]
    pub dry_run: bool,
}

impl InstallArgs {
    /// Enters this program into the client's configuration.
    ///
    /// # Errors
    /// No home, a scope that the client does not have, a file that is broken.
    pub fn run(&self, global: &GlobalArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let program = env::current_exe().context("this program's own path cannot be found")?;
        self.run_as(&program, global, out)
    }

    fn run_as(&self, program: &Path, global: &GlobalArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let entry = &self.entry;
        let (workspace, _) = global.find_workspace()?;
        let target = entry.target(workspace.root())?;
        // A user's entry serves every project, so it names one only if asked to.
        let named = global.workspace.is_some() || entry.scope == Scope::Project;
        let launch = Launch::new(program, named.then(|| workspace.root()))?;
        let done = target.install(&launch, entry.dry_run)?;
        let nothing = "is already set up";
        entry.report(&done, nothing, out)?;
        if let Some(advice) = entry.client.advice(entry.scope, named) {
            writeln!(out, "note: {advice}")?;
        }
        Ok(Exit::Done)
    }
}

impl UninstallArgs {
    /// Takes the entry out of the client's configuration.
    ///
    /// # Errors
    /// No home, a scope that the client does not have, a file that is broken.
    pub fn run(&self, global: &GlobalArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let (workspace, _) = global.find_workspace()?;
        let done = self.entry.target(workspace.root())?.uninstall(self.entry.dry_run)?;
        self.entry.report(&done, "has no such entry", out)?;
        Ok(Exit::Done)
    }
}

impl EntryArgs {
    fn target(&self, project: &Path) -> anyhow::Result<Target> {
        let homes = Homes::of_process(project).context("HOME is not set, so no client can be found")?;
        Ok(Target::new(self.client, self.scope, &self.name, &homes)?)
    }

    fn report(&self, done: &Done, nothing: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        let client = self.client.title();
        match done {
            Done::Nothing { path } => {
                writeln!(out, "{client} {nothing}: {} in {}", self.name, path.display())?;
            }
            Done::Changed { diff, .. } if self.dry_run => {
                write!(out, "{diff}")?;
                writeln!(out, "dry run: nothing was changed")?;
            }
            Done::Changed { path, diff, backup } => {
                write!(out, "{diff}")?;
                writeln!(out, "changed {}", path.display())?;
                if let Some(backup) = backup {
                    writeln!(out, "kept a copy in {}", backup.display())?;
                }
                writeln!(out, "restart {client} for it to take effect")?;
            }
        }
        Ok(())
    }
}
