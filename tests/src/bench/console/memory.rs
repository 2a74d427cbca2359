//! Whether the console stays as it is over a day: a recording of 24 hours, replayed as fast
//! as it can be.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use serde_json::json;
use task_orchestrator_console::heard::Heard;
use task_orchestrator_console::record::line::{FORMAT, Header, Line};
use task_orchestrator_shared::admin::log::LogLines;
use task_orchestrator_shared::admin::view::{Delta, View};

use super::costs::{bytes_read, mebibytes, private_bytes};
use super::{SIZE, made};
use crate::bench::Scale;
use crate::bench::table::{Figure, Goal, Table};
use crate::fake_server::NOON;
use crate::pty::Started;
use crate::{Pty, process, program, wait};

/// A day of one event a second.
const EVENTS: u64 = 86_400;

/// Sessions that change in each.
const ROWS: u64 = 5;

/// More than what an allocator keeps by chance.
const FLAT: f64 = 0.5;

pub(super) fn measure(_scale: &Scale, table: &mut Table) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("to-").tempdir()?;
    let file = folder.path().join("day.jsonl");
    let size = record(&file)?;
    let console = Started::program(&program::beside("task-orchestrator-console")?, folder.path());
    let console = console.arg("--replay").arg(&file).arg("--speed").arg("max");
    let terminal = Pty::start(console, SIZE)?;
    let pid = terminal.pid()?;
    let early = wait::until("a tenth of the day", || {
        let read = bytes_read(pid).ok().filter(|read| *read >= size / 10)?;
        Some((read, process::resident_bytes(pid)))
    })?;
    terminal.shows("the recording has ended")?;
    let (early, late) = (mebibytes(early.1?), mebibytes(process::resident_bytes(pid)?));
    table.row(
        "console: resident memory after 24 hours of events, replayed",
        Goal::Mebibytes(12.0),
        Figure::Mebibytes(late),
        ("of it private", Figure::Mebibytes(mebibytes(private_bytes(pid)?))),
    );
    table.row(
        "console: what of that came after the first tenth of the day",
        Goal::Mebibytes(FLAT),
        Figure::Mebibytes((late - early).max(0.0)),
        ("resident by then", Figure::Mebibytes(early)),
    );
    Ok(())
}

/// Writes the day, and gives its bytes.
fn record(file: &Path) -> Result<u64> {
    let mut to = BufWriter::new(File::create_new(file)?);
    let header = Header {
        task_orchestrator_recording: FORMAT,
        version: "0.1.0".to_owned(),
        workspace: "/home/somebody/project".to_owned(),
    };
    writeln!(to, "{}", json!(header))?;
    let mut say = |at_ms: u64, heard: Heard| {
        serde_json::to_writer(&mut to, &Line { at_ms, heard: Some(Box::new(heard)), ended: None })?;
        anyhow::Ok(to.write_all(b"\n")?)
    };
    let view = Box::new(made::view(View::default())?);
    say(0, Heard::Opened)?;
    say(0, Heard::Live { welcome: Box::new(made::welcome()) })?;
    say(0, Heard::View { view })?;
    say(0, Heard::LogBegins { lines: vec![made::line(0)] })?;
    for event in 1..=EVENTS {
        let delta = Delta { seq: event + 1, at: NOON.to_owned(), changes: made::changes(event, ROWS) };
        say(event * 1000, Heard::Delta { delta })?;
        let lines = LogLines { lines: vec![made::line(event)], missed: 0 };
        say(event * 1000, Heard::Log { lines })?;
    }
    to.flush()?;
    drop(to);
    Ok(std::fs::metadata(file)?.len())
}
