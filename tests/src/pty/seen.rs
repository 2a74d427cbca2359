//! What a program wrote to its terminal, read by a thread as it comes.

use std::io::Read;
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use vt100::{Parser, Screen};

use crate::wait::DEADLINE;

/// Most bytes that are kept; a program that writes more has failed its test anyway.
const MAX_RAW: usize = 64 * 1024 * 1024;

/// How much of the end a failure shows.
const TAIL: usize = 600;

/// What was written.
pub(super) struct Seen {
    terminal: Parser,
    raw: Vec<u8>,
    has_ended: bool,
}

impl Seen {
    pub(super) fn screen(&self) -> &Screen {
        self.terminal.screen()
    }

    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    pub(super) fn count(&self, bytes: &str) -> usize {
        self.raw.windows(bytes.len().max(1)).filter(|window| *window == bytes.as_bytes()).count()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.terminal.process(bytes);
        if self.raw.len() + bytes.len() <= MAX_RAW {
            self.raw.extend_from_slice(bytes);
        }
    }
}

/// The thread, and what it has read.
pub(super) struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
    is_held: AtomicBool,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Reads on until the end.
    pub(super) fn start(mut from: Box<dyn Read + Send>, columns: u16, rows: u16) -> Result<Self> {
        let (rows, columns) = (cells(rows), cells(columns));
        let seen = Seen { terminal: Parser::new(rows, columns, 0), raw: Vec::new(), has_ended: false };
        let shared = Arc::new(Shared {
            seen: Mutex::new(seen),
            changed: Condvar::new(),
            is_held: AtomicBool::new(false),
        });
        let own = Arc::clone(&shared);
        thread::Builder::new().name("pty".to_owned()).spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while !own.is_held.load(Ordering::SeqCst) {
                let count = from.read(&mut bytes).unwrap_or(0);
                let mut seen = own.seen();
                match bytes.get(..count) {
                    Some(read) if count > 0 => seen.take(read),
                    _ => seen.has_ended = true,
                }
                own.changed.notify_all();
                if seen.has_ended {
                    return;
                }
            }
            // It is neither read nor closed any more.
            loop {
                thread::park();
            }
        })?;
        Ok(Self { shared })
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.seen())
    }

    pub(super) fn until(&self, what: &str, is_so: impl Fn(&Seen) -> bool) -> Result<()> {
        let end = Instant::now() + DEADLINE;
        let mut seen = self.shared.seen();
        while !is_so(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.has_ended {
                drop(seen);
                bail!("waited for {what:?}\n{}", self.last());
            }
            let waited = self.shared.changed.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    pub(super) fn quiet(&self, lasting: Duration) -> Result<usize> {
        let end = Instant::now() + DEADLINE;
        let mut seen = self.shared.seen();
        let (mut length, mut since) = (seen.raw.len(), Instant::now());
        loop {
            let left = lasting.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Ok(length);
            }
            if Instant::now() >= end {
                drop(seen);
                bail!("it was never quiet for {lasting:?}\n{}", self.last());
            }
            let waited = self.shared.changed.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
            if seen.raw.len() != length {
                (length, since) = (seen.raw.len(), Instant::now());
            }
        }
    }

    pub(super) fn resize(&self, columns: u16, rows: u16) {
        self.shared.seen().terminal.set_size(cells(rows), cells(columns));
    }

    pub(super) fn hold(&self) {
        self.shared.is_held.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_held(&self) -> bool {
        self.shared.is_held.load(Ordering::SeqCst)
    }

    pub(super) fn end(&self) {
        self.shared.seen().has_ended = true;
    }

    /// The last screen and the end of what was written.
    pub(super) fn last(&self) -> String {
        let seen = self.shared.seen();
        let tail = seen.raw.get(seen.raw.len().saturating_sub(TAIL)..).unwrap_or_default();
        format!(
            "--- the last screen\n{}\n--- the last bytes\n{:?}",
            seen.screen().contents(),
            String::from_utf8_lossy(tail)
        )
    }
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}
