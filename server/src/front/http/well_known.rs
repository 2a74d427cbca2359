//! What a client without a token is told about where to get one: the challenge, and the
//! metadata of RFC 9728 where an authorization server is configured.
//!
//! This server asks that authorization server nothing, and checks none of its tokens.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;

use super::reply;
use crate::config;

/// Where the metadata are.
pub(super) const PATH: &str = "/.well-known/oauth-protected-resource";

/// See the module.
#[derive(Debug)]
pub(super) struct Metadata {
    /// The document; none without an authorization server.
    document: Option<Bytes>,
    needed: HeaderValue,
    wrong: HeaderValue,
}

impl Metadata {
    /// Of a server that is reached there where nothing else is configured.
    pub(super) fn new(config: &config::Http, url: &str) -> Self {
        let resource = config.resource.as_deref().unwrap_or(url);
        let document = config.issuer.as_ref().map(|issuer| {
            let document = json!({
                "resource": resource,
                "authorization_servers": [issuer],
                "bearer_methods_supported": ["header"],
                "resource_name": "task-orchestrator",
            });
            Bytes::from(document.to_string())
        });
        let found_at = document.as_ref().map(|_| format!(", resource_metadata=\"{}\"", place_of(resource)));
        let found_at = found_at.unwrap_or_default();
        let challenge = |error: &str| {
            let text = format!("Bearer realm=\"task-orchestrator\"{error}{found_at}");
            // A resource with letters that no header may have is not named in it.
            HeaderValue::try_from(text)
                .unwrap_or(HeaderValue::from_static("Bearer realm=\"task-orchestrator\""))
        };
        Self { document, needed: challenge(""), wrong: challenge(", error=\"invalid_token\"") }
    }

    /// The document.
    pub(super) fn response(&self) -> Response {
        match &self.document {
            Some(document) => reply::json(StatusCode::OK, document.clone()),
            None => {
                let why = "no authorization server is configured (the key http.issuer)";
                reply::refused(StatusCode::NOT_FOUND, why)
            }
        }
    }

    /// Asks for a token.
    pub(super) fn challenge(&self, why: &str, is_wrong: bool) -> Response {
        let mut response = reply::refused(StatusCode::UNAUTHORIZED, why);
        let challenge = if is_wrong { &self.wrong } else { &self.needed };
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.clone());
        response
    }
}

/// Where the metadata of a resource are: between its host and its path.
fn place_of(resource: &str) -> String {
    let Some((scheme, rest)) = resource.split_once("://") else { return PATH.to_owned() };
    let (host, path) =
        rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let path = path.trim_end_matches('/');
    format!("{scheme}://{host}{PATH}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_are_between_host_and_path() {
        for (resource, expected) in [
            ("http://127.0.0.1:1/mcp", "http://127.0.0.1:1/.well-known/oauth-protected-resource/mcp"),
            ("https://a.example", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/x/mcp", "https://a.example/.well-known/oauth-protected-resource/x/mcp"),
        ] {
            assert_eq!(place_of(resource), expected);
        }
    }
}
