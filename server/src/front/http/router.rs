//! Which handler takes which request.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;

use super::era::Era;
use super::{Http, guard, legacy, modern, post, probes, reply};
use crate::front::metrics::Network;

/// Where clients reach the server.
pub(super) const ENDPOINT: &str = "/mcp";

pub(super) fn router(http: Arc<Http>) -> Router {
    Router::new().route(ENDPOINT, any(mcp)).with_state(Arc::clone(&http)).merge(probes::guarded(http))
}

async fn mcp(state: State<Arc<Http>>, source: ConnectInfo<SocketAddr>, request: Request) -> Response {
    let metrics = Arc::clone(&state.intake.metrics);
    let resumes = request.headers().contains_key(post::LAST_EVENT);
    Network::responded(&metrics, answer(state, source, request).await, resumes)
}

async fn answer(
    State(http): State<Arc<Http>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let principal = match guard::admit(&http, source, request.headers()) {
        Ok(principal) => Arc::new(principal),
        Err(refusal) => return refusal,
    };
    match *request.method() {
        Method::POST => match post::read(&http, request).await {
            Ok(posted) => match Era::of(&posted.headers, &posted.message) {
                Era::Stateless => modern::post(&http, principal, posted).await,
                Era::Sessions => legacy::post(&http, principal, posted).await,
            },
            Err(refusal) => refusal,
        },
        // There is nothing but requests in that era.
        _ if Era::by_head(request.headers()) == Era::Stateless => {
            let why = "in this revision a client POSTs requests, and nothing else";
            reply::refused_with(StatusCode::METHOD_NOT_ALLOWED, why, [(header::ALLOW, "POST")])
        }
        Method::GET => legacy::get(&http, &principal, request.headers()).await,
        Method::DELETE => legacy::delete(&http, &principal, request.headers()).await,
        _ => reply::refused_with(
            StatusCode::METHOD_NOT_ALLOWED,
            "POST a message, GET a stream, or DELETE a session",
            [(header::ALLOW, "POST, GET, DELETE")],
        ),
    }
}
