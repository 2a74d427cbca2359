//! What is done to a session, step by step, and what has to come of it.

use task_orchestrator::envelope::RequestId;
use task_orchestrator::front::fuzzing::{Came, Log};

use crate::ages::Ages;
use crate::lane::Lane;

/// Requests of one run.
const MAX_LANES: usize = 8;

/// Where the numbers begin.
const BASE: u64 = 100;

pub struct Session {
    log: Log,
    most: (usize, usize),
    /// The first belongs to no request.
    lanes: Vec<Lane>,
    listens: bool,
    ages: Ages,
    /// Messages that were told, so that each is another.
    told: usize,
}

impl Session {
    pub fn new(events: u8, bytes: u8) -> Self {
        // From next to nothing to more than a run can fill.
        let most = (usize::from(events) + 1, (usize::from(bytes) + 1) * 64);
        let unasked = Lane::new(0, None);
        let log = Log::new(BASE, most.0, most.1);
        Self { log, most, lanes: vec![unasked], listens: false, ages: Ages::default(), told: 0 }
    }

    pub fn step(&mut self, [what, which, more]: [u8; 3]) {
        self.ages.tick();
        let at = usize::from(which) % self.lanes.len();
        match what % 14 {
            0 => self.begin(more),
            1 | 2 => self.tell(at, more),
            3 => self.ask(),
            4 => self.answer(at),
            5 => self.finish(at),
            6..=8 => self.read(at, usize::from(more) + 1),
            9 => self.lose(at, usize::from(more)),
            10 => self.come_back(at, more),
            11 => self.listen(more),
            12 => self.stray(which, more),
            _ => self.pass(at, more),
        }
        self.lanes.iter().for_each(Lane::check_woken);
    }

    /// Everybody comes back and reads to the end.
    pub fn end(mut self) {
        for at in 0..self.lanes.len() {
            self.come_back(at, 1);
            self.read(at, usize::MAX);
        }
        self.log.close();
        self.lanes.iter_mut().for_each(|lane| lane.must_end(&self.ages));
    }

    fn is_over(&self) -> bool {
        let (events, bytes, _) = self.log.counted();
        events > self.most.0 || bytes > self.most.1
    }

    fn read(&mut self, at: usize, events: usize) {
        let is_over = self.is_over();
        self.lanes[at].read(&self.ages, events);
        // What was there for its reader alone goes with it.
        if is_over && !self.lanes[at].is_read() {
            self.ages.press();
        }
    }

    /// Where room was made, more is kept than may be only if all of it is about to be read.
    fn check_kept(&self) {
        let (events, bytes, unread) = self.log.counted();
        if self.is_over() {
            assert_eq!(bytes, unread, "there was something that could go");
            assert!(self.lanes.iter().any(Lane::is_read), "{events} events are kept, and {bytes} bytes");
        }
    }

    fn begin(&mut self, more: u8) {
        if self.lanes.len() > MAX_LANES {
            return;
        }
        let request = match more % 4 {
            0 => RequestId::Number(-i64::from(more)),
            1 => RequestId::Text("é\n\"".into()),
            // Longer than what is told in an id.
            2 => RequestId::Text("long".repeat(40).into()),
            _ => RequestId::Text(more.to_string().into()),
        };
        let (sequence, floor) = self.log.begin();
        let waiting = self.lanes.iter().filter(|lane| lane.waits()).map(|lane| lane.sequence).min();
        assert!(floor <= waiting.unwrap_or(sequence), "a request below {floor} waits for its answer");
        let is_due = |lane: &Lane| lane.sequence == floor && lane.is_due();
        assert!(floor == sequence || self.lanes.iter().any(is_due), "nothing is due at {floor}");
        assert!(self.lanes.iter().all(|lane| lane.sequence < sequence && lane.last_number() < sequence));
        let mut lane = Lane::new(sequence, Some(request.clone()));
        match self.log.open(sequence, &request, more & 4 == 0) {
            Some(reader) => lane.attach(reader, 0),
            None => panic!("a stream that was begun is there"),
        }
        self.lanes.push(lane);
    }

