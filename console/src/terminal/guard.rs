//! Takes the terminal, and gives it back exactly once on every way out: return, error,
//! panic on any thread, signal, suspension. It is armed before anything is changed.
//!
//! There is one terminal, so what is to be given back belongs to the process: a panic
//! hook has no other way to it. Giving back takes no lock and waits for nobody longer
//! than [`PATIENCE`].

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::{TerminalError, output};

/// How long a terminal is waited for that does not take what is written.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// The alternate screen, no cursor, pasted text marked as such.
const TAKE: &str = "\x1b[?1049h\x1b[?25l\x1b[?2004h";

/// Reports of the mouse's buttons and wheel, not of its movements.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The end of a frame that was cut off, pasted text as typed, plain letters, the
/// cursor, the screen from before.
const GIVE_BACK: &str = "\x1b[?2026l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Ends a sequence in the midst of which a frame was cut off.
const CANCEL: &str = "\x18";

static ARMED: AtomicBool = AtomicBool::new(false);
static MOUSE: AtomicBool = AtomicBool::new(false);
static BEFORE: OnceLock<Termios> = OnceLock::new();

/// The terminal is taken. Dropped, it is given back.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// [`TerminalError::Io`]; then it is as it was.
    pub fn arm() -> Result<Self, TerminalError> {
        let before = tcgetattr(stdin())?;
        BEFORE.get_or_init(|| before);
        let guard = Self(());
        guard.take()?;
        Ok(guard)
    }

    /// Takes it again, after [`Guard::release`] or after somebody else has used it. What
    /// has to be written for that is to be taken from [`Guard::opening`].
    ///
    /// # Errors
    ///
    /// [`TerminalError::Io`].
    pub fn take(&self) -> Result<(), TerminalError> {
        ARMED.store(true, Ordering::SeqCst);
        output::open();
        let mut raw = tcgetattr(stdin())?;
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(())
    }

    /// What has to be written before the first frame.
    pub fn opening(&self) -> String {
        let mouse = if MOUSE.load(Ordering::SeqCst) { MOUSE_ON } else { "" };
        format!("{TAKE}{mouse}")
    }

    /// Wants the mouse or not, and gives what has to be written for it.
    pub fn mouse(&self, is_wanted: bool) -> &'static str {
        MOUSE.store(is_wanted, Ordering::SeqCst);
        if is_wanted { MOUSE_ON } else { MOUSE_OFF }
    }

    /// Gives it back for a while.
    pub fn release(&self) {
        restore();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it is taken. Once: whoever comes second does nothing.
pub fn restore() {
    if !ARMED.swap(false, Ordering::SeqCst) {
        return;
    }
    let is_cut_off = output::close(PATIENCE);
    if output::takes_more(stdout(), Some(PATIENCE)) {
        let cancel = if is_cut_off { CANCEL } else { "" };
        let mouse = if MOUSE.load(Ordering::SeqCst) { MOUSE_OFF } else { "" };
        // It may be gone: then there is nothing to give back.
        let _ = write(&format!("{cancel}{mouse}{GIVE_BACK}"));
    }
    if let Some(before) = BEFORE.get().filter(|_| is_ours()) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, before);
    }
}

/// Whether this process is in the foreground. From the background, changing the
/// terminal would stop it.
fn is_ours() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}

fn write(text: &str) -> io::Result<()> {
    let mut bytes = text.as_bytes();
    while !bytes.is_empty() {
        match rustix::io::write(stdout(), bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
