//! The console in lines, on pipes, beside a real server: a whole restart without a drawn
//! screen, and every way out.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use task_orchestrator_tests::{Caller, Client, Workspace, process, program, wait};

/// A console in lines.
struct Console {
    child: Child,
    input: Option<ChildStdin>,
    printed: PathBuf,
}

impl Console {
    fn start(workspace: &Workspace, arguments: &[&str]) -> Result<Self> {
        let printed = workspace.path().join("console-printed");
        let output = File::create(&printed)?;
        let mut command = Command::new(program::beside("task-orchestrator-console")?);
        command.args(["--linear", "--workspace"]).arg(workspace.path()).args(arguments);
        command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        command.current_dir(workspace.path()).env("TERM", "dumb");
        let mut child = command.spawn().context("start the console")?;
        let input = child.stdin.take();
        Ok(Self { child, input, printed })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.printed).unwrap_or_default()).into_owned()
    }

    fn lines(&mut self, lines: &[&str]) -> Result<()> {
        let input = self.input.as_mut().context("an input")?;
        for line in lines {
            writeln!(input, "{line}")?;
        }
        Ok(())
    }

    fn prints(&self, wanted: &str) -> Result<()> {
        wait::until(wanted, || self.text().contains(wanted).then_some(())).with_context(|| self.text())
    }

    /// Checks that these words were printed in this order, wherever lines end.
    fn printed_in_order(&self, wanted: &[&str]) -> Result<()> {
        let text = self.text();
        let words: Vec<&str> = text.split_whitespace().collect();
        let in_a_line = words.join(" ");
        let mut rest = in_a_line.as_str();
        for words in wanted {
            let found = rest.split_once(words);
            rest = found.with_context(|| format!("{words:?} is missing, or out of order: {text}"))?.1;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<ExitStatus> {
        let child = &mut self.child;
        wait::until("the console to end", || child.try_wait().ok().flatten())
    }

    /// Closes the input and checks that this ends it.
    fn close(mut self) -> Result<String> {
        self.input.take();
        let end = self.end().with_context(|| self.text())?;
        let text = self.text();
        ensure!(end.code() == Some(0), "{end}: {text}");
        ensure!(!text.contains('\u{1b}') && text.is_ascii(), "{text:?}");
        Ok(text)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_whole_restart_is_asked_for_watched_and_told_in_lines() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let mut console = Console::start(workspace, &[])?;
        console.prints("clients: 1 of")?;
        console.lines(&["restart", "2", "60", "", "planned", "yes"])?;
        console.prints("restart complete in")?;
        console.prints(" is complete.")?;
        console.printed_in_order(&[
            "Live:",
            "Overview:",
            "generation: 1",
            "restart: Restart gracefully",
            "1 client, ",
            "reason? 1 manual_request, 2 configuration_update",
            "Type yes to do it",
            "Ordered: restart.",
            "begins: graceful, configuration update",
            "Phase 1 of 8, preparation, took ",
            "Phase 2 of 8, maintenance mode, took ",
            "Phase 3 of 8, task suspension, took ",
            "Phase 4 of 8, state serialization, took ",
            "Phase 5 of 8, connection preservation, took ",
            "Phase 6 of 8, process restart, took ",
            "Phase 7 of 8, state restoration, took ",
            "Phase 8 of 8, service resume, took ",
            " is complete.",
        ])?;
        caller.goes_on()?;
        let history = workspace.history()?;
        let newest = history.first().context("a restart")?;
        ensure!(newest.success && newest.reason.as_str() == "configuration_update", "{newest:?}");
        console.lines(&["1", "overview"])?;
        console.prints("generation: 2")?;
        console.close()?;
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_script_whose_input_ends_at_once_is_carried_out_to_its_end() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let name = workspace.path().file_name().context("a name")?.to_string_lossy().into_owned();
        let mut console = Console::start(workspace, &[])?;
        console.lines(&["emergency", "it hangs", "not-its-name", &name, "yes"])?;
        let text = console.close()?;
        ensure!(text.contains("That is not it") && text.contains("Ordered: emergency."), "{text}");
        ensure!(text.contains("restart complete in"), "{text}");
        caller.goes_on()?;
        ensure!(workspace.history()?.first().is_some_and(|past| past.kind.as_str() == "emergency"));
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_monitor_is_told_why_not_and_what_it_may_read() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let mut console = Console::start(workspace, &["--role", "monitor"])?;
        console.lines(&["restart", "maintenance"])?;
        console.prints("you are monitor here and this needs operator")?;
        let screens = ["connections", "restarts", "state", "tasks", "dead-letters", "audit", "configuration"];
        console.lines(&screens)?;
        console.prints("Configuration: ")?;
        let text = console.close()?;
        for title in ["Connections: ", "Restarts: ", "State: ", "Tasks: ", "Dead letters: ", "Audit: "] {
            ensure!(text.contains(title), "{title} is missing: {text}");
        }
        ensure!(!text.contains("Ordered") && workspace.history()?.is_empty(), "{text}");
        client.quit()
    })
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_told_and_a_signal_ends_it() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let mut console = Console::start(workspace, &[])?;
        console.prints("clients: 1 of")?;
        workspace.kill_front()?;
        console.prints("Reconnecting")?;
        client.still_answers()?;
        console.prints("Another server than before runs. Live: ")?;
        process::signal(console.child.id(), Signal::TERM);
        let end = console.end()?;
        ensure!(end.code() == Some(143), "{end}: {}", console.text());
        client.quit()
    })
}

#[test]
fn without_a_server_it_waits_and_the_end_of_the_input_ends_it() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let mut console = Console::start(workspace, &[])?;
        console.prints("start-server starts one.")?;
        console.lines(&["restart"])?;
        console.prints("there is no connection to the server")?;
        console.close().map(drop)
    })
}
