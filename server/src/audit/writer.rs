//! The one thread that writes: it takes what waits, writes it with one write, and
//! waits for the disk once for all of it.
//!
//! What could not be written stays here, in bounds, until it can be; only intents are
//! answered with the error, because what they are about is then not done.

mod entry;
mod kept;
mod order;
mod usable;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::audit::{AuditEvent, AuditRecord};

use self::entry::{Entry, refuse, render};
use self::order::Answer;
pub(super) use self::order::{Order, Task};
use super::disk::InPlace;
use super::error::AuditError;
use super::handle::Shared;
use super::log::Log;
use super::open::Before;
use super::options::Options;
use super::windows::{Repeated, Windows};

/// How long a record that nobody waits for may be without being certain.
const SYNC_WITHIN: Duration = Duration::from_secs(1);
/// Records after which they are made certain in any case.
const BATCH: usize = 1000;

/// See the module.
pub(super) struct Writer<D: InPlace> {
    disk: Arc<D>,
    options: Options,
    shared: Arc<Shared>,
    log: Option<Log<D>>,
    /// The log that was let go because somebody has touched it.
    before: Option<Before>,
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
    /// Since when it cannot be written, and the first reason.
    failing: Option<(Timestamp, String)>,
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
            before: None,
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
            failing: None,
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
        [sync, self.retry_at, self.windows.next_end()].into_iter().flatten().min()
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

    fn tell_lost(&mut self) {
        self.lost += self.shared.lost.swap(0, Ordering::Relaxed);
        if self.lost > 0 {
            let lost = Entry::Lost(std::mem::take(&mut self.lost));
            self.waiting.insert(0, (Timestamp::now(), lost));
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
        self.failing = None;
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
}
