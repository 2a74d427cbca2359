//! Flags that every verb takes, and what they make of workspace and configuration.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use clap::Args;
use task_orchestrator_shared::role::Role;

use crate::config::{Config, FlagSetting, Overrides, Provenance, Warning};
use crate::workspace::{Surroundings, Workspace};

const LOG_LEVEL: &str = "log.level";

/// Flags that every verb takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every verb")]
pub struct GlobalArgs {
    /// The project whose tasks are meant
    #[arg(long, global = true, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Set a key of the configuration for this run; repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<KeyValue>,
    /// How much to log: error, warn, info, debug, trace (the key log.level)
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Take a lower role for this command: readonly, monitor, operator, admin
    #[arg(long, global = true, value_name = "ROLE", value_parser = role)]
    pub role: Option<Role>,
}

/// The role of this name.
fn role(name: &str) -> Result<Role, String> {
    Role::named(name).ok_or_else(|| format!("expected one of {}", Role::ALL.map(Role::as_str).join(", ")))
}

/// `key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// The key, as in `log.level`.
    pub key: String,
    /// Everything behind the first `=`.
    pub value: String,
}

impl FromStr for KeyValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().to_owned(), value: value.to_owned() })
            }
            Some(_) | None => Err("expected KEY=VALUE, such as log.level=debug".to_owned()),
        }
    }
}

impl GlobalArgs {
    /// The workspace, found but not created, and what the search depended on.
    ///
    /// # Errors
    /// A workspace that does not exist, or no current directory.
    pub fn find_workspace(&self) -> anyhow::Result<(Workspace, Surroundings)> {
        let surroundings = Surroundings::of_process().context("the current directory cannot be read")?;
        let workspace = Workspace::discover(self.workspace.as_deref(), &surroundings)?;
        Ok((workspace, surroundings))
    }

    /// The configuration of the workspace with this command line's flags on top.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load_config(&self, workspace: &Workspace) -> anyhow::Result<(Config, Provenance, Vec<Warning>)> {
        Ok(Config::load(workspace, &self.overrides())?)
    }

    /// The flags as settings, with this process's environment below them.
    pub fn overrides(&self) -> Overrides {
        let set = self.set.iter().map(|setting| FlagSetting {
            path: setting.key.clone(),
            value: setting.value.clone(),
            flag: format!("--set {}={}", setting.key, setting.value),
        });
        let level = self.log_level.iter().map(|level| FlagSetting {
            path: LOG_LEVEL.to_owned(),
            value: level.clone(),
            flag: format!("--log-level {level}"),
        });
        Overrides::of_process(set.chain(level).collect())
    }

    /// The same flags for a child process, with the workspace that was found: the
    /// child may have another current directory.
    pub fn for_child(&self, workspace: &Workspace) -> Vec<OsString> {
        let mut arguments = vec![OsString::from("--workspace"), workspace.root().into()];
        for setting in &self.set {
            arguments.extend(["--set".into(), format!("{}={}", setting.key, setting.value).into()]);
        }
        if let Some(level) = &self.log_level {
            arguments.extend(["--log-level".into(), level.into()]);
        }
        arguments
    }
}
