//! What a request of the stateless era says in its `mcp-*` headers, compared with its
//! body: whoever routes, counts or refuses by the headers must see the same request as
//! the server that carries it out.
//!
//! Reads nothing of a request but what is compared. Must never carry anything out.

mod body;

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{ErrorCode, ErrorData, JsonObject, ProtocolVersion, RequestMetaObject};
use serde_json::{Value, json};

use body::Body;

/// The revision from which on there are no sessions, and headers that name the request.
pub const FIRST_MODERN: &str = "2026-07-28";

const REVISION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";
const PARAM: &str = "mcp-param-";

/// In a tool's input schema: under which header a parameter is sent as well.
const ANNOTATION: &str = "x-mcp-header";

/// What a value that no header can carry as it is stands between.
const ENCODED: (&str, &str) = ("=?base64?", "?=");

/// Characters of a client's word that a refusal repeats.
const MAX_SHOWN: usize = 100;

/// Deepest objects within arguments that are looked into for annotated parameters.
const MAX_DEPTH: usize = 32;

/// A request's `mcp-*` headers, lower case, in the order in which they came.
pub type Headers = [(String, String)];

/// Compares a request with its headers. `schema` tells a tool's input schema.
///
/// # Errors
///
/// The error that answers the request: -32020 where they differ or a header is missing,
/// -32022 for a revision that is not among `supported`, -32602 where the body lacks what
/// every request of this era has.
pub fn check<S: AsRef<JsonObject>>(
    headers: &Headers,
    request: &[u8],
    supported: &[ProtocolVersion],
    schema: impl Fn(&str) -> Option<S>,
) -> Result<(), ErrorData> {
    // What cannot be read is refused by whoever carries it out.
    let Some(body) = Body::read(request) else { return Ok(()) };
    let version = revision(headers, &body)?;
    if !supported.contains(&version) {
        let data = json!({ "requested": shown(version.as_str()), "supported": supported });
        let code = ErrorCode::UNSUPPORTED_PROTOCOL_VERSION;
        return Err(ErrorData::new(code, "Unsupported protocol version", Some(data)));
    }
    if version.as_str() < FIRST_MODERN {
        return Ok(());
    }
    names(headers, &body.method, body.name())?;
    match body.tool().and_then(schema) {
        Some(schema) => parameters(headers, schema.as_ref(), &body),
        None => Ok(()),
    }
}

/// Compares a notification with the header that names it.
///
/// # Errors
///
/// -32020 where they differ or the header is missing.
pub fn check_notification(headers: &Headers, method: &str) -> Result<(), ErrorData> {
    names(headers, method, None)
}

/// Whether the request carries in its body what every request of this era must.
pub fn is_complete(request: &[u8]) -> bool {
    Body::read(request).is_some_and(|body| body.meta.is_some_and(|meta| missing(&meta).is_empty()))
}

/// The revision that a request says in its body that it is of, where that makes it one
/// of the stateless era: with all that such a request must carry, or from the first
/// revision on that has no other.
pub fn is_modern(request: &[u8]) -> bool {
    let Some(Body { meta: Some(meta), .. }) = Body::read(request) else { return false };
    let version = meta.protocol_version();
    missing(&meta).is_empty() || version.is_some_and(|version| version.as_str() >= FIRST_MODERN)
}

fn missing(meta: &RequestMetaObject) -> Vec<&'static str> {
    meta.missing_required_keys(&ProtocolVersion::V_2026_07_28)
}

/// The revision, where header and body agree.
fn revision(headers: &Headers, body: &Body<'_>) -> Result<ProtocolVersion, ErrorData> {
    let nothing = RequestMetaObject::default();
    let meta = body.meta.as_ref().unwrap_or(&nothing);
    let missing = missing(meta);
    let Some(version) = meta.protocol_version().filter(|_| missing.is_empty()) else {
        let text = format!("the request's _meta lacks, or has malformed: {}", missing.join(", "));
        return Err(ErrorData::invalid_params(text, None));
    };
    match one(headers, REVISION)? {
        Some(header) if header == version.as_str() => Ok(version),
        Some(header) => Err(differs("MCP-Protocol-Version", header, version.as_str())),
        None => Err(lacks("MCP-Protocol-Version")),
    }
}

