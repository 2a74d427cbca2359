//! How things stand: the work, and the server that keeps it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::call::{Answer, Call};
use super::effect::Effect;
use super::lenient::or_default;
use crate::tasks;
use crate::tasks::SessionId;
use crate::tasks::command::GetStatus;
use crate::tasks::outcome::StatusReport;
use crate::worker::failure::Refusal;
use crate::worker::shared::ServerStatus;

/// `orchestrator_get_status`
pub(super) struct Get;

/// Of what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetArguments {
    /// Also list tasks that are done, cancelled or archived.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "bool", default)]
    include_completed: bool,
    /// Of this session only.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    session_id: Option<String>,
}

/// How things stand.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Report {
    #[serde(flatten)]
    report: StatusReport,
    /// The server.
    server: ServerStatus,
}

impl Tool for Get {
    type Arguments = GetArguments;
    type Reply = Report;
    const NAME: &'static str = "orchestrator_get_status";
    const TITLE: &'static str = "State of the work";
    const DESCRIPTION: &'static str = "Show how things stand: tasks by status, the newest open tasks, and the \
        server. Use it to find your way after an interruption and before deciding what to do next.";
    const EFFECT: Effect = Effect::Reads;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = GetStatus {
            include_completed: arguments.include_completed,
            session_id: arguments.session_id.map(SessionId::new).transpose()?,
        };
        let server = call.shared().server_status();
        call.read_short(|tx| Ok(Report { report: tasks::get_status(tx, &command)?, server }))
    }
}
