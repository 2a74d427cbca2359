//! What the head of a request must say, before anything is done: in either era what kinds
//! of content are spoken, in that of sessions the revision as well.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::post::{REVISION, text};
use super::reply;
use crate::request_headers;

/// The revisions that have sessions. There will be no more: the next ones have none.
const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// What a client speaks that does not say so.
const UNSAID: &str = "2025-03-26";

/// The first revision whose clients know events without data, which only carry an id.
const FIRST_PRIMED: &str = "2025-11-25";

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// Whether the head of a POST is acceptable in the era of sessions; otherwise the answer.
pub(super) fn check_post(headers: &HeaderMap) -> Result<(), Response> {
    check_kinds(headers)?;
    check_revision(headers)
}

/// Whether a POST brings JSON, and both kinds of answers are welcome; otherwise the answer.
pub(super) fn check_kinds(headers: &HeaderMap) -> Result<(), Response> {
    if !(accepts(headers, JSON) && accepts(headers, EVENTS)) {
        let why = "the client must accept both application/json and text/event-stream";
        return Err(reply::refused(StatusCode::NOT_ACCEPTABLE, why));
    }
    let kind = text(headers, header::CONTENT_TYPE.as_str()).map(media_type);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case(JSON)) {
        let why = "the Content-Type must be application/json";
        return Err(reply::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    Ok(())
}

/// Whether the head of a GET is acceptable; otherwise the answer.
pub(super) fn check_get(headers: &HeaderMap) -> Result<(), Response> {
    if !accepts(headers, EVENTS) {
        let why = "the client must accept text/event-stream";
        return Err(reply::refused(StatusCode::NOT_ACCEPTABLE, why));
    }
    check_revision(headers)
}

/// Whether the revision, where the head says it, is one with sessions; otherwise the answer.
pub(super) fn check_revision(headers: &HeaderMap) -> Result<(), Response> {
    let Some(revision) = headers.get(REVISION) else { return Ok(()) };
    if REVISIONS.iter().any(|known| revision.as_bytes() == known.as_bytes()) {
        return Ok(());
    }
    let revision = String::from_utf8_lossy(revision.as_bytes());
    let why = format!(
        "MCP-Protocol-Version {:?} is not supported in a session; supported: {}",
        request_headers::shown(&revision),
        REVISIONS.join(", ")
    );
    Err(reply::refused(StatusCode::BAD_REQUEST, &why))
}

/// Whether the client knows events that only carry an id.
pub(super) fn is_primed(headers: &HeaderMap) -> bool {
    // Revisions are dates, so the order of the words is that of time.
    text(headers, REVISION).unwrap_or(UNSAID) >= FIRST_PRIMED
}

/// Whether a kind is among those that the client accepts, by name or by a wild card.
fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let family = kind.split('/').next().unwrap_or_default();
    let listed = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|value| value.split(',')).map(media_type).any(|accepted| {
        accepted == "*/*"
            || accepted.eq_ignore_ascii_case(kind)
            || accepted.strip_suffix("/*").is_some_and(|accepted| accepted.eq_ignore_ascii_case(family))
    })
}

/// The media type without its parameters.
fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut head = HeaderMap::new();
        for (name, value) in lines {
            head.append(*name, value.parse().unwrap());
        }
        head
    }

    #[test]
    fn a_post_must_accept_both_kinds_and_bring_json() {
        let json = ("content-type", "application/json");
        for (lines, expected) in [
            (vec![("accept", "application/json, text/event-stream"), json], 200),
            (vec![("accept", "application/json"), ("accept", "text/event-stream;q=0.5"), json], 200),
            (vec![("accept", "*/*"), ("content-type", "Application/JSON; charset=utf-8")], 200),
            (vec![("accept", "application/*, text/*"), json], 200),
            (vec![("accept", "application/json"), json], 406),
            (vec![("accept", "text/event-stream"), json], 406),
            (vec![json], 406),
            (vec![("accept", "*/*"), ("content-type", "text/plain")], 415),
            (vec![("accept", "*/*")], 415),
            (vec![("accept", "*/*"), json, ("mcp-protocol-version", "2025-06-18")], 200),
            (vec![("accept", "*/*"), json, ("mcp-protocol-version", "1999-01-01")], 400),
        ] {
            let status = check_post(&head(&lines)).map_or_else(|refusal| refusal.status().as_u16(), |()| 200);
            assert_eq!(status, expected, "{lines:?}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_what_is_long() {
        let long: &'static str = "\"".repeat(60_000).leak();
        let head = head(&[("accept", "*/*"), ("content-type", JSON), (REVISION, long)]);
        let refusal = check_post(&head).unwrap_err();
        assert!(http_body::Body::size_hint(refusal.body()).exact().unwrap() < 1000);
    }

    #[test]
    fn a_client_that_says_no_revision_is_an_old_one() {
        assert!(!is_primed(&head(&[])));
        assert!(!is_primed(&head(&[("mcp-protocol-version", "2025-06-18")])));
        assert!(is_primed(&head(&[("mcp-protocol-version", "2025-11-25")])));
    }
}
