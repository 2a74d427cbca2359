//! Many clients that ask light questions all the time, and the waits of all of
//! them. One thread serves them all, so that the processors stay with the program.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::simulated::Simulated;
use super::speaker::request;
use super::web::{Era, Listening, Web};
use crate::measure::Sample;
use crate::random::Random;

/// One of so many calls is a durable change; the others read.
const DURABLE_EVERY: u64 = 50;

/// How many clients there are and what they do.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Clients.
    pub clients: usize,
    /// From an answer to the client's next request, on average. Evenly drawn, so
    /// that clients who were held up together do not go on in step.
    pub pause: Duration,
    /// One client more, whose calls are long; its own waits are not counted.
    pub with_long_call: bool,
    /// Nobody changes anything.
    pub only_reads: bool,
}

/// Where the clients connect.
#[derive(Debug, Clone)]
pub enum Place {
    /// The socket of shims.
    Socket(PathBuf),
    /// Over HTTP, in sessions, each with its stream open.
    Http(SocketAddr),
}

impl From<&Path> for Place {
    fn from(socket: &Path) -> Self {
        Self::Socket(socket.to_owned())
    }
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self::Http(address)
    }
}

impl Place {
    async fn connect(&self) -> Result<Connected> {
        Ok(match self {
            Self::Socket(socket) => Connected::Shim(Box::new(Simulated::open(socket).await?)),
            Self::Http(address) => {
                let client = Web::open(*address, Era::Legacy).await?;
                let stream = client.listen().await?;
                Connected::Http(Box::new(client), Box::new(stream))
            }
        })
    }
}

/// One client, however it is connected.
enum Connected {
    Shim(Box<Simulated>),
    Http(Box<Web>, #[expect(dead_code, reason = "held open")] Box<Listening>),
}

impl Connected {
    async fn request(&mut self, request: &[u8]) -> Result<Bytes> {
        match self {
            Self::Shim(client) => client.request(request).await,
            Self::Http(client, _) => client.request(request).await,
        }
    }

    /// [`Self::request`], and the answer must be a tool's success.
    async fn call(&mut self, request: &[u8]) -> Result<Value> {
        let answer: Value = serde_json::from_slice(&self.request(request).await?)?;
        ensure!(answer.pointer("/result/isError") != Some(&Value::Bool(true)), "{answer}");
        answer.pointer("/result/structuredContent").cloned().with_context(|| answer.to_string())
    }
}

/// What was asked: a durable change waits for the disk, whoever serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Something that only reads.
    Read,
    /// A durable change.
    Change,
}

/// A request that was answered.
#[derive(Debug, Clone, Copy)]
struct Wait {
    asked: Asked,
    sent: Instant,
    answered: Instant,
}

/// From when to when something was measured.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Its begin.
    pub from: Instant,
    /// Its end.
    pub to: Instant,
}

impl Window {
    /// How long it was.
    pub fn length(&self) -> Duration {
        self.to.duration_since(self.from)
    }
}

/// Every wait of a load, 40 bytes each: some thousands a second.
#[derive(Debug)]
pub struct Waits(Vec<Wait>);

impl Waits {
    /// The longest wait of those that were in flight at any time in the window;
    /// `None` when there was none.
    pub fn longest_in(&self, window: Window, asked: Asked) -> Option<Duration> {
        let of_kind = self.0.iter().filter(|wait| wait.asked == asked);
        let within = of_kind.filter(|wait| wait.sent < window.to && wait.answered > window.from);
        within.map(|wait| wait.answered.duration_since(wait.sent)).max()
    }

    /// The waits of all that were answered in the window.
    pub fn all_in(&self, window: Window, asked: Asked) -> Sample {
        let of_kind = self.0.iter().filter(|wait| wait.asked == asked);
        let within = of_kind.filter(|wait| wait.answered >= window.from && wait.answered < window.to);
        Sample::of(within.map(|wait| wait.answered.duration_since(wait.sent)).collect())
    }
}

/// Clients at work.
#[derive(Debug)]
pub struct Load {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Result<Waits>>,
}

