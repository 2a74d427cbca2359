//! For the fuzz targets alone, and in no other build: the parts of the adapter that need
//! no hub, put together as the handlers put them together. Must decide nothing itself.
//!
//! - here: the head and the body of a request.   - `log`: streams and those who come back.

mod log;

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use rmcp::model::{JsonObject, ProtocolVersion};

use super::cross_origin::Origins;
use super::era::Era;
use super::hosts::Hosts;
use super::post::{self, Posted, SESSION};
use super::{entrance, event_id, head, legacy, modern, reply};
use crate::config::Words;
use crate::envelope::RequestId;
use crate::front::event::Content;
use crate::front::{answer, connection};
use crate::link::{ClientId, Frame, Kind};
use crate::request_headers;
pub use log::{Came, Log, Read, Reader};

/// Where a request arrives.
#[derive(Debug)]
pub struct Site {
    hosts: Hosts,
    origins: Origins,
    local: IpAddr,
    /// Most bytes of a message.
    limit: usize,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It is answered without the hub.
    Answered(Response<Bytes>),
    /// The hub or a worker gets it.
    Passed(Passed),
}

/// A request that is passed on.
#[derive(Debug, PartialEq, Eq)]
pub struct Passed {
    /// Of the stateless era.
    pub is_stateless: bool,
    /// What was understood of the message; of a request without one nothing.
    pub content: Option<String>,
    /// The id of what is a request.
    pub id: Option<RequestId>,
    /// What the worker compares with the body.
    pub headers: Vec<(String, String)>,
}

impl Site {
    /// As configured with these lists, which are in lower case.
    pub fn new(
        hosts: &[&str],
        origins: &[&str],
        (behind_proxy, has_tls): (bool, bool),
        local: IpAddr,
    ) -> Self {
        let words = |words: &[&str]| Words(words.iter().map(|word| (*word).to_owned()).collect());
        let origins = Origins::allowing(words(origins), behind_proxy, has_tls);
        Self { hosts: Hosts::new(words(hosts)), origins, local, limit: usize::MAX }
    }

    /// The same where messages have at most so many bytes.
    pub fn limited(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// What becomes of the request of somebody who is let in; of every session it is taken
    /// that it exists.
    pub fn request(&self, request: Request<Bytes>) -> Outcome {
        let origin = match entrance::check(&self.hosts, &self.origins, self.local, &request) {
            Ok(origin) => origin,
            Err((status, why)) => return Outcome::Answered(whole(reply::refused(status, why))),
        };
        let handled = match origin.preflight(request.method(), request.headers()) {
            Some(response) => Err(response),
            None => self.handle(request.map(Body::from)),
        };
        handled.map_or_else(
            |mut response| {
                origin.mark(response.headers_mut());
                Outcome::Answered(whole(response))
            },
            Outcome::Passed,
        )
    }

    fn handle(&self, request: Request<Body>) -> Result<Passed, Response<Body>> {
        match *request.method() {
            Method::POST => {
                let posted = now(post::read(self.limit, request)).unwrap_or_else(|| Err(reply::ending()))?;
                match Era::of(&posted.headers, &posted.message) {
                    Era::Stateless => stateless(&posted),
                    Era::Sessions => of_session(&posted),
                }
            }
            _ if Era::by_head(request.headers()) == Era::Stateless => Err(reply::only_posts()),
            Method::GET => head::check_get(request.headers()).map(|()| without_body()),
            Method::DELETE => head::check_revision(request.headers()).map(|()| without_body()),
            _ => Err(reply::no_such_method()),
        }
    }
}

fn without_body() -> Passed {
    Passed { is_stateless: false, content: None, id: None, headers: Vec::new() }
}

fn of_session(posted: &Posted) -> Result<Passed, Response<Body>> {
    head::check_post(&posted.headers)?;
    if !posted.headers.contains_key(SESSION) {
        legacy::check_opening(&posted.message)?;
    }
    let content = content(&posted.message);
    if let Content::Malformed(malformed) = &content {
        return Err(reply::json(StatusCode::BAD_REQUEST, answer::malformed(malformed)));
    }
    Ok(passed(&content, None))
}

fn stateless(posted: &Posted) -> Result<Passed, Response<Body>> {
    let headers = modern::check_head(posted)?;
    let content = content(&posted.message);
    if let Some(response) = modern::without_worker(&content, &headers, posted) {
        return Err(response);
    }
    // The worker's part, with the parameters of one tool as headers as well.
    let schema = |tool: &str| (tool == "annotated").then(annotated);
    request_headers::check(&headers, &posted.message, ProtocolVersion::KNOWN_VERSIONS, schema)
        .map_err(|error| modern::refused(posted, &error))?;
    Ok(passed(&content, Some(headers)))
}

/// The schema of a tool whose parameter `word` is sent as `Mcp-Param-Word` as well.
fn annotated() -> Arc<JsonObject> {
    let schema = serde_json::json!({
        "properties": { "word": { "type": "string", "x-mcp-header": "Word" }, "other": { "type": "string" } },
    });
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}

fn content(message: &Bytes) -> Content {
    let client = ClientId::random();
    connection::content(&Frame::session(Kind::Message, 0, 1, message.clone()), client)
}

fn passed(content: &Content, headers: Option<Vec<(String, String)>>) -> Passed {
    let id = match content {
        Content::Request { id, .. } => Some(id.clone()),
        Content::Reboot(call) => Some(call.id.clone()),
        _ => None,
    };
    let is_stateless = headers.is_some();
    Passed { is_stateless, content: Some(format!("{content:?}")), id, headers: headers.unwrap_or_default() }
}

/// What a future comes to that waits for nothing.
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A response that is there at once; an empty body where it is not.
fn whole(response: Response<Body>) -> Response<Bytes> {
    let (head, body) = response.into_parts();
    let body = now(body.collect()).and_then(Result::ok).map(|body| body.to_bytes());
    Response::from_parts(head, body.unwrap_or_default())
}

/// The id of an event of a request's stream.
pub fn event_id(stream: u64, number: u64, request: Option<&RequestId>, is_end: bool) -> String {
    event_id::event_id(stream, number, &event_id::mark(request), is_end)
}

/// Reads an id: stream, number, request, and whether it is the end.
pub fn parse_event_id(id: &str) -> Option<(u64, u64, Option<RequestId>, bool)> {
    event_id::parse(id).map(|place| (place.stream, place.number, place.request, place.is_end))
}
