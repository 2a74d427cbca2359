//! The JSON-RPC around a request and a reply, as the one-shot commands see it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
pub(super) use task_orchestrator_shared::admin::codec::DENIED;
use task_orchestrator_shared::admin::codec::Failure;
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::restart::RestartEvent;

/// The method of the notifications that tell what happens.
const EVENT: &str = "event";

#[derive(Debug, Serialize)]
pub(super) struct Call {
    pub(super) jsonrpc: String,
    pub(super) id: u64,
    #[serde(flatten)]
    pub(super) request: Request,
}

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) result: Option<Reply>,
    pub(super) error: Option<Failure>,
}

/// A line of the server as its caller reads it.
#[derive(Debug)]
pub(super) enum Said {
    /// Something happened.
    Event(RestartEvent),
    /// Something that this build does not know happened: of no use, and no mistake.
    Unknown,
    /// The end of it.
    Answer(Box<Answer>),
}

impl Said {
    /// Reads a line of the server.
    pub(super) fn read(line: &[u8]) -> serde_json::Result<Self> {
        let mut value: Value = serde_json::from_slice(line)?;
        let Some(method) = value.get("method") else {
            return serde_json::from_value(value).map(|answer| Self::Answer(Box::new(answer)));
        };
        let known = method == EVENT;
        let params = value.get_mut("params").filter(|_| known).map(Value::take);
        let event = params.and_then(|params| serde_json::from_value(params).ok());
        Ok(event.map_or(Self::Unknown, Self::Event))
    }
}
