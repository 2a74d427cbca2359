//! The hub, workers that are mailboxes, and clients that are. What the hub does
//! beside itself is waited for as an event, never for a time.

mod admin;
mod client;
mod steps;

pub(super) use std::io;
pub(super) use std::path::{Path, PathBuf};
pub(super) use std::sync::{Arc, Mutex};
pub(super) use std::time::{Duration, Instant};

pub(super) use bytes::Bytes;
pub(super) use serde_json::{Value, json};
pub(super) use task_orchestrator_shared::admin::{Context, Reply, Request};
pub(super) use task_orchestrator_shared::error_code::ErrorCode;
pub(super) use task_orchestrator_shared::restart::{Outcome, Reason, RestartReport, RestartRequest};
use tokio_util::sync::CancellationToken;

pub(super) use super::super::*;
use crate::audit::{self, Audit};
use crate::config::Overrides;
use crate::front::budget::Budget;
pub(super) use crate::front::event::ClientMessage;
pub(super) use crate::front::event::WorkerEnd;
use crate::front::jobs::Places;
use crate::front::port::Port;
use crate::front::session::Via;
use crate::front::worker::{Launch, Worker};
use crate::ledger;
pub(super) use crate::link::{
    Activation, ClientId, Frame, Kind, OrderFrame, Outbox, OutcomeFrame, SessionOpening, SnapshotBulk,
    TakeOver, WorkerPrepared, WorkerReady,
};
use crate::restart::machine::Beginning;
use crate::state::Archive;
pub(super) use admin::*;
pub(super) use client::*;

/// A question of the first worker: its number tells who asked.
pub(super) const QUESTION: i64 = (1 << 20) + 77;

/// How long an event may take that is only waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
pub(super) struct Mailboxes(pub(super) Arc<Mutex<Vec<(WorkerId, Outbox, CancellationToken)>>>);

impl Launch for Mailboxes {
    fn start(&mut self, id: WorkerId, _program: &Path, _shown: &Path) -> io::Result<Worker> {
        let mut started = self.0.lock().unwrap();
        let (worker, killed) = Worker::new();
        worker.runs_as(100 + u32::try_from(started.len()).unwrap());
        started.push((id, worker.outbox.clone(), killed));
        Ok(worker)
    }
}

