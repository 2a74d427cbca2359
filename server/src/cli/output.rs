//! The standard output of a command, and how it ends when nobody reads it any more:
//! `… | head` has what it wanted, which is no failure and worth no message.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Write};

/// Tells a standard output that was closed from any other pipe that broke.
#[derive(Debug)]
struct ReaderGone;

impl fmt::Display for ReaderGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads the standard output any more")
    }
}

impl Error for ReaderGone {}

/// Writes on, and marks the error of a closed pipe.
pub(super) struct Output<W>(pub(super) W);

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(marked)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(marked)
    }
}

fn marked(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::BrokenPipe {
        io::Error::new(ErrorKind::BrokenPipe, ReaderGone)
    } else {
        error
    }
}

/// Whether a command has failed only because nobody reads what it prints.
pub(super) fn has_no_reader(error: &anyhow::Error) -> bool {
    let of = |cause: &io::Error| cause.get_ref().is_some_and(|inner| inner.is::<ReaderGone>());
    error.chain().any(|cause| cause.downcast_ref().is_some_and(of))
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    struct Fails(ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn only_a_closed_standard_output_is_nobody_s_failure() {
        let written = |kind| Output(Fails(kind)).write_all(b"page").unwrap_err();
        let gone = written(ErrorKind::BrokenPipe);
        assert_eq!(gone.kind(), ErrorKind::BrokenPipe);
        let gone = Err::<(), _>(gone).context("printing").unwrap_err();
        assert!(has_no_reader(&gone));
        assert!(!has_no_reader(&written(ErrorKind::StorageFull).into()));
        assert!(!has_no_reader(&io::Error::from(ErrorKind::BrokenPipe).into()), "a socket's, for instance");
    }
}
