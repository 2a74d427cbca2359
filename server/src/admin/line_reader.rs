//! Lines from a server's socket with a cap on their length and a deadline for all
//! of them together. Never waits past the deadline, whatever trickles in.

use std::io::{self, BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use task_orchestrator_shared::admin::MAX_LINE_BYTES;

/// Reads lines.
#[derive(Debug)]
pub(super) struct LineReader {
    stream: BufReader<UnixStream>,
    deadline: Option<Instant>,
}

impl LineReader {
    /// Reads from this stream for at most so long.
    pub(super) fn new(stream: UnixStream, timeout: Option<Duration>) -> Self {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { stream: BufReader::new(stream), deadline }
    }

    /// The next line without its end; `None` when there are no more. A line that
    /// was cut off counts as none.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] after the deadline, a line that is too long, a
    /// socket that fails.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            self.stream.get_ref().set_read_timeout(self.left()?)?;
            let read = match self.stream.fill_buf() {
                Ok([]) => return Ok(None),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(error) => return Err(error),
            };
            let end = read.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(read.len());
            if line.len() + taken > MAX_LINE_BYTES {
                let error = format!("the server sent a line of more than {MAX_LINE_BYTES} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            line.extend(read.iter().take(taken));
            self.stream.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let Some(deadline) = self.deadline else { return Ok(None) };
        match deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(Some(left)),
            Some(_) | None => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
