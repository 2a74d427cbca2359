//! The streams of a mailbox: their events, who reads them, and what goes first when there
//! is no room. Has no lock, no clock and no notion of HTTP.
//!
//! Bounds: of all events that are kept, so many and so many bytes. What is beyond goes in
//! this order: finished streams whose events were all taken, the oldest first; other events
//! that were taken, the oldest first; events of streams that nobody reads, the oldest first,
//! counted as lost. What a reader is about to take stays: that is bounded by the requests
//! that a session may have open, and by the hub, which sends no notifications to a client
//! that does not read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::{Context, Waker};

use bytes::Bytes;

use super::{Event, UNASKED};
use crate::envelope::{self, Envelope};

/// How much a session keeps.
#[derive(Debug, Clone, Copy)]
pub(in crate::front::http) struct Bounds {
    pub(in crate::front::http) events: usize,
    pub(in crate::front::http) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { events: 1000, bytes: 1 << 20 }
    }
}

/// Nothing more will come on the stream, or not for this reader.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Over;

#[derive(Debug, Default)]
struct Stream {
    events: VecDeque<Event>,
    /// The last event that a reader has taken.
    taken: u64,
    /// The last event that had been taken when the streams were last aged.
    aged: u64,
    is_finished: bool,
    /// It was finished when the streams were last aged.
    is_old: bool,
    is_abandoned: bool,
    /// Who reads it, so that an older reader notices that it is not the one any more.
    reader: u64,
    is_read: bool,
    waker: Option<Waker>,
}

impl Stream {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn is_open(&self) -> bool {
        !self.is_finished && !self.is_abandoned
    }

