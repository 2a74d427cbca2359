//! The front: the long-lived supervisor. Owns every client connection, what the
//! clients wait for, and the worker's life. Knows the JSON-RPC envelope; knows
//! no task and no database.

mod answer;
mod ask;
mod backups;
mod budget;
mod connection;
mod event;
mod http;
mod hub;
mod intent;
mod jobs;
mod log_files;
mod metrics;
mod outcomes;
mod port;
mod session;
mod sockets;
mod watch;
mod worker;
mod workers;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::fs::FlockOperation;
use task_orchestrator_shared::start::READY;
use thiserror::Error;
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch as watch_channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, AccessError};
use crate::admin as admin_socket;
use crate::audit::{self, Audit};
use crate::config::{Config, Provenance};
use crate::ledger::{self, Ledger};
use crate::link::Goodbye;
use crate::logging::LogHandle;
use crate::private_socket;
pub use crate::private_socket::GroupSocketError;
use crate::restart::build::Build;
use crate::restart::machine::Beginning;
use crate::restart::plan::Plan;
use crate::restart::{self, BuildId, Machine};
use crate::shutdown::{Reason, Report, Shutdown};
use crate::state::Archive;
use crate::workspace::Workspace;
pub use backups::Backups;
use budget::Budget;
use event::Event;
#[cfg(fuzzing)]
pub use http::fuzzing;
pub use http::{ListenError, Listener, ProbesListenError, ProbesListener};
use hub::Hub;
pub use jobs::Loaded;
use jobs::{Jobs, Places};
use log_files::LogFiles;
use metrics::Metrics;
use workers::{Heartbeat, Workers};

/// Events that wait for the hub; whoever has one more waits.
const EVENT_QUEUE: usize = 1024;

/// How long the worker may take to finish when the front ends. Less than a
/// clean-up may take, so that it is killed and not left behind.
const WORKER_GRACE: Duration = Duration::from_secs(5);

/// How long the callers of the admin channel may take to read their last answers.
const ADMIN_GRACE: Duration = Duration::from_secs(2);

