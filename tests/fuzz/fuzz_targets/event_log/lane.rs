//! One stream, as its client and the hub remember it.

use task_orchestrator::envelope::RequestId;
use task_orchestrator::front::fuzzing::{Came, Read, Reader, parse_event_id};

use crate::ages::Ages;

/// Longest id of a request that is told in the ids of events, in bytes.
const MAX_TOLD: usize = 128;

/// What is said instead of an answer that is not there any more.
const LOST: &str = "RESTART_012";

struct Sent {
    message: String,
    number: Option<u64>,
    pushed: usize,
    /// When a reader took it.
    taken: Option<usize>,
}

/// An event that the client has: its id, and which it is of those sent.
struct Seen {
    id: String,
    at: usize,
}

pub struct Lane {
    pub sequence: u64,
    request: Option<RequestId>,
    sent: Vec<Sent>,
    seen: Vec<Seen>,
    /// The id with which the stream began, without an event.
    primer: Option<String>,
    /// What the client began to read with.
    begin: usize,
    /// What is to come next.
    next: usize,
    /// What the client has said that it has.
    said: usize,
    reader: Option<Reader>,
    is_waiting: bool,
    wake_is_due: bool,
    finished: Option<usize>,
    is_answered: bool,
    pub is_abandoned: bool,
    pub is_gone: bool,
}

impl Lane {
    pub fn new(sequence: u64, request: Option<RequestId>) -> Self {
        Self {
            sequence,
            request,
            sent: Vec::new(),
            seen: Vec::new(),
            primer: None,
            begin: 0,
            next: 0,
            said: 0,
            reader: None,
            is_waiting: false,
            wake_is_due: false,
            finished: None,
            is_answered: false,
            is_abandoned: false,
            is_gone: false,
        }
    }

    pub fn is_finished(&self) -> bool {
        self.finished.is_some() || self.is_gone
    }

    pub fn is_open(&self) -> bool {
        !self.is_finished() && !self.is_abandoned
    }

    pub fn is_read(&self) -> bool {
        self.reader.is_some()
    }

    /// Whether the answer to its request is still to come.
    pub fn waits(&self) -> bool {
        self.sequence != 0 && !self.is_finished()
    }

    /// Whether its client may still want the answer.
    pub fn is_due(&self) -> bool {
        self.waits()
            || (self.is_answered && !self.is_gone && self.sent.last().is_some_and(|it| it.taken.is_none()))
    }

    /// Whether its client could not say where to come back to.
    pub fn has_nothing(&self) -> bool {
        self.last_id().is_none() && !self.is_gone && !self.is_abandoned
    }

    pub fn last_number(&self) -> u64 {
        self.sent.iter().filter_map(|sent| sent.number).max().unwrap_or(0)
    }

    /// How many were taken or were before one that was.
    pub fn taken(&self) -> usize {
        self.sent.iter().rposition(|sent| sent.taken.is_some()).map_or(0, |last| last + 1)
    }

    pub fn last_id(&self) -> Option<String> {
        self.seen.last().map(|seen| &seen.id).or(self.primer.as_ref()).cloned()
    }

    pub fn push(&mut self, message: String, ages: &Ages) {
        self.sent.push(Sent { message, number: None, pushed: ages.now(), taken: None });
        self.wake_is_due |= self.is_waiting;
    }

    pub fn finish(&mut self, ages: &Ages, is_answered: bool) {
        (self.finished, self.is_answered) = (Some(ages.now()), is_answered);
        self.wake_is_due |= self.is_waiting;
    }

    pub fn check_woken(&self) {
        if let Some(reader) = self.reader.as_ref().filter(|_| self.wake_is_due) {
            assert!(reader.is_woken(), "nobody told the reader of {}", self.sequence);
        }
    }

    /// A client begins to read, with nothing in its hands.
    pub fn attach(&mut self, reader: Reader, begin: usize) {
        self.seen.clear();
        (self.primer, self.begin) = (None, begin);
        self.replace(reader);
    }

    fn replace(&mut self, reader: Reader) {
        if let Some(mut old) = self.reader.replace(reader) {
            assert!(!self.is_waiting || old.is_woken(), "nobody told the reader that there is another");
            let mut read = old.read();
            // Not of the stream are the id that it began with, and that its answer is lost.
            let is_over = self.is_gone || self.finished.is_some();
            if matches!(&read, Read::Bytes(bytes) if is_primer(bytes) || (is_over && is_loss(bytes))) {
                read = old.read();
            }
            assert!(matches!(read, Read::End), "two read the same stream: {read:?}");
        }
        (self.is_waiting, self.wake_is_due) = (false, false);
        self.said = self.seen.len();
        self.next = self.seen.last().map_or(self.begin, |seen| seen.at + 1);
    }

    /// The connection breaks; the client does not have the last events that were sent.
    pub fn lose(&mut self, events: usize) {
        if self.reader.take().is_none() {
            return;
        }
        self.seen.truncate(self.seen.len().saturating_sub(events).max(self.said));
        (self.is_waiting, self.wake_is_due) = (false, false);
    }

    pub fn abandon(&mut self) {
        self.reader = None;
        (self.is_waiting, self.wake_is_due) = (false, false);
        self.is_gone = self.finished.is_some();
        self.is_abandoned = true;
    }

