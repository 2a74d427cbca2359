//! The way to a session's client: a shim's connection, the streams of an HTTP session, or
//! the response to one request.

use std::sync::Arc;

use super::http::{Exchange, Mailbox};
use crate::link::{Frame, Outbox};

/// See the module. Clones lead to the same client.
#[derive(Debug, Clone)]
pub(crate) enum Port {
    /// Frames over a shim's socket.
    Shim(Outbox),
    /// Streams of an HTTP session.
    Http(Arc<Mailbox>),
    /// The response to one request over HTTP.
    Request(Arc<Exchange>),
}

impl Port {
    /// Sends the client something. Never waits.
    pub(crate) fn send(&self, frame: &Frame) {
        match self {
            // The payload came through a frame, so that it cannot be too long for one.
            Self::Shim(outbox) => super::session::send(outbox, frame),
            Self::Http(mailbox) => mailbox.take(frame),
            Self::Request(exchange) => exchange.take(frame),
        }
    }

    /// Waits until a client that is connected has read so far. One over HTTP is connected
    /// by as many connections as it has requests, and is held back by their number.
    pub(crate) async fn drained_to(&self, bytes: usize) {
        if let Self::Shim(outbox) = self {
            outbox.drained_to(bytes).await;
        }
    }

    /// Bytes that the client has not read.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Shim(outbox) => outbox.len(),
            Self::Http(mailbox) => mailbox.unread(),
            Self::Request(exchange) => exchange.unread(),
        }
    }

    /// Whether the client can be asked something now: over HTTP only where it listens.
    pub(crate) fn is_reachable(&self) -> bool {
        match self {
            Self::Shim(_) => true,
            Self::Http(mailbox) => mailbox.is_reachable(),
            // The response to a request asks nothing.
            Self::Request(_) => false,
        }
    }

    /// The word for people and programs.
    pub(crate) fn transport(&self) -> &'static str {
        match self {
            Self::Shim(_) => "stdio",
            Self::Http(_) | Self::Request(_) => "http",
        }
    }

    /// Nothing more will be sent.
    pub(crate) fn close(&self) {
        match self {
            Self::Shim(outbox) => outbox.close(),
            Self::Http(mailbox) => mailbox.close(),
            Self::Request(exchange) => exchange.close(),
        }
    }
}
