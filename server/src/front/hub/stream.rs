//! The stream to those who watch: the whole state once, then numbered changes.
//!
//! Costs nothing while nobody watches. What happens is told within
//! [`PAUSE`]; figures that change all the time are compared a few times a second, and
//! what only grows older is told once a second.
//! A reader who falls behind has to ask for the whole state: nothing is kept for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::audit::AuditRecord;
use task_orchestrator_shared::admin::view::{
    Change, Delta, HistoryView, MAX_AUDIT, MAX_BACKUPS, MAX_DEAD_LETTERS, MAX_HISTORY, RestartView,
    SessionRow, View,
};
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::restart::Progress;
use task_orchestrator_shared::role::Role;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::admin::{Answered, Told};
use crate::front::ask::ReplyTo;
use crate::front::event::Event;

use super::Hub;
use super::ages::{self, AGES};

/// Deltas that a reader may be behind. At five hundred in a second, and some hundred
/// KiB where a thousand sessions have changed, this is what bounds the memory.
const DELTAS: usize = 128;

/// Shortest time between two deltas.
const PAUSE: Duration = Duration::from_millis(2);

/// How often figures are compared, for each thousand sessions.
const FIGURES: Duration = Duration::from_millis(200);

/// When nothing was told for so long, an empty delta tells that this is so: who hears
/// nothing knows that the server does not answer, without asking. It goes out with the
/// next comparison of figures.
const ALIVE: Duration = Duration::from_millis(2100);

/// How often what costs the worker or the disk something is measured by itself.
const SLOW: Duration = Duration::from_secs(60);

/// Changes that are gathered before they are sent without a pause.
const MAX_GATHERED: usize = 4096;

/// See the module.
pub(super) struct Stream {
    sender: broadcast::Sender<Arc<Told>>,
    /// What those who watch have.
    view: View,
    /// What has happened since.
    gathered: Vec<Change>,
    /// Sessions that have come since.
    came: Vec<u64>,
    /// What is to be measured; each kind at most once.
    due: Vec<Slow>,
    /// Something about the server, its workers or its restart may have changed.
    is_touched: bool,
    is_watched: bool,
    /// What permissions to follow the log hold with.
    until: CancellationToken,
    sent_at: Instant,
    /// When the workers were looked at that those who watch have.
    workers_at: Instant,
    /// When ages are told again that have only grown.
    next_ages: Instant,
    next_figures: Instant,
    next_slow: Instant,
}

impl Stream {
    pub(super) fn new(boot: String, now: Instant) -> Self {
        Self {
            sender: broadcast::channel(DELTAS).0,
            view: View { boot, ..View::default() },
            gathered: Vec::new(),
            came: Vec::new(),
            due: Vec::new(),
            is_touched: false,
            is_watched: false,
            until: CancellationToken::new(),
            sent_at: now,
            workers_at: now,
            next_ages: now,
            next_figures: now,
            next_slow: now,
        }
    }

    /// Something about the server, its workers or its restart may have changed.
    pub(super) fn touch(&mut self) {
        self.is_touched = true;
    }

    /// Tells of something that has happened.
    pub(super) fn tell(&mut self, change: impl FnOnce() -> Change) {
        if self.is_watched {
            self.gathered.push(change());
        }
    }

    /// A session is there.
    pub(super) fn came(&mut self, number: u64) {
        if self.is_watched {
            self.came.push(number);
        }
    }

    /// A session has ended. Those that nobody was told of are not worth a word.
    pub(super) fn ended(&mut self, number: u64) {
        self.came.retain(|came| *came != number);
        if self.view.session(number).is_some() {
            self.tell(|| Change::SessionEnded(number));
        }
    }

    /// Ends what all who watch are told, so that each asks for the whole state again:
    /// what they may see may be something else now.
    fn end(&mut self) {
        // Who has come just now knows by a delta, even an empty one, that there was a stream.
        let delta = Delta { seq: self.view.seq + 1, at: clock_time(), changes: Vec::new() };
        let _ = self.view.apply(delta.clone());
        let _ = self.sender.send(Arc::new(Told::new(delta)));
        self.sender = broadcast::channel(DELTAS).0;
        std::mem::take(&mut self.until).cancel();
    }

    pub(super) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// When there is something to do.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        let has_news =
            self.is_touched || !self.gathered.is_empty() || !self.came.is_empty() || !self.due.is_empty();
        let soon = has_news.then(|| self.sent_at + PAUSE);
        self.is_watched.then(|| soon.map_or(self.next_figures, |soon| soon.min(self.next_figures)))
    }
}

