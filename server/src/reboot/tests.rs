//! Calls as clients send them, and the answers held against the schemas.

mod answers;
mod calls;
mod permissions;
mod reports;

use serde_json::{Value, json};

use super::*;

/// A call as a client sends it.
fn message(tool: &str, arguments: Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments },
    })
}

/// The command of a call that is in order.
fn command(tool: &str, arguments: Value) -> Command {
    let call = recognise(message(tool, arguments).to_string().as_bytes()).unwrap();
    call.command.unwrap()
}
