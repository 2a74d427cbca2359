//! How each message is a line of JSON-RPC 2.0. The caller bounds the length of a
//! line before it has a buffer; nothing here allocates by a number from the line.
//!
//! Keys that stand twice and keys that nobody knows are refused: two readers of one
//! line must not see two requests in it.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::hello::{Hello, Welcome};
use super::log::LogLines;
use super::reply::Reply;
use super::request::{Context, MAX_KEY_BYTES, MAX_REASON, Request};
use super::view::{Delta, View};
use super::{MAX_LINE_BYTES, hello};
use crate::restart::RestartEvent;

/// The line is not JSON.
pub const PARSE_ERROR: i32 = -32700;
/// The line is no request of this protocol.
pub const INVALID_REQUEST: i32 = -32600;
/// The method is not known.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The method is known, and its parameters or its context are wrong.
pub const INVALID_PARAMS: i32 = -32602;
/// The server ends and takes no more requests.
pub const UNAVAILABLE: i32 = -32000;
/// The caller may not ask.
pub const DENIED: i32 = -32001;
/// There is an answer, and it does not fit on a line.
pub const TOO_LONG: i32 = -32002;
/// Too much of it at once.
pub const TOO_MANY: i32 = -32003;
/// The versions do not meet, and this is not for reading only.
pub const SKEWED: i32 = -32004;

/// The client does not understand the answer. Never sent: the client's own finding.
pub const NOT_UNDERSTOOD: i32 = -32005;

/// Longest complaint about a line, in characters; what is more is cut off, for it
/// repeats parts of a line that nobody has to believe.
pub const MAX_COMPLAINT: usize = 500;

/// The method of the first message.
pub const HELLO: &str = "hello";

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromClient {
    /// Who it is.
    Hello {
        /// Under which the answer is expected.
        id: u64,
        /// What it says.
        hello: Hello,
    },
    /// What it wants.
    Call(Call),
}

/// A request with what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Under which the answer is expected.
    pub id: u64,
    /// What is wanted.
    pub request: Request,
    /// What goes with it.
    pub context: Context,
}

/// Why a line is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The request's id where it could be told.
    pub id: Option<u64>,
    /// One of the codes above.
    pub code: i32,
    /// In a sentence, of at most [`MAX_COMPLAINT`] characters.
    pub message: String,
}

impl Malformed {
    fn new(id: Option<u64>, code: i32, mut message: String) -> Self {
        if let Some((end, _)) = message.char_indices().nth(MAX_COMPLAINT) {
            message.truncate(end);
        }
        Self { id, code, message }
    }
}

// Derived readers of structs refuse keys that stand twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    id: u64,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, borrow)]
    context: Option<&'a RawValue>,
}

/// An object. Derived readers would take an array for one as well, by the order of
/// the fields: that is another way to say the same, and so one too many.
fn read_object<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text)
    } else {
        // Says first what is wrong with it as JSON, where something is.
        serde_json::from_str::<serde::de::IgnoredAny>(text)?;
        Err(serde::de::Error::custom("this must be an object"))
    }
}

