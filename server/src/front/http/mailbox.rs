//! What one HTTP session's client is sent: a stream for each open POST, and one that
//! belongs to no request. The hub appends without waiting; the bodies of responses read.
//!
//! Each stream keeps its events until the client is known to have them or they have been
//! kept for long enough, within the bounds of [`streams::Bounds`], so that a client whose
//! connection broke goes on behind the last one that it has seen.

mod streams;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;

pub(super) use self::streams::Bounds;
use self::streams::Streams;
use super::keeper::Kept;
use crate::envelope::RequestId;
use crate::front::answer;
use crate::link::{Frame, Kind};

/// The stream that belongs to no request: what a GET without `Last-Event-ID` reads.
pub(crate) const UNASKED: u64 = 0;

/// One event of a stream.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Its number, which grows over all streams of the session.
    pub(super) number: u64,
    /// A JSON-RPC message.
    pub(super) message: Bytes,
    /// Whether it answers the request that the stream belongs to.
    pub(super) is_answer: bool,
}

/// What a reader of a stream finds.
#[derive(Debug)]
pub(super) enum Next {
    Event(Event),
    /// Nothing more will come.
    End,
}

/// How the session of a mailbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Open,
    /// The front ends; the session goes on with the next one.
    Closed,
    /// The session has ended.
    Ended,
}

#[derive(Debug, Default)]
struct Inner {
    streams: Streams,
    is_closed: bool,
    is_ended: bool,
    /// The question whether the client is there that waits for its answer.
    ping: Option<u64>,
    /// Where the session's record goes; nowhere for what is no more than one request.
    kept: Option<Kept>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
}

impl Mailbox {
    /// One whose sequences and events are numbered from above `base`, and whose session is
    /// kept for the next front.
    pub(super) fn new(base: u64, bounds: Bounds, kept: Kept) -> Self {
        let inner = Inner { streams: Streams::new(base, bounds), kept: Some(kept), ..Inner::default() };
        Self { inner: Mutex::new(inner) }
    }

    /// One that keeps no session.
    #[cfg(any(test, fuzzing))]
    pub(super) fn kept_by_nobody(base: u64, bounds: Bounds) -> Self {
        let inner = Inner { streams: Streams::new(base, bounds), ..Inner::default() };
        Self { inner: Mutex::new(inner) }
    }

    /// Events and bytes that are kept.
    #[cfg(any(test, fuzzing))]
    pub(super) fn counted(&self) -> (usize, usize) {
        self.lock().streams.counted()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers a message that is about to be sent to the hub. Its sequence, and the lowest
    /// one of those whose answers have not been handed out.
    pub(super) fn begin(&self) -> (u64, u64) {
        self.lock().streams.begin()
    }

    /// What the hub sends.
    pub(crate) fn take(&self, frame: &Frame) {
        let mut inner = self.lock();
        match frame.kind {
            Kind::Response => inner.streams.answer(frame.sequence, frame.payload.clone()),
            Kind::Done => inner.streams.finish(frame.sequence),
            Kind::Notification => inner.streams.tell(frame.sequence, frame.payload.clone()),
            Kind::State => inner.keep(frame.payload.clone()),
            Kind::Ping => inner.ask(),
            Kind::Closed => inner.end(),
            // The front's end, which `close` tells as well.
            _ => {}
        }
    }

    /// Bytes that no reader has taken.
    pub(crate) fn unread(&self) -> usize {
        self.lock().streams.unread()
    }

    /// Whether the client can be asked something now: it reads the stream for that.
    pub(crate) fn is_reachable(&self) -> bool {
        self.lock().streams.is_read(UNASKED)
    }

    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.streams.wake_all();
    }

    /// The next front shall not know the session, whatever is still sent here.
    pub(super) fn keep_no_more(&self) {
        if let Some(kept) = self.lock().kept.take() {
            kept.ended();
        }
    }

