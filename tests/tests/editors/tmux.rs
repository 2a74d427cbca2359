//! A tmux with the snippet, looked at as a person does: it runs in a pane of a second
//! one, whose keys arrive as typed ones and whose pane is its whole screen.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use task_orchestrator_tests::wait;

use super::place::{Place, snippet, text_of};

pub(crate) struct Tmux<'a> {
    place: &'a Place,
    outer: PathBuf,
    inner: PathBuf,
}

impl<'a> Tmux<'a> {
    /// With a shell in the directory of the edited file.
    pub(crate) fn start(place: &'a Place) -> Result<Self> {
        let this = Self { place, outer: place.path().join("outer"), inner: place.path().join("inner") };
        let mut inner = this.command(&this.inner)?;
        inner.arg("-f").arg(snippet("tmux.conf")).args(["new-session", "-d", "-x", "100", "-y", "40", "-c"]);
        done(inner.arg(place.deep()))?;
        let mut outer = this.command(&this.outer)?;
        outer.args(["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40"]);
        outer.args(["env", "-u", "TMUX", "tmux", "-S"]).arg(&this.inner).arg("attach-session");
        done(&mut outer)?;
        // The bar at the bottom: it is attached, and takes keys.
        this.screen_when(|screen| screen.contains("[0]"))?;
        Ok(this)
    }

    pub(crate) fn type_keys(&self, keys: &[&str]) -> Result<()> {
        done(self.command(&self.outer)?.arg("send-keys").args(keys))
    }

    /// What is shown once it is so.
    pub(crate) fn screen_when(&self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let mut last = String::new();
        let found = wait::until("tmux to show it", || {
            let output = self.command(&self.outer).ok()?.args(["capture-pane", "-p"]).output().ok()?;
            last = text_of(&output);
            wanted(&last).then(|| last.clone())
        });
        found.map_err(|error| error.context(last))
    }

    fn command(&self, socket: &PathBuf) -> Result<Command> {
        let mut command = self.place.command("tmux")?;
        command.arg("-S").arg(socket);
        Ok(command)
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        for socket in [&self.outer, &self.inner] {
            if let Ok(mut command) = self.command(socket) {
                let _ = command.arg("kill-server").output();
            }
        }
    }
}

fn done(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", text_of(&output));
    Ok(())
}
