//! Streams that break, and clients that come back.

use proptest::prelude::*;

use super::streams::Bounds;
use super::*;

fn small(events: usize, bytes: usize) -> Mailbox {
    Mailbox::kept_by_nobody(100, Bounds { events, bytes })
}

fn frame(kind: Kind, sequence: u64, text: &str) -> Frame {
    Frame::session(kind, 0, sequence, text.to_owned())
}

/// What is there for a reader: the texts of the events, and whether the stream is over.
fn drain(mailbox: &Mailbox, sequence: u64, reader: u64, mut after: u64) -> (Vec<String>, u64, bool) {
    let mut texts = Vec::new();
    let mut context = Context::from_waker(std::task::Waker::noop());
    loop {
        match mailbox.poll(sequence, reader, after, &mut context) {
            Poll::Ready(Next::Event(event)) => {
                after = event.number;
                texts.push(String::from_utf8(event.message.to_vec()).unwrap());
            }
            Poll::Ready(Next::End) => return (texts, after, true),
            Poll::Pending => return (texts, after, false),
        }
    }
}

#[test]
fn a_message_goes_the_way_of_the_request_that_it_belongs_to() {
    let question = r#"{"jsonrpc":"2.0","id":1,"method":"elicitation/create"}"#;
    let withdrawn = r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#;
    let note = r#"{"jsonrpc":"2.0","method":"notifications/message"}"#;
    // Whether it listens, whether it belongs to the first request, the message, and where it arrives.
    for (listens, belongs, message, arrives) in [
        (false, true, question, 1),
        (true, true, note, 1),
        (true, false, question, 0),
        (false, false, question, 2),
        (false, false, withdrawn, 2),
        (false, false, note, 0),
    ] {
        let mailbox = small(10, 1000);
        let (first, second) = (mailbox.begin().0, mailbox.begin().0);
        if listens {
            let reader = mailbox.attach(UNASKED).unwrap();
            mailbox.detach(UNASKED, reader);
        }
        mailbox.take(&frame(Kind::Notification, if belongs { first } else { 0 }, message));
        let heard: Vec<usize> = [UNASKED, first, second]
            .into_iter()
            .map(|stream| drain(&mailbox, stream, mailbox.attach(stream).unwrap(), 0).0.len())
            .collect();
        let expected: Vec<usize> = (0..3).map(|place| usize::from(place == arrives)).collect();
        assert_eq!(heard, expected, "{listens} {belongs} {message}");
    }
}

#[test]
fn the_floor_is_the_lowest_request_whose_answer_was_not_handed_out() {
    let mailbox = small(10, 1000);
    let (first, floor) = mailbox.begin();
    assert_eq!((first, floor), (101, 101));
    let (second, floor) = mailbox.begin();
    assert_eq!(floor, first);
    mailbox.take(&frame(Kind::Response, first, "answer"));
    assert_eq!(mailbox.begin().1, first, "nobody has fetched it");
    let reader = mailbox.attach(first).unwrap();
    assert!(drain(&mailbox, first, reader, 0).2);
    assert_eq!(mailbox.begin().1, second);
    mailbox.take(&frame(Kind::Done, second, ""));
    assert!(mailbox.begin().1 > second, "what is called off is not waited for");
}

#[test]
fn an_answer_for_which_nobody_can_come_back_is_not_kept() {
    let mailbox = small(10, 1000);
    let (sequence, _) = mailbox.begin();
    mailbox.abandon(sequence);
    assert!(mailbox.is_busy(), "its request is still worked on");
    mailbox.take(&frame(Kind::Response, sequence, "answer"));
    assert_eq!((mailbox.attach(sequence), mailbox.unread(), mailbox.is_busy()), (None, 0, false));
}

