//! One shim's connection: its hello, then its messages to the hub, each with
//! its envelope read and its budget charged. Ends with the socket.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, watch};

use super::answer;
use super::budget::Budget;
use super::event::{ClientMessage, ConnectionId, Content, Event};
use super::metrics::{End, Metrics};
use super::port::Port;
use super::session::{SLOW_CLIENT_BYTES, Session, Via, send};
use crate::envelope::{self, Envelope};
use crate::link::{
    ClientId, Frame, FrameReader, Kind, OperationId, Outbox, PROTOCOL, Reading, ShimHello, Welcome, halves,
};
use crate::reboot;
use crate::shutdown::{Shutdown, ShuttingDown};

/// Asked for at each read: most messages of most clients fit.
const ROOM_BYTES: usize = 8 * 1024;

/// A number for a connection, whatever it is.
pub(crate) fn next_id() -> ConnectionId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    ConnectionId(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What every connection shares.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) budget: Budget,
    pub(crate) max_requests_per_client: usize,
    pub(crate) shutdown: Shutdown,
    pub(crate) metrics: Arc<Metrics>,
    /// Whether requests have been held for long: who is at its limit is refused then.
    pub(crate) held_long: watch::Receiver<bool>,
}

/// Serves the connection to its end.
pub(crate) async fn serve(connection: ConnectionId, stream: UnixStream, shared: Shared) {
    let (reading, writing) = match stream.into_std().and_then(halves) {
        Ok(halves) => halves,
        Err(error) => {
            return tracing::warn!(connection = connection.0, %error, "a client cannot be waited for");
        }
    };
    let outbox = Outbox::default();
    let writer = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.write_to(writing).await }
    });
    if let Err(error) = read(connection, reading, &outbox, &shared).await {
        tracing::debug!(connection = connection.0, %error, "a client connection failed");
    }
    // A closed event channel means that the hub has ended before its connections.
    let _ = shared.events.send(Event::Disconnected { connection }).await;
    outbox.close();
    if let Ok(Err(error)) = writer.await {
        tracing::debug!(connection = connection.0, %error, "could not write to a client");
    }
}

async fn read(connection: ConnectionId, stream: Reading, outbox: &Outbox, shared: &Shared) -> io::Result<()> {
    let mut reader = FrameReader::new(stream, ROOM_BYTES);
    let Some(hello) = reader.next().await? else { return Ok(()) };
    let Some(hello) = greet(&hello, outbox) else { return Ok(()) };
    let permits = Arc::new(Semaphore::new(shared.max_requests_per_client));
    let via = Via::Stdio { pid: hello.pid };
    let port = Port::Shim(outbox.clone());
    let session = Box::new(Session::new(hello.client, via, hello.record.as_deref(), port.clone()));
    if shared.events.send(Event::Connected { connection, session }).await.is_err() {
        return Ok(());
    }
    let mut frames = Vec::new();
    while reader.next_batch(&mut frames).await? {
        for frame in frames.drain(..) {
            let event = match frame.kind {
                Kind::Message => {
                    match message(connection, frame, hello.client, &port, shared, &permits).await {
                        Ok(Some(message)) => Event::Message(message),
                        Ok(None) => continue,
                        // The shim keeps what is not taken, for the next front. The
                        // connection stays for the answers that are still to come.
                        Err(ShuttingDown) => return drain(reader).await,
                    }
                }
                Kind::Close => Event::InputEnded { connection },
                Kind::Pong => Event::Pong { connection },
                kind => return Err(io::Error::other(format!("unexpected frame {kind:?} from a shim"))),
            };
            if shared.events.send(event).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Answers the hello. `None` when the shim was refused.
fn greet(frame: &Frame, outbox: &Outbox) -> Option<ShimHello> {
    let hello: Result<ShimHello, _> = serde_json::from_slice(&frame.payload);
    let accepted = match &hello {
        Ok(hello) if frame.kind == Kind::Hello => {
            PROTOCOL.agree(hello.versions).map_err(|error| error.to_string())
        }
        Ok(_) => Err("the first frame must be a hello".to_owned()),
        Err(error) => Err(format!("the hello cannot be read: {error}")),
    };
    match accepted {
        Ok(version) => {
            let welcome =
                Welcome { version, build: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() };
            let payload = serde_json::to_vec(&welcome).unwrap_or_default();
            send(outbox, &Frame::control(Kind::Hello, payload));
            hello.ok()
        }
        Err(reason) => {
            tracing::warn!(%reason, "refused a client connection");
            send(outbox, &Frame::control(Kind::Refused, reason));
            None
        }
    }
}

/// Reads the envelope and, for a request, waits until there is room for it. While
/// requests are held for long, nothing makes room: then it is refused, and `None`.
pub(crate) async fn message(
    connection: ConnectionId,
    frame: Frame,
    client: ClientId,
    port: &Port,
    shared: &Shared,
    permits: &Arc<Semaphore>,
) -> Result<Option<ClientMessage>, ShuttingDown> {
    let content = content(&frame, client);
    let (charge, tracked) = match &content {
        Content::Request { id, .. } => {
            // Who does not read its answers is not asked for more questions.
            port.drained_to(SLOW_CLIENT_BYTES).await;
            let mut held_long = shared.held_long.clone();
            let charge = tokio::select! {
                biased;
                charge = shared.budget.charge(permits, frame.payload.len()) => charge,
                _ = held_long.wait_for(|long| *long) => {
                    let requests = &shared.metrics.requests;
                    requests.received(port.transport());
                    requests.ended(port.transport(), End::Overloaded, 1);
                    let answer = answer::too_much_waits(id);
                    port.send(&Frame::session(Kind::Response, 0, frame.sequence, answer));
                    return Ok(None);
                }
            };
            (charge, Some(shared.shutdown.track()?))
        }
        // Answered in every phase, so it does not wait behind what is held.
        Content::Reboot(_) => (None, Some(shared.shutdown.track()?)),
        _ => (None, None),
    };
    // A payload shares its memory with everything else that came in one read,
    // so what may stay for a while is copied out.
    let payload = match content {
        Content::Malformed(_) | Content::Reboot(_) => Bytes::new(),
        _ => Bytes::copy_from_slice(&frame.payload),
    };
    let Frame { sequence, floor, .. } = frame;
    Ok(Some(ClientMessage { connection, sequence, floor, payload, content, charge, tracked }))
}

/// Reads on without taking anything, until the other side closes.
async fn drain(mut reader: FrameReader<Reading>) -> io::Result<()> {
    let mut frames = Vec::new();
    while reader.next_batch(&mut frames).await? {
        frames.clear();
    }
    Ok(())
}

pub(crate) fn content(frame: &Frame, client: ClientId) -> Content {
    match envelope::parse(&frame.payload) {
        Ok(Envelope::Request { id, method }) => {
            // From here on the request is known by its operation, down to the database.
            let operation = OperationId { client, sequence: frame.sequence, floor: frame.floor };
            tracing::debug!(%operation, ?id, %method, "request");
            match (&*method == "tools/call").then(|| reboot::recognise(&frame.payload)).flatten() {
                Some(call) => Content::Reboot(Box::new(call)),
                None => {
                    Content::Request { id, is_ping: method == "ping", is_initialize: method == "initialize" }
                }
            }
        }
        Ok(Envelope::Notification { method, params }) => Content::Notification {
            cancels: params
                .filter(|_| method == "notifications/cancelled")
                .and_then(envelope::cancelled_request),
        },
        Ok(Envelope::Response { id }) => Content::Response { id },
        Err(malformed) => Content::Malformed(malformed),
    }
}
