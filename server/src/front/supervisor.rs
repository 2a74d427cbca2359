//! The worker's life: started, heard of, found hung, found dead, started again.
//!
//! Decides and starts; whom that concerns is the hub's affair.

use std::time::Duration;

use tokio::time::Instant;

use super::event::{WorkerEnd, WorkerId};
use super::worker::{Launch, Worker};
use crate::clock::Backoff;
use crate::link::{
    Activation, Frame, FrontState, Kind, Outbox, PROTOCOL, WorkerFigures, WorkerHello, WorkerReady,
};

/// First and longest wait before a worker that failed is started again.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// After so many starts in a row without a worker that serves, requests are
/// refused with the reason instead of waiting; attempts go on.
const FAILED_STARTS_TO_GIVE_UP: u32 = 5;

/// The exit code by which a worker says that another attempt is useless.
const EXIT_DO_NOT_RETRY: i32 = 78;

/// What the supervisor needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) start_timeout: Duration,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) heartbeat_misses: u32,
    /// Seconds since the Unix epoch.
    pub(crate) front_started_at: i64,
}

/// What has changed for those who wait for the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Nothing,
    /// A worker serves from here on.
    Serving,
    /// The worker that served is gone.
    Lost,
    /// No worker can be started at present.
    GivenUp,
}

#[derive(Debug)]
enum Slot {
    /// There is no worker; the next is started at this time.
    Vacant {
        until: Instant,
    },
    /// One was started and has not said that it serves.
    Starting {
        worker: Worker,
        deadline: Instant,
    },
    Serving {
        worker: Worker,
    },
    /// The front ends: nothing is started any more.
    Stopping {
        worker: Option<Worker>,
    },
}

/// See the module.
pub(crate) struct Supervisor {
    settings: Settings,
    launch: Box<dyn Launch>,
    slot: Slot,
    next_worker: u64,
    backoff: Backoff,
    failed_starts: u32,
    last_failure: Option<String>,
    crashes: u64,
    generation: u64,
    pulse: Pulse,
}

/// The signs of life of the worker at hand.
#[derive(Debug)]
struct Pulse {
    next_ping: Instant,
    misses: u32,
    last_pong: Option<Instant>,
    figures: Option<WorkerFigures>,
}

impl Supervisor {
    pub(crate) fn new(settings: Settings, launch: Box<dyn Launch>) -> Self {
        let now = Instant::now();
        Self {
            settings,
            launch,
            slot: Slot::Vacant { until: now },
            next_worker: 1,
            backoff: Backoff::new(FIRST_DELAY, LONGEST_DELAY),
            failed_starts: 0,
            last_failure: None,
            crashes: 0,
            generation: 0,
            pulse: Pulse { next_ping: now, misses: 0, last_pong: None, figures: None },
        }
    }

    /// Where requests go, while a worker serves.
    pub(crate) fn serving(&self) -> Option<&Outbox> {
        match &self.slot {
            Slot::Serving { worker } => Some(&worker.outbox),
            _ => None,
        }
    }

    pub(crate) fn is_serving(&self, id: WorkerId) -> bool {
        matches!(&self.slot, Slot::Serving { worker } | Slot::Stopping { worker: Some(worker) } if worker.id == id)
    }

    /// Why requests are refused at present, where they are.
    pub(crate) fn given_up(&self) -> Option<&str> {
        let hopeless = self.failed_starts >= FAILED_STARTS_TO_GIVE_UP;
        self.last_failure.as_deref().filter(|_| hopeless && self.serving().is_none())
    }

    /// When [`Self::on_time`] has something to do.
    pub(crate) fn wakes_at(&self) -> Instant {
        match &self.slot {
            Slot::Vacant { until } => *until,
            Slot::Starting { deadline, .. } => *deadline,
            Slot::Serving { .. } | Slot::Stopping { .. } => self.pulse.next_ping,
        }
    }

