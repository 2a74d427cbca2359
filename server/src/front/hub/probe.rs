//! Whether the server is ready, and what it holds at the moment: for programs that ask
//! every few seconds. Answered from figures that are held, with one look at each session.

use std::time::{Duration, Instant};

use task_orchestrator_shared::restart::Kind;

use crate::front::ask::ReplyTo;
use crate::front::event::{Condition, Reason, Survey};
use crate::front::metrics::{Held, HeldSessions, HeldWorker};
use crate::front::session::{SLOW_CLIENT_BYTES, Session};

use super::{HELD_LONG, Hub};

impl Hub {
    /// Whether requests are served, or will be within moments without anybody's doing.
    pub(super) fn condition(&self, now: Instant) -> Condition {
        let mut reasons = Vec::new();
        let is_ending = self.stopping.is_some() || self.machine.is_stopping();
        if is_ending {
            reasons.push(Reason::new("shutdown", "the server is about to end"));
        }
        if self.maintenance {
            reasons.push(Reason::new("maintenance", "an operator holds new requests back"));
        }
        if let Some(why) = self.machine.safe_mode() {
            reasons.push(Reason::new("safe_mode", why));
        }
        if !is_ending && self.route.is_none() {
            reasons.extend(self.unserved(now));
        }
        Condition { reasons, is_ending, generation: Some(self.generation) }
    }

    /// Why the lack of a worker is more than a wait of moments, where it is.
    fn unserved(&self, now: Instant) -> Option<Reason> {
        if let Some(why) = self.machine.refusal() {
            return Some(Reason::new("no_worker", why));
        }
        let Some((run, step)) = self.machine.running() else {
            return Some(Reason::new("starting", "no worker serves yet"));
        };
        if run.drain {
            let why = "a restart waits until everything in flight has finished";
            return Some(Reason::new("drain", why));
        }
        // The successor is there already: this takes milliseconds, whatever else is slow.
        if step.is_some() && matches!(run.kind, Kind::Graceful | Kind::Rollback) && run.before.is_some() {
            return None;
        }
        let since = now.duration_since(self.unrouted_since?);
        (since > HELD_LONG).then(|| {
            Reason::new("no_worker", &format!("no worker has served for {:.1} s", since.as_secs_f64()))
        })
    }

    /// What is held, for those who collect figures.
    pub(super) fn held(&self, now: Instant) -> Held {
        let seconds = |milliseconds: u64| Duration::from_millis(milliseconds).as_secs_f64();
        let active = self.machine.active();
        let build = active.and_then(|active| self.build_report(active.build, active.worker));
        let workers = self.worker_views(now).into_iter().map(|worker| HeldWorker {
            pid: worker.pid,
            role: worker.role,
            heartbeat_age_seconds: worker.last_heartbeat_ms.map(seconds),
            rss_bytes: worker.rss_bytes,
        });
        Held {
            version: env!("CARGO_PKG_VERSION"),
            build: build.and_then(|build| build.sha256),
            generation: self.generation,
            uptime_seconds: now.duration_since(self.started_at).as_secs_f64(),
            started_at: self.settings.front_started_at,
            phase: self.machine.phase(),
            ready: self.condition(now).reasons.is_empty(),
            is_held: self.is_held(),
            maintenance: self.maintenance,
            safe_mode: self.machine.safe_mode().is_some(),
            on_probation: self.machine.is_on_probation(),
            sessions: self.held_sessions(now),
            max_sessions: self.config.front.max_sessions.into(),
            held_bytes: self.settings.budget.held_bytes() as u64,
            max_held_bytes: self.config.buffer.max_bytes.bytes(),
            crashes: self.machine.crashes(),
            replayed: self.figures.replayed,
            quarantined: self.figures.quarantined,
            reconnections: self.figures.reconnections,
            failed_reconnections: self.figures.failed_reconnections,
            audit_works: self.audit.condition().is_none(),
            audit_sequence: self.figures.audit_sequence,
            ledger_works: self.ledger.condition().issue().is_none(),
            ledger_dropped: self.ledger.dropped(),
            workers: workers.collect(),
            limits: self.route.and_then(|route| self.workers.figures(route)).and_then(|said| said.limits),
            breakers: self.jobs.breakers(now),
        }
    }

    fn held_sessions(&self, now: Instant) -> HeldSessions {
        let mut held = HeldSessions::default();
        for session in self.attached() {
            let mut look = Look::default();
            look.at(session, &mut held, now);
            // A single request is no session.
            if !session.via.is_brief() {
                *held.counts.entry((session.via.transport(), look.state(session))).or_default() += 1;
            }
            held.unread_bytes += session.port.len() as u64;
        }
        held
    }

    /// Has measured what costs the worker or the disk something.
    pub(super) fn survey(&mut self, survey: Survey, now: Instant) {
        let Survey { health, backups, letters } = survey;
        self.health(ReplyTo::Figures(health), now);
        self.with_backups(task_orchestrator_shared::admin::Request::Backups, ReplyTo::Figures(backups));
        let count = self.ledger.letter_count();
        tokio::spawn(async move {
            if let Ok(count) = count.await {
                // Whoever asked may not wait any more.
                let _ = letters.send(count);
            }
        });
    }
}

/// What there is of one session.
#[derive(Default)]
struct Look {
    waits: bool,
    works: bool,
}

impl Look {
    fn at(&mut self, session: &Session, held: &mut HeldSessions, now: Instant) {
        for pending in session.pending.values().filter(|pending| pending.id.is_some()) {
            if pending.listening {
                held.subscriptions += 1;
            } else if pending.is_waiting() {
                let age = now.saturating_duration_since(pending.waits_since()).as_secs_f64();
                held.waiting += 1;
                held.waiting_bytes += pending.payload.len() as u64;
                held.oldest_seconds = Some(held.oldest_seconds.map_or(age, |oldest| oldest.max(age)));
                self.waits = true;
            } else if pending.sent.is_some() {
                held.in_flight += 1;
                self.works = true;
            }
        }
    }

    /// As the console shows it.
    fn state(&self, session: &Session) -> &'static str {
        if session.port.len() > SLOW_CLIENT_BYTES {
            "slow"
        } else if self.waits {
            "waiting"
        } else if self.works {
            "active"
        } else {
            "idle"
        }
    }
}
