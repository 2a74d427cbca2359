//! A worker process as the front holds it: started with one end of a socket
//! pair as its standard input, read from until it ends, killed when told.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::event::{Event, WorkerEnd};
use crate::link::{FrameReader, Outbox, Reading, halves};
use crate::restart::WorkerId;

/// Asked for at each read: one link carries every session.
const ROOM_BYTES: usize = 64 * 1024;

/// How long a worker may take to be gone once its link is closed, before it is killed.
const EXIT_GRACE: Duration = Duration::from_secs(2);

/// How much of what a worker wrote to its standard error is kept.
const LAST_WORDS: usize = 20;
const LAST_WORDS_LINE_BYTES: u64 = 4096;

/// Starts workers. What comes of each is told as events.
pub(crate) trait Launch: Send {
    /// Starts one of this program, which people know by another path. That it cannot
    /// be run is told as its end.
    fn start(&mut self, id: WorkerId, program: &Path, shown: &Path) -> io::Result<Worker>;
}

/// Starts workers as processes.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Beside the verb: they make a worker read the same configuration as its front.
    pub(crate) arguments: Vec<OsString>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) spawner: Spawner,
}

/// A running worker process.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) outbox: Outbox,
    pub(crate) started_at: Instant,
    pid: Arc<OnceLock<u32>>,
    kill: CancellationToken,
}

impl Launch for Program {
    fn start(&mut self, id: WorkerId, program: &Path, shown: &Path) -> io::Result<Worker> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        let mut command = command(program, &self.arguments);
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        let spawned = self.spawner.spawn(command);
        let (reading, writing) = halves(ours)?;
        let (worker, killed) = Worker::new();
        let (writer, outbox) = (worker.outbox.clone(), worker.outbox.clone());
        tokio::spawn(async move { writer.write_to(writing).await });
        let (events, pid, shown) = (self.events.clone(), Arc::clone(&worker.pid), shown.to_owned());
        tokio::spawn(async move {
            let end = match spawned.await {
                Ok(mut child) => {
                    let _ = pid.set(child.id().unwrap_or_default());
                    let words = tokio::spawn(last_words(child.stderr.take()));
                    read(id, reading, &killed, &events).await;
                    reap(child, words, killed.is_cancelled()).await
                }
                Err(error) => {
                    let text = format!("{} cannot be run: {error}", shown.display());
                    WorkerEnd { code: None, signal: None, last_words: vec![text] }
                }
            };
            // The writer holds the link open: a descriptor for every worker there ever was.
            outbox.close();
            let _ = events.send(Event::WorkerEnded { worker: id, end }).await;
        });
        Ok(worker)
    }
}

/// Starts processes on a thread of its own: the system stops the thread that
/// starts one until the new program runs, and the hub's must not stand still. The
/// thread lives as long as the front, because a worker ends with the thread that
/// has started it.
#[derive(Debug, Clone)]
pub(crate) struct Spawner(SyncSender<Order>);

/// A process that is wanted, and where to tell of it.
type Order = (Command, oneshot::Sender<io::Result<Child>>);

/// Processes that wait to be started; a front never wants more than a few.
const ORDERS: usize = 16;

impl Spawner {
    /// Starts the thread. To be called in the front's runtime.
    pub(crate) fn start() -> io::Result<Self> {
        let (orders, wanted) = sync_channel::<Order>(ORDERS);
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name("spawn".to_owned()).spawn(move || {
            let _runtime = runtime.enter();
            while let Ok((mut command, tell)) = wanted.recv() {
                // Nobody waits for it when the front ends.
                let _ = tell.send(command.spawn());
            }
        })?;
        Ok(Self(orders))
    }

    fn spawn(&self, command: Command) -> impl Future<Output = io::Result<Child>> + use<> {
        let (tell, told) = oneshot::channel();
        let taken = self.0.try_send((command, tell)).is_ok();
        async move {
            let gone = || io::Error::other("too many processes wait to be started");
            if taken { told.await.map_err(|_| gone())? } else { Err(gone()) }
        }
    }
}

/// Passes on what the worker sends, until it is killed or its link ends.
async fn read(id: WorkerId, link: Reading, killed: &CancellationToken, events: &mpsc::Sender<Event>) {
    let mut reader = FrameReader::new(link, ROOM_BYTES);
    loop {
        let mut frames = Vec::new();
        tokio::select! {
            () = killed.cancelled() => return,
            more = reader.next_batch(&mut frames) => match more {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(worker = id.0, %error, "a worker's link broke");
                    return;
                }
            },
        }
        if events.send(Event::FromWorker { worker: id, frames }).await.is_err() {
            return;
        }
    }
}

impl Worker {
    /// A worker that is started, and the token that says when to kill it.
    pub(crate) fn new() -> (Self, CancellationToken) {
        let kill = CancellationToken::new();
        let (outbox, started_at) = (Outbox::default(), Instant::now());
        (Self { outbox, started_at, pid: Arc::default(), kill: kill.clone() }, kill)
    }

    /// It runs as this process, for tests without one.
    #[cfg(test)]
    pub(crate) fn runs_as(&self, pid: u32) {
        self.pid.set(pid).unwrap();
    }

    /// Its process id, once it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid.get().copied()
    }

    /// Ends the process at once.
    pub(crate) fn kill(&self) {
        self.kill.cancel();
    }
}

fn command(program: &Path, arguments: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command
        // What is started may be reached by another name.
        .arg0("task-orchestrator")
        .arg("worker")
        .args(arguments)
        // A key pressed at the front's terminal is the front's to act on.
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Waits for the process to be gone; nothing of it may be alive when the next one is started.
async fn reap(
    mut child: Child,
    words: tokio::task::JoinHandle<VecDeque<String>>,
    kill_now: bool,
) -> WorkerEnd {
    let grace = if kill_now { Duration::ZERO } else { EXIT_GRACE };
    let status = match tokio::time::timeout(grace, child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            if let Err(error) = child.start_kill() {
                tracing::warn!(%error, "could not kill a worker");
            }
            child.wait().await
        }
    };
    // Its standard error is at its end, unless the worker left a child behind that holds it.
    let last_words = match tokio::time::timeout(EXIT_GRACE, words).await {
        Ok(Ok(lines)) => lines.into(),
        _ => Vec::new(),
    };
    let status = status.ok();
    WorkerEnd {
        code: status.and_then(|status| status.code()),
        signal: status.and_then(|status| status.signal()),
        last_words,
    }
}

/// Keeps the last lines of a worker's standard error and passes them on to the log.
async fn last_words(stderr: Option<ChildStderr>) -> VecDeque<String> {
    let mut kept = VecDeque::new();
    let Some(stderr) = stderr else { return kept };
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut lines).take(LAST_WORDS_LINE_BYTES).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return kept,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        tracing::debug!(target: "worker_stderr", "{text}");
        if kept.len() == LAST_WORDS {
            kept.pop_front();
        }
        kept.push_back(text);
    }
}