    pub(super) fn life(&self) -> Life {
        let inner = self.lock();
        match (inner.is_ended, inner.is_closed) {
            (true, _) => Life::Ended,
            (false, true) => Life::Closed,
            (false, false) => Life::Open,
        }
    }

    /// Whether a request is open or a stream is read.
    pub(super) fn is_busy(&self) -> bool {
        self.lock().streams.is_busy()
    }

    /// Whether this answers the question whether the client is there.
    pub(super) fn is_pong(&self, id: &RequestId) -> bool {
        let mut inner = self.lock();
        let is_pong = inner.ping.is_some_and(|number| ping_id(number) == *id);
        if is_pong {
            inner.ping = None;
        }
        is_pong
    }

    /// Lets go what has been kept since the call before.
    pub(super) fn age(&self) {
        self.lock().streams.age();
    }

    /// Writes the session down again, with the present time.
    pub(super) fn keep_again(&self) {
        let inner = self.lock();
        if let Some(kept) = inner.kept.as_ref().filter(|_| !inner.is_ended) {
            kept.again(inner.streams.last());
        }
    }

    /// Becomes the reader of a stream; who has read it before finds its end. `None` where
    /// there is no such stream.
    pub(super) fn attach(&self, sequence: u64) -> Option<u64> {
        self.lock().streams.attach(sequence)
    }

    /// The same, behind this event, which the client has.
    pub(super) fn resume(&self, sequence: u64, after: u64) -> Option<u64> {
        let mut inner = self.lock();
        let reader = inner.streams.attach(sequence)?;
        inner.streams.had(sequence, after);
        Some(reader)
    }

    /// The last number that was given to a message of the client or to an event.
    pub(super) fn last(&self) -> u64 {
        self.lock().streams.last()
    }

    /// The last event of a stream that a reader has taken.
    pub(super) fn taken(&self, sequence: u64) -> u64 {
        self.lock().streams.taken(sequence)
    }

    /// This reader reads no more; the stream is kept for another.
    pub(super) fn detach(&self, sequence: u64, reader: u64) {
        self.lock().streams.detach(sequence, reader);
    }

    /// The next event behind `after`, for this reader.
    pub(super) fn poll(
        &self,
        sequence: u64,
        reader: u64,
        after: u64,
        context: &mut Context<'_>,
    ) -> Poll<Next> {
        let mut inner = self.lock();
        let is_closed = inner.is_closed;
        match inner.streams.next(sequence, reader, after) {
            Ok(Some(event)) => Poll::Ready(Next::Event(event)),
            Ok(None) if !is_closed => {
                inner.streams.wait(sequence, context);
                Poll::Pending
            }
            Ok(None) | Err(streams::Over) => Poll::Ready(Next::End),
        }
    }

    /// Nobody can come back for this stream: its answer is dropped when it comes.
    pub(super) fn abandon(&self, sequence: u64) {
        self.lock().streams.abandon(sequence);
    }

    /// The stream is not read any more and needs not be kept.
    pub(super) fn forget(&self, sequence: u64) {
        self.lock().streams.forget(sequence);
    }
}

impl Inner {
    fn keep(&mut self, record: Bytes) {
        let last = self.streams.last();
        if let Some(kept) = &mut self.kept {
            kept.keep(record, last);
        }
    }

    /// Asks the client whether it is there, where it reads what it could be asked by.
    fn ask(&mut self) {
        if self.streams.is_read(UNASKED) {
            let number = self.streams.last() + 1;
            self.ping = Some(number);
            self.streams.tell(UNASKED, answer::ping(&ping_id(number)));
        }
    }

    fn end(&mut self) {
        self.is_ended = true;
        if let Some(kept) = &self.kept {
            kept.ended();
        }
    }
}

/// No worker's question has such an id: theirs are numbers.
fn ping_id(number: u64) -> RequestId {
    RequestId::Text(format!("front-{number}").into())
}

#[cfg(test)]
mod tests;