    fn all_taken(&self) -> bool {
        self.events.back().is_none_or(|event| event.number <= self.taken)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: BTreeMap<u64, Stream>,
    /// Requests whose answers have not been handed out, lowest first.
    undelivered: BTreeSet<u64>,
    /// The last number that was given to a message of the client or to an event.
    last: u64,
    kept: usize,
    kept_bytes: usize,
    unread: usize,
    lost: u64,
    /// Whether the client has ever read the stream that belongs to no request.
    listens: bool,
    bounds: Bounds,
}

impl Streams {
    pub(super) fn new(base: u64, bounds: Bounds) -> Self {
        Self { last: base, bounds, ..Self::default() }
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn unread(&self) -> usize {
        self.unread
    }

    pub(super) fn is_read(&self, sequence: u64) -> bool {
        self.streams.get(&sequence).is_some_and(|stream| stream.is_read)
    }

    pub(super) fn taken(&self, sequence: u64) -> u64 {
        self.streams.get(&sequence).map_or(0, |stream| stream.taken)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.streams
            .iter()
            .any(|(sequence, stream)| stream.is_read || (*sequence != UNASKED && !stream.is_finished))
    }

    pub(super) fn open(&mut self, sequence: u64) {
        self.streams.entry(sequence).or_default();
        self.undelivered.insert(sequence);
        self.last = self.last.max(sequence);
    }

    pub(super) fn begin(&mut self) -> (u64, u64) {
        let sequence = self.last + 1;
        self.open(sequence);
        (sequence, self.undelivered.first().copied().unwrap_or(sequence))
    }

    pub(super) fn answer(&mut self, sequence: u64, message: Bytes) {
        let Some(stream) = self.streams.get_mut(&sequence).filter(|stream| !stream.is_finished) else {
            return;
        };
        stream.is_finished = true;
        if stream.is_abandoned {
            return self.forget(sequence);
        }
        self.append(sequence, message, true);
    }

    /// The request is over without an answer.
    pub(super) fn finish(&mut self, sequence: u64) {
        let Some(stream) = self.streams.get_mut(&sequence) else { return };
        stream.is_finished = true;
        stream.wake();
        self.undelivered.remove(&sequence);
        if self.streams.get(&sequence).is_some_and(|stream| stream.is_abandoned) {
            self.forget(sequence);
        }
    }

    /// A message that answers nothing, about the request with this sequence.
    pub(super) fn tell(&mut self, about: u64, message: Bytes) {
        let is_open = self.streams.get(&about).is_some_and(Stream::is_open);
        let sequence = match about {
            about if about != UNASKED && is_open => about,
            _ if self.listens || !must_be_heard(&message) => UNASKED,
            // The newest request is the only way to a client that does not listen.
            _ => self.newest_open().unwrap_or(UNASKED),
        };
        self.append(sequence, message, false);
    }

    fn newest_open(&self) -> Option<u64> {
        let is_open = |(sequence, stream): &(&u64, &Stream)| **sequence != UNASKED && stream.is_open();
        self.streams.iter().rev().find(is_open).map(|(sequence, _)| *sequence)
    }

    fn append(&mut self, sequence: u64, message: Bytes, is_answer: bool) {
        self.last += 1;
        self.kept += 1;
        self.kept_bytes += message.len();
        self.unread += message.len();
        let stream = self.streams.entry(sequence).or_default();
        stream.events.push_back(Event { number: self.last, message, is_answer });
        stream.wake();
        while self.is_over() && self.make_room() {}
    }

    pub(super) fn attach(&mut self, sequence: u64) -> Option<u64> {
        let stream = match sequence {
            UNASKED => {
                self.listens = true;
                self.streams.entry(UNASKED).or_default()
            }
            sequence => self.streams.get_mut(&sequence)?,
        };
        stream.reader += 1;
        stream.is_read = true;
        stream.is_old = false;
        stream.wake();
        Some(stream.reader)
    }

    pub(super) fn detach(&mut self, sequence: u64, reader: u64) {
        if let Some(stream) = self.streams.get_mut(&sequence).filter(|stream| stream.reader == reader) {
            stream.is_read = false;
            stream.waker = None;
            while self.is_over() && self.make_room() {}
        }
    }

    /// The client has everything of this stream up to here.
    pub(super) fn had(&mut self, sequence: u64, number: u64) {
        while self.front(sequence).is_some_and(|first| first <= number) {
            self.drop_first(sequence);
        }
    }

    /// The next event behind `after`, `None` where it is still to come.
    pub(super) fn next(&mut self, sequence: u64, reader: u64, after: u64) -> Result<Option<Event>, Over> {
        let stream = self.streams.get_mut(&sequence).filter(|stream| stream.reader == reader).ok_or(Over)?;
        let place = stream.events.partition_point(|event| event.number <= after);
        match stream.events.get(place).cloned() {
            Some(event) => {
                if event.number > stream.taken {
                    stream.taken = event.number;
                    self.unread = self.unread.saturating_sub(event.message.len());
                }
                if event.is_answer {
                    self.undelivered.remove(&sequence);
                }
                Ok(Some(event))
            }
            None if stream.is_finished => Err(Over),
            None => Ok(None),
        }
    }

    pub(super) fn wait(&mut self, sequence: u64, context: &Context<'_>) {
        if let Some(stream) = self.streams.get_mut(&sequence) {
            stream.waker = Some(context.waker().clone());
        }
    }

    pub(super) fn wake_all(&mut self) {
        self.streams.values_mut().for_each(Stream::wake);
    }

    pub(super) fn abandon(&mut self, sequence: u64) {
        match self.streams.get_mut(&sequence) {
            Some(stream) if stream.is_finished => self.forget(sequence),
            Some(stream) => (stream.is_abandoned, stream.is_read) = (true, false),
            None => {}
        }
    }

    pub(super) fn forget(&mut self, sequence: u64) {
        while self.front(sequence).is_some() {
            self.drop_first(sequence);
        }
        if let Some(mut stream) = self.streams.remove(&sequence) {
            // Who waits for more finds the end.
            stream.wake();
        }
        self.undelivered.remove(&sequence);
    }

    /// What was taken before the call before, and finished streams that have been unread
    /// since then, are not kept any longer.
    pub(super) fn age(&mut self) {
        let all: Vec<u64> = self.streams.keys().copied().collect();
        for sequence in all {
            let Some(stream) = self.streams.get_mut(&sequence) else { continue };
            let is_over = stream.is_finished && !stream.is_read;
            if is_over && std::mem::replace(&mut stream.is_old, true) {
                self.forget(sequence);
                continue;
            }
            let aged = std::mem::replace(&mut stream.aged, stream.taken);
            if !is_over {
                self.had(sequence, aged);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.kept > self.bounds.events || self.kept_bytes > self.bounds.bytes
    }

    fn front(&self, sequence: u64) -> Option<u64> {
        self.streams.get(&sequence)?.events.front().map(|event| event.number)
    }

    fn drop_first(&mut self, sequence: u64) {
        let Some(stream) = self.streams.get_mut(&sequence) else { return };
        let Some(event) = stream.events.pop_front() else { return };
        let bytes = event.message.len();
        self.kept -= 1;
        self.kept_bytes -= bytes;
        if event.number > stream.taken {
            stream.taken = event.number;
            self.unread = self.unread.saturating_sub(bytes);
        }
    }

    /// Events and bytes that are kept, counted anew, as the sums kept beside them must be.
    #[cfg(any(test, fuzzing))]
    pub(super) fn counted(&self) -> (usize, usize) {
        let all = || self.streams.values().flat_map(|stream| &stream.events);
        let counted = (all().count(), all().map(|event| event.message.len()).sum());
        assert_eq!(counted, (self.kept, self.kept_bytes));
        let untaken = |stream: &Stream| -> usize {
            let events = stream.events.iter().filter(|event| event.number > stream.taken);
            events.map(|event| event.message.len()).sum()
        };
        assert_eq!(self.streams.values().map(untaken).sum::<usize>(), self.unread);
        counted
    }

    /// Lets go what is missed least. `false` where everything is about to be read.
    fn make_room(&mut self) -> bool {
        let had = self.streams.iter().find(|(_, stream)| {
            stream.is_finished && !stream.is_read && !stream.events.is_empty() && stream.all_taken()
        });
        if let Some((&sequence, _)) = had {
            self.forget(sequence);
            return true;
        }
        if let Some(sequence) = self.oldest(|stream, number| number <= stream.taken) {
            self.drop_first(sequence);
            return true;
        }
        let Some(sequence) = self.oldest(|stream, _| !stream.is_read) else { return false };
        self.lost += 1;
        if self.lost.is_power_of_two() {
            tracing::warn!(lost = self.lost, "a session keeps no more: its client does not read");
        }
        self.drop_first(sequence);
        // An answer that is lost is not waited for.
        if self.streams.get(&sequence).is_some_and(|stream| stream.is_finished && stream.events.is_empty()) {
            self.forget(sequence);
        }
        true
    }

    /// The stream with the oldest event of those whose first event is such.
    fn oldest(&self, is: impl Fn(&Stream, u64) -> bool) -> Option<u64> {
        let firsts = self.streams.iter().filter_map(|(sequence, stream)| {
            let number = stream.events.front()?.number;
            is(stream, number).then_some((number, *sequence))
        });
        firsts.min().map(|(_, sequence)| sequence)
    }
}

/// Whether somebody waits for the client to hear this: questions, and that one is withdrawn.
/// Everything else can wait until the client listens.
fn must_be_heard(message: &[u8]) -> bool {
    match envelope::parse(message) {
        Ok(Envelope::Request { .. }) => true,
        Ok(Envelope::Notification { method, .. }) => method == "notifications/cancelled",
        Ok(Envelope::Response { .. }) | Err(_) => false,
    }
}
