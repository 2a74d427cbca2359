//! What the head of a request says of the request, for whoever compares it with the body.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use rmcp::model::ErrorData;

use crate::request_headers;

/// What of the head the worker compares with the body.
///
/// # Errors
///
/// The error that answers the request, where one of these headers is no text.
pub(super) fn of_mcp(headers: &HeaderMap) -> Result<Vec<(String, String)>, ErrorData> {
    let text = |name: &HeaderName, value: &HeaderValue| match value.to_str() {
        Ok(value) => Ok((name.as_str().to_owned(), value.to_owned())),
        Err(_) => Err(request_headers::mismatch(format!(
            "the header {} has characters that none may have",
            request_headers::shown(name.as_str())
        ))),
    };
    let of_mcp = headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
    of_mcp.map(|(name, value)| text(name, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| _ = headers.append(name, value));
        headers
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

    #[test]
    fn a_refusal_does_not_repeat_a_long_name() {
        let name = HeaderName::try_from(format!("mcp-{}", "x".repeat(60_000))).unwrap();
        let value = HeaderValue::from_bytes("é".as_bytes()).unwrap();
        let error = of_mcp(&[(name, value)].into_iter().collect()).unwrap_err();
        assert!(error.message.len() < 1000, "{} bytes", error.message.len());
    }
}
