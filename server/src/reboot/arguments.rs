//! What the reboot tools take. A null is the same as leaving it out; anything
//! else that is not as stated is refused, naming the field.

use rmcp::model::{ErrorData, JsonObject};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use task_orchestrator_shared::restart::{Reason, RestartRequest, TIMEOUT_SECONDS};

use super::command::Command;
use crate::tool::arguments::{or_default, parse};

/// Most restarts that are told of at once.
pub const MAX_HISTORY: u32 = 1000;
/// Restarts that are told of where no number is given.
const USUAL_HISTORY: u32 = 20;
/// The configured time where nobody has configured another one.
const USUAL_TIMEOUT: u32 = 30;
/// Longest id of a session.
const MAX_ID: usize = 64;

/// How the server is to be restarted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RestartArguments {
    /// Prove the successor before anything is ended, and hand over to it. False ends the worker
    /// at once, which takes the role admin.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    graceful: bool,
    /// Take a snapshot that the successor verifies. False takes the role admin.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    preserve_state: bool,
    /// How long it may take, in seconds. What the configuration says where it is left out.
    #[serde(default, deserialize_with = "timeout")]
    #[schemars(with = "u32", range(min = 10, max = 300), default = "usual_timeout")]
    timeout: Option<u32>,
    /// Why.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Reason", default)]
    reason: Reason,
    /// Answer when it is over. False answers at once: `orchestrator_restart_status` tells how it goes on.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    wait: bool,
}

/// What a health check includes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthScope {
    /// Whether a restart would go through.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub include_reboot_readiness: bool,
    /// The clients' connections.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub include_connection_status: bool,
    /// The database.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub include_database_status: bool,
}

/// What is looked at before a restart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadinessScope {
    /// Look at work in progress.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub check_active_tasks: bool,
    /// Look at the database.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub check_database_state: bool,
    /// Look at the clients.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub check_client_connections: bool,
}

/// What is told of restarts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusScope {
    /// Also tell of earlier restarts.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "bool", default)]
    pub include_history: bool,
    /// Tell what went wrong, not only how many things.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub include_error_details: bool,
    /// How many earlier restarts, newest first.
    #[serde(default = "usual_history", deserialize_with = "history")]
    #[schemars(with = "u32", range(min = 1, max = 1000), default = "usual_history")]
    pub limit: u32,
}

/// Which connections are tested, and what is told besides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconnectScope {
    /// Only this client's connection; all where it is left out.
    #[serde(default, deserialize_with = "session")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    pub session_id: Option<String>,
    /// Also tell what waits in the request buffers.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub include_buffer_status: bool,
    /// Also tell how often sessions were established again.
    #[serde(default = "yes", deserialize_with = "or_yes")]
    #[schemars(with = "bool", default = "yes")]
    pub include_reconnection_stats: bool,
}

/// The command that a call of this tool is.
///
/// # Errors
///
/// `invalid_params`, naming the bad field.
pub(super) fn command(tool: &'static str, arguments: JsonObject) -> Result<Command, ErrorData> {
    match tool {
        super::RESTART_SERVER => parse(tool, arguments).map(restart),
        super::HEALTH_CHECK => parse(tool, arguments).map(Command::Health),
        super::SHUTDOWN_PREPARE => parse(tool, arguments).map(Command::Prepare),
        super::RESTART_STATUS => parse(tool, arguments).map(Command::Status),
        super::RECONNECT_TEST => parse(tool, arguments).map(Command::Reconnect),
        _ => Err(ErrorData::invalid_params(format!("Unknown tool: {tool}"), None)),
    }
}

fn restart(arguments: RestartArguments) -> Command {
    let RestartArguments { graceful, preserve_state, timeout, reason, wait } = arguments;
    let request = RestartRequest {
        graceful: graceful && reason != Reason::EmergencyShutdown,
        preserve_state,
        timeout,
        reason,
        clear_buffers: reason == Reason::ErrorRecovery,
        ..RestartRequest::default()
    };
    Command::Restart { request: Box::new(request), wait }
}

const fn yes() -> bool {
    true
}

const fn usual_timeout() -> u32 {
    USUAL_TIMEOUT
}

const fn usual_history() -> u32 {
    USUAL_HISTORY
}

fn or_yes<'de, D: Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or(true))
}

fn timeout<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u32>, D::Error> {
    Option::deserialize(input)?.map(|value| within(value, TIMEOUT_SECONDS, "seconds")).transpose()
}

fn history<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    within(Option::deserialize(input)?.unwrap_or(USUAL_HISTORY.into()), 1..=MAX_HISTORY, "restarts")
}

/// A whole number within its limits, which the message of the refusal names.
fn within<E: Error>(value: i64, range: std::ops::RangeInclusive<u32>, what: &str) -> Result<u32, E> {
    u32::try_from(value).ok().filter(|value| range.contains(value)).ok_or_else(|| {
        E::custom(format_args!("{value} is not within {} to {} {what}", range.start(), range.end()))
    })
}

fn session<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let Some(id) = Option::<String>::deserialize(input)? else { return Ok(None) };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(plain) {
        return Err(D::Error::custom("an id has 1 to 64 letters, digits, - and _"));
    }
    Ok(Some(id))
}
