//! The era of sessions: POST, the GET stream, DELETE, resumption.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use super::mailbox::{Next, UNASKED};
use super::post::{LAST_EVENT, Posted, SESSION, text};
use super::sessions::HttpSession;
use super::stream::EventStream;
use super::{Http, reply};
use crate::front::connection;
use crate::front::event::{Content, Event};
use crate::front::port::Port;
use crate::front::session::{Principal, Session, Via};
use crate::link::{Frame, Kind};

/// Takes a message of a session, or one that begins a session.
pub(super) async fn post(http: &Arc<Http>, principal: Arc<Principal>, posted: Posted) -> Response {
    let session = match text(&posted.headers, SESSION) {
        Some(_) => match named(http, &principal, &posted.headers) {
            Ok(session) => session,
            Err(refusal) => return refusal,
        },
        None => match begin(http, principal, &posted).await {
            Ok(session) => session,
            Err(refusal) => return refusal,
        },
    };
    let mut response = pass_on(http, &session, posted).await;
    if let Ok(id) = HeaderValue::from_str(&session.id) {
        response.headers_mut().insert(SESSION, id);
    }
    response
}

/// The stream that belongs to no request, or one that broke.
pub(super) fn get(http: &Arc<Http>, principal: &Principal, headers: &HeaderMap) -> Response {
    let session = match named(http, principal, headers) {
        Ok(session) => session,
        Err(refusal) => return refusal,
    };
    let (sequence, after) = match text(headers, LAST_EVENT).map(event_id) {
        None => (UNASKED, 0),
        Some(Some(place)) => place,
        Some(None) => return reply::refused(StatusCode::BAD_REQUEST, "that is no event id of this server"),
    };
    match session.mailbox.attach(sequence) {
        Some(reader) => {
            reply::events(EventStream::new(Arc::clone(&session.mailbox), sequence, reader, after))
        }
        None => reply::refused(StatusCode::NOT_FOUND, "that stream is over"),
    }
}

/// Ends a session at its client's wish.
pub(super) async fn delete(http: &Arc<Http>, principal: &Principal, headers: &HeaderMap) -> Response {
    let session = match named(http, principal, headers) {
        Ok(session) => session,
        Err(refusal) => return refusal,
    };
    http.sessions.remove(&session.id);
    // A closed channel means that the front is ending, and the session with it.
    let _ = http.events.send(Event::Disconnected { connection: session.connection }).await;
    reply::json(StatusCode::OK, "{}".into())
}

/// The stream and the number of the event in it.
fn event_id(id: &str) -> Option<(u64, u64)> {
    let (stream, number) = id.split_once('-')?;
    Some((stream.parse().ok()?, number.parse().ok()?))
}

/// The session that a request names.
fn named(http: &Http, principal: &Principal, headers: &HeaderMap) -> Result<Arc<HttpSession>, Response> {
    let Some(id) = text(headers, SESSION) else {
        return Err(reply::refused(StatusCode::BAD_REQUEST, "the header Mcp-Session-Id is missing"));
    };
    let found = http.sessions.find(id).filter(|session| session.is_of(principal));
    found.ok_or_else(|| reply::refused(StatusCode::NOT_FOUND, "there is no such session"))
}

/// Opens a session for an `initialize`.
async fn begin(
    http: &Arc<Http>,
    principal: Arc<Principal>,
    posted: &Posted,
) -> Result<Arc<HttpSession>, Response> {
    let is_initialize = matches!(
        crate::envelope::parse(&posted.message),
        Ok(crate::envelope::Envelope::Request { method, .. }) if method == "initialize"
    );
    if !is_initialize {
        let why = "the header Mcp-Session-Id is missing: a session begins with initialize";
        return Err(reply::refused(StatusCode::BAD_REQUEST, why));
    }
    let connection = connection::next_id();
    let max_requests = http.intake.max_requests_per_client;
    let session = Arc::new(HttpSession::new(connection, Arc::clone(&principal), max_requests));
    let port = Port::Http(Arc::clone(&session.mailbox));
    let relayed = Box::new(Session::new(session.client, Via::Http(principal), None, port));
    if http.events.send(Event::Connected { connection, session: relayed }).await.is_err() {
        return Err(reply::refused(StatusCode::SERVICE_UNAVAILABLE, "the server is ending"));
    }
    http.sessions.add(Arc::clone(&session));
    Ok(session)
}

/// Gives the message to the hub, and what comes of it to the client.
async fn pass_on(http: &Arc<Http>, session: &Arc<HttpSession>, posted: Posted) -> Response {
    let sequence = session.next_sequence();
    let mailbox = &session.mailbox;
    mailbox.open(sequence);
    let frame = Frame::session(Kind::Message, 0, sequence, posted.message);
    let port = Port::Http(Arc::clone(mailbox));
    let taken =
        connection::message(session.connection, frame, session.client, &port, &http.intake, &session.permits)
            .await;
    let wants_answer = match taken {
        Ok(Some(message)) => {
            let wants_answer =
                !matches!(message.content, Content::Notification { .. } | Content::Response { .. });
            if http.events.send(Event::Message(message)).await.is_err() {
                return reply::refused(StatusCode::SERVICE_UNAVAILABLE, "the server is ending");
            }
            wants_answer
        }
        // Refused: the answer is there already.
        Ok(None) => true,
        Err(crate::shutdown::ShuttingDown) => {
            return reply::refused(StatusCode::SERVICE_UNAVAILABLE, "the server is ending");
        }
    };
    if !wants_answer {
        mailbox.forget(sequence);
        return reply::accepted();
    }
    let Some(reader) = mailbox.attach(sequence) else {
        return reply::refused(StatusCode::INTERNAL_SERVER_ERROR, "the request got lost");
    };
    // A plain answer needs no stream. What comes before the answer needs one.
    match std::future::poll_fn(|context| mailbox.poll(sequence, reader, 0, context)).await {
        Next::Event(event) if event.is_answer => {
            mailbox.forget(sequence);
            reply::json(StatusCode::OK, event.message)
        }
        Next::Event(_) => reply::events(EventStream::new(Arc::clone(mailbox), sequence, reader, 0)),
        Next::End => reply::accepted(),
    }
}
