//! What the client of one POST is sent: messages that belong to its request, and the
//! answer. The hub puts in without waiting; one reader takes out.
//!
//! Nothing is kept for a client whose connection broke: in this era that calls the
//! request off. Bounded by the hub, which leaves out notifications for a client that has
//! more than `SLOW_CLIENT_BYTES` unread; of answers there is one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::link::{Frame, Kind};

/// What the reader finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::front::http) enum Next {
    /// A message that belongs to the request.
    Message(Bytes),
    /// The answer, behind which nothing comes.
    Answer(Bytes),
    /// Nothing more will come.
    End,
}

#[derive(Debug, Default)]
struct Inner {
    messages: VecDeque<Bytes>,
    answer: Option<Bytes>,
    unread: usize,
    is_over: bool,
    waker: Option<Waker>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    inner: Mutex<Inner>,
}

impl Exchange {
    /// What the hub sends.
    pub(crate) fn take(&self, frame: &Frame) {
        let mut inner = self.lock();
        if inner.is_over {
            return;
        }
        match frame.kind {
            Kind::Response => {
                inner.unread += frame.payload.len();
                inner.answer = Some(frame.payload.clone());
                inner.is_over = true;
            }
            Kind::Notification => {
                inner.unread += frame.payload.len();
                inner.messages.push_back(frame.payload.clone());
            }
            Kind::Done => inner.is_over = true,
            // The session's record, which dies with it, or its end, which `close` tells as well.
            _ => return,
        }
        inner.wake();
    }

    /// Bytes that have not been taken out.
    pub(crate) fn unread(&self) -> usize {
        self.lock().unread
    }

    /// Nothing more will be put in.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.is_over = true;
        inner.wake();
    }

    /// Takes out what comes next.
    pub(in crate::front::http) fn poll(&self, context: &mut Context<'_>) -> Poll<Next> {
        let mut inner = self.lock();
        let next = match inner.messages.pop_front() {
            Some(message) => Next::Message(message),
            None => match inner.answer.take() {
                Some(answer) => Next::Answer(answer),
                None if inner.is_over => Next::End,
                None => {
                    inner.waker = Some(context.waker().clone());
                    return Poll::Pending;
                }
            },
        };
        if let Next::Message(taken) | Next::Answer(taken) = &next {
            inner.unread -= taken.len();
        }
        Poll::Ready(next)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done under the lock, so a panic elsewhere harms nothing.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(exchange: &Exchange) -> Option<Next> {
        match exchange.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(next) => Some(next),
            Poll::Pending => None,
        }
    }

    fn put(exchange: &Exchange, kind: Kind, text: &'static str) {
        exchange.take(&Frame::session(kind, 0, 3, text));
    }

    #[test]
    fn what_belongs_to_a_request_comes_before_its_answer_and_nothing_behind() {
        let exchange = Exchange::default();
        assert_eq!(next(&exchange), None);
        put(&exchange, Kind::Notification, "one");
        put(&exchange, Kind::State, "a record");
        put(&exchange, Kind::Notification, "two");
        put(&exchange, Kind::Response, "answer");
        put(&exchange, Kind::Notification, "late");
        exchange.close();
        assert_eq!(exchange.unread(), 12);
        assert_eq!(next(&exchange), Some(Next::Message("one".into())));
        assert_eq!(next(&exchange), Some(Next::Message("two".into())));
        assert_eq!(next(&exchange), Some(Next::Answer("answer".into())));
        assert_eq!(exchange.unread(), 0);
        assert_eq!(next(&exchange), Some(Next::End));
    }

    #[test]
    fn what_ends_without_an_answer_is_over() {
        for end in [|exchange: &Exchange| put(exchange, Kind::Done, ""), Exchange::close] {
            let exchange = Exchange::default();
            put(&exchange, Kind::Notification, "one");
            end(&exchange);
            assert_eq!(next(&exchange), Some(Next::Message("one".into())));
            assert_eq!(next(&exchange), Some(Next::End));
        }
    }
}
