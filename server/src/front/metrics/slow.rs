//! What costs the worker or the disk something to measure: the database, the backups, the
//! dead letters. Measured for those who scrape at most once in [`KEPT`], beside the hub,
//! and told with its age. Nothing is measured while nobody scrapes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::backup::Backup;
use task_orchestrator_shared::report::{Checks, Health, Level};
use tokio::sync::{mpsc, oneshot, watch};

use super::sheet::Sheet;
use crate::front::event::{Event, Survey};

/// How long what was measured is told again.
const KEPT: Duration = Duration::from_secs(30);

/// How long a scrape waits where nothing was ever measured.
const FIRST: Duration = Duration::from_secs(1);

/// How long a measurement may take: a worker that does not answer has three seconds.
const LONGEST: Duration = Duration::from_secs(10);

/// What was measured.
#[derive(Debug, Clone)]
pub(crate) struct SlowFigures {
    at: Instant,
    health: Option<Box<Health>>,
    backups: Option<Vec<Backup>>,
    dead_letters: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Slow {
    held: Mutex<Option<Arc<SlowFigures>>>,
    /// When a measurement was last begun.
    begun: Mutex<Option<Instant>>,
    measured: watch::Sender<()>,
    events: mpsc::Sender<Event>,
}

impl Slow {
    pub(crate) fn new(events: mpsc::Sender<Event>) -> Arc<Self> {
        Arc::new(Self {
            held: Mutex::default(),
            begun: Mutex::default(),
            measured: watch::channel(()).0,
            events,
        })
    }

    /// The figures, which may be of a while ago. Has them measured anew where they are old.
    pub(crate) async fn figures(self: &Arc<Self>) -> Option<Arc<SlowFigures>> {
        let mut measured = self.measured.subscribe();
        if self.is_due() {
            tokio::spawn(Arc::clone(self).measure());
        }
        if self.held().is_none() {
            // An older page is worth more than a late one.
            let _ = tokio::time::timeout(FIRST, measured.changed()).await;
        }
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<SlowFigures>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time, which is so once.
    fn is_due(&self) -> bool {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = begun.is_none_or(|begun| begun.elapsed() >= KEPT);
        if is_due {
            *begun = Some(Instant::now());
        }
        is_due
    }

    async fn measure(self: Arc<Self>) {
        let (health, told_health) = oneshot::channel();
        let (backups, told_backups) = oneshot::channel();
        let (letters, told_letters) = oneshot::channel();
        let survey = Survey { health, backups, letters };
        if self.events.send(Event::Survey(Box::new(survey))).await.is_err() {
            return;
        }
        let (health, backups, letters) = tokio::join!(
            tokio::time::timeout(LONGEST, told_health),
            tokio::time::timeout(LONGEST, told_backups),
            tokio::time::timeout(LONGEST, told_letters),
        );
        let figures = SlowFigures {
            at: Instant::now(),
            health: match health {
                Ok(Ok(Reply::Health(health))) => Some(health),
                _ => None,
            },
            backups: match backups {
                Ok(Ok(Reply::Backups(backups))) => Some(backups),
                _ => None,
            },
            dead_letters: letters.ok().and_then(Result::ok),
        };
        *self.held() = Some(Arc::new(figures));
        self.measured.send_replace(());
    }
}

impl SlowFigures {
    pub(super) fn tell(&self, sheet: &mut Sheet, now: Timestamp) {
        sheet.seconds(
            "survey_age",
            "How long ago database, disk, backups and dead letters were looked at",
            self.at.elapsed().as_secs_f64(),
        );
        if let Some(health) = &self.health {
            database(&health.checks, sheet);
            let alerts = health.alerts.len() as f64;
            sheet.gauge("alerts", "What a person must look at, by the server's own judgement", alerts);
            if let Some(free) = health.checks.disk.free_bytes {
                sheet.bytes("disk_free", "Bytes that may still be written", free as f64);
            }
            if let Some(bytes) = health.checks.state.current_state_bytes {
                sheet.bytes("snapshot_size", "Bytes of the current snapshot", bytes as f64);
            }
        }
        if let Some(listed) = &self.backups {
            backups(listed, sheet, now);
        }
        if let Some(letters) = self.dead_letters {
            sheet.gauge("dead_letters", "Dead letters that are kept", letters as f64);
        }
    }
}

fn database(checks: &Checks, sheet: &mut Sheet) {
    let Some(found) = &checks.database else { return };
    let up = super::held::flag(found.connected && found.status != Level::Unhealthy);
    sheet.gauge("database_up", "Whether the database answers and is intact", up);
    let mut bytes = |name, help, value: Option<u64>| {
        if let Some(value) = value {
            sheet.bytes(name, help, value as f64);
        }
    };
    bytes("database_size", "Bytes of the database's file", found.size_bytes);
    bytes("database_wal_size", "Bytes of its write-ahead log", found.wal_bytes);
    let mut gauge = |name, help, value: Option<u64>| {
        if let Some(value) = value {
            sheet.gauge(name, help, value as f64);
        }
    };
    let pending = "Operations that change something and wait or run";
    gauge("database_schema_version", "The version of its schema", found.schema_version.map(u64::from));
    gauge("database_transactions_pending", pending, found.transactions_pending);
    gauge("database_connections", "Connections that the worker has open", found.connections_open);
    if let Some(latency) = found.latency_ms {
        sheet.seconds("database_read_latency", "How long a read took", latency / 1000.0);
    }
}

/// By kind. The current snapshot, which is of every moment, is none of them.
fn backups(listed: &[Backup], sheet: &mut Sheet, now: Timestamp) {
    let of = |kind: &'static str| {
        let kept = listed.iter().filter(move |backup| backup.kind == kind);
        kept.filter(|backup| backup.name != crate::state::CURRENT)
    };
    let age = |backup: &Backup| {
        let taken: Timestamp = backup.taken_at.parse().ok()?;
        Some(now.duration_since(taken).as_secs_f64().max(0.0))
    };
    let newest = |kind: &'static str, counts: fn(&Backup) -> bool| {
        of(kind).filter(|backup| counts(backup)).filter_map(age).reduce(f64::min)
    };
    let each = || KINDS.into_iter();
    sheet.of("backups", "Older snapshots and database backups", "kind", {
        each().map(|kind| (kind, of(kind).count() as f64))
    });
    sheet.bytes_of("backups_size", "Bytes of them", "kind", {
        each().map(|kind| (kind, of(kind).map(|backup| backup.size_bytes).sum::<u64>() as f64))
    });
    sheet.seconds_of("backup_newest_age", "Age of the newest one", "kind", {
        each().filter_map(|kind| Some((kind, newest(kind, |_| true)?)))
    });
    let verified = "Age of the newest one that this server has read from end to end and found good";
    sheet.seconds_of("backup_newest_verified_age", verified, "kind", {
        each().filter_map(|kind| Some((kind, newest(kind, |backup| backup.verified == Some(true))?)))
    });
}

const KINDS: [&str; 2] = ["snapshot", "database"];
