//! What workers send, and their ends.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::DeadCause;

use crate::front::event::WorkerEnd;
use crate::front::metrics::End;
use crate::front::session::send;
use crate::link::{Done, Frame, Kind, OutcomeFrame, PROTOCOL, WorkerHello, WorkerPrepared, WorkerReady};
use crate::restart::{self, JobId, Trouble, WorkerId};

use super::Hub;

/// The exit code by which a worker says that another attempt is useless.
const EXIT_DO_NOT_RETRY: i32 = 78;

/// So many failures of a build on probation within [`FAULT_WINDOW`] bring the previous one back.
const FAULTS: usize = 3;
const FAULT_WINDOW: Duration = Duration::from_secs(10);

/// A request that a build on probation has failed is tried again after this time.
const FAULT_RETRY: Duration = Duration::from_millis(100);

/// So often; then the failure is told, for it may be the request's.
const FAULT_RETRIES: u8 = 5;

impl Hub {
    pub(super) fn worker_said(&mut self, worker: WorkerId, frame: Frame, now: Instant) {
        if frame.session == 0 {
            self.worker_told(worker, &frame, now);
            return;
        }
        let number = frame.session;
        let is_serving = self.route == Some(worker);
        let is_former = self.machine.former() == Some(worker);
        let Some(session) = self.sessions.get_mut(&number) else { return };
        if !session.open_in.contains(&worker) {
            return;
        }
        match frame.kind {
            Kind::Response => self.answered(worker, frame, now),
            Kind::Fault => self.failed(worker, frame, now),
            Kind::Suspended => {
                if session.suspended(frame.sequence, worker, now) {
                    self.current.count_suspended();
                    self.flush_session(number, now);
                    self.check_watched(now);
                }
            }
            Kind::Notification => session.notify(frame.sequence, frame.payload),
            Kind::Progress => session.progress(frame.sequence, frame.payload),
            Kind::Listening => {
                session.listening(frame.sequence, frame.payload);
                if !is_serving && self.route.is_some() {
                    // It would end with the former worker.
                    session.take_subscriptions_from(worker);
                    self.flush_session(number, now);
                }
                // It is not waited for any more.
                self.check_watched(now);
            }
            Kind::Request if session.via.is_brief() || self.retried.contains_key(&number) => {
                // Its client is not here to be asked, or has no way to answer.
                let answer = crate::front::answer::client_gone(frame.sequence.cast_signed());
                if let Some(outbox) = self.workers.outbox(worker) {
                    send(outbox, &Frame::session(Kind::Reply, number, 0, answer));
                }
            }
            Kind::Request => session.asked(frame.sequence.cast_signed(), frame.floor, frame.payload),
            Kind::Withdraw => session.question_withdrawn(frame.sequence.cast_signed(), frame.payload),
            // What the former worker notes late is for the one that serves now, who
            // has noted things of its own since.
            Kind::State if !is_serving && self.route.is_some_and(|id| session.open_in.contains(&id)) => {
                if let Some(outbox) = self.route.and_then(|id| self.workers.outbox(id)) {
                    send(outbox, &Frame::session(Kind::State, number, 0, frame.payload));
                }
            }
            // Nobody serves at present: what a later one has noted is kept.
            Kind::State if session.record_by.is_some_and(|by| by > worker) && is_former => {}
            Kind::State => session.keep(&frame.payload, worker),
            kind => tracing::error!(?kind, "unexpected frame from a worker"),
        }
    }

    fn answered(&mut self, worker: WorkerId, frame: Frame, now: Instant) {
        let number = frame.session;
        let Some(session) = self.sessions.get_mut(&number) else { return };
        // Only who has the request may answer it.
        let Some(pending) =
            session.pending.get(&frame.sequence).filter(|pending| pending.sent == Some(worker))
        else {
            return;
        };
        let (was_initialize, pending_since) = (pending.is_initialize, pending.received_at);
        let was_listening = pending.listening;
        if self.retried.contains_key(&number) {
            self.retry_answered(number, &frame.payload);
            return;
        }
        if was_initialize && session.record.info.agreed(&frame.payload) {
            session.profile.is_news = true;
        }
        let time = now.saturating_duration_since(pending_since);
        self.traffic.answered(time);
        let end = if frame.kind == Kind::Fault { End::Fault } else { End::Answered };
        let transport = session.via.transport();
        match was_listening {
            true => self.metrics.requests.ended(transport, end, 1),
            false => self.metrics.requests.answered(transport, time, end),
        }
        session.answer(frame.sequence, frame.payload);
        self.machine.answered();
        if was_initialize {
            // What waited for the session to begin can go on with the worker that serves.
            self.flush_session(number, now);
        }
        self.close_if_finished(number);
        self.check_watched(now);
    }

