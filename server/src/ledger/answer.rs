//! What becomes of something that the ledger was asked for. Who does not want to
//! know drops it: it is done all the same.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::error::LedgerError;

/// The answer of the ledger, some time later.
#[derive(Debug)]
pub struct Answer<T>(Result<oneshot::Receiver<Result<T, LedgerError>>, Option<LedgerError>>);

impl<T> Answer<T> {
    pub(super) fn pending(receiver: oneshot::Receiver<Result<T, LedgerError>>) -> Self {
        Self(Ok(receiver))
    }

    pub(super) fn failed(error: LedgerError) -> Self {
        Self(Err(Some(error)))
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, LedgerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Ok(receiver) => Pin::new(receiver).poll(cx).map(|it| it.unwrap_or(Err(LedgerError::Closed))),
            Err(error) => Poll::Ready(Err(error.take().unwrap_or(LedgerError::Closed))),
        }
    }
}
