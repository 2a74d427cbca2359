//! A response's body that ends when the token ends with which it was asked for, and that
//! counts for that token as long as it is.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::tally::Slot;

/// See the module.
pub(super) struct UntilRevoked {
    body: Body,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    _slot: Slot<String>,
}

impl UntilRevoked {
    pub(super) fn new(body: Body, ended: CancellationToken, slot: Slot<String>) -> Self {
        Self { body, ended: Box::pin(ended.cancelled_owned()), _slot: slot }
    }
}

impl http_body::Body for UntilRevoked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // A body whose length was told cannot end before; it is short, and whole already.
        if self.body.size_hint().exact().is_none() && self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
