//! Dead letters that are tried again.

use super::rig::*;

/// With one that two workers died on, and a third worker.
fn with_a_letter(rig: &mut Rig) -> Client {
    let client = rig.attach(1, None);
    rig.call(&client, 5);
    for _ in 0..2 {
        rig.kill();
        rig.start();
    }
    assert_eq!(code(&client.messages()[0]), "RESTART_012");
    rig.worker_got();
    client
}

fn retry(rig: &mut Rig) -> Asker {
    let asker = rig.ask(Request::RetryDeadLetter { id: 1 });
    rig.pump();
    asker
}

fn count(rig: &mut Rig) -> usize {
    let mut asker = rig.ask(Request::DeadLetters { limit: 10 });
    let Reply::DeadLetters(letters) = rig.pump_for(&mut asker) else { panic!() };
    letters.len()
}

#[test]
fn a_letter_is_the_same_operation_again_and_gone_once_it_succeeds() {
    let mut rig = Rig::serving();
    let client = with_a_letter(&mut rig);
    let mut asker = retry(&mut rig);
    let got = rig.worker_got();
    assert_eq!(summary(&got), [(Kind::Open, 0), (Kind::Replay, 5)]);
    let opening: SessionOpening = serde_json::from_slice(&got[0].payload).unwrap();
    assert_eq!(opening.client, client.client);
    rig.tell(Frame::session(Kind::Response, 2, 5, r#"{"id":5,"result":{}}"#));
    assert!(matches!(asker.answer(), Some(Reply::Retried(answer)) if answer["id"] == 5));
    assert_eq!(count(&mut rig), 0);
    assert_eq!((rig.hub.sessions.len(), client.got()), (1, vec![]), "its client had its answer long ago");
}

#[test]
fn a_letter_that_kills_again_stays_one_letter() {
    let mut rig = Rig::serving();
    with_a_letter(&mut rig);
    let mut asker = retry(&mut rig);
    for _ in 0..2 {
        rig.kill();
        rig.start();
    }
    let Some(Reply::Retried(answer)) = asker.answer() else { panic!() };
    assert_eq!(code(&answer), "RESTART_012");
    assert_eq!(count(&mut rig), 1);
    assert_eq!(rig.hub.sessions.len(), 1);
}

#[test]
fn a_letter_is_not_disturbed_by_its_client_and_asks_nobody() {
    let mut rig = Rig::serving();
    let client = with_a_letter(&mut rig);
    let mut asker = retry(&mut rig);
    let _back = rig.attach_as(2, client.client, None);
    rig.worker_got();
    let question = QUESTION.cast_unsigned();
    rig.tell(Frame::session(Kind::Request, 2, question, "{}"));
    let got = rig.worker_got();
    assert_eq!(summary(&got), [(Kind::Reply, 0)], "nobody is there to answer");
    rig.tell(Frame::session(Kind::Response, 2, 5, r#"{"id":5,"result":{}}"#));
    assert!(matches!(asker.answer(), Some(Reply::Retried(_))));
}

#[test]
fn who_tries_a_letter_again_is_answered_when_no_worker_comes() {
    let mut rig = Rig::serving();
    with_a_letter(&mut rig);
    let mut waiting = retry(&mut rig);
    rig.kill();
    rig.later(Duration::from_secs(40));
    let worker = rig.last().0;
    let end = WorkerEnd { code: Some(78), signal: None, last_words: Vec::new() };
    rig.on(Event::WorkerEnded { worker, end });
    assert!(matches!(waiting.answer(), Some(Reply::Retried(answer)) if code(&answer) == "RESTART_012"));
    let mut late = retry(&mut rig);
    assert!(matches!(late.answer(), Some(Reply::Refused(_))));
    assert_eq!((rig.hub.retried.len(), rig.hub.sessions.len()), (0, 1));
}
