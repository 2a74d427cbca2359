//! `status`: whether a server runs, and how it is.

use serde_json::json;
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::client::CallError;

use super::ask::{WrongReply, call};
use super::render::status::status;
use super::screen::Screen;
use super::sessions_verb::Clients;
use crate::cli::{GlobalArgs, StatusArgs};
use crate::exit::Exit;

/// Says whether a server runs, and how it is. That none runs is an answer here, and
/// no mistake.
///
/// # Errors
///
/// A server that does not answer, or output that cannot be written.
pub(super) fn run(global: &GlobalArgs, args: &StatusArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
    let (workspace, _) = global.find_workspace()?;
    let root = workspace.root().display();
    match call(global, &workspace, &Request::Status) {
        Ok(Reply::Status(found)) if args.json => {
            let mut object = serde_json::to_value(&found)?;
            if let Some(object) = object.as_object_mut() {
                object.insert("running".to_owned(), true.into());
            }
            screen.print_json(&object)?;
            Ok(Exit::Done)
        }
        Ok(Reply::Status(found)) => {
            let names = Clients::names(global, screen);
            status(&found, &names, screen.paint, screen.out)?;
            Ok(Exit::Done)
        }
        Ok(_) => Err(WrongReply.into()),
        Err(CallError::NoServer) if args.json => {
            screen.print_json(&json!({ "running": false, "workspace": root.to_string() }))?;
            Ok(Exit::NoServer)
        }
        Err(CallError::NoServer) => {
            writeln!(screen.out, "no server is running for {root}")?;
            let advice = "An MCP client starts one; `task-orchestrator serve` runs one in the foreground.";
            writeln!(screen.out, "{advice}")?;
            Ok(Exit::NoServer)
        }
        Err(error) => Err(error.into()),
    }
}