    /// A message about a request, or about none.
    fn tell(&mut self, about: usize, more: u8) {
        let padding = "x".repeat(usize::from(more));
        let note = format!(r#"{{"jsonrpc":"2.0","method":"n/{}","params":["{padding}"]}}"#, self.next());
        let to = if self.lanes[about].is_open() { about } else { 0 };
        let about = self.lanes[about].sequence;
        self.push(to, note, |log, message| log.tell(about, message));
    }

    /// A question about nothing in particular: it must be heard.
    fn ask(&mut self) {
        let question = format!(r#"{{"jsonrpc":"2.0","id":{},"method":"roots/list"}}"#, self.next());
        let newest = self.lanes.iter().rposition(|lane| lane.sequence != 0 && lane.is_open());
        let to = if self.listens { 0 } else { newest.unwrap_or(0) };
        self.push(to, question, |log, message| log.tell(0, message));
    }

    fn answer(&mut self, at: usize) {
        let lane = &self.lanes[at];
        let sequence = lane.sequence;
        if sequence == 0 || lane.is_finished() {
            return;
        }
        let answer = format!(r#"{{"jsonrpc":"2.0","id":0,"result":{}}}"#, self.next());
        if self.lanes[at].is_abandoned {
            self.log.answer(sequence, &answer);
            self.lanes[at].is_gone = true;
            return;
        }
        self.lanes[at].finish(&self.ages, true);
        self.push(at, answer, |log, message| log.answer(sequence, message));
    }

    fn next(&mut self) -> usize {
        self.told += 1;
        self.told
    }

    fn push(&mut self, to: usize, message: String, send: impl FnOnce(&Log, &str)) {
        let (events, bytes, unread) = self.log.counted();
        let is_pressed = events + 1 > self.most.0 || bytes + message.len() > self.most.1;
        if is_pressed {
            self.ages.press();
        }
        send(&self.log, &message);
        let (_, bytes, unread_now) = self.log.counted();
        if unread_now < unread + message.len() {
            assert!(is_pressed, "something was let go without need");
            assert_eq!(bytes, unread_now, "what was read goes before what was not");
        }
        self.lanes[to].push(message, &self.ages);
        self.check_kept();
    }

    /// The request is over without an answer.
    fn finish(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        if lane.sequence == 0 || lane.is_finished() {
            return;
        }
        self.log.finish(lane.sequence);
        if lane.is_abandoned {
            lane.is_gone = true;
        }
        lane.finish(&self.ages, false);
    }

    /// The connection breaks, and the last events with it.
    fn lose(&mut self, at: usize, events: usize) {
        if !self.lanes[at].is_read() {
            return;
        }
        if self.is_over() {
            self.ages.press();
        }
        self.lanes[at].lose(events);
        // Of a finished one perhaps only the loss of its answer was read.
        if !self.lanes[at].is_finished() {
            self.check_kept();
        }
    }

    fn come_back(&mut self, at: usize, more: u8) {
        let lane = &mut self.lanes[at];
        let Some(id) = lane.last_id() else { return };
        self.listens |= lane.sequence == 0;
        let came = self.log.come_back(&id, more & 4 == 0);
        lane.came_back(came, &self.ages);
    }

    fn listen(&mut self, more: u8) {
        self.listens = true;
        match self.log.listen(more & 4 == 0) {
            Came::Reader(reader) => {
                let taken = self.lanes[0].taken();
                self.lanes[0].attach(reader, taken);
            }
            other => panic!("who listens gets a stream: {other:?}"),
        }
    }

    /// An id that nobody has been given: no stream comes of it but the end of one.
    fn stray(&mut self, which: u8, more: u8) {
        let sequence = self.lanes[usize::from(which) % self.lanes.len()].sequence;
        let ahead = u64::MAX >> (more % 64);
        let beyond = BASE + 1_000_000 + ahead / 2;
        for id in [format!("{sequence}-{beyond}"), format!("{beyond}-{beyond}"), format!("x{more}")] {
            match self.log.come_back(&id, false) {
                Came::Refused(status, body) => {
                    assert!(status.as_u16() == 400 && body.len() < 300, "{status}");
                }
                other => panic!("{id} was taken for an event of this session: {other:?}"),
            }
        }
    }

    /// Time passes, or a request loses its connection before it had a response.
    fn pass(&mut self, at: usize, more: u8) {
        let lane = &mut self.lanes[at];
        if more % 2 == 0 {
            self.log.age();
            self.ages.age();
        } else if lane.sequence != 0 && lane.has_nothing() {
            self.log.abandon(lane.sequence);
            lane.abandon();
        }
    }
}