impl Hub {
    /// Somebody wants the whole state now, and what changes from here on.
    pub(super) fn subscribe(&mut self, role: Role, to: ReplyTo, now: Instant) {
        // What the others are still to be told is in the whole state as well.
        self.publish_now(now);
        if !self.stream.is_watched {
            self.begin_watch(now);
        }
        let deltas = self.stream.sender.subscribe();
        let mut view = self.stream.view.clone().only(|operation| role.may(operation));
        // Ages are of the moment at which they are told.
        view.at = clock_time();
        ages::grow_older(&mut view.workers, now.saturating_duration_since(self.stream.workers_at));
        match to {
            ReplyTo::Admin(asker) => {
                let reply = Reply::View(Box::new(view));
                drop(asker.send(Answered { reply, deltas: Some(deltas), until: None }));
            }
            to => self.answer(to, Reply::View(Box::new(view))),
        }
    }

    /// Somebody may follow the log, until roles change.
    pub(super) fn follow_logs(&mut self, to: ReplyTo) {
        let reply = Reply::LogLines(Vec::new());
        match to {
            ReplyTo::Admin(asker) => {
                let until = Some(self.stream.until.clone());
                drop(asker.send(Answered { reply, deltas: None, until }));
            }
            to => self.answer(to, reply),
        }
    }

    /// Roles have changed. What is told without being asked ends, and whoever still
    /// may hear it asks for it again.
    pub(super) fn regrant(&mut self, access: Access) {
        if access != self.access {
            self.access = access;
            self.stream.end();
        }
    }

    /// The first one watches: everything is taken anew.
    fn begin_watch(&mut self, now: Instant) {
        self.stream.is_watched = true;
        self.traffic.watched(true, now);
        let mut numbers: Vec<u64> = self.attached_numbers().collect();
        numbers.sort_unstable();
        let view = View {
            seq: self.stream.view.seq,
            boot: self.stream.view.boot.clone(),
            at: clock_time(),
            server: self.server_view(),
            restart: self.restart_view(now),
            workers: self.worker_views(now),
            sessions: numbers.iter().filter_map(|number| self.session_view(*number, now)).collect(),
            buffers: Some(self.buffer_status(now)),
            traffic: self.traffic_view(now),
            limits: self.limits_view(),
            ..View::default()
        };
        let stream = &mut self.stream;
        stream.view = view;
        stream.gathered.clear();
        stream.came.clear();
        stream.due.clear();
        stream.is_touched = false;
        stream.workers_at = now;
        stream.next_ages = now + AGES;
        stream.next_figures = now + FIGURES;
        stream.next_slow = now + SLOW;
        self.measure(&[Slow::History, Slow::Letters, Slow::Backups, Slow::Health, Slow::Audit]);
    }

    /// Tells those who watch what is due.
    pub(super) fn publish(&mut self, now: Instant) {
        if !self.stream.is_watched {
            return;
        }
        if self.stream.sender.receiver_count() == 0 {
            self.stream.is_watched = false;
            self.stream.gathered = Vec::new();
            self.traffic.watched(false, now);
            return;
        }
        if now >= self.stream.next_slow {
            self.stream.next_slow = now + SLOW;
            self.measure(&[Slow::Backups, Slow::Health]);
        }
        if now >= self.stream.next_figures {
            self.compare_figures(now);
        }
        let is_due = now >= self.stream.sent_at + PAUSE || self.stream.gathered.len() >= MAX_GATHERED;
        if is_due {
            self.measure_now(now);
            self.publish_now(now);
        }
    }

    fn publish_now(&mut self, now: Instant) {
        if !self.stream.is_watched {
            return;
        }
        for number in std::mem::take(&mut self.stream.came) {
            // It may have gone again.
            if let Some(session) = self.session_view(number, now) {
                self.stream.gathered.push(Change::Session(Box::new(session)));
            }
        }
        if std::mem::take(&mut self.stream.is_touched) {
            self.compare_server(now);
        }
        let changes = std::mem::take(&mut self.stream.gathered);
        if changes.is_empty() && now < self.stream.sent_at + ALIVE {
            return;
        }
        let stream = &mut self.stream;
        stream.sent_at = now;
        let delta = Delta { seq: stream.view.seq + 1, at: clock_time(), changes };
        // It follows on what is there by its number.
        let _ = stream.view.apply(delta.clone());
        // Nobody there is no failure: who comes gets the whole state.
        let _ = stream.sender.send(Arc::new(Told::new(delta)));
    }

