//! Who is let in, before anything of a request is read but its head.

use std::net::SocketAddr;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Http, reply};
use crate::front::session::Principal;

/// Who sends this request; otherwise the answer to it.
pub(super) fn admit(http: &Http, source: SocketAddr, headers: &HeaderMap) -> Result<Principal, Response> {
    let _ = headers;
    let Some(role) = http.config.http.anonymous_role.role() else {
        return Err(reply::refused(StatusCode::UNAUTHORIZED, "a token is needed"));
    };
    Ok(Principal { token: None, role, source: source.ip() })
}
