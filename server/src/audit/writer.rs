//! The one thread that writes: it takes what waits, writes it with one write, and
//! waits for the disk once for all of it.
//!
//! What could not be written stays here, in bounds, until it can be; only intents are
//! answered with the error, because what they are about is then not done.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditOutcome, AuditRecord};
use tokio::sync::oneshot;

use super::disk::InPlace;
use super::error::AuditError;
use super::handle::Shared;
use super::line::{seal, text};
use super::log::Log;
use super::open::{open, own};
use super::options::Options;
use super::scan::Position;
use super::windows::{First, Repeated, Windows};

/// How long a record that nobody waits for may be without being certain.
const SYNC_WITHIN: Duration = Duration::from_secs(1);
/// How long after a failure it is tried again, when no intent asks for it earlier.
const RETRY: Duration = Duration::from_secs(5);
/// Records after which they are made certain in any case.
const BATCH: usize = 1000;
/// Records that wait until they can be written; of more, the oldest is lost and counted.
const MAX_BACKLOG: usize = 1000;
/// The same for what was done without a record.
const MAX_LATER: usize = 100;
/// Longest text of a caller's in a record, in bytes; what is behind that is cut off.
const MAX_TEXT: usize = 1024;
/// The same for a target.
const MAX_TARGET: usize = 256;
/// Longest parameters in the record of an intent, as JSON; longer ones are left out.
const MAX_PARAMETERS: usize = 64 * 1024;
/// The same for who only looks or is denied: they must not be able to fill the disk.
const MAX_PARAMETERS_OF_READS: usize = 512;

/// An answer to who waits.
type Answer<T> = oneshot::Sender<Result<T, AuditError>>;

/// Something to do.
#[derive(Debug)]
pub(super) enum Task {
    Intent(Attempt, Answer<u64>),
    Outcome { of: u64, outcome: AuditOutcome, detail: String },
    Denied(Attempt, String),
    Allowed(Attempt),
    Later(Attempt, AuditOutcome, String),
    Flush(Answer<()>),
    Close(Answer<()>),
}

/// Something to do, and when it was asked for.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) at: Timestamp,
    pub(super) task: Task,
}

/// Something that becomes a record, or two.
enum Entry {
    Intent(Attempt, Answer<u64>),
    /// Kept until it is written; the window whose first one it is.
    Event(AuditEvent, Option<First>),
    Later(Attempt, AuditOutcome, String),
    /// Of no use when what it announces cannot be done now.
    Own(AuditEvent),
}

/// See the module.
pub(super) struct Writer<D: InPlace> {
    disk: Arc<D>,
    options: Options,
    shared: Arc<Shared>,
    log: Option<Log<D>>,
    windows: Windows,
    /// Not yet a line.
    waiting: Vec<(Timestamp, Entry)>,
    /// Written, not yet certain: by the number of the (first) record.
    uncertain: Vec<(u64, Timestamp, Entry)>,
    records: Vec<AuditRecord>,
    backlog: VecDeque<(Timestamp, Entry)>,
    later: VecDeque<(Timestamp, Entry)>,
    flushes: Vec<Answer<()>>,
    closing: bool,
    /// The oldest files are removed when the record that says so is certain.
    removing: usize,
    lost: u64,
    uncertain_since: Option<Instant>,
    retry_at: Option<Instant>,
}

