//! Pages in browsers: from which origins they may call, and what their browsers have to be
//! told. A page of another origin is refused; without an allowed one there is no CORS.

use axum::body::Body;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::config::Words;

/// What a page may do with the endpoint, and what it needs for that.
const METHODS: &str = "POST, GET, DELETE";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, Accept, Mcp-Session-Id, MCP-Protocol-Version, \
                               Last-Event-ID, Mcp-Method, Mcp-Name";
const RESPONSE_HEADERS: &str = "Mcp-Session-Id, WWW-Authenticate, Retry-After";
const FOR_SECONDS: &str = "600";

/// See the module.
#[derive(Debug)]
pub(super) struct Origins {
    allowed: Words,
    /// What the server's own pages would have before `://`.
    schemes: &'static [&'static str],
}

/// Where a request comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// No page, or one of this server's.
    Own,
    /// A page that may, whose browser wants to be told so.
    Allowed(HeaderValue),
    /// A page that may not.
    Foreign,
}

impl Origins {
    pub(super) fn new(config: &crate::config::Http) -> Self {
        let has_tls = config.tls_certificate.is_some();
        Self::allowing(config.allowed_origins.clone(), config.behind_proxy, has_tls)
    }

    /// These pages, and those of this server.
    pub(super) fn allowing(allowed: Words, behind_proxy: bool, has_tls: bool) -> Self {
        let schemes: &[&str] = match (behind_proxy, has_tls) {
            (true, _) => &["https", "http"],
            (false, true) => &["https"],
            (false, false) => &["http"],
        };
        Self { allowed, schemes }
    }

    /// Where the request comes from that is for this host.
    pub(super) fn of(&self, headers: &HeaderMap, host: &Authority) -> Origin {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = match (origins.next(), origins.next()) {
            (None, _) => return Origin::Own,
            (Some(origin), None) => origin,
            (Some(_), Some(_)) => return Origin::Foreign,
        };
        let Ok(text) = origin.to_str() else { return Origin::Foreign };
        let text = text.to_ascii_lowercase();
        if self.allowed.0.contains(&text) {
            return Origin::Allowed(origin.clone());
        }
        match text.split_once("://") {
            Some((scheme, name)) if self.schemes.contains(&scheme) && name == host.as_str() => Origin::Own,
            _ => Origin::Foreign,
        }
    }
}

impl Origin {
    /// The answer to a browser that asks beforehand, where this is such a question.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let is_asked =
            method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_asked || !matches!(self, Self::Allowed(_)) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, FOR_SECONDS),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Some(response)
    }

    /// Tells the page's browser that the page may see the response.
    pub(super) fn mark(self, headers: &mut HeaderMap) {
        if let Self::Allowed(origin) = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(RESPONSE_HEADERS));
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(origin: &[&str], host: &str, schemes: &'static [&'static str]) -> Origin {
        let origins = Origins { allowed: Words(vec!["https://app.example".to_owned()]), schemes };
        let mut headers = HeaderMap::new();
        for origin in origin {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        origins.of(&headers, &host.parse().unwrap())
    }

    #[test]
    fn pages_of_other_origins_are_foreign() {
        let allowed = Origin::Allowed(HeaderValue::from_static("https://app.example"));
        for (origin, host, expected) in [
            ("http://localhost:8765", "localhost:8765", Origin::Own),
            ("https://app.example", "localhost:8765", allowed),
            ("http://app.example", "localhost:8765", Origin::Foreign),
            ("https://app.example:444", "localhost:8765", Origin::Foreign),
            ("http://localhost:3000", "localhost:8765", Origin::Foreign),
            ("http://127.0.0.1:8765", "localhost:8765", Origin::Foreign),
            ("https://localhost:8765", "localhost:8765", Origin::Foreign),
            ("http://evil.example", "localhost:8765", Origin::Foreign),
            ("null", "localhost:8765", Origin::Foreign),
            ("", "localhost:8765", Origin::Foreign),
        ] {
            assert_eq!(of(&[origin], host, &["http"]), expected, "{origin} {host}");
        }
        assert_eq!(of(&[], "localhost", &["http"]), Origin::Own);
        let twice = ["http://localhost", "http://localhost"];
        assert_eq!(of(&twice, "localhost", &["http"]), Origin::Foreign);
        assert_eq!(of(&["https://a.example"], "a.example", &["https", "http"]), Origin::Own);
    }

    #[test]
    fn only_allowed_pages_are_told_anything() {
        let ask: HeaderMap =
            [(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"))].into_iter().collect();
        assert!(Origin::Own.preflight(&Method::OPTIONS, &ask).is_none());
        let allowed = Origin::Allowed(HeaderValue::from_static("https://app.example"));
        assert!(allowed.preflight(&Method::POST, &ask).is_none());
        assert!(allowed.preflight(&Method::OPTIONS, &HeaderMap::new()).is_none());
        let mut response = allowed.preflight(&Method::OPTIONS, &ask).unwrap();
        allowed.mark(response.headers_mut());
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        let mut headers = HeaderMap::new();
        Origin::Own.mark(&mut headers);
        assert!(headers.is_empty());
    }
}
