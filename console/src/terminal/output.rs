//! The thread that writes to the terminal. A terminal that does not take what is
//! written, because its user has stopped it or the way to it is down, keeps this
//! thread waiting and nobody else.
//!
//! Bounded: one frame is on its way; the next is not composed before it is through.
//! Nothing is written after `close`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::Notify;

/// Nothing may be written: the terminal is its user's again. It belongs to the
/// process, since a panic on any thread closes it.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// A write is under way.
static WRITING: AtomicBool = AtomicBool::new(false);

/// The way to the thread.
#[derive(Debug)]
pub struct Output {
    frames: SyncSender<Vec<u8>>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    is_busy: AtomicBool,
    is_gone: AtomicBool,
    idle: Notify,
}

impl Output {
    /// Starts the thread, which writes here.
    ///
    /// # Errors
    ///
    /// When the system starts no more threads.
    pub fn start(terminal: OwnedFd) -> std::io::Result<Self> {
        // One frame at most: `submit` is called only while none is on its way.
        let (frames, waiting) = sync_channel(1);
        let state = Arc::new(State::default());
        let own = Arc::clone(&state);
        thread::Builder::new()
            .name("terminal".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || run(&waiting, terminal.as_fd(), &own))?;
        Ok(Self { frames, state })
    }

    /// Whether a frame is on its way.
    pub fn is_busy(&self) -> bool {
        self.state.is_busy.load(Ordering::Acquire)
    }

    /// Whether the terminal is gone.
    pub fn is_gone(&self) -> bool {
        self.state.is_gone.load(Ordering::Acquire)
    }

    /// Sends a frame on its way. Not to be called while one is.
    pub fn submit(&self, frame: Vec<u8>) {
        self.state.is_busy.store(true, Ordering::Release);
        if self.frames.try_send(frame).is_err() {
            self.state.is_gone.store(true, Ordering::Release);
        }
    }

    /// Waits until a frame is through, or the terminal gone. Can be dropped at any time.
    pub async fn through(&self) {
        self.state.idle.notified().await;
    }
}

fn run(frames: &Receiver<Vec<u8>>, terminal: BorrowedFd<'_>, state: &State) {
    while let Ok(frame) = frames.recv() {
        if write_all(terminal, &frame).is_err() {
            state.is_gone.store(true, Ordering::Release);
        }
        state.is_busy.store(false, Ordering::Release);
        state.idle.notify_one();
    }
}

fn write_all(terminal: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        WRITING.store(true, Ordering::SeqCst);
        let written =
            if CLOSED.load(Ordering::SeqCst) { Ok(bytes.len()) } else { rustix::io::write(terminal, bytes) };
        WRITING.store(false, Ordering::SeqCst);
        match written {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Somebody who shares the terminal has changed it so that writing does not wait.
            Err(Errno::AGAIN) => {
                takes_more(terminal, None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the terminal takes something within that time; without one, it is waited for.
pub(super) fn takes_more(terminal: BorrowedFd<'_>, within: Option<Duration>) -> bool {
    let within = within.and_then(|within| Timespec::try_from(within).ok());
    let mut polled = [PollFd::from_borrowed_fd(terminal, PollFlags::OUT)];
    let is_told = poll(&mut polled, within.as_ref()).is_ok_and(|count| count > 0);
    let [polled] = polled;
    is_told && polled.revents().contains(PollFlags::OUT)
}

/// Lets nothing more be written. Gives whether a write was under way that did not end
/// within that time. Takes no lock: it is called while panicking.
pub(super) fn close(within: Duration) -> bool {
    CLOSED.store(true, Ordering::SeqCst);
    if thread::current().name() == Some("terminal") {
        return false;
    }
    let end = Instant::now() + within;
    while WRITING.load(Ordering::SeqCst) {
        if Instant::now() >= end {
            return true;
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    false
}

/// Lets frames be written again.
pub(super) fn open() {
    CLOSED.store(false, Ordering::SeqCst);
}