#[test]
fn only_who_listens_is_asked_and_only_the_last_question_counts() {
    let mailbox = small(10, 1000);
    mailbox.take(&frame(Kind::Ping, 0, ""));
    assert_eq!((mailbox.unread(), mailbox.is_reachable()), (0, false));
    let reader = mailbox.attach(UNASKED).unwrap();
    assert!(mailbox.is_reachable());
    mailbox.take(&frame(Kind::Ping, 0, ""));
    let (texts, ..) = drain(&mailbox, UNASKED, reader, 0);
    let ping: serde_json::Value = serde_json::from_str(&texts[0]).unwrap();
    assert_eq!(ping["method"], "ping");
    let id = RequestId::Text(ping["id"].as_str().unwrap().into());
    assert!(!mailbox.is_pong(&RequestId::Text("front-0".into())));
    assert!(mailbox.is_pong(&id) && !mailbox.is_pong(&id), "once");
}

#[test]
fn who_reads_a_stream_anew_ends_the_reader_before() {
    let mailbox = small(10, 1000);
    let old = mailbox.attach(UNASKED).unwrap();
    mailbox.take(&frame(Kind::Notification, 0, "a"));
    let new = mailbox.attach(UNASKED).unwrap();
    assert_eq!(drain(&mailbox, UNASKED, old, 0), (Vec::new(), 0, true));
    mailbox.detach(UNASKED, old);
    assert!(mailbox.is_reachable(), "the new one reads on");
    assert_eq!(drain(&mailbox, UNASKED, new, mailbox.taken(UNASKED)).0, ["a"]);
}

#[test]
fn who_waits_for_a_stream_that_is_forgotten_finds_its_end() {
    use std::sync::atomic::{AtomicBool, Ordering};
    struct Woken(AtomicBool);
    impl std::task::Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let mailbox = small(10, 1000);
    let (sequence, _) = mailbox.begin();
    let reader = mailbox.attach(sequence).unwrap();
    let woken = std::sync::Arc::new(Woken(AtomicBool::new(false)));
    let waker = std::sync::Arc::clone(&woken).into();
    let mut context = Context::from_waker(&waker);
    assert!(mailbox.poll(sequence, reader, 0, &mut context).is_pending());
    mailbox.forget(sequence);
    assert!(woken.0.load(Ordering::Relaxed));
    assert!(drain(&mailbox, sequence, reader, 0).2);
}

#[test]
fn what_nobody_fetches_is_forgotten_the_second_time() {
    let mailbox = small(10, 1000);
    let (sequence, _) = mailbox.begin();
    mailbox.take(&frame(Kind::Response, sequence, "answer"));
    mailbox.age();
    let reader = mailbox.attach(sequence).unwrap();
    mailbox.detach(sequence, reader);
    mailbox.age();
    assert!(mailbox.attach(sequence).is_some_and(|reader| {
        mailbox.detach(sequence, reader);
        true
    }));
    mailbox.age();
    mailbox.age();
    assert_eq!((mailbox.attach(sequence), mailbox.unread()), (None, 0));
}

#[test]
fn what_was_had_goes_before_what_was_not() {
    let mailbox = small(2, 1000);
    let (done, _) = mailbox.begin();
    mailbox.take(&frame(Kind::Response, done, "had"));
    let reader = mailbox.attach(done).unwrap();
    drain(&mailbox, done, reader, 0);
    mailbox.detach(done, reader);
    for text in ["a", "b", "c"] {
        mailbox.take(&frame(Kind::Notification, 0, text));
    }
    assert_eq!(mailbox.attach(done), None);
    let reader = mailbox.attach(UNASKED).unwrap();
    assert_eq!(drain(&mailbox, UNASKED, reader, 0).0, ["b", "c"], "the oldest is lost");
}

#[derive(Debug, Clone)]
enum Step {
    Begin,
    Tell(usize),
    Answer(usize),
    /// Reads; the last event gets lost on the way with the connection, or does not.
    Read(usize, bool),
    Break(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Begin),
        6 => (0usize..6).prop_map(Step::Tell),
        2 => (0usize..6).prop_map(Step::Answer),
        6 => (0usize..6, any::<bool>()).prop_map(|(at, lost)| Step::Read(at, lost)),
        2 => (0usize..6).prop_map(Step::Break),
    ];
    prop::collection::vec(step, 1..120)
}