    pub fn came_back(&mut self, came: Came, ages: &Ages) {
        let id = self.last_id().unwrap_or_default();
        let is_end = id.ends_with("-end");
        match came {
            Came::Reader(reader) => {
                assert!(!is_end, "nothing comes behind an answer");
                self.replace(reader);
            }
            Came::NothingMore => assert!(is_end, "{id} is not the end"),
            Came::Refused(status, _) => {
                assert!(
                    status.as_u16() == 400 && self.told().is_none() && self.may_be_gone(ages),
                    "{id}: {status}"
                );
                self.is_gone = true;
            }
        }
    }

    /// The request, where the ids of events tell it.
    fn told(&self) -> Option<&RequestId> {
        self.request.as_ref().filter(|request| match request {
            RequestId::Number(_) => true,
            RequestId::Text(text) => text.len() <= MAX_TOLD,
        })
    }

    fn may_be_gone(&self, ages: &Ages) -> bool {
        let is_over = |then| ages.is_pressed_since(then) || ages.is_long_ago(then);
        self.is_gone || self.finished.is_some_and(is_over)
    }

    fn may_be_lost(&self, sent: &Sent, ages: &Ages) -> bool {
        ages.is_pressed_since(sent.pushed)
            || sent.taken.is_some_and(|taken| ages.is_long_ago(taken))
            || self.finished.is_some_and(|finished| ages.is_long_ago(finished))
            || self.is_gone
    }

    fn check_lost(&self, to: usize, ages: &Ages) {
        let missed = self.sent[self.next..to].iter().find(|sent| !self.may_be_lost(sent, ages));
        assert!(missed.is_none(), "{:?} is lost", missed.map(|sent| &sent.message));
    }

    /// Reads so many events, or until there are none.
    pub fn read(&mut self, ages: &Ages, events: usize) {
        for _ in 0..events {
            let Some(reader) = &mut self.reader else { return };
            (self.is_waiting, self.wake_is_due) = (false, false);
            match reader.read() {
                Read::Bytes(bytes) => self.take(str::from_utf8(&bytes).expect("text"), ages),
                Read::Waits => {
                    assert!(!self.is_finished(), "{} has no end", self.sequence);
                    self.is_waiting = true;
                    return self.check_lost(self.sent.len(), ages);
                }
                Read::End => {
                    assert!(self.is_finished(), "{} has ended before its time", self.sequence);
                    self.check_lost(self.sent.len(), ages);
                    self.reader = None;
                }
            }
        }
    }

    fn take(&mut self, event: &str, ages: &Ages) {
        let (id, rest) = event.strip_prefix("id: ").and_then(|it| it.split_once('\n')).expect("an id");
        let (stream, number, request, is_end) = parse_event_id(id).expect("an id of this server");
        assert_eq!(stream, self.sequence);
        assert_eq!(request.as_ref(), self.told().filter(|_| !is_end), "{id}");
        if rest.starts_with("retry: ") {
            assert!(rest.ends_with("\ndata: \n\n"), "{rest}");
            if self.seen.is_empty() {
                self.primer = Some(id.to_owned());
            }
            return;
        }
        let message = rest.strip_prefix("data: ").and_then(|it| it.strip_suffix("\n\n")).expect("an event");
        if message.contains(LOST) {
            assert!(self.may_be_gone(ages) && is_end && self.told().is_some(), "{} is lost", self.sequence);
            (self.is_gone, self.next) = (true, self.sent.len());
            return;
        }
        let at = self.sent[self.next..].iter().position(|sent| sent.message == message);
        let at = self.next + at.unwrap_or_else(|| panic!("{message} comes again, or to somebody else"));
        self.check_lost(at, ages);
        self.number(at, number);
        assert_eq!(is_end, self.is_answered && at + 1 == self.sent.len(), "{id}");
        self.sent[at].taken.get_or_insert(ages.now());
        self.seen.push(Seen { id: id.to_owned(), at });
        self.next = at + 1;
    }

    /// An event has the number that it always had, above those of the events before.
    fn number(&mut self, at: usize, number: u64) {
        assert!(number > self.sequence, "a number of something else");
        assert!(self.sent[..at].iter().all(|sent| sent.number < Some(number)), "{number} is out of order");
        assert_eq!(*self.sent[at].number.get_or_insert(number), number, "an event has two numbers");
    }

    /// The front has ended: so do those who read.
    pub fn must_end(&mut self, ages: &Ages) {
        if let Some(mut reader) = self.reader.take() {
            assert!(
                !self.is_waiting || reader.is_woken(),
                "nobody told the reader of {} the end",
                self.sequence
            );
            while let Read::Bytes(bytes) = reader.read() {
                self.take(str::from_utf8(&bytes).expect("text"), ages);
            }
            assert!(matches!(reader.read(), Read::End));
        }
    }
}

/// Whether this only carries an id.
fn is_primer(event: &[u8]) -> bool {
    event.ends_with(b"\ndata: \n\n")
}

/// Whether this says that the answer is not there any more.
fn is_loss(event: &[u8]) -> bool {
    event.windows(LOST.len()).any(|word| word == LOST.as_bytes())
}
