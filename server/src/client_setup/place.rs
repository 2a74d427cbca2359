//! Which file each client reads, and in which form.

use std::path::{Path, PathBuf};
use std::{env, fmt};

use clap::ValueEnum;

use super::SetupError;

/// An MCP client that can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Client {
    /// Claude Code
    ClaudeCode,
    /// Claude Desktop
    ClaudeDesktop,
    /// Cursor
    Cursor,
    /// Visual Studio Code
    Vscode,
    /// Windsurf
    Windsurf,
    /// Codex
    Codex,
}

impl Client {
    /// Its name as people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::Vscode => "Visual Studio Code",
            Self::Windsurf => "Windsurf",
            Self::Codex => "Codex",
        }
    }

    /// What its user should know after an installation.
    pub fn advice(self, scope: Scope, workspace_named: bool) -> Option<&'static str> {
        match (self, scope) {
            (Self::ClaudeDesktop | Self::Windsurf, _) if !workspace_named => Some(
                "this client does not start servers in a project's directory: name one with --workspace DIR",
            ),
            (Self::ClaudeCode, Scope::Project) => {
                Some("Claude Code asks once before it uses a project's servers")
            }
            (Self::Codex, Scope::Project) => {
                Some("Codex reads a project's servers only if the project is trusted")
            }
            _ => None,
        }
    }
}

/// For whom a client is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// For this user, in every project
    User,
    /// For everybody, in this project
    Project,
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::User => "user",
            Self::Project => "project",
        })
    }
}

/// Where configurations live, taken from the process once so that tests can give
/// their own.
#[derive(Debug, Clone)]
pub struct Homes {
    /// The user's home.
    pub home: PathBuf,
    /// `XDG_CONFIG_HOME`, if it is not `~/.config`.
    pub config: Option<PathBuf>,
    /// `CLAUDE_CONFIG_DIR`, which moves Claude Code's files.
    pub claude: Option<PathBuf>,
    /// `CODEX_HOME`, which moves Codex's.
    pub codex: Option<PathBuf>,
    /// The project's root.
    pub project: PathBuf,
    /// Whether the system keeps application data in `~/Library`.
    pub is_macos: bool,
}

impl Homes {
    /// Those of this process; none when it has no home.
    pub fn of_process(project: &Path) -> Option<Self> {
        let directory = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Some(Self {
            home: directory("HOME")?,
            config: directory("XDG_CONFIG_HOME"),
            claude: directory("CLAUDE_CONFIG_DIR"),
            codex: directory("CODEX_HOME"),
            project: project.to_owned(),
            is_macos: cfg!(target_os = "macos"),
        })
    }

    fn applications(&self) -> PathBuf {
        if self.is_macos {
            self.home.join("Library/Application Support")
        } else {
            self.config.clone().unwrap_or_else(|| self.home.join(".config"))
        }
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON, perhaps with comments: servers by name in the object `container`;
    /// `typed` entries say that they speak over stdio.
    Json { container: &'static str, typed: bool },
    /// TOML: a table `[mcp_servers.NAME]` each.
    Toml,
}

/// A client's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    /// Mode where it does not exist yet: a user's file may hold secrets one day, a
    /// project's file is for everybody who shares the project.
    pub(super) new_file_mode: u32,
}

impl Place {
    pub(super) fn of(client: Client, scope: Scope, homes: &Homes) -> Result<Self, SetupError> {
        let servers = |typed| Format::Json { container: "mcpServers", typed };
        let home = &homes.home;
        let project = &homes.project;
        let (path, format) = match (client, scope) {
            (Client::ClaudeCode, Scope::User) => {
                (homes.claude.as_ref().unwrap_or(home).join(".claude.json"), servers(true))
            }
            (Client::ClaudeCode, Scope::Project) => (project.join(".mcp.json"), servers(true)),
            (Client::ClaudeDesktop, Scope::User) => {
                (homes.applications().join("Claude/claude_desktop_config.json"), servers(false))
            }
            (Client::Cursor, Scope::User) => (home.join(".cursor/mcp.json"), servers(true)),
            (Client::Cursor, Scope::Project) => (project.join(".cursor/mcp.json"), servers(true)),
            (Client::Vscode, _) => {
                let path = match scope {
                    Scope::User => homes.applications().join("Code/User/mcp.json"),
                    Scope::Project => project.join(".vscode/mcp.json"),
                };
                (path, Format::Json { container: "servers", typed: true })
            }
            (Client::Windsurf, Scope::User) => {
                (home.join(".codeium/windsurf/mcp_config.json"), servers(false))
            }
            (Client::Codex, Scope::User) => {
                let directory = homes.codex.clone().unwrap_or_else(|| home.join(".codex"));
                (directory.join("config.toml"), Format::Toml)
            }
            (Client::Codex, Scope::Project) => (project.join(".codex/config.toml"), Format::Toml),
            (Client::ClaudeDesktop | Client::Windsurf, Scope::Project) => {
                return Err(SetupError::Scope { client: client.title(), scope, works: Scope::User });
            }
        };
        let new_file_mode = match scope {
            Scope::User => 0o600,
            Scope::Project => 0o644,
        };
        Ok(Self { path, format, new_file_mode })
    }
}
