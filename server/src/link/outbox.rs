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
struct Filled {
    bytes: BytesMut,
    /// Whether the writer knows of it.
    is_told: bool,
}

#[derive(Debug, Default)]
struct Inner {
    buffer: Mutex<Filled>,
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
        self.append(frame, |_| true)
    }

    /// Appends a frame that may wait until another is written, because its receiver needs
    /// it no sooner. Of such frames not more wait than the buffer keeps room for.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooLong`].
    pub fn push_with_next(&self, frame: &Frame) -> Result<(), FrameError> {
        self.append(frame, |bytes| bytes.len() > KEPT_BYTES)
    }

    fn append(&self, frame: &Frame, is_urgent: impl FnOnce(&BytesMut) -> bool) -> Result<(), FrameError> {
        let mut filled = self.lock();
        let result = encode(frame, &mut filled.bytes);
        let tell = !filled.is_told && is_urgent(&filled.bytes);
        filled.is_told |= tell;
        drop(filled);
        if tell {
            self.inner.filled.notify_one();
        }
        result
    }

    /// Bytes not yet taken by the writer.
    pub fn len(&self) -> usize {
        self.lock().bytes.len()
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
            self.lock().take(&mut taken);
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
        decoder.input().extend_from_slice(&std::mem::take(&mut self.lock().bytes));
        std::iter::from_fn(|| decoder.next_frame().unwrap_or_default()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Filled> {
        // Whole frames are appended under the lock, so the buffer is sound even
        // if a holder panicked.
        self.inner.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Filled {
    /// Everything, in exchange for an empty buffer.
    fn take(&mut self, empty: &mut BytesMut) {
        std::mem::swap(&mut self.bytes, empty);
        self.is_told = false;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;
    use crate::link::Kind;

    fn frame(session: u64) -> Frame {
        Frame::session(Kind::Close, session, 0, Bytes::new())
    }

    /// How many bytes have been written, once the writer has done what it can.
    async fn written(reader: &mut tokio::io::DuplexStream) -> usize {
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        let mut buffer = vec![0; 64 * 1024];
        tokio::select! {
            biased;
            read = reader.read(&mut buffer) => read.unwrap(),
            () = std::future::ready(()) => 0,
        }
    }

    #[tokio::test]
    async fn what_may_wait_is_written_with_the_next_or_when_there_is_much_of_it() {
        let outbox = Outbox::default();
        let (writer, mut reader) = duplex(64 * 1024);
        let filled = outbox.clone();
        let writing = tokio::spawn(async move { filled.write_to(writer).await });
        outbox.push(&frame(1)).unwrap();
        let one = written(&mut reader).await;
        assert_ne!(one, 0);
        outbox.push_with_next(&frame(2)).unwrap();
        assert_eq!(written(&mut reader).await, 0);
        outbox.push(&frame(3)).unwrap();
        assert_eq!(written(&mut reader).await, 2 * one);
        for _ in 0..=KEPT_BYTES / one {
            outbox.push_with_next(&frame(4)).unwrap();
        }
        assert!(written(&mut reader).await > KEPT_BYTES);
        outbox.push_with_next(&frame(5)).unwrap();
        outbox.close();
        assert_eq!(written(&mut reader).await, one, "nothing is left behind at the end");
        writing.await.unwrap().unwrap();
    }
}
