//! The stateless era: each POST is a short relay session of its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tokio::sync::Semaphore;

use super::mailbox::{Mailbox, Next};
use super::post::Posted;
use super::stream::EventStream;
use super::{Http, reply};
use crate::front::connection;
use crate::front::event::{ConnectionId, Content, Event};
use crate::front::port::Port;
use crate::front::session::{Principal, Session, Via};
use crate::link::{ClientId, Frame, Kind};

/// Requests of the stateless era have no client of their own: to the operation log they
/// are the messages of one client, which this front is, and whose old rows go as its
/// requests are answered.
#[derive(Debug)]
pub(super) struct Lane {
    client: ClientId,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    unanswered: BTreeSet<u64>,
}

impl Default for Lane {
    fn default() -> Self {
        Self { client: ClientId::random(), open: Mutex::default() }
    }
}

impl Lane {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next request, and the one below which all are answered.
    fn begin(&self) -> (u64, u64) {
        let mut open = self.lock();
        open.last += 1;
        let sequence = open.last;
        open.unanswered.insert(sequence);
        let floor = open.unanswered.first().copied().unwrap_or(sequence);
        (sequence, floor)
    }

    fn end(&self, sequence: u64) {
        self.lock().unanswered.remove(&sequence);
    }
}

/// A request under way. Dropped with the response: who has gone has called it off.
struct UnderWay {
    http: Arc<Http>,
    connection: ConnectionId,
    sequence: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.http.lane.end(self.sequence);
        let (events, connection) = (self.http.events.clone(), self.connection);
        // Not sent here: a full channel must not keep whoever drops this.
        tokio::spawn(async move { events.send(Event::Disconnected { connection }).await });
    }
}

/// Carries out one request.
pub(super) async fn post(http: &Arc<Http>, principal: Arc<Principal>, posted: Posted) -> Response {
    let connection = connection::next_id();
    let (sequence, floor) = http.lane.begin();
    let under_way = UnderWay { http: Arc::clone(http), connection, sequence };
    let mailbox: Arc<Mailbox> = Arc::default();
    mailbox.open(sequence);
    let port = Port::Http(Arc::clone(&mailbox));
    let permits = Arc::new(Semaphore::new(1));
    let mut frame = Frame::session(Kind::Message, 0, sequence, posted.message);
    frame.floor = floor;
    let client = http.lane.client;
    let message = match connection::message(connection, frame, client, &port, &http.intake, &permits).await {
        Ok(Some(message)) => message,
        Ok(None) => return refused(&mailbox, sequence).await,
        Err(crate::shutdown::ShuttingDown) => {
            return reply::refused(StatusCode::SERVICE_UNAVAILABLE, "the server is ending");
        }
    };
    let wants_answer = !matches!(message.content, Content::Notification { .. } | Content::Response { .. });
    let via = Via::Request { principal, headers: mcp_headers(&posted.headers) };
    let session = Box::new(Session::new(client, via, None, port));
    let begun = http.events.send(Event::Connected { connection, session }).await;
    if begun.is_err() || http.events.send(Event::Message(message)).await.is_err() {
        return reply::refused(StatusCode::SERVICE_UNAVAILABLE, "the server is ending");
    }
    if !wants_answer {
        return reply::accepted();
    }
    let Some(reader) = mailbox.attach(sequence) else {
        return reply::refused(StatusCode::INTERNAL_SERVER_ERROR, "the request got lost");
    };
    match std::future::poll_fn(|context| mailbox.poll(sequence, reader, 0, context)).await {
        Next::Event(event) if event.is_answer => reply::json(StatusCode::OK, event.message),
        Next::Event(_) => {
            let stream = EventStream::new(mailbox, sequence, reader, 0);
            reply::events(stream.holding(under_way))
        }
        Next::End => reply::accepted(),
    }
}

/// The answer that is there already.
async fn refused(mailbox: &Mailbox, sequence: u64) -> Response {
    let Some(reader) = mailbox.attach(sequence) else { return reply::accepted() };
    match std::future::poll_fn(|context| mailbox.poll(sequence, reader, 0, context)).await {
        Next::Event(event) => reply::json(StatusCode::OK, event.message),
        Next::End => reply::accepted(),
    }
}

/// What of the head the worker compares with the body.
fn mcp_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let of_mcp = headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
    let readable = of_mcp.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    readable.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
