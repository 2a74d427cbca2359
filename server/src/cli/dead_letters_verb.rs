//! `dead-letters`: requests that were answered with an error instead of being
//! carried out, to be looked at, tried again or forgotten.

use clap::{Args, Subcommand};
use serde_json::Value;
use task_orchestrator_shared::admin::{Context, Reply, Request};

use super::ask::{WrongReply, ask_in};
use super::confirm::confirm;
use super::render::dead_letters;
use super::render::text::clean;
use super::screen::Screen;
use super::{GlobalArgs, PrivilegedArgs};
use crate::exit::Exit;

/// Arguments of `dead-letters`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A request on which two workers ended is not tried a third time; one that waited longer than
buffer.expiry is not kept waiting. Both are answered with an error and set aside here.

Examples:
  task-orchestrator dead-letters list
  task-orchestrator dead-letters show 3
  task-orchestrator dead-letters retry 3              the cause is removed: do it after all
  task-orchestrator dead-letters discard 3 --yes --reason \"seen to by hand\"
  task-orchestrator dead-letters list --json | jq \".dead_letters[].id\"")]
pub struct DeadLettersArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub verb: DeadLettersVerb,
    /// Print one JSON object, for programs
    #[arg(long, global = true)]
    pub json: bool,
}

/// The verbs of `dead-letters`.
#[derive(Debug, Clone, Subcommand)]
pub enum DeadLettersVerb {
    /// List them, newest first
    List {
        /// How many, 1 to 1000
        #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show one with its message
    Show {
        /// Its number
        id: u64,
        /// What goes with it.
        #[command(flatten)]
        privileged: PrivilegedArgs,
    },
    /// Send one to the worker again and print the answer (exit code 1 if that is an error)
    Retry {
        /// Its number
        id: u64,
        /// What goes with it.
        #[command(flatten)]
        privileged: PrivilegedArgs,
    },
    /// Forget one
    Discard {
        /// Its number
        id: u64,
        /// Confirm it without being asked
        #[arg(long)]
        yes: bool,
        /// What goes with it.
        #[command(flatten)]
        privileged: PrivilegedArgs,
    },
}

impl DeadLettersArgs {
    /// Does what the verb says.
    ///
    /// # Errors
    /// No server, no such letter, no confirmation, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        if let DeadLettersVerb::Discard { id, yes: false, .. } = self.verb {
            let consequences = format!("Dead letter {id} is forgotten with its message.");
            confirm("discarding a dead letter", &consequences, &id.to_string(), screen)?;
        }
        match ask_in(global, &self.request(), self.context(), self.json, screen)? {
            Reply::DeadLetters(letters) if self.json => screen.print_json_as("dead_letters", &letters)?,
            Reply::DeadLetters(letters) => dead_letters::list(&letters, screen.paint, screen.out)?,
            Reply::DeadLetter(letter) if self.json => screen.print_json(&letter)?,
            Reply::DeadLetter(letter) => dead_letters::whole(&letter, screen.out)?,
            Reply::Done(done) if self.json => screen.print_json(&done)?,
            Reply::Done(done) => writeln!(screen.out, "{}", clean(&done.message))?,
            Reply::Retried(answer) => return self.retried(&answer, screen),
            _ => return Err(WrongReply.into()),
        }
        Ok(Exit::Done)
    }

    fn request(&self) -> Request {
        match self.verb {
            DeadLettersVerb::List { limit } => Request::DeadLetters { limit },
            DeadLettersVerb::Show { id, .. } => Request::DeadLetter { id },
            DeadLettersVerb::Retry { id, .. } => Request::RetryDeadLetter { id },
            DeadLettersVerb::Discard { id, .. } => Request::DiscardDeadLetter { id },
        }
    }

    fn context(&self) -> Context {
        match &self.verb {
            DeadLettersVerb::List { .. } => Context::default(),
            DeadLettersVerb::Show { privileged, .. }
            | DeadLettersVerb::Retry { privileged, .. }
            | DeadLettersVerb::Discard { privileged, .. } => privileged.context(),
        }
    }

    fn retried(&self, answer: &Value, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        if self.json {
            screen.print_json_as("answer", answer)?;
        } else {
            dead_letters::json(answer, screen.out)?;
        }
        Ok(if is_error(answer) { Exit::Failed } else { Exit::Done })
    }
}

/// Whether an MCP answer is one of the two kinds of error.
fn is_error(answer: &Value) -> bool {
    answer.get("error").is_some() || answer.pointer("/result/isError") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_kinds_of_error_are_told_from_a_result() {
        assert!(is_error(&json!({ "id": 1, "error": { "code": -32603 } })));
        assert!(is_error(&json!({ "id": 1, "result": { "isError": true } })));
        assert!(!is_error(&json!({ "id": 1, "result": { "isError": false } })));
        assert!(!is_error(&json!({ "id": 1, "result": {} })));
    }
}