/// Why a front does not run.
#[derive(Debug, Error)]
pub enum FrontError {
    /// Another one does.
    #[error(
        "a server is already running for {workspace} (pid {pid}): use `task-orchestrator status` to look at it or `task-orchestrator stop` to end it"
    )]
    AlreadyRunning {
        /// The workspace that both want.
        workspace: PathBuf,
        /// The other front, as far as it has said.
        pid: String,
    },
    /// A file or socket of the workspace.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The admin socket for a group.
    #[error("the admin socket cannot be opened to the group: {0}")]
    GroupSocket(#[from] GroupSocketError),
    /// A name in the configuration that the system does not know any more.
    #[error("{0}")]
    Access(#[from] AccessError),
    /// The audit has no thread.
    #[error("RESTART_001: the audit cannot be started: {0}")]
    Audit(#[from] audit::AuditError),
    /// A restore that did not come to its end cannot be undone.
    #[error("RESTART_001: a restore of the state was interrupted and cannot be undone: {0}")]
    Restore(String),
    /// Its own store cannot even be kept in memory.
    #[error("RESTART_001: the front's own store cannot be used: {0}")]
    Ledger(#[from] ledger::LedgerError),
    /// The system refused something else.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What the front needs beyond its configuration.
pub struct Options {
    /// Started by a shim: tells it on standard output when it is ready, leaves
    /// the terminal, and ends itself when nobody has been attached for a while.
    pub detached: bool,
    /// Arguments that a worker is started with, so that it reads the same configuration.
    pub worker_arguments: Vec<OsString>,
    /// Reads the configuration again; otherwise all that is wrong with it, in words.
    pub reload: Arc<dyn Fn() -> Result<Loaded, String> + Send + Sync>,
    /// Where the configuration's values come from.
    pub provenance: Provenance,
    /// Changes how much this process logs.
    pub log: LogHandle,
    /// Where clients on the network come, if they may.
    pub listener: Option<Listener>,
    /// Where probes alone are answered, where that is not the same.
    pub probes: Option<ProbesListener>,
}

/// Proof that no other front serves the workspace; the kernel releases it with
/// the process, however that ends.
#[derive(Debug)]
pub struct FrontLock(#[expect(dead_code, reason = "held, not used")] File);

impl FrontLock {
    /// Takes the workspace. With `wait`, the end of the front that has it is
    /// waited for: a shim starts a front only when none takes connections, and
    /// one that is about to end takes none.
    ///
    /// # Errors
    ///
    /// [`FrontError::AlreadyRunning`], or why the lock's file cannot be used.
    pub fn take(workspace: &Workspace, wait: bool) -> Result<Self, FrontError> {
        let path = workspace.front_lock();
        let failed = |action| {
            let path = path.clone();
            move |source| FrontError::File { action, path, source }
        };
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed("open"))?;
        let operation =
            if wait { FlockOperation::LockExclusive } else { FlockOperation::NonBlockingLockExclusive };
        match rustix::fs::flock(&file, operation) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let pid = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
                return Err(FrontError::AlreadyRunning { workspace: workspace.root().to_owned(), pid });
            }
            Err(error) => return Err(failed("lock")(error.into())),
        }
        // For people only: whether a front lives is told by the lock.
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed("write"))?;
        Ok(Self(file))
    }
}

/// Serves the workspace until a signal or an administrator ends it.
///
/// # Errors
///
/// [`FrontError`] when it cannot begin.
pub async fn run(
    lock: FrontLock,
    workspace: &Workspace,
    config: &Config,
    mut options: Options,
) -> Result<Report, FrontError> {
    raise_descriptor_limit();
    let (listener, probes_listener) = (options.listener.take(), options.probes.take());
    let metrics = Metrics::new();
    let (events, inbox) = mpsc::channel(EVENT_QUEUE);
    let access = Access::of(config)?;
    let sockets::Sockets { clients, admins, places } = sockets::open(workspace, access.socket_group())?;
    let budget = Budget::new(usize::try_from(config.buffer.max_bytes.bytes()).unwrap_or(usize::MAX));
    let shutdown = Shutdown::new(config.shutdown.clone());
    let signals = shutdown.watch_signals()?;
    let goodbye = Arc::new(OnceLock::new());
    let generation = Arc::new(AtomicU64::new(0));
    let boot = uuid::Uuid::new_v4().simple().to_string();
    let (held_long, is_held_long) = watch_channel::channel(false);
    let settings = hub::Settings {
        // Who may come over the network is not seen to be away.
        idle_timeout: config.front.idle_timeout.filter(|_| options.detached && listener.is_none()),
        end: end_with(&shutdown, &goodbye),
        workspace: workspace.root().display().to_string(),
        tokens: workspace.tokens(),
        http: listener.as_ref().map(http::Listener::url),
        budget: budget.clone(),
        front_started_at: seconds_since_epoch(),
        reload: Arc::clone(&options.reload),
        own_program: std::env::current_exe()?,
        held_long,
        boot: boot.clone(),
        generation: Arc::clone(&generation),
        metrics: Arc::clone(&metrics),
        set_log_level: set_log_level(&options.log),
        resident_bytes: crate::process::resident_bytes,
    };
    let program = config.worker.binary.clone().unwrap_or_else(|| settings.own_program.clone());
    let parts = parts(workspace, config, access, &options, events.clone())?;
    tokio::spawn(hub::pass_on(parts.audit.watch(), events.clone()));
    let (ledger, audit) = (parts.ledger.clone(), parts.audit.clone());
    tokio::spawn(Hub::new(parts, settings).run(inbox));
    tokio::spawn(watch::watch(program, events.clone(), shutdown.token()));
    let shared = connection::Shared {
        events: events.clone(),
        budget,
        max_requests_per_client: config.buffer.max_requests_per_client as usize,
        shutdown: shutdown.clone(),
        metrics,
        held_long: is_held_long,
    };
    let probes = http::Probes::new(&shared, options.log.clone());
    if let Some(listener) = listener {
        let guard = http::Guard::new(&config.http, &listener, workspace.tokens(), audit);
        let http = (shared.clone(), config.clone(), guard, Arc::clone(&probes));
        let http = http::Http::start(http, ledger).await;
        let kept = Arc::clone(&http);
        shutdown.register("sessions over HTTP", move || async move {
            kept.kept().await;
            Ok::<(), &str>(())
        });
        tokio::spawn(http::serve(http, listener, shutdown.token()));
    }
    let closed = CancellationToken::new();
    let probing = serve_probes(&probes, probes_listener, &closed);
    tokio::spawn(accept_clients(clients, shared, config.front.max_sessions as usize));
    let facts = admin_socket::Facts { boot, workspace: workspace.root().display().to_string(), generation };
    let logs = Arc::new(LogFiles { directory: workspace.logs() });
    let admin = admin_socket::spawn(admins, facts, Some(logs), executor(events.clone()), shutdown.forced())?;
    register_clean_ups(&shutdown, places, &events, goodbye);
    tracing::info!(workspace = %workspace.root().display(), pid = std::process::id(), "serving");
    if options.detached {
        leave_the_starter()?;
    }
    let report = shutdown.run(signals).await;
    admin.stop(ADMIN_GRACE).await;
    // The next front waits for the lock, and wants the address.
    closed.cancel();
    if let Some(probing) = probing {
        drop(probing.await);
    }
    drop(lock);
    Ok(report)
}

/// Answers probes at an address of their own, until it is closed.
fn serve_probes(
    probes: &Arc<http::Probes>,
    listener: Option<ProbesListener>,
    closed: &CancellationToken,
) -> Option<JoinHandle<()>> {
    Some(tokio::spawn(http::serve_probes(Arc::clone(probes), listener?, closed.clone())))
}

/// A thousand clients need more descriptors than processes usually begin with.
/// Workers inherit the limit, which does them no harm: they are ours.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files cannot be raised");
        }
    }
}

