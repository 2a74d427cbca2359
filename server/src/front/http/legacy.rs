//! The era of sessions: POST, the GET stream, DELETE, resumption.
//!
//! The answer to a POST is plain JSON when it comes first and soon, which is the fast path:
//! most calls take less than a millisecond. Otherwise the response becomes a stream, and a
//! client of a revision that knows it gets an event with nothing but an id first: with it
//! the official clients come back by themselves when the connection or the front dies,
//! which without an id they never do. So what is long enough to be hit by an accident can
//! be resumed, and what is short costs no stream.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::mailbox::{Life, Mailbox, Next, UNASKED};
use super::post::{LAST_EVENT, Posted, SESSION, text};
use super::sessions::HttpSession;
use super::stream::{EventStream, Resumable};
use super::{Http, event_id, head, reply};
use crate::envelope::{self, Envelope, RequestId};
use crate::front::event::{ClientMessage, Content, Event};
use crate::front::port::Port;
use crate::front::session::Principal;
use crate::front::{answer, connection};
use crate::link::{Frame, Kind};
use crate::shutdown::ShuttingDown;

/// An answer that takes longer comes on a stream.
const SOON: Duration = Duration::from_millis(200);

/// Takes a message of a session, or one that begins a session.
pub(super) async fn post(http: &Arc<Http>, principal: Arc<Principal>, posted: Posted) -> Response {
    let outcome = async {
        head::check_post(&posted.headers)?;
        if posted.headers.contains_key(SESSION) {
            let session = named(http, &principal, &posted.headers).await?;
            pass_on(http, &session, posted).await
        } else {
            begin(http, &principal, posted).await
        }
    };
    outcome.await.unwrap_or_else(|refusal| refusal)
}

/// The stream that belongs to no request, or one that broke.
pub(super) async fn get(http: &Http, principal: &Arc<Principal>, headers: &HeaderMap) -> Response {
    let outcome = async {
        head::check_get(headers)?;
        let session = named(http, principal, headers).await?;
        let is_primed = head::is_primed(headers);
        match text(headers, LAST_EVENT) {
            None => Ok(listen(&session.mailbox, None, is_primed)),
            Some(id) => come_back(&session.mailbox, id, is_primed),
        }
    };
    outcome.await.unwrap_or_else(|refusal: Response| refusal)
}

/// Ends a session at its client's wish.
pub(super) async fn delete(http: &Http, principal: &Arc<Principal>, headers: &HeaderMap) -> Response {
    let outcome = async {
        head::check_revision(headers)?;
        let session = named(http, principal, headers).await?;
        http.forget(&session).await;
        // What its client has ended does not come back with the next front.
        http.keeper.flushed().await;
        Ok(reply::json(StatusCode::OK, "{}".into()))
    };
    outcome.await.unwrap_or_else(|refusal: Response| refusal)
}

/// The stream that belongs to no request, behind this event, or behind the last one that
/// was taken from it.
pub(super) fn listen(mailbox: &Arc<Mailbox>, after: Option<u64>, is_primed: bool) -> Response {
    let reader = match after {
        Some(after) => mailbox.resume(UNASKED, after),
        None => mailbox.attach(UNASKED),
    };
    let after = after.unwrap_or_else(|| mailbox.taken(UNASKED));
    let Some(reader) = reader else { return reply::accepted() };
    let resumable = Resumable { mark: event_id::mark(None), is_primed };
    reply::events(EventStream::new(Arc::clone(mailbox), UNASKED, reader, after).resumable(resumable))
}

/// Goes on with a stream behind an event that the client has.
pub(super) fn come_back(mailbox: &Arc<Mailbox>, id: &str, is_primed: bool) -> Result<Response, Response> {
    // No number is given twice, so one above all that were given is not the client's: events
    // that come below it would not reach the client.
    let is_known = |place: &event_id::Place| place.is_end || place.number <= mailbox.last();
    let Some(place) = event_id::parse(id).filter(is_known) else {
        return Err(reply::refused(StatusCode::BAD_REQUEST, "that is no event id of this server"));
    };
    if place.is_end {
        // A client that comes back behind the answer has everything. With this status none
        // comes again, and no session is taken for lost, as with 404.
        return Ok(reply::nothing_more());
    }
    if place.stream == UNASKED {
        return Ok(listen(mailbox, Some(place.number), is_primed));
    }
    let mark = event_id::mark(place.request.as_ref());
    match (mailbox.resume(place.stream, place.number), place.request) {
        (Some(reader), _) => {
            let stream = EventStream::new(Arc::clone(mailbox), place.stream, reader, place.number);
            Ok(reply::events(stream.resumable(Resumable { mark, is_primed })))
        }
        // It ended with a former front, or was kept for long enough.
        (None, Some(request)) => {
            let id = event_id::event_id(place.stream, place.number.saturating_add(1), "", true);
            Ok(reply::one_event(&id, &answer::stream_lost(&request)))
        }
        (None, None) => Err(reply::refused(StatusCode::BAD_REQUEST, "that stream is over")),
    }
}

