//! Lines of a caller. Holds no buffer while nothing has come, and never more than
//! one line may have; never takes for a line what was cut off.

use std::io;

use bytes::{Buf, BytesMut};
use task_orchestrator_shared::admin::MAX_REQUEST_BYTES;
use thiserror::Error;
use tokio::net::unix::OwnedReadHalf;

/// Most bytes that are read at once.
const CHUNK: usize = 4096;

/// Why no line can be read.
#[derive(Debug, Error)]
pub(super) enum LineError {
    /// It is longer than a request may be.
    #[error("a line has at most {MAX_REQUEST_BYTES} bytes")]
    TooLong,
    /// The socket.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines {
    half: OwnedReadHalf,
    buffer: BytesMut,
    /// So much of the buffer has no end of a line in it.
    searched: usize,
}

impl Lines {
    /// Nothing has been read.
    pub(super) fn new(half: OwnedReadHalf) -> Self {
        Self { half, buffer: BytesMut::new(), searched: 0 }
    }

    /// The socket.
    pub(super) const fn half(&self) -> &OwnedReadHalf {
        &self.half
    }

    /// The next line without its end; `None` when there are no more. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`LineError`], after which nothing more can be read.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, LineError> {
        loop {
            if let Some(line) = self.take()? {
                return Ok(Some(line));
            }
            // There is no buffer to read into before there is something to read.
            self.half.readable().await?;
            let room = (MAX_REQUEST_BYTES + 1).saturating_sub(self.buffer.len());
            self.buffer.reserve(room.min(CHUNK));
            match self.half.try_read_buf(&mut self.buffer) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A line that is complete.
    fn take(&mut self) -> Result<Option<Vec<u8>>, LineError> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(offset) = memchr::memchr(b'\n', unsearched) else {
            self.searched = self.buffer.len();
            return if self.searched > MAX_REQUEST_BYTES { Err(LineError::TooLong) } else { Ok(None) };
        };
        let length = self.searched + offset;
        if length > MAX_REQUEST_BYTES {
            return Err(LineError::TooLong);
        }
        let line = self.buffer.get(..length).unwrap_or_default().to_vec();
        self.buffer.advance(length + 1);
        self.searched = 0;
        if self.buffer.is_empty() {
            // Whoever waits for an answer, or for nothing at all, costs no buffer.
            self.buffer = BytesMut::new();
        }
        Ok(Some(line))
    }
}