impl Load {
    /// Opens every session, and returns once all are asking.
    ///
    /// # Errors
    ///
    /// When a session cannot be opened.
    pub fn begin(place: impl Into<Place>, pace: Pace) -> Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let (tell, told) = mpsc::channel();
        let (place, stop) = (place.into(), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run(place, pace, stop, tell))
        });
        match told.recv() {
            Ok(()) => Ok(Self { ended, thread }),
            Err(_) => Err(joined(thread).err().unwrap_or_else(|| anyhow!("the clients have ended"))),
        }
    }

    /// Lets every client have its last answer.
    ///
    /// # Errors
    ///
    /// When a client had an error at any time: none may.
    pub fn finish(self) -> Result<Waits> {
        self.ended.store(true, Ordering::Relaxed);
        joined(self.thread)
    }
}

fn joined(thread: JoinHandle<Result<Waits>>) -> Result<Waits> {
    thread.join().map_err(|_| anyhow!("the clients panicked"))?
}

async fn run(place: Place, pace: Pace, ended: Arc<AtomicBool>, tell: mpsc::Sender<()>) -> Result<Waits> {
    let mut clients = Vec::new();
    for _ in 0..pace.clients {
        clients.push(place.connect().await?);
    }
    let mut working = JoinSet::new();
    if pace.with_long_call {
        let client = place.connect().await?;
        working.spawn(long_calls(client, Arc::clone(&ended)));
    }
    for (number, client) in clients.into_iter().enumerate() {
        let random = Random::new(u64::try_from(number)?);
        working.spawn(light_calls(client, pace, random, Arc::clone(&ended)));
    }
    // Nobody is there to be told when the beginning was given up.
    let _ = tell.send(());
    let mut waits = Vec::new();
    while let Some(done) = working.join_next().await {
        waits.extend(done??);
    }
    Ok(Waits(waits))
}

#[expect(clippy::disallowed_methods, reason = "the pace is what is asked for, and no condition")]
async fn light_calls(
    mut client: Connected,
    pace: Pace,
    mut random: Random,
    ended: Arc<AtomicBool>,
) -> Result<Vec<Wait>> {
    let tool = |name, arguments| request("tools/call", &json!({"name": name, "arguments": arguments}));
    let mut id = json!(null);
    if !pace.only_reads {
        let plan = tool("orchestrator_plan_task", json!({"title": "load", "description": "d"}));
        id = client.call(&plan).await?.get("task_id").cloned().unwrap_or_default();
    }
    let change = tool("orchestrator_update_task", json!({"task_id": id, "description": "changed"}));
    let read = tool("orchestrator_query_tasks", json!({"limit": 1}));
    let mut waits = Vec::new();
    let longest = u64::try_from(2 * pace.pause.as_micros())?;
    loop {
        if longest > 0 {
            tokio::time::sleep(Duration::from_micros(random.below(longest))).await;
        }
        if ended.load(Ordering::Relaxed) {
            return Ok(waits);
        }
        let is_change = !pace.only_reads && random.below(DURABLE_EVERY) == 0;
        let (asked, call) = if is_change { (Asked::Change, &change) } else { (Asked::Read, &read) };
        let sent = Instant::now();
        let answer = client.request(call).await?;
        waits.push(Wait { asked, sent, answered: Instant::now() });
        let failed = [&b"\"isError\":true"[..], b"\"error\":"];
        let is_failure = failed.iter().any(|text| answer.windows(text.len()).any(|part| part == *text));
        ensure!(!is_failure, "{}", String::from_utf8_lossy(&answer));
    }
}

/// One after the other: at every moment one is in flight.
async fn long_calls(mut client: Connected, ended: Arc<AtomicBool>) -> Result<Vec<Wait>> {
    let arguments =
        json!({"action": "validate_structure", "scope": "full_project", "validation_level": "comprehensive"});
    let call = json!({"name": "orchestrator_maintenance_coordinator", "arguments": arguments});
    let call = request("tools/call", &call);
    while !ended.load(Ordering::Relaxed) {
        client.call(&call).await?;
    }
    Ok(Vec::new())
}
