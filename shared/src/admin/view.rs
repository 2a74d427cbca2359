//! The whole state of a server, and the numbered changes that keep a copy of it
//! up to date. Pure data: who applies every delta in order has what the server has.

mod session;
mod topics;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::audit::AuditRecord;
use super::backup::Backup;
use crate::phase::Phase;
use crate::report::{BufferStatus, DeadLetter, Health, PastRestart};
use crate::restart::{BuildReport, Progress, RestartReport};
use crate::role::Operation;

pub use session::{SessionFigures, SessionRow, SessionState, SessionView};

/// Restarts in [`View::history`].
pub const MAX_HISTORY: usize = 100;

/// Dead letters in [`View::dead_letters`].
pub const MAX_DEAD_LETTERS: usize = 100;

/// Records in [`View::audit`].
pub const MAX_AUDIT: usize = 100;

/// Backups in [`View::backups`].
pub const MAX_BACKUPS: usize = 1000;

/// Lines in [`RestartView::build_output`].
pub const MAX_BUILD_OUTPUT: usize = 500;

/// Everything at one moment. Parts that the reader's role may not see are absent
/// or empty, as are those that the server has not measured yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// The number of the last delta that is in it.
    pub seq: u64,
    /// Drawn by each server at its start: with another one, numbers start anew.
    pub boot: String,
    /// When, RFC 3339.
    pub at: String,
    /// The server.
    pub server: ServerView,
    /// The restart that runs, or the last one of this server.
    pub restart: Option<RestartView>,
    /// Its workers: the one that serves, the one that stands by, the one that leaves.
    pub workers: Vec<WorkerView>,
    /// Client sessions, by their number.
    pub sessions: Vec<SessionView>,
    /// The request buffers of all sessions together.
    pub buffers: Option<BufferStatus>,
    /// What goes through.
    pub traffic: Traffic,
    /// Snapshots and backups, newest first, at most [`MAX_BACKUPS`].
    pub backups: Option<Vec<Backup>>,
    /// Earlier restarts, newest first, at most [`MAX_HISTORY`].
    pub history: Option<HistoryView>,
    /// Requests that were given up, newest first, at most [`MAX_DEAD_LETTERS`].
    pub dead_letters: Option<Vec<DeadLetter>>,
    /// How everything is, measured now and then while somebody watches.
    pub health: Option<Box<Health>>,
    /// The bounds that hold.
    pub limits: Limits,
    /// The newest records of the audit, newest first, at most [`MAX_AUDIT`].
    pub audit: Option<Vec<AuditRecord>>,
}

/// The server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerView {
    /// The front's process.
    pub pid: u32,
    /// The front's version.
    pub version: String,
    /// The project directory.
    pub workspace: String,
    /// When the front started, RFC 3339.
    pub started_at: String,
    /// Times that a worker has been activated in this workspace.
    pub generation: u64,
    /// The restart phase.
    pub phase: Phase,
    /// Whether new requests are held back, by a restart or by an operator.
    pub maintenance_mode: bool,
    /// Whether an operator holds them back.
    pub held_by_operator: bool,
    /// Whether too many crashes have led to safe mode, and why.
    pub safe_mode: Option<String>,
    /// Why requests are refused at present, where they are.
    pub refusal: Option<String>,
    /// The build that serves.
    pub build: Option<BuildReport>,
    /// Whether there is a build to go back to.
    pub can_roll_back: bool,
    /// Whether the build that serves is on probation.
    pub on_probation: bool,
    /// Ends of workers without being asked to, since the front started.
    pub crashes: u64,
    /// Requests sent to a worker again after an earlier one had ended.
    pub replayed: u64,
    /// Requests answered with an error because two workers ended on them.
    pub quarantined: u64,
    /// How often sessions were established again at a new worker.
    pub reconnections: u64,
    /// How often that did not work.
    pub failed_reconnections: u64,
    /// Why the audit cannot be written, where it cannot.
    pub audit_failure: Option<String>,
}

/// A restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestartView {
    /// All there is to say; its `outcome` is absent while it runs.
    pub report: RestartReport,
    /// How far it is, while it runs.
    pub progress: Option<Progress>,
    /// The newest lines of the build command, at most [`MAX_BUILD_OUTPUT`].
    #[serde(default)]
    pub build_output: Vec<String>,
}

/// What a worker is for at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerRole {
    /// It gets requests.
    Active,
    /// It is started, or stands by.
    Standby,
    /// It finishes what it holds.
    Former,
}