    fn compare_server(&mut self, now: Instant) {
        let (server, workers) = (self.server_view(), self.worker_views(now));
        let restart = self.restart_view(now);
        let limits = self.limits_view();
        let Stream { view, gathered, workers_at, .. } = &mut self.stream;
        if view.server != server {
            gathered.push(Change::Server(Box::new(server)));
        }
        if ages::have_news(&view.workers, now.saturating_duration_since(*workers_at), &workers) {
            *workers_at = now;
            gathered.push(Change::Workers(workers));
        }
        if view.limits != limits {
            gathered.push(Change::Limits(limits));
        }
        let is_other = |known: &RestartView| {
            restart.as_ref().is_some_and(|restart| {
                let (before, after) = (&known.report, &restart.report);
                before.restart_id != after.restart_id || before.outcome != after.outcome
            })
        };
        if view.restart.as_ref().map_or(restart.is_some(), is_other)
            && let Some(restart) = restart
        {
            tell_restart(view.restart.as_ref(), restart, gathered);
        }
    }

    fn compare_figures(&mut self, now: Instant) {
        let (mut rows, tells_ages) = (Vec::new(), now >= self.stream.next_ages);
        for known in &self.stream.view.sessions {
            let Some(session) = self.sessions.get(&known.number) else { continue };
            let figures = self.session_figures(session, now);
            if figures != known.figures && (tells_ages || !ages::has_only_aged(&known.figures, &figures)) {
                rows.push(SessionRow::new(known.number, figures));
            }
        }
        let news = self.sessions.iter_mut().filter(|(_, session)| session.profile.is_news);
        for (number, session) in news {
            session.profile.is_news = false;
            self.stream.came.push(*number);
        }
        let (buffers, traffic) = (self.buffer_status(now), self.traffic_view(now));
        // Some figures of the server and its workers change without a step of the machine.
        self.stream.touch();
        let Stream { view, gathered, .. } = &mut self.stream;
        if !rows.is_empty() {
            gathered.push(Change::Figures(rows));
        }
        let has_only_aged = |known| ages::have_only_aged(known, &buffers);
        if view.buffers.as_ref() != Some(&buffers)
            && (tells_ages || !view.buffers.as_ref().is_some_and(has_only_aged))
        {
            gathered.push(Change::Buffers(buffers));
        }
        if view.traffic != traffic {
            gathered.push(Change::Traffic(traffic));
        }
        let thousands = u32::try_from(view.sessions.len() / 1000).unwrap_or(u32::MAX).max(1);
        self.stream.next_figures = now + FIGURES * thousands;
        if tells_ages {
            self.stream.next_ages = now + AGES;
        }
    }

    /// Measures what costs something, while somebody watches.
    pub(super) fn measure(&mut self, what: &[Slow]) {
        let Stream { due, is_watched, .. } = &mut self.stream;
        if *is_watched {
            due.extend(what.iter().filter(|what| !due.contains(what)).copied().collect::<Vec<_>>());
        }
    }

    /// However often something has changed within a pause, it is measured once.
    fn measure_now(&mut self, now: Instant) {
        if !self.stream.due.is_empty() {
            self.stream.sent_at = now;
        }
        for what in std::mem::take(&mut self.stream.due) {
            let to = ReplyTo::Watchers;
            match what {
                Slow::History => self.restart_status(u32::try_from(MAX_HISTORY).ok(), to, now),
                Slow::Letters => self.list_letters(u32::try_from(MAX_DEAD_LETTERS).unwrap_or(u32::MAX), to),
                Slow::Backups => self.with_backups(Request::Backups, to),
                Slow::Health => self.health(to, now),
                Slow::Audit => self.show_audit(u32::try_from(MAX_AUDIT).unwrap_or(u32::MAX), to),
            }
        }
    }

