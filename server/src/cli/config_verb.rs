//! `task-orchestrator config`: show, check and write the configuration, and have the
//! running server read it again.

mod server;

use std::io::Write;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::global::GlobalArgs;
use super::privileged::PrivilegedArgs;
use super::screen::Screen;
use crate::config::{ConfigErrors, default_file, shown_as_json, shown_as_text};
use crate::exit::Exit;
use crate::workspace::{replace_private_file, write_new_private_file};

/// Arguments of `config`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  task-orchestrator config init                       write a config.toml that explains itself
  task-orchestrator config check                      find every mistake in it
  task-orchestrator config show --json                for programs
  task-orchestrator config show --server              what the running server has
  task-orchestrator config reload                     have it read the file again
  MCP_TASK_ORCHESTRATOR_LOG_LEVEL=debug task-orchestrator config show

From weak to strong: defaults, config.toml, environment, flags.")]
pub struct ConfigArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub verb: ConfigVerb,
}

/// The verbs of `config`.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigVerb {
    /// Print every key's effective value and where it comes from
    #[command(after_help = "\
Examples:
  task-orchestrator config show
  task-orchestrator config show --server --json | jq '.config[] | select(.pending)'")]
    Show {
        /// Ask the running server what it has, and mark what it does not have yet
        #[arg(long)]
        server: bool,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Report every mistake in file, environment and flags (exit code 1 if there is one)
    Check,
    /// Have the running server read the configuration again
    #[command(after_help = "\
What can change at run time holds at once; what needs a restart or a new server is named.

Example:
  task-orchestrator config reload --reason \"more room for backups\"")]
    Reload {
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
        /// What goes with it.
        #[command(flatten)]
        privileged: PrivilegedArgs,
    },
    /// Write a config.toml with every key, its meaning and its default, all commented out
    Init {
        /// Replace a file that is there already
        #[arg(long)]
        force: bool,
    },
}

impl ConfigArgs {
    /// Runs the verb.
    ///
    /// # Errors
    /// A configuration that cannot be shown or written, no server where one is asked,
    /// or no way to print.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        match &self.verb {
            ConfigVerb::Show { server: true, json } => server::show(*json, global, screen),
            ConfigVerb::Show { server: false, json } => show(*json, global, screen.out, screen.err),
            ConfigVerb::Reload { json, privileged } => server::reload(*json, privileged, global, screen),
            ConfigVerb::Check => check(global, screen.out, screen.err),
            ConfigVerb::Init { force } => init(*force, global, screen.out),
        }
    }
}

fn show(json: bool, global: &GlobalArgs, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<Exit> {
    let (workspace, _) = global.find_workspace()?;
    let (_, provenance, warnings) = global.load_config(&workspace)?;
    if json {
        let shown = serde_json::json!({
            "workspace": workspace.root(),
            "found_by": workspace.found_by().to_string(),
            "config_file": workspace.config_file(),
            "keys": shown_as_json(&provenance),
            "warnings": warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        writeln!(out, "{shown:#}")?;
        return Ok(Exit::Done);
    }
    for warning in &warnings {
        writeln!(err, "warning: {warning}")?;
    }
    writeln!(out, "# workspace {} (found by {})", workspace.root().display(), workspace.found_by())?;
    write!(out, "{}", shown_as_text(&provenance))?;
    Ok(Exit::Done)
}

/// Mistakes are this verb's answer, not its failure, so they are no error here.
fn check(global: &GlobalArgs, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<Exit> {
    let (workspace, _) = global.find_workspace()?;
    let file = workspace.config_file();
    let state = if file.exists() { "" } else { " (which does not exist: defaults apply)" };
    match global.load_config(&workspace) {
        Ok((_, _, warnings)) => {
            for warning in &warnings {
                writeln!(err, "warning: {warning}")?;
            }
            writeln!(out, "{}{state}: no mistakes", file.display())?;
            Ok(Exit::Done)
        }
        Err(error) => {
            let errors = error.downcast::<ConfigErrors>()?;
            for problem in &errors.0 {
                writeln!(err, "error: {problem}")?;
            }
            let count = errors.0.len();
            writeln!(err, "{count} mistake{} found", if count == 1 { "" } else { "s" })?;
            Ok(Exit::Failed)
        }
    }
}

fn init(force: bool, global: &GlobalArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (mut workspace, surroundings) = global.find_workspace()?;
    workspace.create(&surroundings)?;
    let path = workspace.config_file();
    let content = default_file();
    let written = if force {
        replace_private_file(&path, content.as_bytes()).map(|()| true)
    } else {
        write_new_private_file(&path, content.as_bytes())
    };
    if !written.with_context(|| format!("cannot write {}", path.display()))? {
        bail!("{} exists already: edit it, or replace it with --force", path.display());
    }
    writeln!(out, "wrote {}", path.display())?;
    Ok(Exit::Done)
}
