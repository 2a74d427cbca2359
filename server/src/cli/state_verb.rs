//! `task-orchestrator state`: what can be restored, and restoring it. Reads the
//! files themselves: a server need not run, and for a restore it must not.

mod diff;
mod list;
mod prune;
mod restore;
mod show;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::global::GlobalArgs;
use crate::exit::Exit;
use crate::state::{self, CURRENT, Entry, Kind};
use crate::workspace::Workspace;

/// Arguments of `state`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Snapshots are taken at each restart: the open tasks and the connected clients. Backups of
the database have everything. Both are in .task_orchestrator/server_state.

Examples:
  task-orchestrator state list --verify               what could be restored?
  task-orchestrator state show                        the newest snapshot
  task-orchestrator state diff current_state.json database
  task-orchestrator stop && task-orchestrator state restore database_20261121T112233.123Z_7.db")]
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
  task-orchestrator state list --verify --json | jq '.[] | select(.verified == false)'")]
    List {
        /// Read each one from end to end and say whether it is good
        #[arg(long)]
        verify: bool,
        /// Print one JSON array, for programs
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
        /// Print one JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Put a snapshot or a backup in the place of the database; the server must be stopped
    #[command(after_help = "\
Says first which tasks would be lost, and writes them to server_state/lost_TIME.json. The
database that is replaced stays as a backup. A snapshot has open tasks only: what was
completed before it, and its artifacts, are in backups of the database.

Examples:
  task-orchestrator stop
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
The newest one that is good always stays.

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
}

impl StateArgs {
    /// Runs the verb, printing to `out`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is not there or is broken; a server that runs.
    pub fn run(&self, global: &GlobalArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let (workspace, _) = global.find_workspace()?;
        match &self.verb {
            StateVerb::List { verify, json } => list::list(&workspace, *verify, *json, out),
            StateVerb::Show { name, tasks, json } => show::show(&workspace, name, *tasks, *json, out),
            StateVerb::Verify { name, all, json } => {
                list::verify(&workspace, (!all).then_some(name.as_str()), *json, out)
            }
            StateVerb::Restore { name, confirm, yes, json } => {
                let consent = restore::Consent { typed: confirm.as_deref(), given: *yes };
                restore::run(&workspace, name, consent, *json, out)
            }
            StateVerb::Diff { older, newer, json } => diff::run(&workspace, older, newer, *json, out),
            StateVerb::Prune { dry_run, yes, json } => {
                let (config, ..) = global.load_config(&workspace)?;
                prune::run(&workspace, &config, *dry_run || !*yes, *json, out)
            }
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

/// Reads a file from end to end.
fn check(workspace: &Workspace, entry: &Entry) -> Result<(), state::StateError> {
    state::rotation::verify(&workspace.server_state(), &entry.name, entry.kind)
}

/// A copy of the database as a file that can be opened: compressed ones are
/// unpacked beside it, and removed with this.
struct Opened {
    path: PathBuf,
    unpacked: bool,
}

impl Opened {
    fn new(workspace: &Workspace, entry: &Entry) -> anyhow::Result<Self> {
        let path = workspace.server_state().join(&entry.name);
        if entry.kind != Kind::Database || !entry.name.ends_with(".gz") {
            return Ok(Self { path, unpacked: false });
        }
        let unpacked = state::part_path(&workspace.server_state());
        let opened = Self { path: unpacked, unpacked: true };
        state::rotation::unpack(&path, &opened.path)
            .with_context(|| format!("{} cannot be unpacked", entry.name))?;
        Ok(opened)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.unpacked {
            crate::store::backup::remove_with_logs(&self.path);
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0)),
    }
}

fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests;