    /// Does what is due.
    pub(crate) fn on_time(&mut self, now: Instant) -> Verdict {
        match &self.slot {
            Slot::Vacant { until } if now >= *until => self.start(now),
            Slot::Starting { worker, deadline } if now >= *deadline => {
                tracing::error!(pid = worker.pid, "the worker did not get ready in time");
                worker.kill();
                // Its end is told as an event; until then there is nothing to wake up for.
                let far = now + self.settings.start_timeout;
                if let Slot::Starting { deadline, .. } = &mut self.slot {
                    *deadline = far;
                }
                Verdict::Nothing
            }
            Slot::Serving { .. } if now >= self.pulse.next_ping => {
                self.ping(now);
                Verdict::Nothing
            }
            Slot::Stopping { .. } if now >= self.pulse.next_ping => {
                self.pulse.next_ping = now + self.settings.heartbeat_interval;
                Verdict::Nothing
            }
            _ => Verdict::Nothing,
        }
    }

    fn start(&mut self, now: Instant) -> Verdict {
        let id = WorkerId(self.next_worker);
        self.next_worker += 1;
        let front = FrontState { front_started_at: self.settings.front_started_at, ..FrontState::default() };
        let activation = Activation { front, ..Activation::default() };
        match self.launch.start(id, &activation) {
            Ok(worker) => {
                tracing::info!(pid = worker.pid, worker = id.0, "worker started");
                self.slot = Slot::Starting { worker, deadline: now + self.settings.start_timeout };
                Verdict::Nothing
            }
            Err(error) => self.start_failed(error.to_string(), false, now),
        }
    }

    /// Takes a frame about the worker as a whole.
    pub(crate) fn heard(&mut self, id: WorkerId, frame: Frame, now: Instant) -> Verdict {
        match (&self.slot, frame.kind) {
            (Slot::Starting { worker, .. }, Kind::Hello) if worker.id == id => {
                let outcome = serde_json::from_slice::<WorkerHello>(&frame.payload)
                    .map_err(|error| error.to_string())
                    .and_then(|hello| PROTOCOL.agree(hello.versions).map_err(|error| error.to_string()));
                if let Err(reason) = outcome {
                    tracing::error!(pid = worker.pid, %reason, "the worker's hello is not acceptable");
                    self.last_failure = Some(reason);
                    worker.kill();
                }
                Verdict::Nothing
            }
            (Slot::Starting { worker, .. }, Kind::Ready) if worker.id == id => self.ready(&frame, now),
            (Slot::Starting { .. }, Kind::Failed) => {
                self.last_failure = Some(String::from_utf8_lossy(&frame.payload).into_owned());
                Verdict::Nothing
            }
            (_, Kind::Pong) if self.is_serving(id) => {
                self.pulse.misses = 0;
                self.pulse.last_pong = Some(now);
                self.pulse.figures = serde_json::from_slice(&frame.payload).ok();
                Verdict::Nothing
            }
            (_, kind) => {
                tracing::debug!(worker = id.0, ?kind, "ignored a frame of the past");
                Verdict::Nothing
            }
        }
    }

    fn ready(&mut self, frame: &Frame, now: Instant) -> Verdict {
        let generation = match serde_json::from_slice::<WorkerReady>(&frame.payload) {
            Ok(ready) => ready.generation,
            Err(error) => {
                tracing::error!(%error, "the worker's readiness cannot be read");
                return Verdict::Nothing;
            }
        };
        let vacant = Slot::Vacant { until: now };
        if let Slot::Starting { worker, .. } = std::mem::replace(&mut self.slot, vacant) {
            let milliseconds = now.duration_since(worker.started_at).as_millis();
            tracing::info!(pid = worker.pid, generation, milliseconds, "worker serves");
            self.slot = Slot::Serving { worker };
        }
        self.generation = generation;
        self.failed_starts = 0;
        self.last_failure = None;
        self.pulse = Pulse {
            next_ping: now + self.settings.heartbeat_interval,
            misses: 0,
            last_pong: None,
            figures: None,
        };
        Verdict::Serving
    }

    /// A worker that answers requests is not one that crashes at once.
    pub(crate) fn answered(&mut self) {
        self.backoff.reset();
    }

    fn ping(&mut self, now: Instant) {
        let Slot::Serving { worker } = &self.slot else { return };
        // When this process did not get to run, the worker may not have either:
        // a late tick says nothing about the worker.
        let late = now.duration_since(self.pulse.next_ping) > self.settings.heartbeat_interval / 2;
        self.pulse.misses = if late { 0 } else { self.pulse.misses + 1 };
        if self.pulse.misses > self.settings.heartbeat_misses {
            tracing::error!(pid = worker.pid, "the worker gives no sign of life and is killed");
            worker.kill();
        }
        super::session::send(&worker.outbox, &Frame::control(Kind::Ping, bytes::Bytes::new()));
        self.pulse.next_ping = now + self.settings.heartbeat_interval;
    }

