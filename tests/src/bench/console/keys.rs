//! How soon a key is answered, and how often the console draws, while a server tells of a
//! thousand events a second.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use task_orchestrator_shared::admin::session_detail::SessionDetail;
use task_orchestrator_shared::admin::view::{Change, View};
use task_orchestrator_shared::admin::{Reply, Request};

use super::costs::{mebibytes, private_bytes};
use super::{FRAME, SESSIONS, SIZE, made, wait_for};
use crate::bench::table::{Figure, Goal, Table};
use crate::bench::{Scale, rate};
use crate::fake_server::{FakeServer, NOON, paced};
use crate::measure::Sample;
use crate::pty::Started;
use crate::{Pty, process};

/// From one event to the next.
const EVERY: Duration = Duration::from_millis(1);

/// From one key to the next, so that keys and what the server says fit into the frames of
/// a second: nobody reads faster.
const APART: Duration = Duration::from_millis(211);

/// The same where nothing else is drawn.
const APART_ALONE: Duration = Duration::from_millis(41);

/// How long frames are counted over a network.
const REMOTE: Duration = Duration::from_secs(4);

pub(super) fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let count = u32::try_from(scale.starts)? * 4;
    let mut desk = Desk::open(&[])?;
    let alone = desk.keys(count, APART_ALONE)?;
    let events = Events::begin(&desk.changes);
    wait_for(Duration::from_secs(1));
    let (frames, begun) = (desk.frames(), Instant::now());
    let busy = desk.keys(count, APART)?;
    let near = rate(desk.frames() - frames, begun.elapsed());
    let told = events.finish()?;
    for (percent, goal) in [(50, Goal::None), (95, Goal::Within(Duration::from_millis(2)))] {
        table.row(
            &format!("console: from a key to its cell, {told:.0} events/s, {SESSIONS} sessions, p{percent}"),
            goal,
            Figure::Time(busy.percentile(percent)),
            ("without events", Figure::Time(alone.percentile(percent))),
        );
    }
    let pid = desk.terminal.pid()?;
    table.row(
        "console: resident memory after that",
        Goal::Mebibytes(12.0),
        Figure::Mebibytes(mebibytes(process::resident_bytes(pid)?)),
        ("of it private", Figure::Mebibytes(mebibytes(private_bytes(pid)?))),
    );
    drop(desk);
    let (far, told_far) = remote()?;
    for (frames, most, told, where_) in [(near, 30.0, told, "and keys"), (far, 10.0, told_far, "over SSH")] {
        let what = format!("console: frames while {told:.0} events/s come, {where_}");
        table.row(&what, Goal::Few(most), Figure::Few(frames), ("events", Figure::Rate(told)));
    }
    Ok(())
}

fn remote() -> Result<(f64, f64)> {
    let desk = Desk::open(&[("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")])?;
    let events = Events::begin(&desk.changes);
    wait_for(Duration::from_secs(1));
    let before = desk.frames();
    let took = wait_for(REMOTE);
    let frames = rate(desk.frames() - before, took);
    Ok((frames, events.finish()?))
}

/// A console of a server that is played here.
struct Desk {
    terminal: Pty,
    changes: Sender<Vec<Change>>,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn open(environment: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("to-").tempdir()?;
        let server = FakeServer::listen(&folder.path().join("admin"))?;
        let mut console = console(folder.path(), server.socket())?;
        for (name, value) in environment {
            console = console.env(name, value);
        }
        let terminal = Pty::start(console, SIZE)?;
        let mut side = server.accept()?;
        side.welcome(made::welcome())?;
        side.subscribed(made::view(View::default())?)?;
        let (changes, _teller) = side.served(answer)?;
        terminal.shows(&place(1))?;
        terminal.quiet(Duration::from_millis(500))?;
        Ok(Self { terminal, changes, _folder: folder })
    }

    /// Moves up and down, and gives how long each time took until the terminal shows it.
    fn keys(&mut self, count: u32, apart: Duration) -> Result<Sample> {
        let mut times = Vec::new();
        paced(apart, count, |number| {
            let (key, wanted) = if number.is_multiple_of(2) { ("j", place(2)) } else { ("k", place(1)) };
            let begun = Instant::now();
            self.terminal.keys(key)?;
            self.terminal.shows(&wanted)?;
            times.push(begun.elapsed());
            Ok(())
        })?;
        Ok(Sample::of(times))
    }

    fn frames(&self) -> usize {
        self.terminal.count(FRAME)
    }
}

fn console(folder: &Path, socket: &Path) -> Result<Started> {
    Ok(Started::console(folder)?.arg("--socket").arg(socket).arg("--screen").arg("connections"))
}

/// What stands above the list while the row at this place is chosen.
fn place(at: u32) -> String {
    format!("Connections {at}/{SESSIONS}")
}

fn answer(request: &Request) -> Reply {
    let client = match request {
        Request::Session { session } => session.clone(),
        _ => String::new(),
    };
    let (at, requests, history) = (NOON.to_owned(), Vec::new(), Vec::new());
    Reply::Session(Box::new(SessionDetail { at, client, number: 1, requests, left_out: 0, history }))
}

/// Events that come all the time.
struct Events {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Result<f64>>,
}

impl Events {
    fn begin(changes: &Sender<Vec<Change>>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (stop, changes) = (Arc::clone(&ended), changes.clone());
        let thread = std::thread::spawn(move || {
            let (mut event, begun) = (0, Instant::now());
            while !stop.load(Ordering::Relaxed) {
                paced(EVERY, 100, |_| {
                    event += 1;
                    Ok(changes.send(made::changes(event, 1))?)
                })?;
            }
            Ok(rate(usize::try_from(event)?, begun.elapsed()))
        });
        Self { ended, thread }
    }

    /// How many there were in a second.
    fn finish(self) -> Result<f64> {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the events panicked"))?
    }
}