/// How the hub asks for the end of the front: the first to ask says the goodbye.
fn end_with(shutdown: &Shutdown, goodbye: &Arc<OnceLock<Goodbye>>) -> Box<dyn Fn(Goodbye) + Send> {
    let (shutdown, goodbye) = (shutdown.clone(), Arc::clone(goodbye));
    Box::new(move |words| {
        let reason = words.reason.clone();
        // A second stop adds nothing to the first.
        let _ = goodbye.set(words);
        shutdown.initiate(Reason::Requested(reason));
    })
}

/// What is done once no request waits for its answer any more.
fn register_clean_ups(
    shutdown: &Shutdown,
    places: sockets::SocketPlaces,
    events: &mpsc::Sender<Event>,
    goodbye: Arc<OnceLock<Goodbye>>,
) {
    shutdown.register("sockets", move || async move { places.remove() });
    let events = events.clone();
    shutdown.register("clients and worker", move || async move {
        let signalled =
            || Goodbye { resume: true, reason: "the server was asked to end by a signal".to_owned() };
        let goodbye = goodbye.get().cloned().unwrap_or_else(signalled);
        let (stopped, worker_gone) = oneshot::channel();
        let hub_gone = "the hub has ended before its clients";
        events.send(Event::Stop { goodbye, stopped }).await.map_err(|_| hub_gone)?;
        if tokio::time::timeout(WORKER_GRACE, worker_gone).await.is_err() {
            tracing::warn!("the worker does not finish and is killed");
            events.send(Event::KillWorker).await.map_err(|_| hub_gone)?;
        }
        Ok::<(), &str>(())
    });
}

/// Tells the shim that connections are taken, and becomes independent of it: of
/// its terminal, its process group, and the pipe between the two.
fn leave_the_starter() -> io::Result<()> {
    // Fails only for the leader of a process group, which needs no leaving.
    let _ = rustix::process::setsid();
    let mut stdout = io::stdout();
    if let Err(error) = writeln!(stdout, "{READY}").and_then(|()| stdout.flush()) {
        tracing::debug!(%error, "whoever started this server has not waited for it");
    }
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(())
}

