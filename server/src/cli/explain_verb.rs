//! `explain`: what an error code means and what to do about it. Needs no server.

use clap::Args;
use task_orchestrator_shared::explain::{PAGES, find, normal};

use super::render::page::{list, page};
use super::render::text::clean;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Every error of a tool, a restart or a command has a code. Works without a server.

Examples:
  task-orchestrator explain                           every code in a line
  task-orchestrator explain RESTART_006
  task-orchestrator explain 6                         the same
  task-orchestrator explain dependency_unfinished --json | jq -r \".what_to_do[]\"")]
pub struct ExplainArgs {
    /// The code, such as RESTART_006 or NOT_FOUND
    pub code: Option<String>,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl ExplainArgs {
    /// Prints the page, or the list.
    ///
    /// # Errors
    /// Output that cannot be written.
    pub(super) fn run(&self, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        match &self.code {
            None if self.json => screen.print_json_as("pages", &PAGES)?,
            None => list(screen.paint, screen.out)?,
            Some(typed) => match find(typed) {
                Some(found) if self.json => screen.print_json(found)?,
                Some(found) => page(found, screen.paint, screen.out)?,
                None => {
                    let typed_shown = clean(typed);
                    writeln!(
                        screen.err,
                        "error: there is no code {typed_shown}; did you mean {}? `task-orchestrator explain` lists all",
                        nearest(typed)
                    )?;
                    return Ok(Exit::Usage);
                }
            },
        }
        Ok(Exit::Done)
    }
}

fn nearest(typed: &str) -> &'static str {
    let written = normal(typed);
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&written, name);
    let names = PAGES.iter().map(|page| page.name);
    // With several as near, the first.
    names.rev().max_by(|left, right| likeness(left).total_cmp(&likeness(right))).unwrap_or("RESTART_001")
}
