//! The command line: every flag, and the help that teaches them.

mod appearance;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::tz::TimeZone;
use task_orchestrator_shared::role::Role;

pub use appearance::{AppearanceArgs, Colour};

use crate::capabilities::Capabilities;
use crate::config::{self, Config, ConfigErrors, Zone};
use crate::demo::{self, Demo};
use crate::exit::Exit;
use crate::key_table;
use crate::keymap::Keymap;
use crate::linear;
use crate::link::{Aim, Origin, Server};
use crate::model::{Model, Now, Settings};
use crate::record::{self, Recorder};
use crate::replay::{Replay, Speed};
use crate::runtime::{self, Setup};
use crate::screen::Screen;
use crate::terminal::{self, TerminalError};

const EXAMPLES: &str = "\
Examples:
  task-orchestrator-console                      the server of this project
  task-orchestrator-console --workspace ~/shop   of another one
  task-orchestrator-console --read-only          look, and order nothing
  task-orchestrator-console --screen logs        begin with the log
  task-orchestrator-console --ascii --colour never
                                                 for a terminal with neither
  task-orchestrator-console --demo               a server with twenty clients, to try things on
  task-orchestrator-console --start              start the server where none runs
  task-orchestrator-console --linear             in lines, for screen readers and pipes
  task-orchestrator-console --record bug.jsonl   keep what the server says;
  task-orchestrator-console --replay bug.jsonl --speed 10
                                                 see it again, without a server
  task-orchestrator-console keys                 the table of keys, in Markdown

Inside: ? shows every key, : finds an action by its name, q ends the console; the
server and its clients go on. Without a server the console waits for one.

Exit codes: 0 ended by its user, 1 failed, 2 wrong usage or no terminal, 70 crashed
(a report is in $XDG_STATE_HOME/task-orchestrator/crashes), 78 mistakes in the
configuration, 128+N ended by signal N.";

/// The operations console of the task orchestrator: watches a server and steers it
#[derive(Debug, Parser)]
#[command(name = "task-orchestrator-console", version, about, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Something else than the console.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
    /// How everything looks.
    #[command(flatten)]
    pub appearance: AppearanceArgs,
    /// Where what is shown comes from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// In lines, for screen readers, dumb terminals and pipes: type `help` inside
    #[arg(long)]
    pub linear: bool,
    /// The screen to begin with: overview, connections, restarts, state, tasks, dead-letters, logs, audit, configuration
    #[arg(long, value_name = "NAME", value_parser = screen, hide_possible_values = true)]
    pub screen: Option<Screen>,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Which configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// The console's configuration; without it $XDG_CONFIG_HOME/task-orchestrator/console.toml
    #[arg(long = "config", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Which server, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which server")]
pub struct ServerArgs {
    /// The project whose server is meant; without it the nearest one upwards
    #[arg(long, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// The server behind this admin socket; also $MCP_TASK_ORCHESTRATOR_ADMIN_SOCKET
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Take a lower role than the one that is granted: readonly, monitor, operator, admin
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Option<Role>,
    /// Order nothing
    #[arg(long)]
    pub read_only: bool,
}

/// Where what is shown comes from, besides the server that is meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Trying it, and telling others")]
pub struct SourceArgs {
    /// Start a server for the workspace where none runs
    #[arg(long)]
    pub start: bool,
    /// A temporary workspace with a real server and twenty real MCP clients at work
    #[arg(long, conflicts_with_all = ["workspace", "socket", "start", "replay"])]
    pub demo: bool,
    /// Write what the server says to this file, which must not be there yet
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// Show what was recorded, instead of a server
    #[arg(long, value_name = "FILE", conflicts_with_all = ["workspace", "socket", "start"])]
    pub replay: Option<PathBuf>,
    /// How fast: a number, or max
    #[arg(long, value_name = "TIMES", requires = "replay", default_value = "1")]
    pub speed: Speed,
}

/// Something else than the console.
#[derive(Debug, Clone, Subcommand)]
pub enum Verb {
    /// The processes of a demonstration; ends with its standard input
    #[command(name = demo::VERB, hide = true)]
    DemoClients {
        /// The demonstration's project.
        #[arg(long)]
        workspace: PathBuf,
        /// The server's program.
        #[arg(long)]
        server: PathBuf,
    },
    /// Print the table of keys, in Markdown
    Keys,
    /// Look at the console's configuration, and start nothing
    #[command(subcommand)]
    Config(ConfigVerb),
}

/// What to do with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigVerb {
    /// Tell every mistake in it, each with its place; exit code 78 where there is one
    Check(ConfigArgs),
    /// Print every value with where it comes from, as it would stand in the file
    Print(ConfigArgs),
}

fn role(name: &str) -> Result<Role, String> {
    Role::named(name).ok_or_else(|| format!("expected one of {}", Role::ALL.map(Role::as_str).join(", ")))
}

