//! Lines from a socket, with a cap on their length that holds before there is a
//! buffer for more. Knows nothing of what stands in them.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes that the buffer has room for at least before each read.
const PIECE: usize = 8 * 1024;

/// Reads lines. [`Self::next`] can be dropped at any time without losing anything.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    buffer: BytesMut,
    /// Bytes at the beginning of the buffer in which there is no end of a line.
    searched: usize,
    longest: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// A line has at most so many bytes.
    pub(super) fn new(from: R, longest: usize) -> Self {
        Self { from, buffer: BytesMut::new(), searched: 0, longest }
    }

    /// The next line without its end; `None` when there are no more. A line that was
    /// cut off counts as none.
    ///
    /// # Errors
    ///
    /// A line that is too long, a socket that fails.
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let end = self.buffer.iter().skip(self.searched).position(|byte| *byte == b'\n');
            let length = self.searched + end.unwrap_or(self.buffer.len() - self.searched);
            if length > self.longest {
                let error = format!("the server sent a line of more than {} bytes", self.longest);
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            if end.is_some() {
                self.searched = 0;
                let mut line = self.buffer.split_to(length + 1);
                line.truncate(length);
                return Ok(Some(line.freeze()));
            }
            self.searched = length;
            self.buffer.reserve(PIECE);
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_however_they_are_cut_and_half_a_line_is_none() {
        for piece in 1..12 {
            let parts = b"ab\n\nlonger\nhalf".chunks(piece);
            let mut from = in_parts(parts.map(<[u8]>::to_vec).collect());
            let mut lines = Lines::new(&mut from, 6);
            for expected in ["ab", "", "longer"] {
                assert_eq!(lines.next().await.unwrap().unwrap(), expected);
            }
            assert_eq!(lines.next().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_refused_before_its_end_is_seen() {
        for (text, longest) in [("toolong\n", 6), ("endless", 6)] {
            let mut from = text.as_bytes();
            let mut lines = Lines::new(&mut from, longest);
            assert!(lines.next().await.unwrap_err().to_string().contains("more than 6"), "{text}");
        }
        let mut endless = tokio::io::repeat(b'x');
        let mut lines = Lines::new(&mut endless, 100_000);
        lines.next().await.unwrap_err();
        assert!(lines.buffer.capacity() < 400_000, "{}", lines.buffer.capacity());
    }

    /// Gives one part with each read.
    fn in_parts(parts: Vec<Vec<u8>>) -> impl AsyncRead + Unpin {
        struct Parts(std::collections::VecDeque<Vec<u8>>);
        impl AsyncRead for Parts {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                into: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                into.put_slice(&self.0.pop_front().unwrap_or_default());
                std::task::Poll::Ready(Ok(()))
            }
        }
        Parts(parts.into())
    }
}
