//! The one line that is on its way to a caller. The next one is made only when it
//! is gone, so that a caller who does not read costs one line.

use std::io::{self, IoSlice};
use std::sync::Arc;

use tokio::net::unix::OwnedWriteHalf;
use tokio::time::Instant;

/// A line without its end.
#[derive(Debug)]
pub(super) enum Text {
    /// Made for this caller.
    Own(String),
    /// Made for several.
    Shared(Arc<str>),
}

impl Text {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Own(text) => text.as_bytes(),
            Self::Shared(text) => text.as_bytes(),
        }
    }
}

/// The writer.
#[derive(Debug)]
pub(super) struct Outbox {
    half: OwnedWriteHalf,
    line: Option<Text>,
    written: usize,
    /// Since when the answer waits that this line is.
    answer_since: Option<Instant>,
}

impl Outbox {
    /// Nothing is to be written.
    pub(super) const fn new(half: OwnedWriteHalf) -> Self {
        Self { half, line: None, written: 0, answer_since: None }
    }

    /// Whether nothing is on its way.
    pub(super) const fn is_empty(&self) -> bool {
        self.line.is_none()
    }

    /// Since when the answer waits that is on its way.
    pub(super) const fn answer_since(&self) -> Option<Instant> {
        self.answer_since
    }

    /// Puts a line on its way; nothing else may be. `answer_since` for an answer:
    /// since when it has been ready.
    pub(super) fn put(&mut self, text: Text, answer_since: Option<Instant>) {
        debug_assert!(self.is_empty(), "one line at a time");
        (self.line, self.written, self.answer_since) = (Some(text), 0, answer_since);
    }

    /// Writes until the line is gone. Cancel safe.
    ///
    /// # Errors
    ///
    /// Nobody is at the other end.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while let Some(line) = &self.line {
            let rest = line.as_bytes().get(self.written..).unwrap_or_default();
            let length = line.as_bytes().len() + 1;
            let parts = [IoSlice::new(rest), IoSlice::new(b"\n")];
            match self.half.try_write_vectored(&parts) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    if self.written >= length {
                        (self.line, self.written, self.answer_since) = (None, 0, None);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.half.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
