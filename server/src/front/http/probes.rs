//! What programs ask every few seconds: whether the server lives, whether it is ready,
//! and its figures. No session, no message: a question to the hub and its answer.
//!
//! On the clients' address who asks is let in as a client is; on an address of its own
//! everybody who reaches it. Never tells anything of what clients say.

mod address;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{Http, guard, reply};
use crate::front::connection;
use crate::front::event::{Condition, Event, Reason};
use crate::front::metrics::{CONTENT_TYPE, Held, Metrics, Slow, SlowFigures, page};
use crate::logging::LogHandle;
use crate::shutdown::Shutdown;

pub(crate) use address::serve;
pub use address::{ProbesListenError, ProbesListener};

/// Scrapes at once; one more is told to come again.
const MAX_SCRAPES: usize = 2;

/// How long the hub may take to answer: it never waits for anything, so that one that
/// takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the probes share.
#[derive(Debug)]
pub(crate) struct Probes {
    events: mpsc::Sender<Event>,
    shutdown: Shutdown,
    metrics: Arc<Metrics>,
    log: LogHandle,
    slow: Arc<Slow>,
    scrapes: Semaphore,
}

impl Probes {
    pub(crate) fn new(intake: &connection::Shared, log: LogHandle) -> Arc<Self> {
        Arc::new(Self {
            events: intake.events.clone(),
            shutdown: intake.shutdown.clone(),
            metrics: Arc::clone(&intake.metrics),
            log,
            slow: Slow::new(intake.events.clone()),
            scrapes: Semaphore::new(MAX_SCRAPES),
        })
    }
}

/// The three, for whoever reaches the address.
fn open(probes: Arc<Probes>) -> Router {
    Router::new()
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(probes)
}

/// The same for those who may come as clients.
pub(super) fn guarded(http: Arc<Http>) -> Router {
    open(Arc::clone(&http.probes)).route_layer(axum::middleware::from_fn_with_state(http, admitted))
}

async fn admitted(
    State(http): State<Arc<Http>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    // Every role may look.
    match guard::admit(&http, source, &request) {
        Ok(_) => next.run(request).await,
        Err(refusal) => refusal,
    }
}

/// Asks the hub. `None` when it has ended or does not answer.
async fn asked<T>(probes: &Probes, question: impl FnOnce(oneshot::Sender<T>) -> Event) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let answer = async {
        probes.events.send(question(tell)).await.ok()?;
        told.await.ok()
    };
    tokio::time::timeout(PATIENCE, answer).await.ok().flatten()
}

async fn condition(probes: &Probes) -> Condition {
    let is_ending = probes.shutdown.token().is_cancelled();
    let known = asked(probes, Event::Probe).await;
    let mut condition = known.unwrap_or_else(|| {
        let stuck = Reason::new("stuck", "the server does not answer");
        let reasons = if is_ending { Vec::new() } else { vec![stuck] };
        Condition { reasons, is_ending: true, generation: None }
    });
    // Nothing new is taken from here on, although what is in flight may take a while.
    if is_ending && condition.reasons.iter().all(|reason| reason.code != "shutdown") {
        condition.reasons.insert(0, Reason::new("shutdown", "the server is about to end"));
    }
    condition
}

async fn live(State(probes): State<Arc<Probes>>) -> Response {
    let condition = condition(&probes).await;
    let status = if condition.is_ending { "ending" } else { "ok" };
    told(!condition.is_ending, &json!({ "status": status, "version": env!("CARGO_PKG_VERSION") }))
}

async fn ready(State(probes): State<Arc<Probes>>) -> Response {
    let Condition { reasons, generation, .. } = condition(&probes).await;
    let ready = reasons.is_empty();
    told(ready, &json!({ "ready": ready, "reasons": reasons, "generation": generation }))
}

fn told(is_well: bool, what: &serde_json::Value) -> Response {
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    fresh(reply::json(status, what.to_string().into()))
}

/// What holds at the moment is not to be kept by anybody between.
fn fresh(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn metrics(State(probes): State<Arc<Probes>>) -> Response {
    let Ok(_turn) = probes.scrapes.try_acquire() else {
        let why = "others are being told the figures: come again";
        return reply::refused_with(StatusCode::SERVICE_UNAVAILABLE, why, [(header::RETRY_AFTER, "1")]);
    };
    let slow = probes.slow.figures().await;
    let Some(held) = asked(&probes, Event::Scrape).await else {
        return reply::refused(StatusCode::SERVICE_UNAVAILABLE, "the server does not answer, or has ended");
    };
    let (metrics, dropped) = (Arc::clone(&probes.metrics), probes.log.dropped_lines());
    // On another thread: this one carries clients' messages.
    let encoded = tokio::task::spawn_blocking(move || encode(&metrics, &held, slow.as_ref(), dropped)).await;
    encoded
        .ok()
        .flatten()
        .unwrap_or_else(|| reply::refused(StatusCode::INTERNAL_SERVER_ERROR, "the figures cannot be written"))
}

fn encode(
    metrics: &Metrics,
    held: &Held,
    slow: Option<&Arc<SlowFigures>>,
    dropped_lines: usize,
) -> Option<Response> {
    let text = page(metrics, held, slow, dropped_lines).ok()?;
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    Some(fresh(response))
}
