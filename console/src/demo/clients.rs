//! The clients: each a real one of the Rust SDK over a real `task-orchestrator stdio`.
//! One that loses its server process begins again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation};
use rmcp::service::{Peer, RoleClient};
use rmcp::transport::TokioChildProcess;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::sleep;

use super::cast::CLIENTS;
use super::script::Script;

/// How many clients look after the whole, with long calls: the last ones.
const KEEPERS: usize = 2;

/// Between one client's coming and the next one's.
const APART: Duration = Duration::from_millis(40);

/// Before a client that has lost its server process begins again.
const AGAIN: Duration = Duration::from_secs(2);

/// Lets one client work until it is aborted.
pub(super) async fn work(number: usize, program: &Path, workspace: &Path) {
    let apart = u32::try_from(number).map_or(Duration::ZERO, |number| APART * number);
    sleep(apart).await;
    let mut script = Script::new(number, number + KEEPERS >= CLIENTS.len());
    loop {
        // Why it ended is in the server's log, which the console shows.
        let _ = attend(number, program, workspace, &mut script).await;
        sleep(AGAIN).await;
    }
}

async fn attend(number: usize, program: &Path, workspace: &Path, script: &mut Script) -> Result<(), Lost> {
    let (name, version) = CLIENTS.get(number).copied().unwrap_or(("client", "1"));
    let client = ClientConfig::new(ClientCapabilities::default(), Implementation::new(name, version));
    let mut command = Command::new(program);
    command.arg("stdio").arg("--workspace").arg(workspace).current_dir(workspace).kill_on_drop(true);
    let (transport, _) = TokioChildProcess::builder(command).stderr(Stdio::null()).spawn()?;
    let running = client.serve(transport).await.map_err(|_| Lost::Server)?;
    loop {
        let turn = script.next();
        sleep(turn.after).await;
        match call(running.peer(), turn.tool, turn.arguments.clone()).await {
            Ok(answer) => script.heard(&turn, &answer),
            Err(Lost::Call) => script.failed(),
            Err(lost) => return Err(lost),
        }
    }
}

/// What went wrong.
enum Lost {
    /// Only this call.
    Call,
    /// The server process.
    Server,
}

impl From<std::io::Error> for Lost {
    fn from(_: std::io::Error) -> Self {
        Self::Server
    }
}

async fn call(peer: &Peer<RoleClient>, tool: &'static str, arguments: Value) -> Result<Value, Lost> {
    let Value::Object(arguments) = arguments else { return Err(Lost::Call) };
    let called = peer.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await;
    match called {
        Ok(result) if result.is_error != Some(true) => Ok(result.structured_content.unwrap_or_default()),
        Ok(_) | Err(rmcp::ServiceError::McpError(_)) => Err(Lost::Call),
        Err(_) => Err(Lost::Server),
    }
}