pub(super) struct Rig {
    pub(super) hub: Hub,
    pub(super) workers: Mailboxes,
    /// Workers that have become ready.
    pub(super) ready: u64,
    pub(super) events: mpsc::Receiver<Event>,
    runtime: tokio::runtime::Runtime,
    pub(super) place: tempfile::TempDir,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::configured("")
    }

    pub(super) fn configured(text: &str) -> Self {
        let text = format!("[restart]\ncrashes_in_10_seconds = 1000\ncrashes_in_10_minutes = 1000\n{text}");
        Self::with(&text)
    }

    pub(super) fn with(text: &str) -> Self {
        let (config, provenance, _) =
            Config::from_text(Path::new("config.toml"), text, &Overrides::default()).unwrap();
        let access = crate::access::Access::of(&config).unwrap();
        let workers = Mailboxes::default();
        let place = tempfile::tempdir().unwrap();
        let state = place.path().to_owned();
        let places = Places {
            root: state.clone(),
            builds: state.join("builds"),
            plan: state.join("plan.json"),
            state: state.clone(),
            database: state.join("task_orchestrator.db"),
            artifacts: state.join("artifacts"),
        };
        let audit =
            audit::Options { directory: state.clone(), key_file: None, max_file_size: 1 << 20, files: 2 };
        let own_program = program(&state, "first");
        let beginning = Beginning {
            current: BuildId(0),
            previous: None,
            is_on_probation: false,
            name: "test".to_owned(),
            seed: 1,
        };
        let (tell, events) = mpsc::channel(64);
        let parts = Parts {
            machine: Machine::new(beginning, restart::Limits::of(&config), Instant::now()),
            workers: Workers::new(Box::new(workers.clone()), crate::front::heartbeat(&config)),
            jobs: Jobs::new(tell, places, Archive::new(&state, (&config.state).into())),
            ledger: Ledger::open(&ledger::Options::new(&state, &config.state)).unwrap().ledger,
            builds: vec![Build::open(&own_program, &state.join("builds")).unwrap()],
            config,
            provenance,
            audit: Audit::open(&audit).unwrap(),
            access,
        };
        let settings = Settings {
            http: None,
            tokens: place.path().join("tokens.json"),
            idle_timeout: None,
            end: Box::new(|_| {}),
            workspace: String::new(),
            budget: Budget::new(1 << 20),
            front_started_at: 0,
            reload: Arc::new(|| Err("there is no file".to_owned())),
            own_program,
            held_long: watch::channel(false).0,
            boot: "test".to_owned(),
            generation: Arc::default(),
            metrics: crate::front::metrics::Metrics::new(),
            set_log_level: Box::new(|_| {}),
            // What other tests take is not the hub's.
            resident_bytes: || Some(16 << 20),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { hub: Hub::new(parts, settings), workers, ready: 0, events, runtime, place }
    }

    /// With a worker that serves.
    pub(super) fn serving() -> Self {
        let mut rig = Self::new();
        rig.start();
        rig
    }

    pub(super) fn on(&mut self, event: Event) {
        let _runtime = self.runtime.enter();
        self.hub.on(event);
    }

    pub(super) fn later(&mut self, wait: Duration) {
        let _runtime = self.runtime.enter();
        self.hub.on_time(Instant::now() + wait);
    }

    /// Waits until what was asked for is written down, and lets it be done.
    pub(super) fn pump_until_admitted(&mut self) {
        loop {
            let event = self.next();
            let is_admitted = matches!(event, Event::Admitted { .. });
            self.on(event);
            if is_admitted {
                return;
            }
        }
    }

    /// Waits for something that was begun beside the hub.
    pub(super) fn next(&mut self) -> Event {
        let next = async { tokio::time::timeout(PATIENCE, self.events.recv()).await };
        self.runtime.block_on(next).expect("nothing came").expect("the hub holds the sender")
    }

    /// The same, and tells the hub.
    pub(super) fn pump(&mut self) {
        let event = self.next();
        self.on(event);
    }

    /// The same until somebody has been answered.
    pub(super) fn pump_for(&mut self, asker: &mut Asker) -> Reply {
        loop {
            if let Some(reply) = asker.answer() {
                return reply;
            }
            self.pump();
        }
    }

    /// Lets the hub's own loop find that there is nothing left to do. Returns what is
    /// in the audit then, oldest first.
    pub(super) fn run_to_its_end(self) -> Vec<AuditRecord> {
        let audit = self.hub.audit.clone();
        self.hub.jobs.events().try_send(Event::BuildLine(String::new())).unwrap();
        let end = async { tokio::time::timeout(PATIENCE, self.hub.run(self.events)).await };
        self.runtime.block_on(end).expect("it does not end");
        oldest_first(self.runtime.block_on(audit.newest(1000)).unwrap())
    }

    pub(super) fn launched(&self) -> u64 {
        self.workers.0.lock().unwrap().len() as u64
    }

    /// Lets the time come at which a worker is started, and that worker get ready.
    pub(super) fn start(&mut self) {
        if self.launched() == self.ready {
            self.later(Duration::from_secs(40));
        }
        self.ready = self.launched();
        self.serves(self.ready);
    }

    pub(super) fn serves(&mut self, worker: u64) {
        self.ready = self.ready.max(worker);
        let ready = WorkerReady { generation: worker, ..WorkerReady::default() };
        self.tell_from(worker, Frame::control(Kind::Ready, serde_json::to_vec(&ready).unwrap()));
    }

    pub(super) fn last(&self) -> (WorkerId, Outbox) {
        self.nth(self.launched())
    }

    /// Workers count from one.
    pub(super) fn nth(&self, number: u64) -> (WorkerId, Outbox) {
        let started = self.workers.0.lock().unwrap();
        let at = usize::try_from(number).unwrap().checked_sub(1).expect("a worker was started");
        let (id, outbox, _) = &started[at];
        (*id, outbox.clone())
    }

    pub(super) fn is_killed(&self, number: u64) -> bool {
        self.workers.0.lock().unwrap()[usize::try_from(number).unwrap() - 1].2.is_cancelled()
    }

    /// The last worker sends a frame.
    pub(super) fn tell(&mut self, frame: Frame) {
        self.tell_from(self.launched(), frame);
    }

    pub(super) fn tell_from(&mut self, number: u64, frame: Frame) {
        let worker = self.nth(number).0;
        self.on(Event::FromWorker { worker, frames: vec![frame] });
    }

    pub(super) fn answer(&mut self, session: u64, sequence: u64) {
        self.answer_from(self.launched(), session, sequence);
    }

    pub(super) fn answer_from(&mut self, number: u64, session: u64, sequence: u64) {
        self.tell_from(
            number,
            Frame::session(Kind::Response, session, sequence, format!("answer {sequence}")),
        );
    }

    /// What the last worker has been sent since the last look, without control frames.
    pub(super) fn worker_got(&self) -> Vec<Frame> {
        self.got(self.launched())
    }

    pub(super) fn got(&self, number: u64) -> Vec<Frame> {
        let mut frames = self.nth(number).1.take_frames();
        frames.retain(|frame| frame.session != 0);
        frames
    }

    /// The same, and only the control frames; the others are gone with that.
    pub(super) fn was_told(&self, number: u64) -> Vec<Frame> {
        let mut frames = self.nth(number).1.take_frames();
        frames.retain(|frame| frame.session == 0);
        frames
    }

    pub(super) fn kill(&mut self) {
        self.dies(self.launched());
    }

    /// A worker is gone, whether or not that was wanted.
    pub(super) fn dies(&mut self, number: u64) {
        let worker = self.nth(number).0;
        let end = WorkerEnd { code: None, signal: Some(9), last_words: Vec::new() };
        self.on(Event::WorkerEnded { worker, end });
    }

    pub(super) fn attach(&mut self, connection: u64, record: Option<Value>) -> Client {
        self.attach_as(connection, ClientId::random(), record)
    }

    pub(super) fn attach_as(&mut self, connection: u64, client: ClientId, record: Option<Value>) -> Client {
        let record = record.map(|record| serde_json::value::to_raw_value(&record).unwrap());
        let outbox = Outbox::default();
        let session = Box::new(Session::new(
            client,
            Via::Stdio { pid: 7 },
            record.as_deref(),
            Port::Shim(outbox.clone()),
        ));
        let connection = ConnectionId(connection);
        self.on(Event::Connected { connection, session });
        Client { connection, client, outbox }
    }

    pub(super) fn say(&mut self, client: &Client, sequence: u64, message: Value) {
        let payload = Bytes::from(message.to_string());
        let frame = Frame { kind: Kind::Message, session: 0, sequence, floor: 1, payload: payload.clone() };
        let message = ClientMessage {
            connection: client.connection,
            sequence,
            floor: 1,
            payload,
            content: crate::front::connection::content(&frame, client.client),
            charge: None,
            tracked: None,
        };
        self.on(Event::Message(message));
    }

    pub(super) fn call(&mut self, client: &Client, sequence: u64) {
        self.say(client, sequence, json!({"jsonrpc": "2.0", "id": sequence, "method": "tools/call"}));
    }

    pub(super) fn initialize(&mut self, client: &Client, sequence: u64) {
        self.say(client, sequence, json!({"jsonrpc": "2.0", "id": sequence, "method": "initialize"}));
    }
}

/// A restart without a snapshot, onto the same build.
pub(super) fn plain() -> RestartRequest {
    RestartRequest { preserve_state: false, build: false, ..RestartRequest::default() }
}

pub(super) fn emergency() -> RestartRequest {
    RestartRequest { graceful: false, ..plain() }
}

/// Something that could be a program.
pub(super) fn program(place: &Path, name: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = place.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n# {name}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}
