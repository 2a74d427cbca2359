//! `task-orchestrator state`: what can be restored, and restoring it. Goes through
//! the server where one runs, and works on the files where none does; both ways
//! print the same. Never changes a file behind a running server's back.

mod change;
mod list;
mod restore;
mod show;
mod source;

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::global::GlobalArgs;
use super::screen::Screen;
use crate::exit::Exit;
use crate::state::{self, CURRENT, Entry};
use crate::workspace::Workspace;

/// Arguments of `state`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Snapshots are taken at each restart: the open tasks and the connected clients. Backups of
the database have everything. Both are in .task_orchestrator/server_state. Where a server
runs, it is asked, and decides who may; where none runs, the files are used.

Examples:
  task-orchestrator state list --verify               what could be restored?
  task-orchestrator state show                        the newest snapshot
  task-orchestrator state diff current_state.json database
  task-orchestrator state pin backup_state_20261121T112233.123Z_7.json
  task-orchestrator state restore database_20261121T112233.123Z_7.db")]
pub struct StateArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: StateVerb,
}

/// The verbs of `state`.
#[derive(Debug, Clone, Subcommand)]
pub enum StateVerb {
    /// Print every snapshot and backup with its age
    #[command(after_help = "\
Example:
  task-orchestrator state list --verify --json | jq '.backups[] | select(.verified == false)'")]
    List {
        /// Read each one from end to end and say whether it is good
        #[arg(long)]
        verify: bool,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Print what a snapshot or backup holds
    #[command(after_help = "\
Examples:
  task-orchestrator state show
  task-orchestrator state show backup_state_20261121T112233.123Z_7.json --tasks")]
    Show {
        /// Which; the current snapshot if not given
        #[arg(default_value = CURRENT)]
        name: String,
        /// Print its open tasks too
        #[arg(long)]
        tasks: bool,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Read snapshots and backups from end to end (exit code 1 if one is broken)
    #[command(after_help = "\
Examples:
  task-orchestrator state verify
  task-orchestrator state verify --all --json")]
    Verify {
        /// Which; the current snapshot if not given
        #[arg(default_value = CURRENT)]
        name: String,
        /// All of them
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Put a snapshot or a backup in the place of the database
    #[command(after_help = "\
Says first which tasks would be lost, and writes them to server_state/lost_TIME.json, of
which the newest twenty are kept, and each for a day at least. The
database that is replaced stays as a backup. A snapshot has open tasks only: what was
completed before it, and its artifacts, are in backups of the database. Where a server
runs, its clients stay connected and their requests wait meanwhile.

Examples:
  task-orchestrator state restore current_state.json
  task-orchestrator state restore NAME --confirm NAME  without a question, for scripts")]
    Restore {
        /// Which
        name: String,
        /// The name again, instead of being asked for it
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// Do it without a confirmation
        #[arg(long)]
        yes: bool,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Print how the open tasks of two of them differ
    #[command(after_help = "\
`database` stands for the present database.

Example:
  task-orchestrator state diff current_state.json database")]
    Diff {
        /// The older one
        older: String,
        /// The newer one
        newer: String,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Compress and remove backups as the section `state` of the configuration says
    #[command(after_help = "\
The newest one that is good always stays, and what is pinned.

Examples:
  task-orchestrator state prune --dry-run
  task-orchestrator state prune --yes --set state.backups=3")]
    Prune {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        /// Do it without a confirmation
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Keep a backup whatever its age, beside those that the configuration keeps
    #[command(after_help = "\
It is compressed like others, and stays pinned.

Example:
  task-orchestrator state pin backup_state_20261121T112233.123Z_7.json")]
    Pin {
        /// Which
        name: String,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Keep a backup as the configuration says, no longer than that
    #[command(after_help = "\
Example:
  task-orchestrator state unpin backup_state_20261121T112233.123Z_7.json")]
    Unpin {
        /// Which
        name: String,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Have the running server take a snapshot now (exit code 4 if none runs)
    #[command(after_help = "\
Example:
  task-orchestrator state snapshot --json | jq -r .snapshot")]
    Snapshot {
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
}

impl StateArgs {
    /// Runs the verb.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is not there or is broken; no confirmation; a
    /// refusal of the server.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        match &self.verb {
            StateVerb::List { verify, json } => list::list(global, *verify, *json, screen),
            StateVerb::Show { name, tasks, json } => {
                let (workspace, _) = global.find_workspace()?;
                show::show(&workspace, name, *tasks, *json, screen)
            }
            StateVerb::Verify { name, all, json } => {
                list::verify(global, (!all).then_some(name.as_str()), *json, screen)
            }
            StateVerb::Restore { name, confirm, yes, json } => {
                let consent = restore::Consent { typed: confirm.as_deref(), given: *yes };
                restore::run(global, name, &consent, *json, screen)
            }
            StateVerb::Diff { older, newer, json } => change::diff(global, older, newer, *json, screen),
            StateVerb::Prune { dry_run, yes, json } => {
                change::prune(global, *dry_run || !*yes, *json, screen)
            }
            StateVerb::Pin { name, json } => change::pin(global, name, true, *json, screen),
            StateVerb::Unpin { name, json } => change::pin(global, name, false, *json, screen),
            StateVerb::Snapshot { json } => change::snapshot(global, *json, screen),
        }
    }
}

/// The file of that name.
fn find(workspace: &Workspace, name: &str) -> anyhow::Result<(Entry, PathBuf)> {
    let directory = workspace.server_state();
    let entries = state::list(&directory)?;
    match entries.into_iter().find(|entry| entry.name == name) {
        Some(entry) => Ok((entry, directory.join(name))),
        None if name == CURRENT => {
            bail!("there is no snapshot yet: one is taken at each restart of the server")
        }
        None => bail!("there is no {name}: `task-orchestrator state list` shows what there is"),
    }
}

#[cfg(test)]
mod tests;
