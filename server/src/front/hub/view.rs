//! The parts of the whole state, as they are now.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use task_orchestrator_shared::admin::view::{
    Limits, RestartView, ServerView, SessionFigures, SessionState, SessionView, Traffic, WorkerRole,
    WorkerView,
};

use crate::front::session::{SLOW_CLIENT_BYTES, Session};
use crate::restart::WorkerId;

use super::Hub;

impl Hub {
    pub(super) fn server_view(&self) -> ServerView {
        let active = self.machine.active();
        let (_, previous) = self.machine.builds();
        ServerView {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workspace: self.settings.workspace.clone(),
            started_at: self.started_on.to_string(),
            generation: self.generation,
            phase: self.machine.phase(),
            maintenance_mode: self.is_held(),
            held_by_operator: self.maintenance,
            safe_mode: self.machine.safe_mode().map(str::to_owned),
            refusal: self.machine.refusal().map(str::to_owned),
            build: active.and_then(|active| self.build_report(active.build, active.worker)),
            can_roll_back: previous.is_some(),
            on_probation: self.machine.is_on_probation(),
            crashes: self.machine.crashes(),
            replayed: self.figures.replayed,
            quarantined: self.figures.quarantined,
            reconnections: self.figures.reconnections,
            failed_reconnections: self.figures.failed_reconnections,
            audit_failure: self.audit.condition(),
        }
    }

    /// The restart that runs, or the last one.
    pub(super) fn restart_view(&self, now: Instant) -> Option<RestartView> {
        let build_output = self.current.build_lines();
        if let Some(report) = self.report_running(now) {
            let progress = self.progress_now(now);
            return Some(RestartView { report, progress, build_output });
        }
        let report = self.current.last.as_deref()?.clone();
        Some(RestartView { report, progress: None, build_output })
    }

    pub(super) fn worker_views(&self, now: Instant) -> Vec<WorkerView> {
        let former = self.machine.former();
        let serving = self.route.or_else(|| self.machine.active().map(|active| active.worker));
        let role = |id: WorkerId| {
            if Some(id) == serving {
                WorkerRole::Active
            } else if Some(id) == former || Some(id) == self.current.old {
                WorkerRole::Former
            } else {
                WorkerRole::Standby
            }
        };
        let view = |id: WorkerId| {
            let (known, status) = (self.workers.get(id)?, self.workers.status(id, now)?);
            let age = SignedDuration::try_from(now.duration_since(known.worker.started_at)).ok()?;
            Some(WorkerView {
                pid: status.pid,
                role: role(id),
                ready: status.ready,
                build: self.build_report(known.build, id),
                started_at: self
                    .on_clock(now)
                    .checked_sub(age)
                    .ok()?
                    .round(jiff::Unit::Second)
                    .ok()?
                    .to_string(),
                last_heartbeat_ms: status.last_heartbeat_ms,
                in_flight: self.sessions.values().map(|session| session.in_flight_with(id) as u64).sum(),
                rss_bytes: status.rss_bytes,
            })
        };
        self.workers.ids().filter_map(view).collect()
    }

    /// The moment by the calendar, as far from the front's start as by the steady clock.
    fn on_clock(&self, now: Instant) -> Timestamp {
        let since = SignedDuration::try_from(now.duration_since(self.started_at)).unwrap_or_default();
        self.started_on.checked_add(since).unwrap_or(self.started_on)
    }

    pub(super) fn session_view(&self, number: u64, now: Instant) -> Option<SessionView> {
        if self.retried.contains_key(&number) {
            return None;
        }
        let session = self.sessions.get(&number).filter(|session| !session.via.is_brief())?;
        let info = &session.record.info;
        Some(SessionView {
            number,
            client: session.client.to_string(),
            pid: session.via.pid(),
            transport: session.via.transport().to_owned(),
            source: session.via.source(),
            name: info.name.clone(),
            version: info.version.clone(),
            protocol: info.protocol.clone(),
            connected_at: session.profile.connected_at.to_string(),
            reconnects: info.reconnects,
            figures: self.session_figures(session, now),
        })
    }

    pub(super) fn session_figures(&self, session: &Session, now: Instant) -> SessionFigures {
        let (mut in_flight, mut buffered, mut buffered_bytes) = (0, 0, 0);
        let mut oldest: Option<Instant> = None;
        for pending in session.pending.values().filter(|pending| pending.id.is_some()) {
            if pending.is_waiting() {
                let since = pending.waits_since();
                buffered += 1;
                buffered_bytes += pending.payload.len() as u64;
                oldest = Some(oldest.map_or(since, |oldest| oldest.min(since)));
            } else if pending.sent.is_some() && !pending.listening {
                in_flight += 1;
            }
        }
        let state = if session.port.len() > SLOW_CLIENT_BYTES {
            SessionState::Slow
        } else if buffered > 0 {
            SessionState::Waiting
        } else if in_flight > 0 {
            SessionState::Active
        } else {
            SessionState::Idle
        };
        let whole = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        SessionFigures {
            state,
            in_flight,
            buffered,
            buffered_bytes,
            oldest_ms: oldest.map(|oldest| whole(now.duration_since(oldest))),
            last_activity_ms: whole(session.profile.last_activity.saturating_duration_since(self.started_at)),
            requests: session.profile.requests,
            dropped_notifications: session.dropped_notifications,
        }
    }

    pub(super) fn traffic_view(&mut self, now: Instant) -> Traffic {
        let (p50_ms, p99_ms) = self.traffic.times();
        Traffic {
            requests: self.traffic.requests,
            answers: self.traffic.answers,
            requests_per_second: self.traffic.rate(now),
            p50_ms,
            p99_ms,
            in_flight: self.in_flight(),
            held_bytes: self.settings.budget.held_bytes() as u64,
            front_rss_bytes: (self.settings.resident_bytes)(),
        }
    }

    pub(super) fn limits_view(&self) -> Limits {
        let config = &self.config;
        Limits {
            max_sessions: config.front.max_sessions.into(),
            max_requests_per_client: config.buffer.max_requests_per_client.into(),
            max_buffered_bytes: config.buffer.max_bytes.bytes(),
            buffer_expiry_seconds: config.buffer.expiry.as_secs_f64(),
            restart_timeout_seconds: config.restart.timeout.as_secs_f64(),
            backups: config.state.backups.into(),
            backups_compress_after_seconds: config.state.compress_after.as_secs_f64(),
            backups_remove_after_seconds: config.state.remove_after.as_secs_f64(),
            next_rotation: self
                .on_clock(self.next_rotation)
                .round(jiff::Unit::Second)
                .ok()
                .map(|at| at.to_string()),
            log_level: self.log_level.word().to_owned(),
        }
    }

    /// The same as [`Self::attached`].
    pub(super) fn attached_numbers(&self) -> impl Iterator<Item = u64> {
        let sessions = self.sessions.iter().filter(|(_, session)| !session.via.is_brief());
        sessions.map(|(number, _)| *number).filter(|number| !self.retried.contains_key(number))
    }
}
