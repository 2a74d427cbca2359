//! Bytes on their way to one peer: filled without waiting, written by one task.
//!
//! The owner of a connection must never wait for a slow peer, so it appends
//! here and looks at [`Outbox::len`] to decide when to stop producing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use super::{Frame, FrameError, encode};

/// The buffer keeps its memory between writes up to this many bytes: there is
/// one for each of many clients.
const KEPT_BYTES: usize = 8 * 1024;

#[derive(Debug, Default)]
struct Inner {
    buffer: Mutex<BytesMut>,
    filled: Notify,
    drained: Notify,
    closed: AtomicBool,
}

/// The sending end of a connection. Clones share one buffer.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    inner: Arc<Inner>,
}

impl Outbox {
    /// Appends a frame. The frame is dropped, with the error, only when it is
    /// larger than any receiver would take.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooLong`].
    pub fn push(&self, frame: &Frame) -> Result<(), FrameError> {
        let mut buffer = self.lock();
        let was_empty = buffer.is_empty();
        let result = encode(frame, &mut buffer);
        drop(buffer);
        if was_empty {
            self.inner.filled.notify_one();
        }
        result
    }

    /// Bytes not yet taken by the writer.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether everything has been taken by the writer.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until at most this many bytes are waiting.
    pub async fn drained_to(&self, bytes: usize) {
        loop {
            let drained = self.inner.drained.notified();
            if self.len() <= bytes {
                return;
            }
            drained.await;
        }
    }

    /// Lets the writer end once it has written everything.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
        self.inner.filled.notify_one();
    }

    /// Writes what is appended until the outbox is closed or `writer` fails.
    ///
    /// # Errors
    ///
    /// The first error of the writer; what was not written is lost with it.
    pub async fn write_to(&self, mut writer: impl AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut taken = BytesMut::new();
        loop {
            let closed = self.inner.closed.load(Ordering::Acquire);
            std::mem::swap(&mut *self.lock(), &mut taken);
            if taken.is_empty() {
                if closed {
                    return Ok(());
                }
                self.inner.drained.notify_waiters();
                self.inner.filled.notified().await;
                continue;
            }
            writer.write_all(&taken).await?;
            if taken.capacity() > KEPT_BYTES {
                taken = BytesMut::new();
            } else {
                taken.clear();
            }
        }
    }

    /// Whether nothing more will be written.
    #[cfg(test)]
    pub(crate) fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::Acquire)
    }

    /// Takes what a writer would have written.
    #[cfg(test)]
    pub(crate) fn take_frames(&self) -> Vec<Frame> {
        let mut decoder = super::Decoder::default();
        decoder.input().extend_from_slice(&std::mem::take(&mut *self.lock()));
        std::iter::from_fn(|| decoder.next_frame().unwrap_or_default()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BytesMut> {
        // Whole frames are appended under the lock, so the buffer is sound even
        // if a holder panicked.
        self.inner.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
