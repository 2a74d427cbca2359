//! Frames from an asynchronous stream, in the batches in which they arrive.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Decoder, Frame};

/// Reads frames from one peer.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    decoder: Decoder,
    room: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads from the start of this stream, asking for `room` bytes at a time.
    /// That much memory is held while nothing arrives, so a connection that is
    /// one of many should ask for little.
    pub fn new(stream: R, room: usize) -> Self {
        Self { stream, decoder: Decoder::default(), room }
    }

    /// Appends every frame that has arrived, waiting for at least one. `false`
    /// at the end of the stream; an unfinished frame there is dropped. Cancel safe.
    ///
    /// # Errors
    ///
    /// The stream's own error, or [`io::ErrorKind::InvalidData`] for what is not frames.
    pub async fn next_batch(&mut self, frames: &mut Vec<Frame>) -> io::Result<bool> {
        loop {
            let before = frames.len();
            while let Some(frame) = self
                .decoder
                .next_frame()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?
            {
                frames.push(frame);
            }
            if frames.len() > before {
                return Ok(true);
            }
            let input = self.decoder.input();
            input.reserve(self.room);
            if self.stream.read_buf(input).await? == 0 {
                return Ok(false);
            }
        }
    }

    /// The next frame alone; for the hello, which is answered before anything else is read.
    ///
    /// # Errors
    ///
    /// As [`Self::next_batch`].
    pub async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self
                .decoder
                .next_frame()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?
            {
                return Ok(Some(frame));
            }
            if self.stream.read_buf(self.decoder.input()).await? == 0 {
                return Ok(None);
            }
        }
    }
}
