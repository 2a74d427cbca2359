//! Which handler takes which request.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get};
use tokio_util::sync::CancellationToken;

use super::era::Era;
use super::{Http, entrance, guard, legacy, modern, post, probes, reply, well_known};
use crate::front::metrics::Network;
use crate::front::session::Principal;

/// Where clients reach the server.
pub(super) const ENDPOINT: &str = "/mcp";

pub(super) fn router(http: Arc<Http>) -> Router {
    Router::new()
        .route(ENDPOINT, any(mcp))
        .route(well_known::PATH, get(metadata))
        .route(&format!("{}{ENDPOINT}", well_known::PATH), get(metadata))
        .with_state(Arc::clone(&http))
        .merge(probes::guarded(http))
}

async fn metadata(State(http): State<Arc<Http>>) -> Response {
    http.guard.metadata.response()
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
    let admitted = match guard::admit(&http, source, &request) {
        Ok(admitted) => admitted,
        Err(refusal) => return entrance::refuse(refusal, request.into_body()).await,
    };
    let ended = admitted.ended();
    let (principal, with_token) = admitted.split();
    with_token(handle(&http, Arc::new(principal), ended, request).await)
}

async fn handle(
    http: &Arc<Http>,
    principal: Arc<Principal>,
    ended: Option<CancellationToken>,
    request: Request,
) -> Response {
    match *request.method() {
        Method::POST => match read(http, request).await {
            // A body takes its time, and with it a token may end.
            Ok(_) if ended.is_some_and(|ended| ended.is_cancelled()) => http.guard.no_more(),
            Ok(posted) => match Era::of(&posted.headers, &posted.message) {
                Era::Stateless => modern::post(http, principal, posted).await,
                Era::Sessions => legacy::post(http, principal, posted).await,
            },
            Err(refusal) => refusal,
        },
        // There is nothing but requests in that era.
        _ if Era::by_head(request.headers()) == Era::Stateless => reply::only_posts(),
        Method::GET => legacy::get(http, &principal, request.headers()).await,
        Method::DELETE => legacy::delete(http, &principal, request.headers()).await,
        _ => reply::no_such_method(),
    }
}

/// Reads the body, for no longer than it may take.
async fn read(http: &Http, request: Request) -> Result<post::Posted, Response> {
    let limit = usize::try_from(http.config.buffer.max_message_bytes.bytes()).unwrap_or(usize::MAX);
    let reading = tokio::time::timeout(http.config.http.body_timeout, post::read(limit, request));
    // The rest of the body would be taken for the next request: the connection ends.
    let late = || {
        let why = "the body of the request did not come in time";
        reply::refused_with(StatusCode::REQUEST_TIMEOUT, why, [(header::CONNECTION, "close")])
    };
    reading.await.unwrap_or_else(|_| Err(late()))
}
