//! The real console in a terminal of the test's own, beside a real server: what tests
//! of different promises do with it alike. Decides nothing about what is right.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use vt100::Screen;

use crate::pty::Started;
use crate::{Pty, Workspace, program};

/// Columns and rows with room for everything.
pub const WIDE: (u16, u16) = (120, 40);

/// Starts it for this workspace, whatever runs there.
///
/// # Errors
///
/// When it has not been built.
pub fn open(workspace: &Workspace, arguments: &[&str]) -> Result<Pty> {
    let started = Started::console(workspace.path())?;
    Pty::start(arguments.iter().fold(started, |started, argument| started.arg(argument)), WIDE)
}

/// The same, once it shows what a server tells.
///
/// # Errors
///
/// When it never does.
pub fn live(workspace: &Workspace, arguments: &[&str]) -> Result<Pty> {
    let pty = open(workspace, arguments)?;
    pty.until("a live server", is_live)?;
    Ok(pty)
}

/// Whether the head of the screen says that what is shown is what is, and that somebody serves.
pub fn is_live(screen: &Screen) -> bool {
    let contents = screen.contents();
    let head = contents.lines().next().unwrap_or_default();
    let serves = head.split(" gen ").nth(1).is_some_and(|rest| !rest.starts_with('0'));
    head.contains("Live") && serves && !head.contains("was gen")
}

/// Whether the screen says this, in whatever rows.
pub fn says(screen: &Screen, text: &str) -> bool {
    let contents = screen.contents();
    contents.split_whitespace().collect::<Vec<_>>().join(" ").contains(text)
}

/// The first row in which all of these stand.
pub fn row(screen: &str, words: &[&str]) -> Option<String> {
    screen.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
}

/// Whether there is such a row.
pub fn has_row(screen: &Screen, words: &[&str]) -> bool {
    row(&screen.contents(), words).is_some()
}

/// Opens a dialog by a key, waits until it is armed, and confirms it.
///
/// # Errors
///
/// When the dialog with this title does not come, or cannot be confirmed.
pub fn confirm(pty: &mut Pty, key: &str, title: &str) -> Result<()> {
    pty.keys(key)?;
    pty.until(title, |screen| has_row(screen, &[title]) && has_row(screen, &["✔ armed"]))?;
    // To the right of Cancel stands what does it.
    pty.keys("\x1b[C")?;
    pty.until("the cursor on what does it", |screen| !has_row(screen, &["❯[ Cancel ]"]))?;
    pty.keys("\r")?;
    pty.until("the dialog to be gone", |screen| !has_row(screen, &[title]))
}

/// Ends it by its key: exit code 0, and the terminal as it was.
///
/// # Errors
///
/// When it ends in another way.
pub fn quits(mut pty: Pty) -> Result<()> {
    pty.keys("q")?;
    let code = pty.ends()?;
    ensure!(code == 0, "it ended with {code}");
    pty.is_restored()
}

/// What a workspace is called on the screen: the last part of its path.
///
/// # Errors
///
/// When it has none.
pub fn name(workspace: &Workspace) -> Result<String> {
    Ok(workspace.path().file_name().context("a name")?.to_string_lossy().into_owned())
}

/// A build of the worker that starts only while its gate is open.
#[derive(Debug)]
pub struct Gate {
    directory: TempDir,
}

impl Gate {
    /// An open one.
    ///
    /// # Errors
    ///
    /// When its file cannot be made.
    pub fn open() -> Result<Self> {
        let gate = Self { directory: tempfile::Builder::new().prefix("gate-").tempdir()? };
        let script = format!(
            "#!/bin/sh\nwhile [ ! -e '{}' ]; do sleep 0.02; done\nexec '{}' \"$@\"\n",
            gate.sign().display(),
            program::path()?.display()
        );
        let worker = gate.worker();
        std::fs::write(&worker, script)?;
        std::fs::set_permissions(&worker, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        gate.set(true)?;
        Ok(gate)
    }

    /// The configuration of a workspace whose workers come through it.
    pub fn config(&self) -> String {
        format!("[worker]\nbinary = {:?}\n", self.worker().display().to_string())
    }

    /// Opens or closes it.
    ///
    /// # Errors
    ///
    /// When the file system does not.
    pub fn set(&self, is_open: bool) -> Result<()> {
        Ok(if is_open { std::fs::write(self.sign(), "")? } else { std::fs::remove_file(self.sign())? })
    }

    fn sign(&self) -> PathBuf {
        self.directory.path().join("open")
    }

    fn worker(&self) -> PathBuf {
        self.directory.path().join("worker")
    }
}
