//! What the head of a POST must say before its body is looked at.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use rmcp::model::ErrorData;

use crate::front::http::reply;
use crate::request_headers;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// Whether the body is JSON, and both kinds of responses are welcome. Who says nothing of
/// what it accepts accepts everything.
pub(super) fn look_at(headers: &HeaderMap) -> Result<(), Response> {
    if !is_json(headers) {
        let why = "the Content-Type must be application/json";
        return Err(reply::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    if headers.contains_key(header::ACCEPT) && !(accepts(headers, JSON) && accepts(headers, EVENTS)) {
        let why = "a client must accept both application/json and text/event-stream";
        return Err(reply::refused(StatusCode::NOT_ACCEPTABLE, why));
    }
    Ok(())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(JSON))
}

/// Whether the client accepts this kind, by its name or with a star, and not with a weight of zero.
fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let family = kind.split('/').next().unwrap_or_default();
    let is_meant = |range: &str| {
        let star = range.strip_suffix("/*").unwrap_or_default();
        range.eq_ignore_ascii_case(kind) || star == "*" || star.eq_ignore_ascii_case(family)
    };
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        parts.next().is_some_and(is_meant) && !parts.any(is_zero)
    })
}

fn is_zero(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse::<f32>() == Ok(0.0))
}

/// What of the head the worker compares with the body.
///
/// # Errors
///
/// The error that answers the request, where one of these headers is no text.
pub(super) fn of_mcp(headers: &HeaderMap) -> Result<Vec<(String, String)>, ErrorData> {
    let text = |name: &HeaderName, value: &axum::http::HeaderValue| match value.to_str() {
        Ok(value) => Ok((name.as_str().to_owned(), value.to_owned())),
        Err(_) => {
            Err(request_headers::mismatch(format!("the header {name} has characters that none may have")))
        }
    };
    let of_mcp = headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
    of_mcp.map(|(name, value)| text(name, value)).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| drop(headers.append(name, value)));
        headers
    }

    #[test]
    fn a_client_sends_json_and_accepts_both_kinds() {
        let json = ("content-type", "application/json");
        for (pairs, expected) in [
            (vec![json], 200),
            (vec![("content-type", "Application/JSON; charset=utf-8")], 200),
            (vec![("content-type", "text/plain")], 415),
            (vec![("content-type", "application/jsonx")], 415),
            (vec![], 415),
            (vec![json, ("accept", "application/json, text/event-stream")], 200),
            (vec![json, ("accept", "application/json"), ("accept", "text/event-stream;q=0.5")], 200),
            (vec![json, ("accept", "*/*")], 200),
            (vec![json, ("accept", "application/*, TEXT/*")], 200),
            (vec![json, ("accept", "application/json")], 406),
            (vec![json, ("accept", "application/json, text/event-stream; q=0.0")], 406),
            (vec![json, ("accept", "text/html")], 406),
        ] {
            let status = look_at(&headers(&pairs)).err().map_or(StatusCode::OK, |refusal| refusal.status());
            assert_eq!(status, expected, "{pairs:?}");
        }
    }

    #[test]
    fn every_mcp_header_is_passed_on_as_often_as_it_came() {
        let sent = [("mcp-name", "a"), ("host", "h"), ("mcp-name", "b"), ("mcp-param-x", "c")];
        let mut found = of_mcp(&headers(&sent)).unwrap();
        found.sort();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(found, [("mcp-name", "a"), ("mcp-name", "b"), ("mcp-param-x", "c")]);
        let error = of_mcp(&headers(&[("mcp-param-x", "é")])).unwrap_err();
        assert_eq!(error.code, rmcp::model::ErrorCode::HEADER_MISMATCH);
    }
}
