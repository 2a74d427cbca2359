//! The response to a request that has more to say than its answer: server-sent events.
//! They carry no ids, for this era has no resumption.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body::Frame;
use tokio::time::{Instant, Sleep};

use super::exchange::{Exchange, Next};
use super::under_way::UnderWay;
use crate::front::http::reply;
use crate::front::http::stream::{COMMENT, KEEP_ALIVE, put_data};

/// Tells proxies not to gather events.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// See the module. Dropped with the response, which calls the request off.
pub(super) struct Events {
    /// What was taken out before it was known that there is a stream.
    first: Option<Bytes>,
    exchange: Arc<Exchange>,
    is_over: bool,
    idle: Pin<Box<Sleep>>,
    #[expect(dead_code, reason = "held until dropped")]
    under_way: UnderWay,
}

/// A response that begins with this message.
pub(super) fn respond(first: Bytes, exchange: Arc<Exchange>, under_way: UnderWay) -> Response {
    let idle = Box::pin(tokio::time::sleep_until(Instant::now() + KEEP_ALIVE));
    let events = Events { first: Some(first), exchange, is_over: false, idle, under_way };
    let mut response = reply::of_events(Body::new(events));
    response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    response
}

impl Events {
    fn next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        match self.first.take() {
            Some(first) => Poll::Ready(Next::Message(first)),
            None => self.exchange.poll(context),
        }
    }
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let bytes = match self.next(context) {
            Poll::Ready(Next::Message(message)) => encoded(&message),
            Poll::Ready(Next::Answer(answer)) => {
                self.is_over = true;
                encoded(&answer)
            }
            Poll::Ready(Next::End) => return Poll::Ready(None),
            Poll::Pending if self.idle.as_mut().poll(context).is_ready() => Bytes::from_static(COMMENT),
            Poll::Pending => return Poll::Pending,
        };
        self.idle.as_mut().reset(Instant::now() + KEEP_ALIVE);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

fn encoded(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(message.len() + 8);
    put_data(&mut bytes, message);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body as _;

    use super::super::under_way::tests::nobodys;
    use super::*;
    use crate::link::{Frame as LinkFrame, Kind};

    fn read(events: &mut Pin<Box<Events>>) -> Option<Option<String>> {
        match events.as_mut().poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(frame))) => {
                Some(Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()))
            }
            Poll::Ready(None) => Some(None),
            Poll::Ready(Some(Err(never))) => match never {},
            Poll::Pending => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_by_comments_and_the_answer_is_the_last_event() {
        let exchange = Arc::new(Exchange::default());
        let idle = Box::pin(tokio::time::sleep_until(Instant::now() + KEEP_ALIVE));
        let mut events = Box::pin(Events {
            first: Some("1".into()),
            exchange: Arc::clone(&exchange),
            is_over: false,
            idle,
            under_way: nobodys(),
        });
        assert_eq!(read(&mut events), Some(Some("data: 1\n\n".into())));
        for _ in 0..2 {
            assert_eq!(read(&mut events), None);
            tokio::time::advance(KEEP_ALIVE).await;
            assert_eq!(read(&mut events), Some(Some(":\n".into())));
        }
        exchange.take(&LinkFrame::session(Kind::Response, 0, 1, "2"));
        assert_eq!(read(&mut events), Some(Some("data: 2\n\n".into())));
        assert_eq!(read(&mut events), Some(None));
    }
}