/// A stream as its client and its server remember it.
#[derive(Debug, Default)]
struct Model {
    sequence: u64,
    sent: Vec<String>,
    seen: Vec<String>,
    after: u64,
    reader: Option<u64>,
    is_answered: bool,
}

impl Model {
    fn read(&mut self, mailbox: &Mailbox, loses_last: bool) -> bool {
        let reader = match self.reader {
            Some(reader) => reader,
            None => match mailbox.resume(self.sequence, self.after) {
                Some(reader) => reader,
                None => return false,
            },
        };
        self.reader = Some(reader);
        let mut context = Context::from_waker(std::task::Waker::noop());
        loop {
            match mailbox.poll(self.sequence, reader, self.after, &mut context) {
                Poll::Ready(Next::Event(_)) if loses_last => {
                    mailbox.detach(self.sequence, reader);
                    self.reader = None;
                    return true;
                }
                Poll::Ready(Next::Event(event)) => {
                    self.after = event.number;
                    self.seen.push(String::from_utf8(event.message.to_vec()).unwrap());
                }
                Poll::Ready(Next::End) | Poll::Pending => return true,
            }
        }
    }
}

fn play(mailbox: &Mailbox, steps: &[Step], mut check: impl FnMut(&[Model])) -> Vec<Model> {
    let mut models = vec![Model::default()];
    mailbox.attach(UNASKED).map(|reader| mailbox.detach(UNASKED, reader)).unwrap();
    for (number, step) in steps.iter().enumerate() {
        let count = models.len();
        match *step {
            Step::Begin => models.push(Model { sequence: mailbox.begin().0, ..Model::default() }),
            Step::Tell(at) => {
                let model = &mut models[at % count];
                let at = if model.is_answered { 0 } else { at % count };
                let model = &mut models[at];
                let text = format!("{number} to {}", model.sequence);
                mailbox.take(&frame(Kind::Notification, model.sequence, &text));
                model.sent.push(text);
            }
            Step::Answer(at) => {
                let model = &mut models[at % count];
                if model.sequence != UNASKED && !std::mem::replace(&mut model.is_answered, true) {
                    mailbox.take(&frame(Kind::Response, model.sequence, "answer"));
                    model.sent.push("answer".into());
                }
            }
            Step::Read(at, loses_last) => {
                models[at % count].read(mailbox, loses_last);
            }
            Step::Break(at) => {
                let model = &mut models[at % count];
                if let Some(reader) = model.reader.take() {
                    mailbox.detach(model.sequence, reader);
                }
            }
        }
        check(&models);
    }
    models
}

proptest! {
    #[test]
    fn nothing_is_lost_or_repeated_however_often_connections_break(steps in steps()) {
        let mailbox = small(10_000, 1 << 20);
        for mut model in play(&mailbox, &steps, |_| ()) {
            prop_assert!(model.read(&mailbox, false), "the stream is there");
            prop_assert_eq!(&model.seen, &model.sent);
        }
        prop_assert_eq!(mailbox.unread(), 0);
    }

    #[test]
    fn what_nobody_reads_stays_within_the_bounds(steps in steps(), events in 1usize..6, bytes in 10usize..60) {
        let mailbox = small(events, bytes);
        let models = play(&mailbox, &steps, |models| {
            let (kept, kept_bytes) = mailbox.counted();
            if models.iter().all(|model| model.reader.is_none()) {
                assert!(kept <= events && kept_bytes <= bytes, "{kept} {kept_bytes}");
            }
        });
        for model in models {
            let mut sent = model.sent.iter();
            // In order, none twice.
            prop_assert!(model.seen.iter().all(|seen| sent.any(|sent| sent == seen)), "{:?}", model);
        }
    }
}