/// The session that a request names.
async fn named(
    http: &Http,
    principal: &Arc<Principal>,
    headers: &HeaderMap,
) -> Result<Arc<HttpSession>, Response> {
    let Some(id) = text(headers, SESSION) else {
        return Err(reply::refused(StatusCode::BAD_REQUEST, "the header Mcp-Session-Id is missing"));
    };
    // Another's session looks like none at all.
    let session = http.sessions.find(id).filter(|session| session.is_of(principal)).ok_or_else(no_session)?;
    if session.mailbox.life() == Life::Closed {
        return Err(reply::ending());
    }
    session.wake(http, principal).await.map_err(|_| reply::ending())?;
    Ok(session)
}

fn no_session() -> Response {
    reply::refused(StatusCode::NOT_FOUND, "there is no such session: begin a new one with initialize")
}

/// Whether a message can begin a session; otherwise the answer.
pub(super) fn check_opening(message: &[u8]) -> Result<(), Response> {
    match envelope::parse(message) {
        Ok(Envelope::Request { method, .. }) if method == "initialize" => Ok(()),
        Ok(_) => {
            let why = "the header Mcp-Session-Id is missing: a session begins with initialize";
            Err(reply::refused(StatusCode::BAD_REQUEST, why))
        }
        Err(malformed) => Err(reply::json(StatusCode::BAD_REQUEST, answer::malformed(&malformed))),
    }
}

/// Opens a session for an `initialize`.
async fn begin(http: &Arc<Http>, principal: &Arc<Principal>, posted: Posted) -> Result<Response, Response> {
    check_opening(&posted.message)?;
    let (session, id) = http.new_session(principal);
    if !http.sessions.add(Arc::clone(&session)) {
        return Err(reply::full());
    }
    let begun = async {
        session.wake(http, principal).await.map_err(|_| reply::ending())?;
        let mut turn = send(http, &session, posted.message).await?;
        let Next::Event(event) = turn.next().await else { return Err(turn.ended()) };
        if event.is_answer {
            turn.is_over = true;
            session.mailbox.forget(turn.sequence);
            Ok((is_error(&event.message), reply::json(StatusCode::OK, event.message)))
        } else {
            Ok((false, turn.into_stream(head::is_primed(&posted.headers))))
        }
    };
    let (is_refused, mut response) = match begun.await {
        Ok(begun) => begun,
        Err(response) => (true, response),
    };
    if is_refused {
        http.forget(&session).await;
        return Ok(response);
    }
    // A client that has its session shall find it again after any accident.
    http.keeper.flushed().await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static(SESSION), id);
    }
    Ok(response)
}