    /// A failure of the worker's own. A build on probation does not get to tell it:
    /// the request is tried again, and with more of them the previous build is back.
    fn failed(&mut self, worker: WorkerId, frame: Frame, now: Instant) {
        let session = self.sessions.get_mut(&frame.session);
        let pending = session.and_then(|session| session.pending.get_mut(&frame.sequence));
        let Some(pending) = pending.filter(|pending| pending.sent == Some(worker)) else { return };
        if !self.machine.withholds_faults(worker) || pending.faults >= FAULT_RETRIES {
            self.answered(worker, frame, now);
            return;
        }
        tracing::warn!(
            worker = worker.0,
            sequence = frame.sequence,
            "a build on probation has failed a request"
        );
        pending.faults += 1;
        pending.sent = None;
        pending.not_before = Some(now + FAULT_RETRY);
        pending.held_since = pending.held_since.or(Some(now));
        self.next_retry = Some(self.next_retry.map_or(now + FAULT_RETRY, |at| at.min(now + FAULT_RETRY)));
        let Some(known) = self.workers.get_mut(worker) else { return };
        known.faults.retain(|time| now.duration_since(*time) < FAULT_WINDOW);
        known.faults.push(now);
        if known.faults.len() >= FAULTS {
            self.feed(restart::Event::Failing(worker), now);
        }
        self.check_watched(now);
    }

