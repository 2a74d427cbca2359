//! The JSON-RPC envelope of one message: which kind it is, its id and method.
//! Parameters and results are never looked into, only checked to be JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A request id as MCP allows it: a string or an integer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum RequestId {
    /// An integer.
    Number(i64),
    /// A string.
    Text(Box<str>),
}

/// One message of a client.
#[derive(Debug)]
pub enum Envelope<'a> {
    /// Wants an answer.
    Request {
        /// Under which the answer is expected.
        id: RequestId,
        /// What is asked for.
        method: Cow<'a, str>,
    },
    /// Wants none.
    Notification {
        /// What is told.
        method: Cow<'a, str>,
        /// Its parameters, unread.
        params: Option<&'a RawValue>,
    },
    /// Answers a request of the server.
    Response {
        /// The request's id; absent where the client could not tell which it was.
        id: Option<RequestId>,
    },
}

/// Why a line is not a message, as the JSON-RPC error that says so.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// -32700 for what is not JSON, -32600 for what is no JSON-RPC message.
    pub code: i32,
    /// For people.
    pub message: String,
    /// The request's id where it could be told.
    pub id: Option<RequestId>,
}

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;

/// A key that may be present with any value, `null` included, and only once.
#[derive(Default)]
enum Field<T> {
    #[default]
    Absent,
    Present(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::Present)
    }
}

// Derived struct deserialisation refuses duplicate keys, which would let two
// readers of one message disagree about what it says.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default, borrow)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    id: Field<&'a RawValue>,
    #[serde(default, borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    params: Option<&'a RawValue>,
    #[serde(default, borrow)]
    result: Field<&'a RawValue>,
    #[serde(default, borrow)]
    error: Field<&'a RawValue>,
}

/// Reads the envelope of one message.
///
/// # Errors
///
/// [`Malformed`] when the bytes are no JSON-RPC 2.0 message that MCP allows.
pub fn parse(line: &[u8]) -> Result<Envelope<'_>, Malformed> {
    // What is passed over is not looked at closely enough to find this out.
    let text = str::from_utf8(line).map_err(|error| Malformed {
        code: PARSE_ERROR,
        message: format!("not JSON: {error}"),
        id: None,
    })?;
    let wire: Wire<'_> = object(text).map_err(|error| unreadable(text, &error))?;
    let answers = matches!(wire.result, Field::Present(_)) || matches!(wire.error, Field::Present(_));
    let id = match wire.id {
        // An answer to an answer would be the beginning of a long conversation.
        Field::Present(raw) if answers && raw.get() == "null" => None,
        Field::Present(raw) => Some(request_id(raw)?),
        Field::Absent => None,
    };
    if wire.jsonrpc.as_deref() != Some("2.0") {
        return Err(invalid(id, "\"jsonrpc\" must be \"2.0\""));
    }
    match (wire.method, id) {
        (Some(_), id) if answers => Err(invalid(id, "a message has either a method or a result, not both")),
        (Some(method), Some(id)) => Ok(Envelope::Request { id, method }),
        (Some(method), None) => Ok(Envelope::Notification { method, params: wire.params }),
        (None, id) if answers => Ok(Envelope::Response { id }),
        (None, id) => Err(invalid(id, "\"method\" is missing")),
    }
}

/// Reads what has to be an object. Derived code would take the values from an array as
/// well, in an order that no other reader knows.
///
/// # Errors
///
/// What `T` or JSON does not allow, and arrays.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    if text.trim_ascii_start().starts_with('[') {
        serde_json::from_str::<de::IgnoredAny>(text)?;
        return Err(de::Error::invalid_type(de::Unexpected::Seq, &"an object"));
    }
    serde_json::from_str(text)
}

fn invalid(id: Option<RequestId>, message: &str) -> Malformed {
    Malformed { code: INVALID_REQUEST, message: message.to_owned(), id }
}

fn request_id(raw: &RawValue) -> Result<RequestId, Malformed> {
    serde_json::from_str(raw.get()).map_err(|_| invalid(None, "\"id\" must be a string or an integer"))
}

/// Tells what is not JSON at all from JSON that is no message.
fn unreadable(line: &str, error: &serde_json::Error) -> Malformed {
    if error.classify() != serde_json::error::Category::Data {
        return Malformed { code: PARSE_ERROR, message: format!("not JSON: {error}"), id: None };
    }
    let message = match line.trim_start().as_bytes().first() {
        Some(b'[') => "batches are not supported: send each message on its own line".to_owned(),
        Some(b'{') => format!("not a JSON-RPC message: {error}"),
        _ => "a message must be a JSON object".to_owned(),
    };
    Malformed { code: INVALID_REQUEST, message, id: id_alone(line) }
}

