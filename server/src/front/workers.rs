//! The worker processes that are alive: started, talked to, listened to for
//! their signs of life. Who of them serves is the machine's affair.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use task_orchestrator_shared::admin::WorkerStatus;

use super::session::send;
use super::worker::{Launch, Worker};
use crate::link::{Frame, Kind, Outbox, WorkerFigures};
use crate::restart::{BuildId, WorkerId};

/// How often workers are asked for a sign of life, and how many may be missing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heartbeat {
    pub(crate) interval: Duration,
    pub(crate) misses: u32,
}

/// One worker and what it has told.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) worker: Worker,
    pub(crate) build: BuildId,
    /// The version it says it is.
    pub(crate) version: String,
    /// The link's version that it and this front speak; 0 before its hello.
    pub(crate) speaks: u16,
    /// Its generation, once it serves; 0 before.
    pub(crate) generation: u64,
    /// Why it says it cannot serve.
    pub(crate) complaint: Option<String>,
    /// Its end was wanted: it says nothing about the requests that it had.
    pub(crate) is_dismissed: bool,
    /// Answers that were failures of its own, lately.
    pub(crate) faults: Vec<Instant>,
    pulse: Option<Pulse>,
}

/// The signs of life of a worker that has opened what it serves from.
#[derive(Debug)]
struct Pulse {
    misses: u32,
    last_pong: Option<Instant>,
    figures: Option<WorkerFigures>,
}

/// See the module.
pub(crate) struct Workers {
    launch: Box<dyn Launch>,
    known: BTreeMap<WorkerId, Known>,
    heartbeat: Heartbeat,
    next_ping: Instant,
}

impl Workers {
    pub(crate) fn new(launch: Box<dyn Launch>, heartbeat: Heartbeat) -> Self {
        Self { launch, known: BTreeMap::new(), heartbeat, next_ping: Instant::now() + heartbeat.interval }
    }

    pub(crate) fn set_heartbeat(&mut self, heartbeat: Heartbeat) {
        self.heartbeat = heartbeat;
    }

    /// Starts one of this program, given with the path by which people know it, and
    /// tells it what to do first.
    pub(crate) fn start(
        &mut self,
        id: WorkerId,
        build: BuildId,
        program: (&Path, &Path),
        first: &Frame,
    ) -> std::io::Result<()> {
        let (program, shown) = program;
        let worker = self.launch.start(id, program, shown)?;
        tracing::info!(worker = id.0, program = %shown.display(), first = ?first.kind, "worker started");
        send(&worker.outbox, first);
        let known = Known {
            worker,
            build,
            version: String::new(),
            speaks: 0,
            generation: 0,
            complaint: None,
            is_dismissed: false,
            faults: Vec::new(),
            pulse: None,
        };
        self.known.insert(id, known);
        Ok(())
    }

    pub(crate) fn get(&self, id: WorkerId) -> Option<&Known> {
        self.known.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: WorkerId) -> Option<&mut Known> {
        self.known.get_mut(&id)
    }

    pub(crate) fn outbox(&self, id: WorkerId) -> Option<&Outbox> {
        self.known.get(&id).map(|known| &known.worker.outbox)
    }

    pub(crate) fn pid(&self, id: WorkerId) -> Option<u32> {
        self.known.get(&id).and_then(|known| known.worker.pid())
    }

    /// The worker of this generation, where it is alive.
    pub(crate) fn of_generation(&self, generation: u64) -> Option<WorkerId> {
        self.known.iter().find(|(_, known)| known.generation == generation).map(|(id, _)| *id)
    }

    /// Sends a worker something about itself as a whole.
    pub(crate) fn tell(&self, id: WorkerId, kind: Kind, what: &impl Serialize) {
        let payload = serde_json::to_vec(what).unwrap_or_default();
        if let Some(outbox) = self.outbox(id) {
            send(outbox, &Frame::control(kind, payload));
        }
    }

    /// All that are alive.
    pub(crate) fn ids(&self) -> impl Iterator<Item = WorkerId> {
        self.known.keys().copied()
    }

    /// Ends one at once. Its end is told as an event.
    pub(crate) fn kill(&mut self, id: WorkerId, is_dismissed: bool) {
        if let Some(known) = self.known.get_mut(&id) {
            known.is_dismissed |= is_dismissed;
            known.worker.kill();
        }
    }

    pub(crate) fn ended(&mut self, id: WorkerId) -> Option<Known> {
        self.known.remove(&id)
    }

    pub(crate) fn kill_all(&mut self) {
        for known in self.known.values() {
            known.worker.kill();
        }
    }

    /// It has opened what it serves from: it is alive from here on.
    pub(crate) fn lives(&mut self, id: WorkerId) {
        if let Some(known) = self.known.get_mut(&id) {
            known.pulse = Some(Pulse { misses: 0, last_pong: None, figures: None });
        }
    }

    /// It was told to do something during which it gives no sign of life.
    pub(crate) fn is_busy(&mut self, id: WorkerId) {
        if let Some(known) = self.known.get_mut(&id) {
            known.pulse = None;
        }
    }

    pub(crate) fn pong(&mut self, id: WorkerId, figures: Option<WorkerFigures>, now: Instant) {
        if let Some(pulse) = self.known.get_mut(&id).and_then(|known| known.pulse.as_mut()) {
            pulse.misses = 0;
            pulse.last_pong = Some(now);
            pulse.figures = figures;
        }
    }

    pub(crate) fn next_ping(&self) -> Instant {
        self.next_ping
    }

    /// Asks all for a sign of life. Returns those that have not given one for too long.
    pub(crate) fn ping(&mut self, now: Instant) -> Vec<WorkerId> {
        // When this process did not get to run, the workers may not have either: a
        // late tick says nothing about them. The same after the machine was suspended.
        let late = now.duration_since(self.next_ping) > self.heartbeat.interval / 2;
        self.next_ping = now + self.heartbeat.interval;
        let mut hung = Vec::new();
        for (id, known) in &mut self.known {
            let Some(pulse) = &mut known.pulse else { continue };
            pulse.misses = if late { 0 } else { pulse.misses + 1 };
            if pulse.misses > self.heartbeat.misses {
                tracing::error!(pid = known.worker.pid(), "the worker gives no sign of life");
                pulse.misses = 0;
                hung.push(*id);
            }
            send(&known.worker.outbox, &Frame::control(Kind::Ping, bytes::Bytes::new()));
        }
        hung
    }

    /// What it said of itself with its last sign of life.
    pub(crate) fn figures(&self, id: WorkerId) -> Option<&WorkerFigures> {
        self.known.get(&id)?.pulse.as_ref()?.figures.as_ref()
    }

    /// For reports.
    pub(crate) fn status(&self, id: WorkerId, now: Instant) -> Option<WorkerStatus> {
        let known = self.known.get(&id)?;
        let pid = known.worker.pid()?;
        let pulse = known.pulse.as_ref();
        let age = |pong: Instant| u64::try_from(now.duration_since(pong).as_millis()).unwrap_or(u64::MAX);
        let figures = self.figures(id);
        Some(WorkerStatus {
            pid,
            ready: known.generation > 0,
            uptime_seconds: now.duration_since(known.worker.started_at).as_secs(),
            last_heartbeat_ms: pulse.and_then(|pulse| pulse.last_pong).map(age),
            in_flight: figures.map(|figures| figures.in_flight),
            rss_bytes: figures.and_then(|figures| figures.rss_bytes),
        })
    }
}
