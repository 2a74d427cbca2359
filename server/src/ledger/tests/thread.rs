//! The handle: nothing waits, nothing that must not get lost does.

use std::sync::mpsc;

use super::*;

fn opened(directory: &tempfile::TempDir) -> Opened {
    Ledger::open(&options(directory)).unwrap()
}

/// Holds the thread up until the sender is dropped.
fn held_up(ledger: &Ledger) -> mpsc::Sender<()> {
    let (release, wait) = mpsc::channel::<()>();
    let (entered, has_entered) = mpsc::channel();
    drop(ledger.submit("test", move |_| {
        entered.send(()).unwrap();
        let _ = wait.recv();
        Ok(())
    }));
    has_entered.recv().unwrap();
    release
}

#[tokio::test]
async fn what_is_asked_comes_after_what_was_told() {
    let directory = tempfile::tempdir().unwrap();
    let Opened { ledger, unfinished } = opened(&directory);
    assert!(unfinished.is_empty() && *ledger.condition() == Condition::Sound);
    let call = key(ClientId::random(), 1);
    drop(ledger.begin(running("a"), Some(call)));
    assert_eq!(ledger.find_by_operation(call).await.unwrap(), Some(running("a")));
    ledger.finish(ended("a", Outcome::Complete, 5.0));
    assert_eq!(ledger.history(10).await.unwrap().successful_restarts, 1);
    assert_eq!(ledger.expected_duration(Kind::Graceful).await.unwrap(), Some(Duration::from_millis(5)));
    assert!(ledger.raise("x", "").await.unwrap() && !ledger.raise("x", "").await.unwrap());
    assert!(ledger.resolve("x").await.unwrap());
}

#[tokio::test]
async fn a_new_front_finds_and_closes_what_its_predecessor_left() {
    let directory = tempfile::tempdir().unwrap();
    let first = opened(&directory).ledger;
    drop(first.begin(running("a"), None));
    first.flush().await.unwrap();
    let copy = as_if_killed(&directory);
    let kept = Options { close_unfinished: false, ..options(&copy) };
    let second = Ledger::open(&kept).unwrap();
    assert_eq!(second.unfinished, [running("a")]);
    assert_eq!(second.ledger.last().await.unwrap(), None);
    let third = opened(&as_if_killed(&directory));
    let [closed] = third.unfinished.as_slice() else { panic!("{:?}", third.unfinished) };
    assert_eq!(closed.outcome, Some(Outcome::Failed));
    assert_eq!(third.ledger.last().await.unwrap().as_ref(), Some(closed));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_keeps_the_ends_of_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = opened(&directory).ledger;
    // A thousand waits for the disk prove nothing here.
    drop(ledger.submit("test", |db| Ok(db.connection.pragma_update(None, "synchronous", "OFF")?)));
    let release = held_up(&ledger);
    let mut taken = 0;
    let refused = loop {
        let mut answer = std::pin::pin!(ledger.begin(running(&format!("r{taken}")), None));
        if let std::task::Poll::Ready(result) = futures::poll!(&mut answer) {
            break result;
        }
        taken += 1;
    };
    assert!(matches!(refused, Err(LedgerError::Busy)));
    assert_eq!((taken, ledger.dropped()), (1024, 1));
    for number in 0..3 {
        ledger.finish(ended(&format!("end{number}"), Outcome::Complete, 1.0));
    }
    assert_eq!(ledger.dropped(), 1, "the end of a restart is not dropped");
    drop(release);
    // The queue is full until the thread has taken something from it.
    let history = loop {
        match ledger.history(10).await {
            Ok(history) => break history,
            Err(LedgerError::Busy) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(history.successful_restarts, 3);
}

#[tokio::test]
async fn an_end_that_cannot_be_written_is_written_later() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = opened(&directory).ledger;
    let writable = |yes: bool| {
        ledger.submit("test", move |db| Ok(db.connection.pragma_update(None, "query_only", !yes)?))
    };
    writable(false).await.unwrap();
    ledger.finish(ended("a", Outcome::Complete, 1.0));
    ledger.finish(ended("b", Outcome::Failed, 1.0));
    assert!(ledger.begin(running("c"), None).await.is_err());
    assert_eq!(ledger.history(10).await.unwrap().total_restarts, 0);
    writable(true).await.unwrap();
    assert_eq!(ledger.history(10).await.unwrap().total_restarts, 2);
}

#[tokio::test]
async fn letters_that_wait_have_a_bound_in_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let roomy = Options { dead_letters: 100, dead_letter_bytes: 1 << 30, ..options(&directory) };
    let ledger = Ledger::open(&roomy).unwrap().ledger;
    let release = held_up(&ledger);
    let message = bytes::Bytes::from(vec![b' '; 16 << 20]);
    let letter = DeadLetter {
        id: 0,
        at: String::new(),
        cause: task_orchestrator_shared::report::DeadCause::Expired,
        error_code: task_orchestrator_shared::error_code::ErrorCode::TimeoutExceeded,
        client: String::new(),
        sequence: 1,
        method: String::new(),
        bytes: 0,
        message: None,
        retries: 0,
    };
    let add = || ledger.add_letter(letter.clone(), message.clone());
    let taken = [add(), add(), add(), add()];
    assert!(matches!(add().await, Err(LedgerError::Busy)));
    drop(release);
    for answer in taken {
        answer.await.unwrap();
    }
    add().await.unwrap();
}

#[test]
fn what_was_put_in_is_written_after_the_last_handle_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = opened(&directory).ledger;
    let release = held_up(&ledger);
    let (done, is_done) = mpsc::channel();
    ledger.finish(ended("a", Outcome::Complete, 1.0));
    drop(ledger.submit("test", move |_| {
        done.send(()).unwrap();
        Ok(())
    }));
    drop(ledger);
    drop(release);
    is_done.recv().unwrap();
    let copy = as_if_killed(&directory);
    assert_eq!(Db::open(options(&copy)).unwrap().history(1).unwrap().total_restarts, 1);
}