/// The id of a message in which something else is wrong, so that its sender
/// need not wait for an answer that names no request.
fn id_alone(line: &str) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Id {
        id: RequestId,
    }
    object::<Id>(line).ok().map(|message| message.id)
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;
        impl Visitor<'_> for Id {
            type Value = RequestId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an integer")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<RequestId, E> {
                Ok(RequestId::Number(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<RequestId, E> {
                i64::try_from(value).map(RequestId::Number).map_err(de::Error::custom)
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<RequestId, E> {
                Ok(RequestId::Text(value.into()))
            }
        }
        deserializer.deserialize_any(Id)
    }
}

/// The request that a `notifications/cancelled` names.
pub fn cancelled_request(params: &RawValue) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Cancelled {
        #[serde(rename = "requestId")]
        request: RequestId,
    }
    object::<Cancelled>(params.get()).ok().map(|cancelled| cancelled.request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed(line: &str) -> (i32, Option<RequestId>) {
        let error = parse(line.as_bytes()).unwrap_err();
        (error.code, error.id)
    }

    #[test]
    fn the_three_kinds_are_told_apart() {
        assert!(matches!(
            parse(br#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#).unwrap(),
            Envelope::Request { id: RequestId::Text(_), method } if method == "ping"
        ));
        assert!(matches!(
            parse(br#"{"jsonrpc":"2.0","method":"x","params":{"a":1}}"#).unwrap(),
            Envelope::Notification { params: Some(params), .. } if params.get() == r#"{"a":1}"#
        ));
        assert!(matches!(
            parse(br#"{"jsonrpc":"2.0","id":3,"result":null}"#).unwrap(),
            Envelope::Response { id: Some(RequestId::Number(3)) }
        ));
        for line in [r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, r#"{"jsonrpc":"2.0","error":{}}"#] {
            assert!(matches!(parse(line.as_bytes()).unwrap(), Envelope::Response { id: None }), "{line}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_code_of_its_kind() {
        let id = Some(RequestId::Number(7));
        for (line, expected) in [
            ("", (PARSE_ERROR, None)),
            ("hello", (PARSE_ERROR, None)),
            (r#"{"jsonrpc":"2.0","id":7,"method":"#, (PARSE_ERROR, None)),
            ("17", (INVALID_REQUEST, None)),
            ("[]", (INVALID_REQUEST, None)),
            ("[5]", (INVALID_REQUEST, None)),
            ("[5", (PARSE_ERROR, None)),
            (r#" ["2.0",1,"ping"]"#, (INVALID_REQUEST, None)),
            ("{}", (INVALID_REQUEST, None)),
            (r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, (INVALID_REQUEST, id.clone())),
            (r#"{"jsonrpc":"2.0","id":7}"#, (INVALID_REQUEST, id.clone())),
            (r#"{"jsonrpc":"2.0","id":7,"method":"ping","result":1}"#, (INVALID_REQUEST, id)),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, (INVALID_REQUEST, None)),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, (INVALID_REQUEST, None)),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, (INVALID_REQUEST, None)),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, (INVALID_REQUEST, None)),
            (r#"{"jsonrpc":"2.0","id":7,"method":7}"#, (INVALID_REQUEST, Some(RequestId::Number(7)))),
            (
                r#"{"jsonrpc":2,"id":"x","method":"ping"}"#,
                (INVALID_REQUEST, Some(RequestId::Text("x".into()))),
            ),
        ] {
            assert_eq!(malformed(line), expected, "{line}");
        }
    }

    #[test]
    fn invalid_utf8_is_a_parse_error_wherever_it_stands() {
        for line in [
            &b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"unknown\":{\"a\":\"\x84\"}}"[..],
            &b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"[..],
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"a\":\"\xff\"}}",
        ] {
            assert_eq!(parse(line).unwrap_err().code, PARSE_ERROR);
        }
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let depth = 200_000;
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        );
        assert!(matches!(parse(line.as_bytes()).unwrap(), Envelope::Request { .. }));
    }

    #[test]
    fn the_cancelled_request_is_found() {
        let raw = RawValue::from_string(r#"{"reason":"x","requestId":"r-1"}"#.to_owned()).unwrap();
        assert_eq!(cancelled_request(&raw), Some(RequestId::Text("r-1".into())));
        for other in ["{}", r#"["r-1"]"#] {
            let raw = RawValue::from_string(other.to_owned()).unwrap();
            assert_eq!(cancelled_request(&raw), None);
        }
    }
}
