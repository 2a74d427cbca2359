//! `token`: what lets clients on the network in. A running server makes the change, and
//! writes it into the audit first; where none runs, this program does both, and keeps
//! servers away meanwhile. The secret is made here and printed here, and known nowhere else.

mod offline;

use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;
use task_orchestrator_shared::admin::token::SealedToken;
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::client::{CallError, once};
use task_orchestrator_shared::role::Role;

use super::ask::{PROMPT, WrongReply, accepted, target};
use super::screen::Screen;
use super::{GlobalArgs, PrivilegedArgs, done};
use crate::config;
use crate::exit::Exit;
use crate::tokens::{self, Made};

/// Arguments of `token`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A client on the network sends its token with each request, as `Authorization: Bearer TOKEN`.
Only a salted hash of it is kept, in .task_orchestrator/tokens.json: what was lost cannot be
shown again. A running server notices each change at once; what is open with a token that is
revoked or expires is closed.

Examples:
  task-orchestrator token create --name ci --role operator --expires 30d
  TOKEN=$(task-orchestrator token create --name laptop --role monitor)
  task-orchestrator token list
  task-orchestrator token revoke ci --reason \"it was in a log\"")]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: TokenVerb,
    /// Print one JSON object, for programs
    #[arg(long, global = true)]
    pub json: bool,
}

/// The verbs of `token`.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenVerb {
    /// Make one and print it: this is the only time that it is seen
    #[command(after_help = "\
Example:
  task-orchestrator token create --name ci --role operator --expires 30d")]
    Create {
        /// What to call it: 1 to 64 letters, digits, `.`, `_` and `-`
        #[arg(long)]
        name: String,
        /// What it may do: readonly, monitor, operator or admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// After which time it is refused, such as 12h or 30d; never without
        #[arg(long, value_name = "TIME", value_parser = lifetime)]
        expires: Option<Duration>,
        /// What goes with it.
        #[command(flatten)]
        privileged: PrivilegedArgs,
    },
    /// List them, without their secrets
    #[command(after_help = "\
Example:
  task-orchestrator token list --json | jq \".tokens[].name\"")]
    List,
    /// Let nobody in with one any more, and close what is open with it
    #[command(after_help = "\
Example:
  task-orchestrator token revoke ci")]
    Revoke {
        /// Its name
        name: String,
        /// What goes with it.
        #[command(flatten)]
        privileged: PrivilegedArgs,
    },
}

impl TokenArgs {
    /// Does what the verb says.
    ///
    /// # Errors
    /// A refusal, and files that cannot be read or written.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        match &self.verb {
            TokenVerb::Create { name, role, expires, privileged } => {
                let made = tokens::make(name, *role, *expires, Timestamp::now())?;
                let request = Request::AddToken(Box::new(made.sealed.clone()));
                // Here `--role` is the token's, and not the one that is asked in.
                let global = &GlobalArgs { role: None, ..global.clone() };
                self.change(global, &request, privileged, screen)?;
                self.show_once(&made, screen)?;
                Ok(Exit::Done)
            }
            TokenVerb::List => self.list(global, screen),
            TokenVerb::Revoke { name, privileged } => {
                let request = Request::RevokeToken { name: name.clone() };
                let reply = self.change(global, &request, privileged, screen)?;
                done::tell(reply, self.json, screen)
            }
        }
    }

    /// By the server where one runs, otherwise here.
    fn change(
        &self,
        global: &GlobalArgs,
        request: &Request,
        privileged: &PrivilegedArgs,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<Reply> {
        let (workspace, _) = global.find_workspace()?;
        let context = privileged.context();
        match once(&target(global, &workspace), request.clone(), context.clone(), Some(PROMPT), |_| {}) {
            Ok(reply) => match accepted(reply, self.json, screen)? {
                reply @ Reply::Done(_) => Ok(reply),
                _ => Err(WrongReply.into()),
            },
            Err(CallError::NoServer) => offline::change(global, request, &context),
            Err(error) => Err(error.into()),
        }
    }

    fn show_once(&self, made: &Made, screen: &mut Screen<'_>) -> anyhow::Result<()> {
        let SealedToken { name, role, expires, .. } = &made.sealed;
        if self.json {
            return screen.print_json(&json!({
                "name": name, "role": role, "expires": expires, "token": made.text,
            }));
        }
        let until =
            expires.as_ref().map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {at}"));
        writeln!(screen.err, "token {name}, {role}, {until}; it is not shown again:")?;
        writeln!(screen.out, "{}", made.text)?;
        Ok(())
    }

    fn list(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let (workspace, _) = global.find_workspace()?;
        let tokens = tokens::read(&workspace.tokens())?;
        let now = Timestamp::now();
        if self.json {
            let listed: Vec<_> = tokens.iter().map(|token| listed(token, now)).collect();
            screen.print_json_as("tokens", &listed)?;
            return Ok(Exit::Done);
        }
        if tokens.is_empty() {
            writeln!(screen.out, "there are no tokens")?;
        }
        let width = tokens.iter().map(|token| token.name.len()).max().unwrap_or_default();
        for token in &tokens {
            let SealedToken { name, role, created, expires, ends_with, .. } = token;
            let until = match expires {
                None => "does not expire".to_owned(),
                Some(at) if has_expired(token, now) => format!("expired {at}"),
                Some(at) => format!("expires {at}"),
            };
            let role = role.as_str();
            writeln!(screen.out, "{name:width$}  {role:8}  …{ends_with}  made {created}  {until}")?;
        }
        Ok(Exit::Done)
    }
}

fn has_expired(token: &SealedToken, now: Timestamp) -> bool {
    let at = token.expires.as_ref().and_then(|at| at.parse::<Timestamp>().ok());
    at.is_some_and(|at| now >= at)
}

fn listed(token: &SealedToken, now: Timestamp) -> serde_json::Value {
    json!({
        "name": token.name, "role": token.role, "created": token.created, "expires": token.expires,
        "expired": has_expired(token, now), "ends_with": token.ends_with,
    })
}

fn role(text: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(Role::as_str).join(", ");
    Role::named(&text.to_ascii_lowercase()).ok_or_else(|| format!("a role is one of {}", known()))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    config::duration(text).and_then(|lifetime| match lifetime.is_zero() {
        true => Err("a token that expires at once lets nobody in".to_owned()),
        false => Ok(lifetime),
    })
}
