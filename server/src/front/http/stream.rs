//! A mailbox's stream as the body of a response: server-sent events.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Frame;
use tokio::time::{Instant, Sleep};

use super::mailbox::{Event, Mailbox, Next};

/// So long after the last byte a comment follows, which proxies and clients take as a sign
/// of life.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// See the module. Dropped with the connection.
pub(super) struct EventStream {
    mailbox: Arc<Mailbox>,
    sequence: u64,
    reader: u64,
    /// The last event that was sent.
    after: u64,
    idle: Pin<Box<Sleep>>,
}

impl EventStream {
    pub(super) fn new(mailbox: Arc<Mailbox>, sequence: u64, reader: u64, after: u64) -> Self {
        Self { mailbox, sequence, reader, after, idle: Box::pin(tokio::time::sleep(KEEP_ALIVE)) }
    }

    fn encode(&self, event: &Event) -> Bytes {
        let mut bytes = BytesMut::with_capacity(event.message.len() + 48);
        bytes.put_slice(format!("id: {}-{}\ndata: ", self.sequence, event.number).as_bytes());
        // A message is one line of JSON: a line end inside would begin another field.
        bytes.put_slice(&event.message);
        bytes.put_slice(b"\n\n");
        bytes.freeze()
    }
}

impl http_body::Body for EventStream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.mailbox.poll(self.sequence, self.reader, self.after, context) {
            Poll::Ready(Next::Event(event)) => {
                self.after = event.number;
                let bytes = self.encode(&event);
                self.idle.as_mut().reset(Instant::now() + KEEP_ALIVE);
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Poll::Ready(Next::End) => Poll::Ready(None),
            Poll::Pending => {
                if self.idle.as_mut().poll(context).is_ready() {
                    self.idle.as_mut().reset(Instant::now() + KEEP_ALIVE);
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b":\n\n")))));
                }
                Poll::Pending
            }
        }
    }
}
