//! What one HTTP session's client is sent: a stream for each open POST, and one that
//! belongs to no request. The hub appends without waiting; the bodies of responses read.
//!
//! Each stream keeps its events until the client has had them and is known to have them,
//! so that a client whose connection broke goes on behind the last one that it has seen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::link::{Frame, Kind};

/// The stream that belongs to no request: what a GET without `Last-Event-ID` reads.
pub(crate) const UNASKED: u64 = 0;

/// One event of a stream.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Its number in the stream, from 1.
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

#[derive(Debug, Default)]
struct Stream {
    events: VecDeque<Event>,
    /// The number of the last event that was appended.
    last: u64,
    is_finished: bool,
    /// Who reads it at present, so that an older reader notices that it is not the one any more.
    reader: u64,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct Inner {
    streams: BTreeMap<u64, Stream>,
    unread: usize,
    is_closed: bool,
    record: Option<Bytes>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request with this sequence is about to be sent to the hub.
    pub(super) fn open(&self, sequence: u64) {
        self.lock().streams.entry(sequence).or_default();
    }

    /// What the hub sends.
    pub(crate) fn take(&self, frame: &Frame) {
        let mut inner = self.lock();
        match frame.kind {
            Kind::Response => inner.append(frame.sequence, frame.payload.clone(), true),
            Kind::Done => inner.finish(frame.sequence),
            Kind::Notification => inner.append(frame.sequence, frame.payload.clone(), false),
            Kind::State => inner.record = Some(frame.payload.clone()),
            // A test of the connection, or the session's end, which `close` tells as well.
            _ => {}
        }
    }

    pub(crate) fn unread(&self) -> usize {
        self.lock().unread
    }

    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.streams.values_mut().for_each(Stream::wake);
    }

    /// Becomes the reader of a stream, from behind this event. `None` where there is no such stream.
    pub(super) fn attach(&self, sequence: u64) -> Option<u64> {
        let mut inner = self.lock();
        let stream = match sequence {
            UNASKED => inner.streams.entry(UNASKED).or_default(),
            sequence => inner.streams.get_mut(&sequence)?,
        };
        stream.reader += 1;
        stream.wake();
        Some(stream.reader)
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
        let Some(stream) = inner.streams.get_mut(&sequence).filter(|stream| stream.reader == reader) else {
            return Poll::Ready(Next::End);
        };
        if let Some(event) = stream.events.iter().find(|event| event.number > after) {
            let event = event.clone();
            return Poll::Ready(Next::Event(event));
        }
        if stream.is_finished || is_closed {
            return Poll::Ready(Next::End);
        }
        stream.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The stream is not read any more and needs not be kept.
    pub(super) fn forget(&self, sequence: u64) {
        self.lock().streams.remove(&sequence);
    }
}

impl Inner {
    fn append(&mut self, sequence: u64, message: Bytes, is_answer: bool) {
        let sequence = if self.streams.contains_key(&sequence) { sequence } else { UNASKED };
        let stream = self.streams.entry(sequence).or_default();
        stream.last += 1;
        stream.events.push_back(Event { number: stream.last, message, is_answer });
        stream.is_finished |= is_answer;
        stream.wake();
    }

    fn finish(&mut self, sequence: u64) {
        if let Some(stream) = self.streams.get_mut(&sequence) {
            stream.is_finished = true;
            stream.wake();
        }
    }
}

impl Stream {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