    /// When the next request that was failed is due.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.next_retry.filter(|_| self.serving().is_some())
    }

    /// Something about the worker as a whole.
    fn worker_told(&mut self, worker: WorkerId, frame: &Frame, now: Instant) {
        match frame.kind {
            Kind::Hello => self.greeted(worker, frame),
            Kind::Prepared => match serde_json::from_slice::<WorkerPrepared>(&frame.payload) {
                Ok(prepared) => {
                    self.workers.lives(worker);
                    self.feed(restart::Event::Prepared(worker, prepared), now);
                }
                Err(error) => self.not_understood(worker, &error),
            },
            Kind::Ready => match serde_json::from_slice::<WorkerReady>(&frame.payload) {
                Ok(ready) => self.is_ready(worker, ready, now),
                Err(error) => self.not_understood(worker, &error),
            },
            Kind::Failed => {
                if let Some(known) = self.workers.get_mut(worker) {
                    known.complaint = Some(String::from_utf8_lossy(&frame.payload).into_owned());
                }
            }
            Kind::Pong => self.workers.pong(worker, serde_json::from_slice(&frame.payload).ok(), now),
            Kind::Outcome => match serde_json::from_slice::<OutcomeFrame>(&frame.payload) {
                Ok(outcome) => self.order_ended(outcome, now),
                Err(error) => self.not_understood(worker, &error),
            },
            kind => tracing::debug!(worker = worker.0, ?kind, "ignored a frame"),
        }
    }

    fn greeted(&mut self, worker: WorkerId, frame: &Frame) {
        let hello = serde_json::from_slice::<WorkerHello>(&frame.payload).map_err(|error| error.to_string());
        let accepted = hello.and_then(|hello| {
            let agreed = PROTOCOL.agree(hello.versions).map_err(|error| error.to_string());
            agreed.map(|version| (hello.build, version))
        });
        let Some(known) = self.workers.get_mut(worker) else { return };
        match accepted {
            Ok((build, version)) => (known.version, known.speaks) = (build, version),
            Err(reason) => {
                tracing::error!(pid = known.worker.pid(), %reason, "the worker's hello is not acceptable");
                known.complaint = Some(reason);
                known.worker.kill();
            }
        }
    }

    fn not_understood(&mut self, worker: WorkerId, error: &serde_json::Error) {
        tracing::error!(worker = worker.0, %error, "a worker cannot be understood");
        if let Some(known) = self.workers.get_mut(worker) {
            known.complaint = Some(format!("it says what this front cannot read: {error}"));
            known.worker.kill();
        }
    }

    fn is_ready(&mut self, worker: WorkerId, ready: WorkerReady, now: Instant) {
        self.workers.lives(worker);
        let Some(known) = self.workers.get_mut(worker) else { return };
        known.generation = ready.generation;
        let milliseconds = now.duration_since(known.worker.started_at).as_millis();
        tracing::info!(
            pid = known.worker.pid(),
            generation = ready.generation,
            milliseconds,
            "worker serves"
        );
        self.generation = self.generation.max(ready.generation);
        self.generations.learn(worker, ready.generation);
        self.settings.generation.store(self.generation, Ordering::Relaxed);
        self.worker_has_configuration();
        self.last_failure = None;
        self.feed(restart::Event::Ready(worker, ready), now);
    }

    fn order_ended(&mut self, outcome: OutcomeFrame, now: Instant) {
        use restart::event::Done as JobDone;
        let job = JobId(outcome.job);
        if let Some((_, waiting)) = self.asked_workers.remove(&job) {
            // Whoever asked may have gone away.
            let _ = waiting.send(outcome.result);
            return;
        }
        if self.is_taking(job) {
            let result = match outcome.result {
                Ok(Done::Snapshot(bulk)) => Ok(bulk),
                Ok(_) => {
                    let text = "the worker's answer is none to the order of a snapshot";
                    Err(Trouble::new(ErrorCode::StateSerializationFailed, text))
                }
                Err(failure) => Err(Trouble::new(failure.error_code, failure.error)),
            };
            return self.part_is_written(result);
        }
        if let Some((_, file)) = self.snapshots.remove(&job)
            && self.part.as_ref() != Some(&file)
        {
            // Nobody waits for it any more.
            drop(std::fs::remove_file(file));
        }
        let result = match outcome.result {
            Ok(Done::Snapshot(bulk)) => Ok(JobDone::Snapshot(bulk)),
            Ok(Done::Verified) => Ok(JobDone::Verified),
            Ok(Done::Backup(_) | Done::Suspending(_) | Done::Inspection(_) | Done::Tasks(_)) => return,
            Err(failure) => Err(Trouble::new(failure.error_code, failure.error)),
        };
        self.feed(restart::Event::JobDone(job, result), now);
    }

    pub(super) fn worker_ended(&mut self, worker: WorkerId, end: &WorkerEnd, now: Instant) {
        let Some(known) = self.workers.ended(worker) else { return };
        self.current.hung.retain(|hung| *hung != worker);
        let reason = known.complaint.clone().unwrap_or_else(|| end.to_string());
        if known.is_dismissed || end.code == Some(0) {
            tracing::info!(pid = known.worker.pid(), %end, "worker gone");
        } else {
            tracing::error!(pid = known.worker.pid(), %reason, "the worker ended");
            self.last_failure = Some(reason.clone());
        }
        self.gone = known.worker.pid().map(|pid| (worker, pid));
        self.asked_workers.retain(|_, (asked, _)| *asked != worker);
        self.remove_unfinished_snapshots(worker);
        self.writer_ended(worker);
        if self.route == Some(worker) {
            self.is_unrouted(now);
        }
        self.lose(worker, known.generation, !known.is_dismissed, now);
        let hopeless = end.code == Some(EXIT_DO_NOT_RETRY);
        self.feed(restart::Event::Ended { worker, reason, hopeless }, now);
        self.check_watched(now);
    }

    /// A worker that has ended makes no more files. One that is waited for is the
    /// machine's to discard.
    fn remove_unfinished_snapshots(&mut self, worker: WorkerId) {
        let part = self.part.clone();
        self.snapshots.retain(|_, (writer, file)| {
            if *writer == worker && part.as_ref() != Some(file) {
                drop(std::fs::remove_file(&file));
            }
            *writer != worker
        });
    }

    /// Whatever this worker has is the next one's.
    pub(super) fn lose(&mut self, worker: WorkerId, generation: u64, by_accident: bool, now: Instant) {
        let mut dead = Vec::new();
        for (&number, session) in &mut self.sessions {
            for (sequence, id) in session.worker_lost(worker, generation, by_accident, now) {
                dead.push((number, sequence, id));
            }
        }
        for (number, sequence, id) in dead {
            self.figures.quarantined += 1;
            let answer = crate::front::answer::quarantined(&id);
            self.bury(number, sequence, DeadCause::Quarantined, ErrorCode::OutcomeUnknown, answer);
        }
    }
}