/// A worker process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerView {
    /// Its process id.
    pub pid: u32,
    /// What it is for.
    pub role: WorkerRole,
    /// Whether it has said that it is ready.
    pub ready: bool,
    /// Its build.
    pub build: Option<BuildReport>,
    /// When it was started, RFC 3339.
    pub started_at: String,
    /// Milliseconds since its last sign of life, when this was told. It grows on by itself:
    /// it is told again when a sign has come, and every five seconds while none comes.
    pub last_heartbeat_ms: Option<u64>,
    /// Requests with it.
    pub in_flight: u64,
    /// Resident memory at its last sign of life, in bytes.
    pub rss_bytes: Option<u64>,
}

/// What goes through the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// Requests of clients, since the front started.
    pub requests: u64,
    /// Answers to them.
    pub answers: u64,
    /// Requests in the last whole second.
    pub requests_per_second: f64,
    /// Milliseconds to the answer of half of the requests of the last interval;
    /// absent when there were none.
    pub p50_ms: Option<f64>,
    /// Milliseconds to the answer of 99 % of them.
    pub p99_ms: Option<f64>,
    /// Requests with workers.
    pub in_flight: u64,
    /// Bytes held by requests that are not answered.
    pub held_bytes: u64,
    /// Resident memory of the front, in bytes.
    pub front_rss_bytes: Option<u64>,
}

/// Earlier restarts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryView {
    /// The newest, newest first.
    pub recent: Vec<PastRestart>,
    /// How many there were.
    pub total: u64,
    /// How many of them ended as they were meant to.
    pub successful: u64,
    /// How long those took on average, in seconds.
    pub average_duration: Option<f64>,
    /// The part of the last day's that went well, 0 to 1.
    pub success_rate_24h: Option<f64>,
}

/// The bounds that hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Client sessions.
    pub max_sessions: u64,
    /// Requests of one client that may wait.
    pub max_requests_per_client: u64,
    /// Bytes that all waiting requests may hold.
    pub max_buffered_bytes: u64,
    /// Seconds that a request may wait.
    pub buffer_expiry_seconds: f64,
    /// Seconds that a restart may take.
    pub restart_timeout_seconds: f64,
    /// Snapshots, and database backups, that are kept.
    pub backups: u64,
    /// The age from which a rotation compresses a snapshot or backup, in seconds.
    #[serde(default)]
    pub backups_compress_after_seconds: f64,
    /// The age from which a rotation removes one, in seconds.
    #[serde(default)]
    pub backups_remove_after_seconds: f64,
    /// When the next rotation runs by itself, RFC 3339; one runs behind each snapshot as
    /// well. Absent from a server that does not know.
    #[serde(default)]
    pub next_rotation: Option<String>,
    /// The level of the log files.
    pub log_level: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "topic", content = "value", rename_all = "snake_case")]
pub enum Change {
    /// [`View::server`].
    Server(Box<ServerView>),
    /// [`View::restart`], whole.
    Restart(Box<RestartView>),
    /// The progress of the restart that is known.
    Progress(Box<Progress>),
    /// One more line of its build command.
    BuildOutput(String),
    /// [`View::workers`].
    Workers(Vec<WorkerView>),
    /// A session that is new, or of which more is known.
    Session(Box<SessionView>),
    /// A session that has ended.
    SessionEnded(u64),
    /// Figures of sessions that have changed.
    Figures(Vec<SessionRow>),
    /// [`View::buffers`].
    Buffers(BufferStatus),
    /// [`View::traffic`].
    Traffic(Traffic),
    /// [`View::backups`].
    Backups(Vec<Backup>),
    /// [`View::history`].
    History(HistoryView),
    /// [`View::dead_letters`].
    DeadLetters(Vec<DeadLetter>),
    /// [`View::health`].
    Health(Box<Health>),
    /// [`View::limits`].
    Limits(Limits),
    /// More records for the front of [`View::audit`], oldest first.
    Audit(Vec<AuditRecord>),
}

/// Changes that happened together. None at all: the server tells, every two seconds or
/// so, that it lives and nothing has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Delta {
    /// Its number: one more than the one before.
    pub seq: u64,
    /// When, RFC 3339.
    pub at: String,
    /// In order.
    // A reader passes those over whose topic it does not know.
    #[serde(deserialize_with = "topics::read")]
    pub changes: Vec<Change>,
}

/// A delta does not follow on what is known: a new whole state is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("delta {got} came after {known}: a new whole state is needed")]
pub struct Gap {
    /// The last delta that is known.
    pub known: u64,
    /// The one that came.
    pub got: u64,
}