/// The name of a screen, as its action has it.
fn screen(name: &str) -> Result<Screen, String> {
    let name_of = |screen: Screen| screen.title().to_lowercase().replace(' ', "-");
    Screen::ALL
        .into_iter()
        .find(|screen| name_of(*screen) == name)
        .ok_or_else(|| format!("expected one of {}", Screen::ALL.map(name_of).join(", ")))
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    ///
    /// When there is no terminal or no workspace; see [`exit_of`].
    pub fn run(self) -> anyhow::Result<Exit> {
        match self.verb {
            Some(Verb::Keys) => print(&key_table::markdown(&Keymap::default())),
            Some(Verb::Config(ConfigVerb::Check(args))) => {
                args.load(&environment())?;
                print("nothing is wrong\n")
            }
            Some(Verb::Config(ConfigVerb::Print(args))) => print(&config::print(&args.load(&environment())?)),
            Some(Verb::DemoClients { workspace, server }) => {
                demo::run_clients(&server, &workspace, std::io::stdin())?;
                Ok(Exit::Done)
            }
            None => self.console(),
        }
    }

    fn console(self) -> anyhow::Result<Exit> {
        let terminal = Capabilities::of(&environment());
        // A terminal that can only show lines gets lines.
        let is_linear = self.linear || terminal.is_dumb;
        if !is_linear {
            terminal::check()?;
        }
        let config = self.config.load(&environment())?;
        let origin = self.origin()?;
        // Local time is looked up behind the first frame.
        let configured = config.settings(&terminal, TimeZone::UTC);
        let settings = Settings {
            look: self.appearance.look(configured.look),
            mouse: self.appearance.mouse().unwrap_or(configured.mouse),
            read_only: self.server.read_only,
            role: self.server.role,
            ..configured
        };
        let now = Now { running: std::time::Duration::ZERO, wall: jiff::Timestamp::now() };
        let mut model = Model::new(origin.target(), settings, now);
        model.nonce = uuid::Uuid::new_v4().to_string();
        config.arrange(&mut model);
        model.screen = self.screen.unwrap_or(model.screen);
        model.starts_unasked = self.source.start;
        let is_local_time = config.time_zone.value == Zone::Local;
        if is_linear {
            return Ok(linear::run(model, origin, is_local_time)?);
        }
        let setup = Setup { model, origin, is_remote: terminal.is_ssh, is_local_time };
        Ok(runtime::run(setup)?)
    }
}

impl Cli {
    /// Where what is shown comes from.
    fn origin(&self) -> anyhow::Result<Origin> {
        let SourceArgs { demo, record, replay, speed, .. } = &self.source;
        if let Some(file) = replay {
            return Ok(Origin::Replay(Replay::open(file, *speed)?));
        }
        let demo = if *demo { Some(Demo::begin()?) } else { None };
        let aim = match &demo {
            // Whatever the environment names: nobody tries keys on a server that is at work.
            Some(demo) => Aim::of(demo.workspace())?,
            None => Aim::find(self.server.workspace.as_deref(), self.server.socket.clone())?,
        };
        let aim = aim.lowered(self.server.role, self.server.read_only);
        let recorder = match record {
            Some(file) => Some(Recorder::create(file, aim.workspace(), record::MAX_BYTES)?),
            None => None,
        };
        Ok(Origin::Server(Box::new(Server { aim, recorder, demo })))
    }
}

impl ConfigArgs {
    /// The configuration: of the file that was named, or of the usual one.
    ///
    /// # Errors
    ///
    /// Every mistake in it; a file that was named and cannot be read.
    pub fn load(&self, environment: &BTreeMap<String, String>) -> Result<Config, ConfigErrors> {
        let usual = || config::default_path(environment);
        let Some(path) = self.file.clone().or_else(usual) else { return Ok(Config::default()) };
        Config::load(&path, self.file.is_some())
    }
}

/// The variables of this process, but those that are no text.
fn environment() -> BTreeMap<String, String> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

/// The exit code that stands for an error.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<ConfigErrors>() {
        return Exit::Configuration;
    }
    match error.downcast_ref::<TerminalError>() {
        Some(TerminalError::NoTerminal(_)) => Exit::Usage,
        _ => Exit::Failed,
    }
}

fn print(text: &str) -> anyhow::Result<Exit> {
    use std::io::Write as _;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        // Who reads has seen enough.
        _ => Ok(Exit::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_configuration_with_mistakes_ends_with_its_own_code() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("console.toml");
        std::fs::write(&file, "tehme = 1").unwrap();
        let named = file.display().to_string();
        for verb in ["check", "print"] {
            let cli = Cli::try_parse_from(["c", "config", verb, "--config", &named]).unwrap();
            let error = cli.run().unwrap_err();
            assert_eq!(exit_of(&error), Exit::Configuration);
            assert!(error.to_string().contains("did you mean theme?"), "{error}");
        }
        std::fs::write(&file, "theme = \"light\"").unwrap();
        let usual = [("XDG_CONFIG_HOME".to_owned(), "/nowhere".to_owned())].into();
        let args = ConfigArgs { file: Some(file) };
        assert_eq!(args.load(&usual).unwrap().theme.value, crate::theme::Theme::Light);
        assert_eq!(ConfigArgs::default().load(&usual).unwrap(), Config::default());
    }

    #[test]
    fn screens_and_roles_are_found_by_their_names() {
        let cli = Cli::try_parse_from(["c", "--screen", "dead-letters", "--role", "monitor"]).unwrap();
        assert_eq!((cli.screen, cli.server.role), (Some(Screen::DeadLetters), Some(Role::Monitor)));
        let wrong = Cli::try_parse_from(["c", "--screen", "logz"]).unwrap_err().to_string();
        assert!(wrong.contains("dead-letters"), "{wrong}");
    }
}
