//! Reads from the terminal. It asks the terminal nothing, so no late answer can leak
//! as text, and the end of the terminal is an end and not a reason to try again.
//!
//! (crossterm's own reader goes on for ever where a read gives nothing or fails, which
//! is how a terminal's end looks, and it tells an escape from a sequence by what comes
//! in one read, which the way to a terminal may cut in two.)

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep_until};

use super::decode::{Decoder, Input};

/// Bytes that are read at once.
const CHUNK: usize = 1024;

/// See the module.
#[derive(Debug)]
pub struct Keyboard {
    terminal: AsyncFd<OwnedFd>,
    decoder: Decoder,
    /// Decoded and not taken yet: what one read of [`CHUNK`] bytes gave.
    ready: VecDeque<Input>,
    read_at: Instant,
}

/// What a read gave.
enum Read {
    Some,
    NothingYet,
    End,
}

impl Keyboard {
    /// Reads from here. Must be called on a runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// When the system does not let this be waited for.
    #[expect(
        deprecated,
        reason = "what takes its place is unsafe, for descriptors that may change; an owned one does not"
    )]
    pub fn new(terminal: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            terminal: AsyncFd::with_interest(terminal, Interest::READABLE)?,
            decoder: Decoder::default(),
            ready: VecDeque::new(),
            read_at: Instant::now(),
        })
    }

    /// What was read already.
    pub fn take_ready(&mut self) -> Option<Input> {
        self.ready.pop_front()
    }

    /// The next input; nothing once the terminal has ended. Can be dropped at any time
    /// without losing anything.
    pub async fn next(&mut self) -> Option<Input> {
        loop {
            if let Some(input) = self.ready.pop_front() {
                return Some(input);
            }
            let given_up_at = self.decoder.patience().map(|patience| self.read_at + patience);
            tokio::select! {
                biased;
                readable = self.terminal.readable() => {
                    let Ok(mut readable) = readable else { return None };
                    let mut bytes = [0; CHUNK];
                    let (read, count) = read(self.terminal.get_ref(), &mut bytes);
                    match read {
                        Read::Some => {}
                        Read::NothingYet => readable.clear_ready(),
                        Read::End => return None,
                    }
                    self.decode(bytes.get(..count).unwrap_or_default());
                }
                () = sleep_until(given_up_at.unwrap_or(self.read_at)), if given_up_at.is_some() => {
                    let mut out = Vec::new();
                    self.decoder.give_up(&mut out);
                    self.ready.extend(out);
                }
            }
        }
    }

    fn decode(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.read_at = Instant::now();
        let mut out = Vec::new();
        self.decoder.feed(bytes, &mut out);
        self.ready.extend(out);
    }
}

/// Reads what is there. The terminal is not made non-blocking, for the shell shares
/// that setting: it is asked first whether a read would wait.
fn read(terminal: &OwnedFd, bytes: &mut [u8]) -> (Read, usize) {
    let mut polled = [PollFd::from_borrowed_fd(terminal.as_fd(), PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut polled, Some(&at_once)) {
        Ok(0) => return (Read::NothingYet, 0),
        // Readiness is told once: it is not given up for an interruption.
        Err(Errno::INTR) => return (Read::Some, 0),
        Ok(_) => {}
        Err(_) => return (Read::End, 0),
    }
    match rustix::io::read(terminal, bytes) {
        Ok(0) => (Read::End, 0),
        Ok(count) => (Read::Some, count),
        Err(Errno::INTR) => (Read::Some, 0),
        Err(Errno::AGAIN) => (Read::NothingYet, 0),
        Err(_) => (Read::End, 0),
    }
}