    /// Takes the end of a worker process.
    pub(crate) fn ended(&mut self, id: WorkerId, end: &WorkerEnd, now: Instant) -> Verdict {
        match std::mem::replace(&mut self.slot, Slot::Vacant { until: now }) {
            Slot::Serving { worker } if worker.id == id => {
                self.crashes += 1;
                // The first time there is nothing to wait for: it served until now.
                let first = self.backoff.failures() == 0;
                let delay = self.backoff.next_delay();
                let until = if first { now } else { now + delay };
                tracing::error!(pid = worker.pid, %end, "the worker ended; a new one is started");
                self.slot = Slot::Vacant { until };
                Verdict::Lost
            }
            Slot::Starting { worker, .. } if worker.id == id => {
                let said = self.last_failure.take();
                let reason = said.unwrap_or_else(|| end.to_string());
                self.start_failed(reason, end.code == Some(EXIT_DO_NOT_RETRY), now)
            }
            Slot::Stopping { worker: Some(worker) } if worker.id == id => {
                self.slot = Slot::Stopping { worker: None };
                Verdict::Nothing
            }
            other => {
                self.slot = other;
                Verdict::Nothing
            }
        }
    }

    fn start_failed(&mut self, reason: String, hopeless: bool, now: Instant) -> Verdict {
        tracing::error!(%reason, "the worker did not start");
        self.crashes += 1;
        self.failed_starts = if hopeless { FAILED_STARTS_TO_GIVE_UP } else { self.failed_starts + 1 };
        self.last_failure = Some(reason);
        self.slot = Slot::Vacant { until: now + self.backoff.next_delay() };
        if self.failed_starts >= FAILED_STARTS_TO_GIVE_UP { Verdict::GivenUp } else { Verdict::Nothing }
    }

    /// Lets the worker finish; none is started after it.
    pub(crate) fn stop(&mut self) {
        let worker = match std::mem::replace(&mut self.slot, Slot::Stopping { worker: None }) {
            Slot::Serving { worker } => {
                super::session::send(&worker.outbox, &Frame::control(Kind::Stop, bytes::Bytes::new()));
                Some(worker)
            }
            Slot::Starting { worker, .. } => {
                worker.kill();
                Some(worker)
            }
            Slot::Stopping { worker } => worker,
            Slot::Vacant { .. } => None,
        };
        self.slot = Slot::Stopping { worker };
    }

    /// Whether the worker is gone for good.
    pub(crate) fn has_stopped(&self) -> bool {
        matches!(self.slot, Slot::Stopping { worker: None })
    }

    /// Ends the worker at once.
    pub(crate) fn kill(&self) {
        if let Slot::Serving { worker }
        | Slot::Starting { worker, .. }
        | Slot::Stopping { worker: Some(worker) } = &self.slot
        {
            worker.kill();
        }
    }

    /// For reports.
    pub(crate) fn crashes(&self) -> u64 {
        self.crashes
    }

    /// For reports.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// For reports.
    pub(crate) fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    /// For reports.
    pub(crate) fn worker_status(
        &self,
        now: Instant,
    ) -> Option<task_orchestrator_shared::admin::WorkerStatus> {
        let (worker, ready) = match &self.slot {
            Slot::Serving { worker } => (worker, true),
            Slot::Starting { worker, .. } | Slot::Stopping { worker: Some(worker) } => (worker, false),
            Slot::Vacant { .. } | Slot::Stopping { worker: None } => return None,
        };
        let age = |pong: Instant| u64::try_from(now.duration_since(pong).as_millis()).unwrap_or(u64::MAX);
        Some(task_orchestrator_shared::admin::WorkerStatus {
            pid: worker.pid,
            ready,
            uptime_seconds: now.duration_since(worker.started_at).as_secs(),
            last_heartbeat_ms: self.pulse.last_pong.filter(|_| ready).map(age),
            in_flight: self.pulse.figures.as_ref().map(|figures| figures.in_flight),
            rss_bytes: self.pulse.figures.as_ref().and_then(|figures| figures.rss_bytes),
        })
    }
}