    /// Something was measured for those who watch.
    pub(super) fn measured(&mut self, reply: Reply) {
        let change = match reply {
            Reply::Health(health) => Change::Health(health),
            Reply::DeadLetters(letters) => Change::DeadLetters(letters),
            Reply::Backups(mut backups) => {
                backups.truncate(MAX_BACKUPS);
                if self.stream.view.backups.as_ref() == Some(&backups) {
                    return;
                }
                Change::Backups(backups)
            }
            Reply::RestartStatus(status) => {
                let Some(history) = status.history else { return };
                Change::History(HistoryView {
                    recent: history.recent_restarts,
                    total: history.total_restarts,
                    successful: history.successful_restarts,
                    average_duration: history.average_duration,
                    success_rate_24h: history.success_rate_24h,
                })
            }
            Reply::Audit(records) => return self.audit_listed(records),
            // It could not be measured: what is known stays, and the log says why.
            other => return tracing::debug!(?other, "nothing new for those who watch"),
        };
        self.stream.tell(|| change);
    }

    /// More records of the audit. Where some are missing before them, or none are known
    /// yet, all are read again.
    pub(super) fn audited(&mut self, records: Vec<AuditRecord>) {
        let last = records.last().map(|record| record.seq);
        self.figures.audit_sequence = self.figures.audit_sequence.max(last);
        let known = self.audit_known();
        let is_news = |record: &AuditRecord| known.is_none_or(|known| record.seq > known);
        let news: Vec<AuditRecord> = records.into_iter().filter(is_news).collect();
        match (news.first(), known) {
            (None, _) => {}
            (Some(first), Some(known)) if first.seq == known + 1 => self.stream.tell(|| Change::Audit(news)),
            (Some(_), _) => self.measure(&[Slow::Audit]),
        }
    }

    /// The newest records, newest first. Those that are known already are passed over.
    fn audit_listed(&mut self, records: Vec<AuditRecord>) {
        let known = self.audit_known();
        let is_news = |record: &AuditRecord| known.is_none_or(|known| record.seq > known);
        let news: Vec<AuditRecord> = records.into_iter().rev().filter(is_news).collect();
        if !news.is_empty() || known.is_none() {
            self.stream.tell(|| Change::Audit(news));
        }
    }

    /// The newest record that those who watch know, or are about to; 0 for an empty audit.
    fn audit_known(&self) -> Option<u64> {
        let gathered = self.stream.gathered.iter().rev().find_map(|change| match change {
            Change::Audit(records) => records.last().map(|record| record.seq),
            _ => None,
        });
        let told = self.stream.view.audit.as_ref();
        gathered.or_else(|| told.map(|audit| audit.first().map_or(0, |record| record.seq)))
    }
}

/// What costs the worker, the ledger or the disk something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slow {
    History,
    Letters,
    Backups,
    Health,
    Audit,
}

/// Passes new records of the audit on to the hub, which tells those who watch.
pub(crate) async fn pass_on(
    mut records: tokio::sync::mpsc::Receiver<Vec<AuditRecord>>,
    events: tokio::sync::mpsc::Sender<Event>,
) {
    while let Some(records) = records.recv().await {
        if events.send(Event::Audited(records)).await.is_err() {
            return;
        }
    }
}

/// Puts a restart that has begun before its progress, which is of no use without it,
/// and one that has ended behind, after which there is none.
fn tell_restart(known: Option<&RestartView>, restart: RestartView, gathered: &mut Vec<Change>) {
    let id = &restart.report.restart_id;
    if restart.report.outcome.is_none() {
        gathered.insert(0, Change::Restart(Box::new(restart)));
        return;
    }
    let first = gathered.iter().find_map(|change| match change {
        Change::Progress(progress) if progress.restart_id == *id => Some(progress),
        _ => None,
    });
    let is_known = known.is_some_and(|known| known.report.restart_id == *id);
    if let Some(first) = first.filter(|_| !is_known) {
        let begun = begun(&restart, first);
        gathered.insert(0, Change::Restart(Box::new(begun)));
    }
    gathered.push(Change::Restart(Box::new(restart)));
}

/// The restart as it was at this step.
fn begun(restart: &RestartView, first: &Progress) -> RestartView {
    let mut report = restart.report.clone();
    (report.outcome, report.completed_at) = (None, None);
    (report.phase, report.progress) = (first.phase, first.progress);
    report.message.clone_from(&first.message);
    report.duration_ms = first.elapsed_ms;
    report.errors.clear();
    RestartView { report, progress: None, build_output: Vec::new() }
}

/// To the millisecond: more is nobody's business, and every reader would have to cut it.
fn clock_time() -> String {
    let now = Timestamp::now();
    now.round(jiff::Unit::Millisecond).unwrap_or(now).to_string()
}
