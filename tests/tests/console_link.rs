//! The console's end of the admin channel against a real server: what it hears when the
//! server stops, dies and comes back, what it costs an idle one, and that it finds it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use task_orchestrator_console::heard::Heard;
use task_orchestrator_console::link::{Aim, Wire};
use task_orchestrator_console::msg::Msg;
use task_orchestrator_console::start::{self, Stays};
use task_orchestrator_console::targets;
use task_orchestrator_tests::Workspace;
use tokio::sync::mpsc;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

struct Desk {
    _wire: Wire,
    messages: mpsc::Receiver<Msg>,
}

impl Desk {
    fn open(workspace: &Path) -> Result<Self> {
        let (out, messages) = mpsc::channel(64);
        Ok(Self { _wire: Wire::open(Aim::find(Some(workspace), None)?, out), messages })
    }

    async fn heard(&mut self) -> Result<Heard> {
        match tokio::time::timeout(LONG, self.messages.recv()).await?.context("the link is gone")? {
            Msg::Heard(heard) => Ok(heard),
            other => bail!("{other:?}"),
        }
    }

    /// The next one like this, and how long it took.
    async fn until(&mut self, wanted: impl Fn(&Heard) -> bool) -> Result<Duration> {
        let since = Instant::now();
        while !wanted(&self.heard().await?) {}
        Ok(since.elapsed())
    }
}

fn signal(pid: u32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).context("a process id")?;
    Ok(kill_process(pid, signal)?)
}

fn start(workspace: &Workspace) -> Result<u32> {
    let program: PathBuf = workspace.binary().to_owned();
    start::run(program, workspace.path(), Stays::Always)?.context("it was started here")
}

fn records(workspace: &Workspace) -> Result<String> {
    let output = workspace.run("audit", &["--json"])?;
    Ok(String::from_utf8(output.stdout)?)
}

fn with<R>(body: impl AsyncFnOnce(&Workspace) -> Result<R>) -> Result<R> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Workspace::new()?.check(|workspace| runtime.block_on(body(workspace)))
}

#[test]
fn a_server_that_stops_goes_on_and_dies_is_told_of_in_time() -> Result<()> {
    with(async |workspace| {
        let pid = start(workspace)?;
        let mut desk = Desk::open(workspace.path())?;
        desk.until(|heard| matches!(heard, Heard::View { .. })).await?;
        signal(pid, Signal::STOP)?;
        let silent = desk.until(|heard| matches!(heard, Heard::Silent)).await?;
        signal(pid, Signal::CONT)?;
        ensure!(silent < Duration::from_millis(3200), "it took {silent:?}");
        desk.until(|heard| matches!(heard, Heard::Alive)).await?;
        signal(pid, Signal::KILL)?;
        let lost = desk.until(|heard| matches!(heard, Heard::Lost { .. })).await?;
        ensure!(lost < Duration::from_secs(1), "it took {lost:?}");
        start(workspace)?;
        desk.until(|heard| matches!(heard, Heard::View { .. })).await?;
        Ok(())
    })
}

#[test]
fn an_idle_console_is_never_silent_and_leaves_no_record() -> Result<()> {
    with(async |workspace| {
        start(workspace)?;
        let mut desk = Desk::open(workspace.path())?;
        desk.until(|heard| matches!(heard, Heard::View { .. })).await?;
        let before = records(workspace)?.matches("who_am_i").count();
        let idle = async {
            loop {
                let heard = desk.heard().await?;
                ensure!(matches!(heard, Heard::Delta { .. } | Heard::View { .. }), "{heard:?}");
            }
        };
        if let Ok(ended) = tokio::time::timeout(Duration::from_secs(12), idle).await {
            return ended;
        }
        let after = records(workspace)?.matches("who_am_i").count();
        ensure!(before == after, "{before} records before, {after} after");
        Ok(())
    })
}

#[test]
fn servers_are_found_by_their_sockets_and_one_that_hangs_holds_up_nobody() -> Result<()> {
    let one = Workspace::new()?;
    with(async |other| {
        let (first, _second) = (start(&one)?, start(other)?);
        one.status_when("a worker", |status| status.worker_pid().is_some())?;
        let found = async || {
            let rows = targets::find().await;
            [one.path(), other.path()].map(|path| rows.iter().find(|row| row.workspace == path).cloned())
        };
        let [Some(row), Some(_)] = found().await else { bail!("not both are found") };
        ensure!(row.detail.contains("generation 1") && row.detail.contains("0 clients"), "{row:?}");
        signal(first, Signal::STOP)?;
        let since = Instant::now();
        let rows = found().await;
        let took = since.elapsed();
        signal(first, Signal::CONT)?;
        ensure!(matches!(rows, [None, Some(_)]), "{rows:?}");
        ensure!(took < Duration::from_secs(2), "it took {took:?}");
        Ok(())
    })?;
    one.finish()
}
