//! How soon the first frame is there, whether a server runs or not.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{FRAME, SIZE};
use crate::bench::Scale;
use crate::bench::table::{Figure, Goal, Table};
use crate::measure::Sample;
use crate::pty::Started;
use crate::{Pty, program};

const GOAL: Duration = Duration::from_millis(20);

/// With the server of this workspace, and with none.
pub(super) fn measure(scale: &Scale, table: &mut Table, running: &Path) -> Result<()> {
    let nowhere = tempfile::Builder::new().prefix("to-").tempdir()?;
    let console = program::beside("task-orchestrator-console")?;
    let (mut up, mut down, mut version) = (Vec::new(), Vec::new(), Vec::new());
    // By turns, so that what else the machine does meets all alike.
    for _ in 0..scale.starts {
        version.push(shown(Started::program(&console, nowhere.path()).arg("--version"), "console 0")?);
        down.push(shown(Started::console(nowhere.path())?, FRAME)?);
        up.push(shown(Started::console(running)?, FRAME)?);
    }
    let version = Sample::of(version).median();
    for (times, server) in [(up, "with a server"), (down, "without one")] {
        table.row(
            &format!("console: from its start to its first frame, {server}, p50"),
            Goal::Within(GOAL),
            Figure::Time(Sample::of(times).median()),
            ("its --version in such a terminal", Figure::Time(version)),
        );
    }
    Ok(())
}

/// How long it takes until this is written. The program is killed then.
fn shown(program: Started, what: &str) -> Result<Duration> {
    let begun = Instant::now();
    let terminal = Pty::start(program, SIZE)?;
    terminal.wrote(what, 1)?;
    Ok(begun.elapsed())
}
