//! A mailbox's stream as the body of a response: server-sent events.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Frame;
use tokio::time::{Instant, Sleep};

use super::event_id::event_id;
use super::mailbox::{Event, Mailbox, Next};

/// So long after the last byte a comment follows, which proxies and clients take as a sign
/// of life.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The comment. A line of its own without an empty one behind it: some clients take an
/// empty line for an event as soon as one with an id was before.
pub(super) const COMMENT: &[u8] = b":\n";

/// After how many milliseconds a client whose connection broke shall come back. Clients
/// try it twice before they give up, and a front is back in less than one of these.
const RETRY_MS: u32 = 1000;

/// What lets a client whose connection broke come back to a stream.
#[derive(Debug)]
pub(super) struct Resumable {
    /// What the ids have at their end: see `event_id`.
    pub(super) mark: Box<str>,
    /// Whether the stream begins with an event that only carries an id, so that the client
    /// can come back before anything has happened.
    pub(super) is_primed: bool,
}

/// See the module. Dropped with the connection.
pub(super) struct EventStream {
    mailbox: Arc<Mailbox>,
    sequence: u64,
    reader: u64,
    /// The last event that was sent.
    after: u64,
    resumable: Option<Resumable>,
    idle: Pin<Box<Sleep>>,
    held: Option<Box<dyn Send + Sync>>,
}

impl EventStream {
    /// The events behind `after`, without ids.
    pub(super) fn new(mailbox: Arc<Mailbox>, sequence: u64, reader: u64, after: u64) -> Self {
        let idle = Box::pin(tokio::time::sleep_until(Instant::now() + KEEP_ALIVE));
        Self { mailbox, sequence, reader, after, resumable: None, idle, held: None }
    }

    /// The same, and something that is dropped with it.
    pub(super) fn holding(mut self, held: impl Send + Sync + 'static) -> Self {
        self.held = Some(Box::new(held));
        self
    }

    /// The same with ids.
    pub(super) fn resumable(mut self, resumable: Resumable) -> Self {
        self.resumable = Some(resumable);
        self
    }

    /// The event that only carries an id, where the stream is to begin with one.
    fn priming(&mut self) -> Option<Bytes> {
        let resumable = self.resumable.as_mut()?;
        if !std::mem::take(&mut resumable.is_primed) {
            return None;
        }
        let id = event_id(self.sequence, self.after, &resumable.mark, false);
        Some(format!("id: {id}\nretry: {RETRY_MS}\ndata: \n\n").into())
    }

    fn encode(&self, event: &Event) -> Bytes {
        let mut bytes = BytesMut::with_capacity(event.message.len() + 64);
        if let Some(Resumable { mark, .. }) = &self.resumable {
            let id = event_id(self.sequence, event.number, mark, event.is_answer);
            bytes.put_slice(b"id: ");
            bytes.put_slice(id.as_bytes());
            bytes.put_slice(b"\n");
        }
        put_data(&mut bytes, &event.message);
        bytes.freeze()
    }
}

/// One event of a message, and the end of it.
pub(super) fn put_data(bytes: &mut BytesMut, message: &[u8]) {
    bytes.put_slice(b"data: ");
    // A message is one line of JSON: a line end inside would begin another field.
    bytes.put_slice(message);
    bytes.put_slice(b"\n\n");
}

impl http_body::Body for EventStream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let bytes = if let Some(priming) = self.priming() {
            priming
        } else {
            match self.mailbox.poll(self.sequence, self.reader, self.after, context) {
                Poll::Ready(Next::Event(event)) => {
                    self.after = event.number;
                    self.encode(&event)
                }
                Poll::Ready(Next::End) => return Poll::Ready(None),
                Poll::Pending if self.idle.as_mut().poll(context).is_ready() => Bytes::from_static(COMMENT),
                Poll::Pending => return Poll::Pending,
            }
        };
        self.idle.as_mut().reset(Instant::now() + KEEP_ALIVE);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.mailbox.detach(self.sequence, self.reader);
    }
}