/// Does what comes, until it is told to end or nobody is left who could ask.
pub(super) fn run<D: InPlace>(mut writer: Writer<D>, queue: &Receiver<Order>) {
    writer.attempt(true, Instant::now());
    while !writer.closing {
        let order = match writer.wakes_at() {
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => queue.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match order {
            Ok(order) => writer.take_all(order, queue),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => writer.closing = true,
        }
        writer.turn(Instant::now());
    }
}

impl<D: InPlace> Writer<D> {
    pub(super) fn new(disk: D, options: Options, shared: Arc<Shared>) -> Self {
        Self {
            disk: Arc::new(disk),
            options,
            shared,
            log: None,
            windows: Windows::default(),
            waiting: Vec::new(),
            uncertain: Vec::new(),
            records: Vec::new(),
            backlog: VecDeque::new(),
            later: VecDeque::new(),
            flushes: Vec::new(),
            closing: false,
            removing: 0,
            lost: 0,
            uncertain_since: None,
            retry_at: None,
        }
    }

    fn attempt(&mut self, certain: bool, now: Instant) {
        if let Err(error) = self.commit(certain) {
            self.failed(&error);
        } else if self.uncertain.is_empty() {
            self.settle();
        } else {
            self.uncertain_since.get_or_insert(now);
        }
    }

    fn wakes_at(&self) -> Option<Instant> {
        let sync = self.uncertain_since.map(|since| since + SYNC_WITHIN);
        let retry = self.retry_at.filter(|_| !self.backlog.is_empty() || !self.later.is_empty());
        [sync, retry, self.windows.next_end()].into_iter().flatten().min()
    }

    /// Takes what waits, as much as is written at once.
    fn take_all(&mut self, first: Order, queue: &Receiver<Order>) {
        self.take(first);
        while self.waiting.len() < BATCH
            && !self.closing
            && let Ok(order) = queue.try_recv()
        {
            self.take(order);
        }
    }

    fn take(&mut self, order: Order) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        let at = order.at;
        let entry = match order.task {
            Task::Intent(attempt, answer) => Entry::Intent(bounded(attempt, MAX_PARAMETERS), answer),
            Task::Outcome { of, outcome, mut detail } => {
                shorten(&mut detail, MAX_TEXT);
                Entry::Event(AuditEvent::Outcome { of, outcome, detail }, None)
            }
            Task::Denied(attempt, why) => return self.decided(at, attempt, Some(why)),
            Task::Allowed(attempt) => return self.decided(at, attempt, None),
            Task::Later(attempt, outcome, mut detail) => {
                shorten(&mut detail, MAX_TEXT);
                Entry::Later(bounded(attempt, MAX_PARAMETERS), outcome, detail)
            }
            Task::Flush(answer) => return self.flushes.push(answer),
            Task::Close(answer) => {
                self.closing = true;
                return self.flushes.push(answer);
            }
        };
        self.waiting.push((at, entry));
    }

    fn decided(&mut self, at: Timestamp, attempt: Attempt, denied: Option<String>) {
        let attempt = bounded(attempt, MAX_PARAMETERS_OF_READS);
        let Some(first) = self.windows.note(&attempt, denied.is_some(), Instant::now()) else { return };
        let attempt = Box::new(attempt);
        let event = match denied {
            Some(mut why) => {
                shorten(&mut why, MAX_TEXT);
                AuditEvent::Denied { attempt, why }
            }
            None => AuditEvent::Allowed(attempt),
        };
        self.waiting.push((at, Entry::Event(event, Some(first))));
    }

    /// Writes what there is, when it can be and has to be.
    fn turn(&mut self, now: Instant) {
        if self.closing {
            // Repeats name the record of the first one, so that has to have its number.
            let flushes = std::mem::take(&mut self.flushes);
            self.attempt(true, now);
            self.flushes = flushes;
        }
        for Repeated { of, times } in self.windows.over((!self.closing).then_some(now)) {
            self.wait(AuditEvent::Repeated { of, times });
        }
        let retry = self.retry_at.is_none_or(|at| at <= now);
        let asked = !self.flushes.is_empty()
            || self.closing
            || self.waiting.iter().any(|(_, entry)| matches!(entry, Entry::Intent(..)));
        if !asked && !retry {
            return self.keep_waiting();
        }
        let overdue = self.uncertain_since.is_some_and(|since| since + SYNC_WITHIN <= now);
        let kept = !self.backlog.is_empty() || !self.later.is_empty();
        self.attempt(asked || overdue || kept, now);
    }

    fn wait(&mut self, event: AuditEvent) {
        self.waiting.push((Timestamp::now(), Entry::Event(event, None)));
    }

    /// Writes what waits; with `certain`, or when it is much, waits for the disk too.
    fn commit(&mut self, certain: bool) -> Result<(), AuditError> {
        let own = self.usable()?;
        let certain = certain || !own.is_empty();
        self.tell_lost();
        let kept = self.backlog.drain(..).chain(self.later.drain(..));
        let entries: Vec<_> = own.into_iter().chain(kept).chain(self.waiting.drain(..)).collect();
        let (Some(log), mut lines) = (self.log.as_mut(), Vec::new()) else { return Err(AuditError::Closed) };
        let mut last = log.written;
        for (at, entry) in entries {
            let first = last.seq + 1;
            match render(log, &mut last, at, &entry, &mut lines, &mut self.records) {
                Ok(()) => {
                    if let Entry::Event(_, Some(window)) = &entry {
                        self.windows.began(window, first);
                    }
                    self.uncertain.push((first, at, entry));
                }
                Err(error) => self.lost += refuse(entry, error),
            }
        }
        if !lines.is_empty() {
            log.append(&lines, last)?;
        }
        if log.length > log.certain && (certain || self.uncertain.len() >= BATCH) {
            log.sync()?;
        }
        if log.length == log.certain {
            self.certain();
        }
        Ok(())
    }

    /// Opens the log, or goes on with it after a failure, and begins the next file when
    /// that is due. Returns what has to be told first.
    fn usable(&mut self) -> Result<Vec<(Timestamp, Entry)>, AuditError> {
        let mut events = Vec::new();
        let mut log = match self.log.take() {
            Some(log) => log,
            None => {
                let opened = open(Arc::clone(&self.disk), &self.options)?;
                events.extend(opened.events.into_iter().map(|event| Entry::Event(event, None)));
                opened.log
            }
        };
        let ready = ready(&mut log, &mut events);
        if ready.is_err() {
            let now = Timestamp::now();
            self.backlog.extend(std::mem::take(&mut events).into_iter().map(|event| (now, event)));
        }
        if ready.is_ok() && self.removing == 0 {
            self.removing = log.too_many().len();
            events.extend(log.too_many().iter().map(|first| {
                let limit = self.options.files;
                let name = super::files::rotated_name(*first);
                Entry::Own(own("removed", format!("{name} goes: {limit} older files are kept")))
            }));
        }
        self.log = Some(log);
        ready?;
        let now = Timestamp::now();
        Ok(events.into_iter().map(|event| (now, event)).collect())
    }

    fn tell_lost(&mut self) {
        self.lost += self.shared.lost.swap(0, Ordering::Relaxed);
        if self.lost > 0 {
            let detail = format!("{} records are lost: too much waited to be written", self.lost);
            self.lost = 0;
            self.waiting.insert(0, (Timestamp::now(), Entry::Event(own("lost", detail), None)));
        }
    }

    /// All that was written is on the disk.
    fn certain(&mut self) {
        self.shared.set_condition(self.log.as_ref().and_then(|log| log.lagging.clone()));
        for (seq, _, entry) in self.uncertain.drain(..) {
            if let Entry::Intent(_, answer) = entry {
                let _ = answer.send(Ok(seq));
            }
        }
        self.uncertain_since = None;
        self.retry_at = None;
        let removing = std::mem::take(&mut self.removing);
        if removing > 0
            && let Some(log) = &mut self.log
            && let Err(error) = log.remove(removing).or_else(|error| log.list().and(Err(error)))
        {
            tracing::error!(%error, "older files of the audit cannot be removed");
        }
    }

    /// Answers those who wait for everything.
    fn settle(&mut self) {
        if self.closing
            && let Some(log) = &mut self.log
        {
            log.sync_checkpoint();
        }
        if !self.records.is_empty() {
            self.shared.tell(std::mem::take(&mut self.records));
        }
        for answer in self.flushes.drain(..) {
            let _ = answer.send(Ok(()));
        }
    }

    /// Nothing of what is not certain counts as written.
    fn failed(&mut self, error: &AuditError) {
        if self.retry_at.is_none() {
            tracing::error!(%error, "the audit cannot be written");
        }
        self.shared.set_condition(Some(error.to_string()));
        self.retry_at = Some(Instant::now() + RETRY);
        self.uncertain_since = None;
        self.records.clear();
        self.removing = 0;
        if let Some(log) = &mut self.log {
            log.give_up();
            self.windows.forget_behind(log.durable.seq);
        }
        let uncertain = std::mem::take(&mut self.uncertain);
        for (_, at, entry) in uncertain {
            self.keep(at, entry, error);
        }
        for (at, entry) in std::mem::take(&mut self.waiting) {
            self.keep(at, entry, error);
        }
        for answer in self.flushes.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
    }

    fn keep(&mut self, at: Timestamp, entry: Entry, error: &AuditError) {
        let (kept, most) = match entry {
            Entry::Intent(_, answer) => return drop(answer.send(Err(error.clone()))),
            Entry::Own(_) => return,
            Entry::Event(..) => (&mut self.backlog, MAX_BACKLOG),
            Entry::Later(..) => (&mut self.later, MAX_LATER),
        };
        if kept.len() >= most {
            kept.pop_front();
            self.lost += 1;
        }
        kept.push_back((at, entry));
    }

    /// It is not yet time to try again.
    fn keep_waiting(&mut self) {
        for (at, entry) in std::mem::take(&mut self.waiting) {
            self.keep(at, entry, &AuditError::Closed);
        }
    }
}