/// Whether an answer is an error.
fn is_error(message: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Answer {
        error: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Answer>(message).is_ok_and(|answer| answer.error.is_some())
}

/// Gives the message to the hub, and what comes of it to the client.
async fn pass_on(http: &Arc<Http>, session: &Arc<HttpSession>, posted: Posted) -> Result<Response, Response> {
    let is_primed = head::is_primed(&posted.headers);
    let mut turn = send(http, session, posted.message).await?;
    match tokio::time::timeout(SOON, turn.next()).await {
        Ok(Next::Event(event)) if event.is_answer => {
            turn.is_over = true;
            session.mailbox.forget(turn.sequence);
            Ok(reply::json(StatusCode::OK, event.message))
        }
        Ok(Next::Event(_)) | Err(_) => Ok(turn.into_stream(is_primed)),
        Ok(Next::End) => Err(turn.ended()),
    }
}

/// Sends the message to the hub; what is not answered is answered here, as an error of the
/// result.
async fn send(http: &Http, session: &HttpSession, message: bytes::Bytes) -> Result<Turn, Response> {
    let (sequence, floor) = session.mailbox.begin();
    let mut turn = Turn::new(session, sequence);
    let mut frame = Frame::session(Kind::Message, 0, sequence, message);
    frame.floor = floor;
    let port = Port::Http(Arc::clone(&session.mailbox));
    let taken =
        connection::message(session.connection, frame, session.client, &port, &http.intake, &session.permits);
    match taken.await {
        Ok(Some(message)) => {
            turn.guard = http.intake.shutdown.track().ok();
            turn.take(http, session, message).await?;
            Ok(turn)
        }
        // Refused: the answer is there already.
        Ok(None) => Ok(turn),
        Err(ShuttingDown) => Err(reply::ending()),
    }
}

/// A POST that waits for what comes of it. Dropped before that, nobody can come back for
/// it: then its answer needs not be kept.
struct Turn {
    mailbox: Arc<Mailbox>,
    sequence: u64,
    reader: u64,
    request: Option<RequestId>,
    /// The end of the front waits until the answer is with the connection.
    guard: Option<crate::shutdown::RequestGuard>,
    /// The hub has it, and will say what comes of it.
    is_sent: bool,
    is_over: bool,
}

impl Turn {
    fn new(session: &HttpSession, sequence: u64) -> Self {
        let mailbox = Arc::clone(&session.mailbox);
        let reader = mailbox.attach(sequence).unwrap_or_default();
        Self { mailbox, sequence, reader, request: None, guard: None, is_sent: false, is_over: false }
    }

    /// Gives a message to the hub, if it is one for the hub and wants an answer.
    async fn take(
        &mut self,
        http: &Http,
        session: &HttpSession,
        message: ClientMessage,
    ) -> Result<(), Response> {
        let answered = match &message.content {
            Content::Malformed(malformed) => {
                Some(reply::json(StatusCode::BAD_REQUEST, answer::malformed(malformed)))
            }
            Content::Request { id, is_initialize: true, .. } if session.has_begun(self.sequence) => {
                Some(reply::json(StatusCode::BAD_REQUEST, answer::initialized_already(id)))
            }
            Content::Response { .. } | Content::Notification { .. } => Some(reply::accepted()),
            Content::Request { id, .. } => {
                self.request = Some(id.clone());
                None
            }
            Content::Reboot(call) => {
                self.request = Some(call.id.clone());
                None
            }
        };
        let is_refused =
            answered.as_ref().is_some_and(|response| response.status() == StatusCode::BAD_REQUEST);
        if answered.is_some() {
            // Nothing comes back, and nothing else shall come this way.
            self.is_over = true;
            self.mailbox.forget(self.sequence);
        }
        if !is_refused {
            let connection = session.connection;
            let event = match &message.content {
                Content::Response { id: Some(id) } if self.mailbox.is_pong(id) => Event::Pong { connection },
                _ => Event::Message(message),
            };
            http.events.send(event).await.map_err(|_| reply::ending())?;
            self.is_sent = true;
        }
        answered.map_or(Ok(()), Err)
    }

    async fn next(&mut self) -> Next {
        std::future::poll_fn(|context| self.mailbox.poll(self.sequence, self.reader, 0, context)).await
    }

    /// The answer, and what comes before it, as a stream.
    fn into_stream(mut self, is_primed: bool) -> Response {
        self.is_over = true;
        let resumable = Resumable { mark: event_id::mark(self.request.as_ref()), is_primed };
        let stream = EventStream::new(Arc::clone(&self.mailbox), self.sequence, self.reader, 0);
        reply::events(stream.resumable(resumable).holding(self.guard.take()))
    }

    /// What is said where no answer will come.
    fn ended(&self) -> Response {
        match self.mailbox.life() {
            Life::Ended => no_session(),
            Life::Closed => reply::ending(),
            // Its client has called it off.
            Life::Open => reply::accepted(),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if self.is_sent {
            self.mailbox.abandon(self.sequence);
        } else {
            self.mailbox.forget(self.sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mailbox::Bounds;
    use super::*;

    #[tokio::test]
    async fn nobody_comes_back_behind_an_event_that_is_still_to_come() {
        let mailbox = Arc::new(Mailbox::kept_by_nobody(100, Bounds::default()));
        let (sequence, _) = mailbox.begin();
        let status = |id: String| {
            let came = come_back(&mailbox, &id, false);
            came.unwrap_or_else(|refusal| refusal).status().as_u16()
        };
        let ahead = sequence + 1;
        for id in [format!("0-{ahead}"), format!("{sequence}-{}", u64::MAX), format!("{sequence}-{ahead}-n5")]
        {
            assert_eq!(status(id.clone()), 400, "{id}");
        }
        assert!(!mailbox.is_reachable(), "nobody reads");
        assert_eq!(status(format!("{sequence}-{ahead}-end")), 204);
        assert_eq!(status(format!("{sequence}-{sequence}-n5")), 200);
        assert_eq!(status(format!("0-{sequence}")), 200);
    }
}
