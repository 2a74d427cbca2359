//! A program in a terminal of the test's own: its screen as a terminal would show it,
//! and every byte that it wrote. Waits for what is on the screen, never for a time;
//! what does not come shows the last screen.

mod command;
mod seen;

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use portable_pty::{Child, MasterPty, PtySize, native_pty_system};
use rustix::process::Signal;
use vt100::Screen;

pub use command::Started;
use seen::Reader;

use crate::{process, wait};

/// See the module. Dropped, the program is killed.
pub struct Pty {
    /// Nothing once the terminal was closed.
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    reader: Reader,
    /// How the terminal was before the program came.
    before: String,
}

impl Pty {
    /// Starts a program in a terminal of so many columns and rows.
    ///
    /// # Errors
    ///
    /// When there is no terminal to be had, or the program cannot be started.
    pub fn start(program: Started, (columns, rows): (u16, u16)) -> Result<Self> {
        let pair = native_pty_system().openpty(size(columns, rows))?;
        let before = modes(pair.master.as_ref())?;
        let reader = Reader::start(pair.master.try_clone_reader()?, columns, rows)?;
        let keys = pair.master.take_writer()?;
        let child = pair.slave.spawn_command(program.into_builder())?;
        // The test holds no end that would keep the terminal open.
        drop(pair.slave);
        Ok(Self { master: Some(pair.master), keys: Some(keys), child, reader, before })
    }

    /// Types this.
    ///
    /// # Errors
    ///
    /// When the terminal is closed.
    pub fn keys(&mut self, keys: &str) -> Result<()> {
        let writer = self.keys.as_mut().context("the terminal is closed")?;
        writer.write_all(keys.as_bytes())?;
        Ok(writer.flush()?)
    }

    /// Waits until the screen is so.
    ///
    /// # Errors
    ///
    /// When it never is; with the last screen.
    pub fn until(&self, what: &str, is_so: impl Fn(&Screen) -> bool) -> Result<()> {
        self.reader.until(what, |seen| is_so(seen.screen()))
    }

    /// Waits until this is on the screen.
    ///
    /// # Errors
    ///
    /// As [`Pty::until`].
    pub fn shows(&self, text: &str) -> Result<()> {
        self.until(text, |screen| screen.contents().contains(text))
    }

    /// Waits until these bytes were written so many times.
    ///
    /// # Errors
    ///
    /// As [`Pty::until`].
    pub fn wrote(&self, bytes: &str, times: usize) -> Result<()> {
        self.reader.until(bytes, |seen| seen.count(bytes) >= times)
    }

    /// How many times these bytes were written.
    pub fn count(&self, bytes: &str) -> usize {
        self.reader.look(|seen| seen.count(bytes))
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> usize {
        self.reader.look(|seen| seen.raw().len())
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.reader.look(|seen| seen.screen().contents())
    }

    /// All that was written, as text.
    pub fn raw(&self) -> String {
        self.reader.look(|seen| String::from_utf8_lossy(seen.raw()).into_owned())
    }

    /// Waits until nothing was written for so long, and gives how much was written until then.
    ///
    /// # Errors
    ///
    /// When it goes on writing.
    pub fn quiet(&self, lasting: Duration) -> Result<usize> {
        self.reader.quiet(lasting)
    }

    /// Reads nothing more, as a terminal that its user has stopped.
    pub fn hold(&self) {
        self.reader.hold();
    }

    /// The terminal has so many columns and rows from here on.
    ///
    /// # Errors
    ///
    /// When the terminal is closed.
    pub fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        self.reader.resize(columns, rows);
        self.master.as_ref().context("the terminal is closed")?.resize(size(columns, rows))
    }

    /// The program's process id.
    ///
    /// # Errors
    ///
    /// When it has none any more.
    pub fn pid(&self) -> Result<u32> {
        self.child.process_id().context("the program has no process id")
    }

    /// Sends a signal to the program.
    ///
    /// # Errors
    ///
    /// When it has no process any more.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        process::signal(self.pid()?, signal);
        Ok(())
    }

    /// Closes the terminal, as a window that is closed or a connection that breaks.
    pub fn close(&mut self) {
        (self.master, self.keys) = (None, None);
        self.reader.end();
    }

    /// Waits for the program's end and for all that it wrote; its exit code.
    ///
    /// # Errors
    ///
    /// When it does not end, or a signal ended it.
    pub fn ends(&mut self) -> Result<u32> {
        let exit = wait::until("the program to end", || self.child.try_wait().ok().flatten());
        let exit = exit.with_context(|| self.reader.last())?;
        if self.master.is_some() && !self.reader.is_held() {
            self.reader.until("all that the program wrote", seen::Seen::has_ended)?;
        }
        if let Some(signal) = exit.signal() {
            bail!("ended by {signal}");
        }
        Ok(exit.exit_code())
    }

    /// Whether the terminal is as it was before the program came: its modes, and what
    /// was switched on exactly once was switched off exactly once.
    ///
    /// # Errors
    ///
    /// With what is not as it was.
    pub fn is_restored(&self) -> Result<()> {
        self.is_restored_after(1)
    }

    /// The same where the program has taken the terminal so many times.
    ///
    /// # Errors
    ///
    /// As [`Pty::is_restored`].
    pub fn is_restored_after(&self, times: usize) -> Result<()> {
        for (on, off) in [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?2004h", "\x1b[?2004l")] {
            let both = (self.count(on), self.count(off));
            ensure!(both == (times, times), "{on:?} and {off:?} were written {both:?} times");
        }
        ensure!(self.count("\x1b[?1000h") == self.count("\x1b[?1000l"), "the mouse is still taken");
        self.reader.look(|seen| {
            let screen = seen.screen();
            ensure!(!screen.hide_cursor(), "the cursor is still hidden");
            ensure!(!screen.alternate_screen(), "still the alternate screen");
            Ok(())
        })?;
        let now = modes(self.master.as_ref().context("the terminal is closed")?.as_ref())?;
        ensure!(now == self.before, "its modes were {} and are {now}", self.before);
        Ok(())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn modes(terminal: &dyn MasterPty) -> Result<String> {
    Ok(format!("{:?}", terminal.get_termios().context("the terminal's modes")?))
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}