/// What is asked for, and of what.
fn names(headers: &Headers, method: &str, name: Option<&str>) -> Result<(), ErrorData> {
    match one(headers, METHOD)? {
        Some(header) if header == method => {}
        Some(header) => return Err(differs("Mcp-Method", header, method)),
        None => return Err(lacks("Mcp-Method")),
    }
    let Some(name) = name else { return Ok(()) };
    match one(headers, NAME)? {
        Some(header) => match decoded(header) {
            Some(header) if header == name => Ok(()),
            Some(header) => Err(differs("Mcp-Name", &header, name)),
            None => Err(unreadable("Mcp-Name")),
        },
        None => Err(lacks("Mcp-Name")),
    }
}

/// The parameters that the tool's schema wants to be sent as headers as well.
fn parameters(headers: &Headers, schema: &JsonObject, body: &Body<'_>) -> Result<(), ErrorData> {
    let mut annotated = Vec::new();
    annotations(schema, &mut Vec::new(), &mut annotated);
    if annotated.is_empty() {
        return Ok(());
    }
    let arguments = body.arguments();
    for (path, header) in annotated {
        let value = path.iter().try_fold(&arguments, |value, key| value.get(key)).and_then(plain);
        let name = format!("{PARAM}{}", header.to_ascii_lowercase());
        let shown = format!("Mcp-Param-{header}");
        match (one(headers, &name)?, value) {
            (None, None) => {}
            (None, Some(_)) => return Err(lacks(&shown)),
            (Some(_), None) => return Err(unexpected(&shown, &path.join("."))),
            (Some(header), Some(value)) => match decoded(header) {
                Some(header) if header == value => {}
                Some(header) => return Err(differs(&shown, &header, &value)),
                None => return Err(unreadable(&shown)),
            },
        }
    }
    Ok(())
}

/// Every annotated parameter: the way to it, and its header.
fn annotations<'a>(
    schema: &'a JsonObject,
    path: &mut Vec<&'a str>,
    found: &mut Vec<(Vec<&'a str>, &'a str)>,
) {
    let Some(Value::Object(properties)) = schema.get("properties") else { return };
    if path.len() >= MAX_DEPTH {
        return;
    }
    for (name, property) in properties {
        let Value::Object(property) = property else { continue };
        path.push(name);
        if let Some(header) = property.get(ANNOTATION).and_then(Value::as_str).filter(|it| !it.is_empty()) {
            found.push((path.clone(), header));
        }
        annotations(property, path, found);
        path.pop();
    }
}

/// A value as a header has it; none for what no header can have.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(is_true) => Some(is_true.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The value of a header that may be there once: two readers could take different ones.
fn one<'a>(headers: &'a Headers, name: &str) -> Result<Option<&'a str>, ErrorData> {
    let mut values = headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let value = values.next();
    match values.next() {
        None => Ok(value),
        Some(_) => Err(mismatch(format!("the header {name} is there more than once"))),
    }
}

fn decoded(value: &str) -> Option<String> {
    let (begin, end) = ENCODED;
    match value.strip_prefix(begin).and_then(|value| value.strip_suffix(end)) {
        Some(encoded) => String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}

/// The refusal of a request whose headers do not fit it.
pub fn mismatch(text: String) -> ErrorData {
    ErrorData::header_mismatch(text, None)
}

fn lacks(header: &str) -> ErrorData {
    mismatch(format!("the header {header} is missing"))
}

fn unreadable(header: &str) -> ErrorData {
    mismatch(format!("the header {header} is no valid Base64"))
}

fn unexpected(header: &str, path: &str) -> ErrorData {
    mismatch(format!("the header {header} is there, and the argument {path} is not"))
}

fn differs(header: &str, in_header: &str, in_body: &str) -> ErrorData {
    let (in_header, in_body) = (shown(in_header), shown(in_body));
    mismatch(format!("the header {header} says {in_header:?}, and the body {in_body:?}"))
}

/// As much of a client's word as a refusal repeats: what is refused may be long, and has
/// its own status only where the refusal is short.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests;
