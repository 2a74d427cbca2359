//! Finds the calls of reboot tools among all messages of the clients. It sees
//! every message, so what is none of them must cost next to nothing.

use std::borrow::Cow;

use memchr::memmem;
use rmcp::model::{ErrorData, JsonObject};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::arguments;
use super::command::Command;
use crate::envelope::{self, RequestId};

/// What all names begin with.
const PREFIX: &[u8] = b"orchestrator_";
const NAMES: [&str; 5] = [
    super::RESTART_SERVER,
    super::HEALTH_CHECK,
    super::SHUTDOWN_PREPARE,
    super::RESTART_STATUS,
    super::RECONNECT_TEST,
];
/// Requests of the newest revision say with each request which one it is of.
const REVISION: &str = "io.modelcontextprotocol/protocolVersion";

/// A call of a reboot tool.
#[derive(Debug)]
pub struct Call {
    /// Under which the answer is expected.
    pub id: RequestId,
    /// Which tool.
    pub tool: &'static str,
    /// What is to be done, or what is wrong with the arguments: see [`super::refused`].
    pub command: Result<Command, ErrorData>,
    /// With which the client wants to be told of progress.
    pub progress_token: Option<Value>,
    /// Whether the client speaks the revision without sessions.
    pub modern: bool,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    id: RequestId,
    #[serde(borrow)]
    params: &'a RawValue,
}

// Duplicate keys are refused, as everywhere: two readers could disagree.
#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

/// The call that this message is, where it is one of a reboot tool. Everything
/// else, malformed messages included, is the business of others.
pub fn recognise(payload: &[u8]) -> Option<Call> {
    if !might_be_one(payload) {
        return None;
    }
    let message: Message<'_> = envelope::object(str::from_utf8(payload).ok()?).ok()?;
    if message.method != "tools/call" {
        return None;
    }
    let params: Params<'_> = envelope::object(message.params.get()).ok()?;
    let tool = NAMES.into_iter().find(|name| params.name == *name)?;
    let meta: JsonObject =
        params.meta.and_then(|meta| serde_json::from_str(meta.get()).ok()).unwrap_or_default();
    let command = object(tool, params.arguments).and_then(|it| arguments::command(tool, it));
    Some(Call {
        id: message.id,
        tool,
        command,
        progress_token: meta.get("progressToken").filter(|it| it.is_string() || it.is_number()).cloned(),
        modern: meta.get(REVISION).is_some_and(Value::is_string),
    })
}

/// Whether one of the names occurs, wherever. A name may be spelt with escapes,
/// so a message with any of those is looked at more closely.
fn might_be_one(payload: &[u8]) -> bool {
    let named = |at: usize| {
        let here = payload.get(at..).unwrap_or_default();
        NAMES.iter().any(|name| here.starts_with(name.as_bytes()))
    };
    memmem::find_iter(payload, PREFIX).any(named) || memmem::find(payload, b"\\u").is_some()
}

fn object(tool: &str, raw: Option<&RawValue>) -> Result<JsonObject, ErrorData> {
    raw.map_or_else(
        || Ok(JsonObject::new()),
        |raw| {
            serde_json::from_str(raw.get()).map_err(|error| {
                crate::tool::arguments::malformed(tool, "arguments", &format!("not an object: {error}"))
            })
        },
    )
}
