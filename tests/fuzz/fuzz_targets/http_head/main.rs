//! Any head and any body are answered as the specification says, in few words and under the
//! request's own id, or are passed on as what they are: to a server that was meant, from a
//! page that may, in the era that they belong to. The same message spelt otherwise is
//! treated alike.
#![no_main]

mod expected;
mod json;
mod wire;

use bytes::Bytes;
use expected::Place;
use http::{Method, Response, header};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use task_orchestrator::envelope::{Envelope, RequestId, parse};
use task_orchestrator::front::fuzzing::{Outcome, Passed};
use wire::Input;

/// Longest refusal apart from the request's id, in bytes.
const MAX_REFUSAL: usize = 2048;

/// Longest head that is read, in bytes.
const MAX_HEAD: usize = 64 * 1024;

const JSON: (&str, &str) = ("application", "json");
const EVENTS: (&str, &str) = ("text", "event-stream");

fn same(id: &RequestId, value: &Value) -> bool {
    match id {
        RequestId::Number(number) => *value == *number,
        RequestId::Text(text) => *value == **text,
    }
}

/// Why a refusal has this status.
fn explain(input: &Input, place: &Place, status: u16, code: i64) {
    let head: usize = input.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let is_post = input.method == Method::POST;
    let holds = match status {
        400 => matches!(code, -32700 | -32600 | -32602 | -32000 | -32020 | -32022),
        403 => !(place.is_meant(input) && place.may_call(input)),
        404 => code == -32601 && is_post,
        405 => !is_post,
        406 => !accepts(input, is_post),
        413 => is_post && input.body.len() > input.limit,
        415 => is_post && !expected::brings_json(input),
        431 => head + input.uri.path().len() > MAX_HEAD / 2,
        _ => false,
    };
    assert!(holds, "status {status}, code {code}");
}

fn accepts(input: &Input, is_post: bool) -> bool {
    expected::accepts(input, if is_post { &[JSON, EVENTS] } else { &[EVENTS] })
}

fn answered(input: &Input, place: &Place, response: &Response<Bytes>) {
    let (status, body) = (response.status().as_u16(), response.body());
    if let Some(origin) = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        assert!(place.is_listed(origin.as_bytes()), "a page is told that it may: {origin:?}");
    }
    match status {
        202 => assert!(body.is_empty() && matches!(parse(&input.body), Ok(Envelope::Notification { .. }))),
        204 => assert!(body.is_empty() && input.method == Method::OPTIONS && place.may_call(input)),
        _ => refused(input, place, response),
    }
}

fn refused(input: &Input, place: &Place, response: &Response<Bytes>) {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let body: Value = serde_json::from_slice(response.body()).expect("a refusal is JSON");
    assert_eq!(body["jsonrpc"], "2.0", "{body}");
    assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    let code = body["error"]["code"].as_i64().expect("a code");
    explain(input, place, response.status().as_u16(), code);
    let id = body.get("id").expect("an id");
    let own_words = response.body().len() - id.to_string().len();
    assert!(own_words <= MAX_REFUSAL, "{own_words} bytes of refusal");
    if let Ok(Envelope::Request { id: known, .. }) = parse(&input.body) {
        assert!(if code == -32000 { id.is_null() } else { same(&known, id) }, "{id} for {known:?}");
    } else if let Some(message) = json::read(&input.body) {
        assert!(id.is_null() || Some(id) == message.get("id"), "{id} is somebody else's");
    }
}

fn passed(input: &Input, place: &Place, passed: &Passed) {
    assert!(place.is_meant(input), "a request for {:?} was let in", input.all("host"));
    assert!(place.may_call(input), "a request from {:?} was let in", input.all("origin"));
    let is_post = input.method == Method::POST;
    assert_eq!(passed.content.is_some(), is_post);
    assert!(input.method == Method::DELETE || accepts(input, is_post));
    if !is_post {
        return assert!(!expected::head_is_modern(input));
    }
    assert!(expected::brings_json(input) && input.body.len() <= input.limit);
    let Some(message) = json::read(&input.body) else { return };
    assert_eq!(message["jsonrpc"], "2.0");
    match &passed.id {
        Some(id) => assert!(same(id, &message["id"]) && message["method"].is_string(), "{message}"),
        None => assert!(message.get("id").is_none() || !message["method"].is_string(), "{message}"),
    }
    if passed.is_stateless {
        assert!(passed.id.is_some() && message["method"] != "initialize");
        assert!(expected::agrees(&passed.headers, &message), "headers and body differ: {message}");
        let mcp = input.headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
        assert_eq!(passed.headers.len(), mcp.count());
    } else if !input.headers.iter().any(|(name, _)| name == "mcp-session-id") {
        assert_eq!(message["method"], "initialize", "nothing else begins a session");
    }
}

/// Whatever comes of the request, by what its sender and the worker see of it.
fn summary(outcome: &Outcome) -> (Option<u16>, Option<&Passed>) {
    match outcome {
        Outcome::Answered(response) => (Some(response.status().as_u16()), None),
        Outcome::Passed(passed) => (None, Some(passed)),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::read(data) else { return };
    let place = Place::of(&input);
    let outcome = place.site(input.limit).request(input.request(&input.body));
    match &outcome {
        Outcome::Answered(response) => answered(&input, place, response),
        Outcome::Passed(it) => passed(&input, place, it),
    }
    if input.method != Method::POST || matches!(&outcome, Outcome::Answered(it) if it.status() == 413) {
        return;
    }
    let Some(message) = json::read(&input.body) else { return };
    let other = place.site(usize::MAX).request(input.request(message.to_string().as_bytes()));
    assert_eq!(summary(&outcome), summary(&other), "the same in other words: {message}");
    let Outcome::Passed(Passed { is_stateless, .. }) = &outcome else { return };
    if let Some(expected) = expected::is_stateless(&input, &message) {
        assert_eq!(*is_stateless, expected, "{message}");
    }
});
