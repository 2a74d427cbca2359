//! The stateless era: each POST is a short relay session of its own, which ends with its
//! response. A response that is closed before its end calls the request off.
//!
//! - `lane`: numbers of requests.   - `under_way`: what ends when nobody waits any more.
//! - `exchange`: what the client is sent.   - `events`: that as a stream.
//! - `status`: the status of an answer.   - `head`: what its head says of a request.

mod events;
mod exchange;
mod head;
mod lane;
mod status;
mod under_way;

use std::future::poll_fn;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use rmcp::model::{ErrorCode, ErrorData, JsonObject, ProtocolVersion};
use serde_json::json;
use tokio::sync::Semaphore;

use super::head::check_kinds;
use super::post::Posted;
use super::{Http, reply};
use crate::envelope::{self, Envelope, RequestId};
use crate::front::answer;
use crate::front::connection;
use crate::front::event::{Content, Event};
use crate::front::port::Port;
use crate::front::session::{Principal, Session, Via};
use crate::link::{Frame, Kind};
use crate::request_headers;
pub(crate) use exchange::Exchange;
use exchange::Next;
pub(super) use lane::Lanes;
use under_way::UnderWay;

/// Carries out one request.
pub(super) async fn post(http: &Arc<Http>, principal: Arc<Principal>, posted: Posted) -> Response {
    let headers = match check_head(&posted) {
        Ok(headers) => headers,
        Err(refusal) => return refusal,
    };
    let connection = connection::next_id();
    let lane = http.lanes.of(&posted.message);
    let (sequence, floor) = lane.begin();
    let mut under_way = UnderWay::new(Arc::clone(lane), http.events.clone(), connection, sequence);
    let exchange: Arc<Exchange> = Arc::default();
    let port = Port::Request(Arc::clone(&exchange));
    let mut frame = Frame::session(Kind::Message, 0, sequence, posted.message.clone());
    frame.floor = floor;
    let permits = Arc::new(Semaphore::new(1));
    let client = lane.client;
    let message = match connection::message(connection, frame, client, &port, &http.intake, &permits).await {
        Ok(Some(message)) => message,
        // Refused: the answer is there already.
        Ok(None) => return respond(exchange, under_way, &posted).await,
        Err(crate::shutdown::ShuttingDown) => return reply::ending(),
    };
    if let Some(response) = without_worker(&message.content, &headers, &posted) {
        return response;
    }
    let session = Box::new(Session::new(client, Via::Request { principal, headers }, None, port));
    under_way.is_sent();
    if http.events.send(Event::Posted { session, message }).await.is_err() {
        return reply::ending();
    }
    respond(exchange, under_way, &posted).await
}

/// Whether the head is acceptable; what of it is compared with the body.
pub(super) fn check_head(posted: &Posted) -> Result<Vec<(String, String)>, Response> {
    check_kinds(&posted.headers)?;
    head::of_mcp(&posted.headers).map_err(|error| refused(posted, &error))
}

/// The response to what no worker gets.
pub(super) fn without_worker(
    content: &Content,
    headers: &[(String, String)],
    posted: &Posted,
) -> Option<Response> {
    let checked = match content {
        // A worker would take it for the begin of a session.
        Content::Request { is_initialize: true, .. } => {
            Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "initialize", None))
        }
        Content::Request { .. } => return None,
        // The front carries these out itself, so it compares them itself.
        Content::Reboot(_) => {
            let supported = ProtocolVersion::KNOWN_VERSIONS;
            let no_schema = |_: &str| None::<Arc<JsonObject>>;
            let checked = request_headers::check(headers, &posted.message, supported, no_schema);
            return checked.err().map(|error| refused(posted, &error));
        }
        Content::Malformed(malformed) => {
            return Some(reply::json(StatusCode::BAD_REQUEST, answer::malformed(malformed)));
        }
        // Without a session there is nobody that could be told anything.
        Content::Notification { .. } => match envelope::parse(&posted.message) {
            Ok(Envelope::Notification { method, .. }) => {
                request_headers::check_notification(headers, &method)
            }
            _ => Ok(()),
        },
        Content::Response { .. } => {
            let text = "the server asks nothing in this revision, so there is nothing to answer";
            Err(ErrorData::invalid_request(text, None))
        }
    };
    Some(checked.map_or_else(|error| refused(posted, &error), |()| reply::accepted()))
}

/// What comes of the request. A plain answer needs no stream, what comes before it does.
async fn respond(exchange: Arc<Exchange>, under_way: UnderWay, posted: &Posted) -> Response {
    match poll_fn(|context| exchange.poll(context)).await {
        Next::Answer(answer) => reply::json(status::of(&answer, &posted.message), answer),
        Next::Message(first) => events::respond(first, exchange, under_way),
        Next::End => reply::ending(),
    }
}

pub(super) fn refused(posted: &Posted, error: &ErrorData) -> Response {
    let id: Option<RequestId> = match envelope::parse(&posted.message) {
        Ok(Envelope::Request { id, .. }) => Some(id),
        _ => None,
    };
    let body = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
    reply::json(status::of(body.as_bytes(), &posted.message), body.into())
}
