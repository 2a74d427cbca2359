//! A command that runs beside the test and prints until it is ended, as `watch` does.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::{Workspace, process, wait};

/// The command and what it prints. Ended with the value.
#[derive(Debug)]
pub struct Followed {
    child: Child,
    printed: PathBuf,
}

impl Followed {
    /// Starts it; what it prints goes into a file in the workspace's directory.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(workspace: &Workspace, verb: &str, arguments: &[&str]) -> Result<Self> {
        static COMMANDS: AtomicU64 = AtomicU64::new(0);
        let number = COMMANDS.fetch_add(1, Ordering::Relaxed);
        let printed = workspace.path().join(format!("followed-{verb}-{number}"));
        let output = File::create(&printed)?;
        let mut command = workspace.command(verb);
        command.args(arguments).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        Ok(Self { child: command.spawn().context("start it")?, printed })
    }

    /// What it has printed, mistakes included.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.printed).unwrap_or_default()).into_owned()
    }

    /// Returns when it has printed this.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn prints(&self, wanted: &str) -> Result<()> {
        wait::until(wanted, || self.text().contains(wanted).then_some(())).with_context(|| self.text())
    }

    /// Checks that lines with these words have come in this order.
    ///
    /// # Errors
    ///
    /// When one is missing.
    pub fn printed_in_order(&self, wanted: &[&str]) -> Result<()> {
        let text = self.text();
        let mut rest = text.as_str();
        for words in wanted {
            let found = rest.split_once(words);
            rest = found.with_context(|| format!("{words:?} is missing, or out of order: {text}"))?.1;
        }
        Ok(())
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub fn end(&mut self) -> Result<ExitStatus> {
        let child = &mut self.child;
        wait::until("the command to end", || child.try_wait().ok().flatten())
    }

    /// Ends it as Ctrl-C does, which is no mistake.
    ///
    /// # Errors
    ///
    /// When it does not end, or with another exit code than 0.
    pub fn interrupt(mut self) -> Result<String> {
        process::signal(self.child.id(), Signal::INT);
        let end = self.end()?;
        ensure!(end.code() == Some(0), "{end}: {}", self.text());
        Ok(self.text())
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