/// Makes the log one that can be written.
fn ready<D: InPlace>(log: &mut Log<D>, events: &mut Vec<Entry>) -> Result<(), AuditError> {
    if log.file.is_none() {
        log.revive()?;
    }
    let why = match (log.new_file, log.is_full()) {
        (true, _) => "the disk had failed to keep what was written; it is repeated here",
        (false, true) => "it had reached its size",
        (false, false) => return Ok(()),
    };
    if let Some(name) = log.rotate(log.length)? {
        let event = own("rotated", format!("{name} is complete: {why}"));
        events.push(Entry::Event(event, None));
    }
    Ok(())
}

/// Adds the lines of an entry, and moves on behind them.
fn render<D: InPlace>(
    log: &Log<D>,
    last: &mut Position,
    at: Timestamp,
    entry: &Entry,
    lines: &mut Vec<u8>,
    records: &mut Vec<AuditRecord>,
) -> Result<(), AuditError> {
    let mut add = |event: AuditEvent| {
        let at = at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let seq = last.seq + 1;
        let mut record = AuditRecord { seq, at, event, prev: text(&last.mac), mac: String::new() };
        *last = Position { seq, mac: seal(&log.key, &mut record, lines)? };
        records.push(record);
        Ok(seq)
    };
    match entry {
        Entry::Intent(attempt, _) => add(AuditEvent::Intent(Box::new(attempt.clone())))?,
        Entry::Event(event, _) | Entry::Own(event) => add(event.clone())?,
        Entry::Later(attempt, outcome, detail) => {
            let of = add(AuditEvent::Intent(Box::new(attempt.clone())))?;
            let detail = format!("done without a record, written later: {detail}");
            add(AuditEvent::Outcome { of, outcome: *outcome, detail })?
        }
    };
    Ok(())
}

/// A record that cannot be one. Returns how many were lost.
fn refuse(entry: Entry, error: AuditError) -> u64 {
    match entry {
        Entry::Intent(_, answer) => {
            let _ = answer.send(Err(error));
            0
        }
        Entry::Event(..) | Entry::Later(..) | Entry::Own(_) => 1,
    }
}

/// The attempt with texts and parameters that fit.
fn bounded(mut attempt: Attempt, parameters: usize) -> Attempt {
    let actor = &mut attempt.actor;
    let texts = [&mut attempt.target, &mut attempt.reason, &mut attempt.idempotency_key];
    let limits = [MAX_TARGET, MAX_TEXT, MAX_TARGET];
    for (text, most) in texts.into_iter().zip(limits).filter_map(|(text, most)| Some((text.as_mut()?, most)))
    {
        shorten(text, most);
    }
    for text in [&mut actor.user, &mut actor.client].into_iter().flatten() {
        shorten(text, MAX_TARGET);
    }
    shorten(&mut attempt.method, MAX_TARGET);
    let length = attempt.parameters.to_string().len();
    if length > parameters {
        attempt.parameters = serde_json::json!({ "left_out_bytes": length });
    }
    attempt
}

fn shorten(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
}
