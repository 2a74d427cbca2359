//! For the fuzz targets: a session's mailbox and the responses that read it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use http_body::Body as _;

use super::super::event_id;
use super::super::legacy;
use super::super::mailbox::{Bounds, Mailbox};
use super::super::reply;
use super::super::stream::{EventStream, Resumable};
use crate::envelope::RequestId;
use crate::link::{Frame, Kind};

/// A session's events. Needs a runtime of tokio around it, for the timers of streams.
#[derive(Debug)]
pub struct Log {
    mailbox: Arc<Mailbox>,
}

/// What a client that comes back finds.
#[derive(Debug)]
pub enum Came {
    /// A stream.
    Reader(Reader),
    /// Nothing more will come.
    NothingMore,
    /// A refusal.
    Refused(StatusCode, Bytes),
}

/// The body of a response, as its connection reads it.
#[derive(Debug)]
pub struct Reader {
    body: Body,
    woken: Arc<Woken>,
}

/// What a reader gets.
#[derive(Debug)]
pub enum Read {
    /// One event as it is sent.
    Bytes(Bytes),
    /// Nothing at present.
    Waits,
    /// The end.
    End,
}

#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Reader {
    fn of(body: Body) -> Self {
        Self { body, woken: Arc::default() }
    }

    /// The next event, if it is there.
    pub fn read(&mut self) -> Read {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        match Pin::new(&mut self.body).poll_frame(&mut Context::from_waker(&waker)) {
            Poll::Ready(Some(Ok(frame))) => Read::Bytes(frame.into_data().unwrap_or_default()),
            Poll::Ready(Some(Err(_)) | None) => Read::End,
            Poll::Pending => Read::Waits,
        }
    }

    /// Whether it was told that reading is worth it since it was read.
    pub fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }
}

impl Log {
    /// With numbers from above `base`, and so many events and bytes that are kept.
    pub fn new(base: u64, events: usize, bytes: usize) -> Self {
        Self { mailbox: Arc::new(Mailbox::kept_by_nobody(base, Bounds { events, bytes })) }
    }

    /// Events and bytes that are kept, and bytes that nobody has taken.
    pub fn counted(&self) -> (usize, usize, usize) {
        let (events, bytes) = self.mailbox.counted();
        (events, bytes, self.mailbox.unread())
    }

    /// A POST: its sequence and the lowest one without an answer.
    pub fn begin(&self) -> (u64, u64) {
        self.mailbox.begin()
    }

    /// The response of a POST as a stream.
    pub fn open(&self, sequence: u64, request: &RequestId, is_primed: bool) -> Option<Reader> {
        let reader = self.mailbox.attach(sequence)?;
        let resumable = Resumable { mark: event_id::mark(Some(request)), is_primed };
        let stream = EventStream::new(Arc::clone(&self.mailbox), sequence, reader, 0);
        Some(Reader::of(Body::new(stream.resumable(resumable))))
    }

    /// A GET without an id.
    pub fn listen(&self, is_primed: bool) -> Came {
        came(legacy::listen(&self.mailbox, None, is_primed))
    }

    /// A GET with an id.
    pub fn come_back(&self, id: &str, is_primed: bool) -> Came {
        came(legacy::come_back(&self.mailbox, id, is_primed).unwrap_or_else(|refusal| refusal))
    }

    /// The hub has something to tell about a request, or about none.
    pub fn tell(&self, about: u64, message: &str) {
        self.mailbox.take(&Frame::session(Kind::Notification, 0, about, message.to_owned()));
    }

    /// The hub has an answer.
    pub fn answer(&self, sequence: u64, message: &str) {
        self.mailbox.take(&Frame::session(Kind::Response, 0, sequence, message.to_owned()));
    }

    /// A request is over without one.
    pub fn finish(&self, sequence: u64) {
        self.mailbox.take(&Frame::session(Kind::Done, 0, sequence, Bytes::new()));
    }

    /// The connection of a POST broke before it had a response.
    pub fn abandon(&self, sequence: u64) {
        self.mailbox.abandon(sequence);
    }

    /// The answer went out as a response of its own.
    pub fn forget(&self, sequence: u64) {
        self.mailbox.forget(sequence);
    }

    /// Time passes.
    pub fn age(&self) {
        self.mailbox.age();
    }

    /// The front ends.
    pub fn close(&self) {
        self.mailbox.close();
    }
}

fn came(response: Response) -> Came {
    match response.status() {
        StatusCode::OK => Came::Reader(Reader::of(response.into_body())),
        status if status == reply::nothing_more().status() => Came::NothingMore,
        status => Came::Refused(status, super::whole(response).into_body()),
    }
}
