//! `audit`: who did what with the server, whether the record of it is whole, and a
//! copy of it for elsewhere. Reads the files themselves; where they belong to another
//! user, the server is asked.

mod export;
mod filter;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use task_orchestrator_shared::admin::audit::{AuditRecord, AuditVerdict, MAX_AUDIT_RECORDS};
use task_orchestrator_shared::admin::{Reply, Request};

use self::filter::{Filter, Since};
use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::audit as render;
use super::screen::Screen;
use crate::audit::{self, AuditError, Options};
use crate::exit::Exit;

/// Arguments of `audit`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Every operation on the server itself is recorded in .task_orchestrator/audit before it is
done: who, what, what was decided, what came of it. Each record carries a keyed hash
(HMAC-SHA-256) of itself and of the record before.

What `audit verify` proves: without the key nobody has changed, added, removed or reordered
a record, or cut off the end. What it cannot prove: whoever can read the key can forge; keep
it elsewhere with audit.key_file, and send `audit export` to another machine. Putting back an
older log together with its checkpoint shows only against such a copy. And the user that is
recorded is what the kernel says: it separates users, not the programs of one user.

Examples:
  task-orchestrator audit show --limit 20
  task-orchestrator audit show --denied --since \"2 days\"
  task-orchestrator audit show --operation stop --actor 1000 --json | jq .records
  task-orchestrator audit verify
  task-orchestrator audit export --format csv --output audit.csv")]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: AuditVerb,
}

/// The verbs of `audit`.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditVerb {
    /// Print the newest records, newest first
    #[command(after_help = "\
Examples:
  task-orchestrator audit show
  task-orchestrator audit show --operation rollback --since 2026-11-21T10:00:00Z")]
    Show {
        /// How many, 1 to 1000
        #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only this operation, such as graceful_restart
        #[arg(long, value_name = "OP")]
        operation: Option<String>,
        /// Only what this user did, by name or number, or this token or address
        #[arg(long, value_name = "USER")]
        actor: Option<String>,
        /// Only what was denied
        #[arg(long)]
        denied: bool,
        /// Only from this time on: a date, a time, or how long ago ("2 h", "7 days")
        #[arg(long, value_name = "TIME")]
        since: Option<Since>,
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Check every record and the whole chain (exit code 1 if anything is wrong)
    #[command(after_help = "\
Example:
  task-orchestrator audit verify --json | jq .problems")]
    Verify {
        /// Print one JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Write the records, oldest first, for another program or machine
    #[command(after_help = "\
JSON lines are the records as they stand in the files, hashes included.

Example:
  task-orchestrator audit export --since 2026-11-01 --output november.jsonl")]
    Export {
        /// Where to; it must not exist yet. Without it: the standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Only from this time on
        #[arg(long, value_name = "TIME")]
        since: Option<Since>,
        /// The form of the lines
        #[arg(long, value_enum, default_value = "jsonl")]
        format: Format,
    },
}

/// The form of exported lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A JSON object a line.
    Jsonl,
    /// Comma-separated values with a line of titles.
    Csv,
}

impl AuditArgs {
    /// Does what the verb says.
    ///
    /// # Errors
    /// Files that cannot be read, and no server that could be asked.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let (workspace, _) = global.find_workspace()?;
        let (config, ..) = global.load_config(&workspace)?;
        let options = Options::of(&workspace, &config.audit);
        match &self.verb {
            AuditVerb::Show { limit, operation, actor, denied, since, json } => {
                let filter = Filter::new(operation.clone(), actor.clone(), *denied, *since);
                let records = records(global, &options, *limit, &filter, screen)?;
                if *json {
                    screen.print_json_as("records", &records)?;
                } else {
                    render::records(&records, screen.paint, screen.out)?;
                }
                Ok(Exit::Done)
            }
            AuditVerb::Verify { json } => {
                let verdict = verdict(global, &options, screen)?;
                if *json {
                    screen.print_json(&verdict)?;
                } else {
                    render::verdict(&verdict, screen.paint, screen.out)?;
                }
                Ok(if verdict.intact { Exit::Done } else { Exit::Failed })
            }
            AuditVerb::Export { output, since, format } => {
                export::run(&options, output.as_deref(), *since, *format, screen)
            }
        }
    }
}

fn records(
    global: &GlobalArgs,
    options: &Options,
    limit: u32,
    filter: &Filter,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Vec<AuditRecord>> {
    let limit = usize::try_from(limit).unwrap_or(MAX_AUDIT_RECORDS);
    match audit::newest(&options.directory, limit, |record| filter.wants(record)) {
        Err(error) if error.is_permission() => {}
        records => return Ok(records.or_else(nothing_yet)?),
    }
    let most = u32::try_from(MAX_AUDIT_RECORDS).unwrap_or(u32::MAX);
    match ask(global, &Request::Audit { limit: most }, false, screen)? {
        Reply::Audit(records) => {
            Ok(records.into_iter().filter(|record| filter.wants(record)).take(limit).collect())
        }
        _ => Err(WrongReply.into()),
    }
}

/// A workspace in which no server was started has no records.
fn nothing_yet(error: AuditError) -> Result<Vec<AuditRecord>, AuditError> {
    if error.is_missing() { Ok(Vec::new()) } else { Err(error) }
}

fn verdict(global: &GlobalArgs, options: &Options, screen: &mut Screen<'_>) -> anyhow::Result<AuditVerdict> {
    match audit::verify(options) {
        Err(error) if error.is_permission() => {}
        verdict => return Ok(verdict?),
    }
    match ask(global, &Request::VerifyAudit, false, screen)? {
        Reply::AuditVerdict(verdict) => Ok(*verdict),
        _ => Err(WrongReply.into()),
    }
}

#[cfg(test)]
mod tests;