impl FromClient {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// [`Malformed`], which is to be answered.
    pub fn read(line: &[u8]) -> Result<Self, Malformed> {
        let malformed = Malformed::new;
        let text = std::str::from_utf8(line)
            .map_err(|error| malformed(None, PARSE_ERROR, format!("not UTF-8: {error}")))?;
        let line: Line<'_> = read_object(text).map_err(|error| {
            let code = if error.is_data() { INVALID_REQUEST } else { PARSE_ERROR };
            malformed(id_of(text), code, error.to_string())
        })?;
        let id = line.id;
        let malformed = |code, message: String| Malformed::new(Some(id), code, message);
        if line.jsonrpc != "2.0" {
            return Err(malformed(INVALID_REQUEST, "\"jsonrpc\" must be \"2.0\"".to_owned()));
        }
        let params = line.params.map(RawValue::get).filter(|params| *params != "null");
        if line.method == HELLO {
            let hello = params.unwrap_or("{}");
            let hello: Hello =
                read_object(hello).map_err(|error| malformed(INVALID_PARAMS, format!("hello: {error}")))?;
            if hello.client.chars().count() > hello::MAX_CLIENT_NAME {
                return Err(malformed(INVALID_PARAMS, "hello: the client's name is too long".to_owned()));
            }
            return Ok(Self::Hello { id, hello });
        }
        let request = request(&line.method, params).map_err(|(code, message)| malformed(code, message))?;
        let context = line.context.map(RawValue::get).filter(|context| *context != "null");
        let context: Context = read_object(context.unwrap_or("{}"))
            .map_err(|error| malformed(INVALID_REQUEST, format!("context: {error}")))?;
        acceptable(&context).map_err(|message| malformed(INVALID_PARAMS, message))?;
        Ok(Self::Call(Call { id, request, context }))
    }

    /// As a line without its end.
    ///
    /// # Errors
    ///
    /// Never for what this crate's types hold; serialisation says so by its type.
    pub fn line(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Hi<'a> {
            jsonrpc: &'a str,
            id: u64,
            method: &'a str,
            params: &'a Hello,
        }
        #[derive(Serialize)]
        struct Wanted<'a> {
            jsonrpc: &'a str,
            id: u64,
            #[serde(flatten)]
            request: &'a Request,
            #[serde(skip_serializing_if = "is_empty")]
            context: &'a Context,
        }
        match self {
            Self::Hello { id, hello } => {
                serde_json::to_string(&Hi { jsonrpc: "2.0", id: *id, method: HELLO, params: hello })
            }
            Self::Call(Call { id, request, context }) => {
                serde_json::to_string(&Wanted { jsonrpc: "2.0", id: *id, request, context })
            }
        }
    }
}

fn is_empty(context: &&Context) -> bool {
    **context == Context::default()
}

/// The request of this name with these parameters.
fn request(method: &str, params: Option<&str>) -> Result<Request, (i32, String)> {
    // The name comes first, so that the parameters are read once and for what they are.
    let name = serde_json::to_string(method).map_err(|error| (PARSE_ERROR, error.to_string()))?;
    let with = |params: Option<&str>| {
        if let Some(params) = params {
            read_object::<serde::de::IgnoredAny>(params)?;
        }
        let object = match params {
            Some(params) => format!("{{\"method\":{name},\"params\":{params}}}"),
            None => format!("{{\"method\":{name}}}"),
        };
        serde_json::from_str::<Request>(&object)
    };
    let is_blank =
        params.is_none_or(|params| params.bytes().filter(|byte| !byte.is_ascii_whitespace()).eq(*b"{}"));
    // Without parameters is as good as with empty ones, both for operations that take
    // none and for those that need none.
    let read = if is_blank { with(None).or_else(|_| with(Some("{}"))) } else { with(params) };
    read.map_err(|error| {
        let known = Request::samples().iter().any(|sample| sample.method() == method);
        if known {
            (INVALID_PARAMS, format!("{method}: {error}"))
        } else {
            (
                METHOD_NOT_FOUND,
                format!("this server knows no method {name}; `hello` tells those that it knows"),
            )
        }
    })
}

fn acceptable(context: &Context) -> Result<(), String> {
    if context.reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON) {
        return Err(format!("the reason is longer than {MAX_REASON} characters"));
    }
    let key = context.idempotency_key.as_deref();
    if key.is_some_and(|key| {
        key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic())
    }) {
        return Err(format!("an idempotency key has 1 to {MAX_KEY_BYTES} visible ASCII characters"));
    }
    Ok(())
}

/// The id of a line that is JSON and no request.
fn id_of(text: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(text).ok()?.get("id")?.as_u64()
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq)]
pub enum FromServer {
    /// To a request.
    Answer {
        /// The request's, 0 where it could not be told.
        id: u64,
        /// What came of it.
        answer: Result<Answered, Failure>,
    },
    /// Something happened in a restart that this connection waits for.
    Event {
        /// The request that waits for it; 0 from a server of version 1.
        id: u64,
        /// What.
        event: RestartEvent,
    },
    /// The view changed.
    Delta(Delta),
    /// Deltas were left out for a slow reader: everything anew.
    View(Box<View>),
    /// Lines of the log.
    Log(LogLines),
    /// Something that this build does not know: of no use, and no mistake.
    Unknown,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Answered {
    /// To `hello`.
    Welcome(Box<Welcome>),
    /// To everything else.
    Reply(Reply),
}

/// A request that was not understood or not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// One of the codes above.
    pub code: i32,
    /// In a sentence.
    pub message: String,
}

