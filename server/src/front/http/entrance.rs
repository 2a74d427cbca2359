//! What holds for every request, whatever it asks for: whom it is for, from which page it
//! may come, and how long its connection counts as busy.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::cross_origin::{Origin, Origins};
use super::hosts::{Hosts, Refused};
use super::watched::{Activity, Busy};
use super::{Http, reply};

/// Longest head of a request, and what is read of a body at once, in bytes. A longer head
/// is answered with 431, as is one with more than 100 headers.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How much of a refused request's body is read, and for how long. After that the
/// connection ends.
const MAX_DISCARDED: usize = 64 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_secs(1);

/// What the requests of one connection have in common.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    pub(super) http: Arc<Http>,
    pub(super) router: TowerToHyperService<Router>,
    /// Who has connected.
    pub(super) source: SocketAddr,
    /// Where.
    pub(super) local: SocketAddr,
    pub(super) activity: Arc<Activity>,
}

impl Entrance {
    /// The response to one request.
    pub(super) async fn handle(self, request: Request<Incoming>) -> Result<Response<Timed>, Infallible> {
        let busy = self.activity.begin();
        let guard = &self.http.guard;
        let response = match check(&guard.hosts, &guard.origins, self.local.ip(), &request) {
            Ok(origin) => self.respond(origin, request).await,
            Err((status, why)) => refuse(reply::refused(status, why), request.into_body()).await,
        };
        Ok(response.map(|body| Timed { body, _busy: busy }))
    }

    async fn respond(&self, origin: Origin, mut request: Request<Incoming>) -> Response {
        let mut response = match origin.preflight(request.method(), request.headers()) {
            Some(response) => response,
            None => {
                request.extensions_mut().insert(ConnectInfo(self.source));
                let Ok(response) = self.router.call(request).await;
                response
            }
        };
        origin.mark(response.headers_mut());
        response
    }
}

/// Whether a request is for this server, and from whom it may come. `local` is the address
/// that the connection has reached.
pub(super) fn check<B>(
    hosts: &Hosts,
    origins: &Origins,
    local: IpAddr,
    request: &Request<B>,
) -> Result<Origin, Refused> {
    // What is read at once can be more than the buffer that is to be filled.
    if head_bytes(request) > MAX_HEAD_BYTES {
        let why = "the head of the request is too long: 64 KiB are read";
        return Err((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, why));
    }
    let host = hosts.check(request.uri(), request.headers(), local)?;
    match origins.of(request.headers(), &host) {
        Origin::Foreign => {
            let why = "pages of that origin may not call: the key http.allowed_origins lists those that may";
            Err((StatusCode::FORBIDDEN, why))
        }
        origin => Ok(origin),
    }
}

/// A refusal of a request whose body nobody has read. Bytes that are left unread would end
/// the connection, and with it, at the client, a refusal that it has not read yet.
pub(super) async fn refuse<B>(mut response: Response, body: B) -> Response
where
    B: http_body::Body + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = Limited::new(body, MAX_DISCARDED);
    let is_read = tokio::time::timeout(DISCARD_WITHIN, discard(body)).await.unwrap_or_default();
    if !is_read {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn discard<B: http_body::Body + Unpin>(mut body: B) -> bool {
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}

/// About as long as it was on the wire.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let line = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    line + headers.sum::<usize>()
}

/// A body as long as which the connection is busy.
#[derive(Debug)]
pub(super) struct Timed {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