/// Everything that the hub begins with.
fn parts(
    workspace: &Workspace,
    config: &Config,
    access: Access,
    options: &Options,
    events: mpsc::Sender<Event>,
) -> Result<hub::Parts, FrontError> {
    let state = workspace.server_state();
    // Before a worker opens the database: a restore that did not come to its end is undone.
    crate::state::restore::recover(&crate::state::restore::Places::from(workspace))
        .map_err(|error| FrontError::Restore(error.to_string()))?;
    let opened = Ledger::open(&ledger::Options::new(&state, &config.state))?;
    for report in &opened.unfinished {
        tracing::warn!(restart = %report.restart_id, "a restart had not ended when the former front did");
    }
    let places = Places {
        root: workspace.root().to_owned(),
        builds: state.join("builds"),
        plan: state.join("plan.json"),
        state: state.clone(),
        database: workspace.database(),
        artifacts: workspace.artifacts(),
    };
    let (builds, is_on_probation) = builds(config, &places)?;
    let beginning = Beginning {
        current: BuildId(0),
        previous: (builds.len() > 1).then_some(BuildId(1)),
        is_on_probation,
        name: uuid::Uuid::now_v7().simple().to_string(),
        seed: u64::from(std::process::id()),
    };
    let launch = worker::Program {
        arguments: options.worker_arguments.clone(),
        events: events.clone(),
        spawner: worker::Spawner::start()?,
    };
    Ok(hub::Parts {
        machine: Machine::new(beginning, restart::Limits::of(config), std::time::Instant::now()),
        workers: Workers::new(Box::new(launch), heartbeat(config)),
        jobs: Jobs::new(events, places, Archive::new(state, (&config.state).into())),
        ledger: opened.ledger,
        builds,
        config: config.clone(),
        provenance: options.provenance.clone(),
        audit: Audit::open(&audit::Options::of(workspace, &config.audit))?,
        access,
    })
}

/// What to run, and what can be gone back to: as the plan of the former front
/// says, unless another program has been installed since. Also whether the first
/// is on probation.
fn builds(config: &Config, places: &Places) -> Result<(Vec<Build>, bool), FrontError> {
    let own = Build::own()?;
    let configured = match &config.worker.binary {
        // The program's file may be replaced while this process runs; what is
        // started is the file that it was started from.
        None => own,
        Some(path) => match Build::open(path, &places.builds) {
            Ok(build) => build,
            Err(error) => {
                let (action, path) = ("run", path.clone());
                return Err(FrontError::File { action, path, source: error });
            }
        },
    };
    let Some(plan) = Plan::read(&places.plan) else { return Ok((vec![configured], false)) };
    let find = |planned: &crate::restart::build::PlannedBuild| {
        if planned.identity == configured.identity() {
            return Some(configured.clone());
        }
        Build::kept(planned)
            .inspect_err(|error| tracing::error!(%error, "a planned build cannot be used"))
            .ok()
    };
    let Some(current) = find(&plan.current) else { return Ok((vec![configured], false)) };
    let previous = plan.other.as_ref().filter(|_| plan.can_go_back).and_then(find);
    let is_on_probation = previous.is_some();
    Ok((std::iter::once(current).chain(previous).collect(), is_on_probation))
}

fn set_log_level(log: &LogHandle) -> Box<dyn Fn(crate::config::Level) + Send> {
    let log = log.clone();
    Box::new(move |level| log.set_level(level))
}

fn heartbeat(config: &Config) -> Heartbeat {
    Heartbeat { interval: config.front.heartbeat_interval, misses: config.front.heartbeat_misses }
}

fn seconds_since_epoch() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

async fn accept_clients(listener: UnixListener, shared: connection::Shared, max_sessions: usize) {
    let ended = shared.shutdown.token();
    let places = Arc::new(Semaphore::new(max_sessions));
    loop {
        // A client over the limit waits in the socket's queue instead of being turned away.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = ended.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let id = connection::next_id();
                let shared = shared.clone();
                tokio::spawn(async move {
                    connection::serve(id, stream, shared).await;
                    drop(place);
                });
            }
            Err(error) => private_socket::pause_after(&error).await,
        }
    }
}

/// Gives an administrator's request to the hub.
fn executor(
    events: mpsc::Sender<Event>,
) -> impl Fn(admin_socket::Asked) -> futures::future::BoxFuture<'static, Option<admin_socket::Answered>>
+ Clone
+ Send
+ Sync
+ 'static {
    move |asked| {
        let events = events.clone();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            events.send(Event::Admin { asked, reply }).await.ok()?;
            answer.await.ok()
        })
    }
}