/// A message without an answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", content = "params", rename_all = "snake_case")]
pub enum Notification {
    /// In a restart that this connection waits for.
    Event(RestartEvent),
    /// The view changed.
    Delta(Delta),
    /// Everything anew.
    View(Box<View>),
    /// Lines of the log.
    Log(LogLines),
}

#[derive(Serialize)]
struct AnswerLine<'a> {
    jsonrpc: &'a str,
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

/// An answer as a line without its end. One that the caller would refuse for its
/// length is replaced by an error that says so. Without an id, the request's could not be told.
///
/// # Errors
///
/// Never for what this crate's types hold.
pub fn answer_line(id: Option<u64>, answer: &Result<Answered, Failure>) -> serde_json::Result<String> {
    let line = |answer: &Result<Answered, Failure>| {
        let (result, error) = (answer.as_ref().ok(), answer.as_ref().err());
        serde_json::to_string(&AnswerLine { jsonrpc: "2.0", id, result, error })
    };
    let whole = line(answer)?;
    if whole.len() < MAX_LINE_BYTES {
        return Ok(whole);
    }
    let message = format!(
        "the answer has {} bytes and at most {MAX_LINE_BYTES} can be sent: ask for less, such as with a lower limit",
        whole.len()
    );
    line(&Err(Failure { code: TOO_LONG, message }))
}

/// A notification as a line without its end; `None` where it does not fit on one.
/// `id` names the request that an event belongs to.
///
/// # Errors
///
/// Never for what this crate's types hold.
pub fn notification_line(notification: &Notification, id: Option<u64>) -> serde_json::Result<Option<String>> {
    #[derive(Serialize)]
    struct NotificationLine<'a> {
        jsonrpc: &'a str,
        #[serde(flatten)]
        notification: &'a Notification,
        /// Not `id`: a notification has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<u64>,
    }
    let line = serde_json::to_string(&NotificationLine { jsonrpc: "2.0", notification, request: id })?;
    Ok((line.len() < MAX_LINE_BYTES).then_some(line))
}

impl FromServer {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is no message of this protocol. A notification of an unknown method is one.
    pub fn read(line: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Line<'a> {
            #[serde(default)]
            id: Option<u64>,
            #[serde(default, borrow)]
            method: Option<Cow<'a, str>>,
            #[serde(default, borrow)]
            params: Option<&'a RawValue>,
            #[serde(default)]
            request: Option<u64>,
            #[serde(default, borrow)]
            result: Option<&'a RawValue>,
            #[serde(default)]
            error: Option<Failure>,
        }
        let line: Line<'_> = serde_json::from_slice(line)?;
        let params = line.params.map_or("null", RawValue::get);
        match line.method.as_deref() {
            Some("delta") => return serde_json::from_str(params).map(Self::Delta),
            Some("view") => return serde_json::from_str(params).map(Self::View),
            Some("log") => return serde_json::from_str(params).map(Self::Log),
            // Events of later versions are of no use, and no mistake.
            Some("event") => {
                let id = line.request.unwrap_or(0);
                return Ok(
                    serde_json::from_str(params).map_or(Self::Unknown, |event| Self::Event { id, event })
                );
            }
            Some(_) => return Ok(Self::Unknown),
            None => {}
        }
        let id = line.id.unwrap_or(0);
        let answer = match (line.result, line.error) {
            // Only this request is lost by it: what else the server sends may be understood.
            (Some(result), _) => answered(result.get()).map_err(|error| {
                let message = format!(
                    "this client does not understand the answer, and may be older than the server: {error}"
                );
                let Malformed { code, message, .. } = Malformed::new(None, NOT_UNDERSTOOD, message);
                Failure { code, message }
            }),
            (None, Some(error)) => Err(error),
            (None, None) => return Err(serde::de::Error::custom("an answer with neither result nor error")),
        };
        Ok(Self::Answer { id, answer })
    }
}

/// Reads a result for what it almost always is. To find out which of the two it is, the
/// derived reader keeps a copy of all of it first: with a thousand sessions, a quarter of the time.
fn answered(result: &str) -> serde_json::Result<Answered> {
    serde_json::from_str(result).map(Answered::Reply).or_else(|_| serde_json::from_str(result))
}

#[cfg(test)]
mod tests;
