//! Of which era a message is: that of sessions, or the stateless one.

use axum::http::HeaderMap;
use memchr::memmem;

use super::post::{FIRST_MODERN, REVISION, text};
use crate::envelope::{self, Envelope};
use crate::request_headers;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// To the revision 2025-11-25.
    Sessions,
    /// From 2026-07-28 on.
    Stateless,
}

impl Era {
    /// By the header alone: of a request without a body. Revisions are dates, so the
    /// order of the words is that of time.
    pub(super) fn by_head(headers: &HeaderMap) -> Self {
        match text(headers, REVISION) {
            Some(revision) if revision >= FIRST_MODERN => Self::Stateless,
            _ => Self::Sessions,
        }
    }

    /// Of a message with these headers. `initialize` opens a session whatever the header
    /// says, unless the body agrees with that: then it is a method that there is not; else
    /// either of header and body is enough, and whether they agree is looked at later.
    pub(super) fn of(headers: &HeaderMap, message: &[u8]) -> Self {
        let has = |word: &[u8]| memmem::find(message, word).is_some();
        // What may spell a word with escapes is looked at more closely.
        let is_spelt = || has(b"\\u") || has(b"\\/");
        match Self::by_head(headers) {
            Self::Stateless if (has(b"initialize") || is_spelt()) && opens_a_session(message) => {
                Self::Sessions
            }
            Self::Stateless => Self::Stateless,
            Self::Sessions if has(b"io.modelcontextprotocol/") || has(b"server/discover") || is_spelt() => {
                Self::by_body(message)
            }
            Self::Sessions => Self::Sessions,
        }
    }

    fn by_body(message: &[u8]) -> Self {
        match envelope::parse(message) {
            Ok(Envelope::Request { method, .. }) if method == "initialize" => Self::Sessions,
            Ok(Envelope::Request { method, .. })
                if method == "server/discover" || request_headers::is_modern(message) =>
            {
                Self::Stateless
            }
            _ => Self::Sessions,
        }
    }
}

fn opens_a_session(message: &[u8]) -> bool {
    let is_initialize =
        matches!(envelope::parse(message), Ok(Envelope::Request { method, .. }) if method == "initialize");
    is_initialize && !request_headers::is_modern(message)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const BOTH: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#;

    fn era(revision: Option<&'static str>, message: &str) -> Era {
        let mut headers = HeaderMap::new();
        if let Some(revision) = revision {
            headers.insert(REVISION, HeaderValue::from_static(revision));
        }
        Era::of(&headers, message.as_bytes())
    }

    fn request(method: &str, meta: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"_meta":{{{meta}}}}}}}"#)
    }

    #[test]
    fn header_or_body_make_a_request_stateless_and_initialize_only_both() {
        let (modern, legacy) = (Some("2026-07-28"), Some("2025-11-25"));
        let plain = request("tools/list", "");
        let full = request("tools/list", BOTH);
        let escaped = full.replace("_meta", "_\\u006deta").replace("io.", "\\u0069o.");
        let named_only = request("tools/list", r#""io.modelcontextprotocol/protocolVersion":"2025-11-25""#);
        let old_but_full = full.replace("2026-07-28", "2025-11-25");
        let slashed = full.replace('/', "\\/");
        let discover = request("server/discover", "");
        let discover_slashed = discover.replace('/', "\\/");
        let initialize = request("initialize", BOTH);
        let opening = request("initialize", "");
        let opening_escaped = opening.replace("init", "\\u0069nit");
        let says_initialize = request("tools/list", r#""word":"initialize""#);
        let notification = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
        let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        use Era::{Sessions, Stateless};
        for (revision, message, expected) in [
            (None, &*plain, Sessions),
            (legacy, &*plain, Sessions),
            (modern, &*plain, Stateless),
            (Some("2031-01-01"), &*plain, Stateless),
            (Some("nonsense"), &*plain, Stateless),
            (Some("1900-01-01"), &*plain, Sessions),
            (None, &*full, Stateless),
            (legacy, &*full, Stateless),
            (legacy, &*escaped, Stateless),
            (legacy, &*slashed, Stateless),
            (legacy, &*named_only, Sessions),
            (legacy, &*old_but_full, Stateless),
            (None, &*discover, Stateless),
            (legacy, &*discover, Stateless),
            (modern, &*initialize, Stateless),
            (legacy, &*discover_slashed, Stateless),
            (modern, &*opening, Sessions),
            (modern, &*opening_escaped, Sessions),
            (None, &*initialize, Sessions),
            (modern, &*says_initialize, Stateless),
            (modern, notification, Stateless),
            (legacy, notification, Sessions),
            (modern, response, Stateless),
            (None, response, Sessions),
            (modern, "nonsense", Stateless),
            (None, "io.modelcontextprotocol/", Sessions),
        ] {
            assert_eq!(era(revision, message), expected, "{revision:?} {message}");
        }
    }
}