impl Change {
    /// What a reader must be allowed to do to see it.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Server(_)
            | Self::Restart(_)
            | Self::Progress(_)
            | Self::BuildOutput(_)
            | Self::Workers(_)
            | Self::Session(_)
            | Self::SessionEnded(_)
            | Self::Figures(_)
            | Self::Buffers(_)
            | Self::Traffic(_)
            | Self::Limits(_) => Operation::View,
            Self::History(_) => Operation::RestartStatus,
            Self::Backups(_) => Operation::ViewBackups,
            Self::DeadLetters(_) => Operation::ViewDeadLetters,
            Self::Health(_) => Operation::HealthCheck,
            Self::Audit(_) => Operation::ViewAudit,
        }
    }
}

impl View {
    /// Brings a copy up to date.
    ///
    /// # Errors
    ///
    /// [`Gap`] when a delta is missing between; then nothing is changed.
    pub fn apply(&mut self, delta: Delta) -> Result<(), Gap> {
        if delta.seq != self.seq.wrapping_add(1) {
            return Err(Gap { known: self.seq, got: delta.seq });
        }
        self.seq = delta.seq;
        self.at = delta.at;
        for change in delta.changes {
            self.change(change);
        }
        Ok(())
    }

    /// Makes one change.
    pub fn change(&mut self, change: Change) {
        match change {
            Change::Server(server) => self.server = *server,
            Change::Restart(restart) => self.restart = Some(*restart),
            Change::Progress(progress) => {
                if let Some(restart) = &mut self.restart
                    && restart.report.restart_id == progress.restart_id
                    && restart.report.outcome.is_none()
                {
                    restart.report.phase = progress.phase;
                    restart.report.progress = progress.progress;
                    restart.report.message.clone_from(&progress.message);
                    restart.progress = Some(*progress);
                }
            }
            Change::BuildOutput(line) => {
                if let Some(restart) = &mut self.restart {
                    let lines = &mut restart.build_output;
                    lines.push(line);
                    let over = lines.len().saturating_sub(MAX_BUILD_OUTPUT);
                    lines.drain(..over);
                }
            }
            Change::Workers(workers) => self.workers = workers,
            Change::Session(session) => match self.place_of(session.number) {
                Ok(place) => {
                    if let Some(known) = self.sessions.get_mut(place) {
                        *known = *session;
                    }
                }
                Err(place) => self.sessions.insert(place, *session),
            },
            Change::SessionEnded(number) => {
                if let Ok(place) = self.place_of(number) {
                    self.sessions.remove(place);
                }
            }
            Change::Figures(rows) => {
                for row in rows {
                    if let Ok(place) = self.place_of(row.0)
                        && let Some(known) = self.sessions.get_mut(place)
                    {
                        known.figures = row.figures();
                    }
                }
            }
            Change::Buffers(buffers) => self.buffers = Some(buffers),
            Change::Traffic(traffic) => self.traffic = traffic,
            Change::Backups(backups) => self.backups = Some(backups),
            Change::History(history) => self.history = Some(history),
            Change::DeadLetters(letters) => self.dead_letters = Some(letters),
            Change::Health(health) => self.health = Some(health),
            Change::Limits(limits) => self.limits = limits,
            Change::Audit(records) => {
                let audit = self.audit.get_or_insert_default();
                audit.splice(0..0, records.into_iter().rev());
                audit.truncate(MAX_AUDIT);
            }
        }
    }

    /// The session with this number.
    pub fn session(&self, number: u64) -> Option<&SessionView> {
        self.sessions.get(self.place_of(number).ok()?)
    }

    fn place_of(&self, number: u64) -> Result<usize, usize> {
        self.sessions.binary_search_by_key(&number, |session| session.number)
    }

    /// The same without the parts that need a right which the reader does not have.
    pub fn only(mut self, may: impl Fn(Operation) -> bool) -> Self {
        let keep = |operation| may(operation);
        self.backups = self.backups.filter(|_| keep(Operation::ViewBackups));
        self.history = self.history.filter(|_| keep(Operation::RestartStatus));
        self.dead_letters = self.dead_letters.filter(|_| keep(Operation::ViewDeadLetters));
        self.health = self.health.filter(|_| keep(Operation::HealthCheck));
        self.audit = self.audit.filter(|_| keep(Operation::ViewAudit));
        self
    }
}

#[cfg(test)]
mod tests;
