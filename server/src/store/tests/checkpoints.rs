//! Checkpoints of long calls: found again by the same request only, replaced,
//! forgotten, bounded.

use super::*;

fn at(state: &str, suspended: bool) -> Checkpoint {
    Checkpoint { kind: "scan", state: state.to_owned(), suspended }
}

#[tokio::test]
async fn the_same_request_goes_on_from_its_last_checkpoint() {
    let home = Home::new().await;
    let execution = Execution::new(home.next(), "look", b"a");
    assert_eq!(home.store.checkpoint(&execution, "scan").await.unwrap(), None);
    assert!(home.store.save_checkpoint(&execution, at("1", false)).await.unwrap());
    assert!(home.store.save_checkpoint(&execution, at("2", true)).await.unwrap());
    let next = Store::open(&options(&home.directory)).unwrap();
    next.activate(TakeOver::Handover).await.unwrap();
    assert_eq!(next.checkpoint(&execution, "scan").await.unwrap().as_deref(), Some("2"));
    let other = Execution::new(execution.operation, "look", b"b");
    assert_eq!(next.checkpoint(&other, "scan").await.unwrap(), None, "other arguments");
    assert_eq!(next.checkpoint(&execution, "synthesis").await.unwrap(), None, "another sort of work");
    let calls = next.suspended_calls().unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["client"], execution.operation.client.to_string());
    assert_eq!((&calls[0]["sequence"], &calls[0]["kind"]), (&1.into(), &"scan".into()));
    assert_eq!((&calls[0]["suspended"], &calls[0]["checkpoint_bytes"]), (&true.into(), &1.into()));
    next.forget_checkpoint(&execution).await.unwrap();
    assert_eq!(next.checkpoint(&execution, "scan").await.unwrap(), None);
}

#[tokio::test]
async fn what_has_no_room_is_not_saved() {
    let home = Home::new().await;
    let large = "x".repeat(MAX_CHECKPOINT_BYTES + 1);
    let execution = Execution::new(home.next(), "look", b"");
    assert!(!home.store.save_checkpoint(&execution, at(&large, true)).await.unwrap());
    for _ in 0..1000 {
        let execution = Execution::new(home.next(), "look", b"");
        assert!(home.store.save_checkpoint(&execution, at("1", true)).await.unwrap());
    }
    assert!(!home.store.save_checkpoint(&execution, at("1", true)).await.unwrap());
    let known = OperationId { client: home.client, sequence: 2, floor: 0 };
    assert!(home.store.save_checkpoint(&Execution::new(known, "look", b""), at("2", true)).await.unwrap());
    // What the client has an answer to makes room.
    let last = OperationId { floor: 900, ..home.next() };
    assert!(home.store.save_checkpoint(&Execution::new(last, "look", b""), at("1", true)).await.unwrap());
    assert_eq!(home.store.suspended_calls().unwrap().len(), 103);
}

#[tokio::test]
async fn what_nobody_comes_back_for_is_pruned() {
    use crate::store::transaction::Connected as _;
    let home = Home::new().await;
    let execution = Execution::new(home.next(), "look", b"");
    home.store.save_checkpoint(&execution, at("1", true)).await.unwrap();
    let day = std::time::Duration::from_secs(86_400);
    let pruned = |now| {
        let execution = Execution { mode: Mode::NoLog, ..execution.clone() };
        home.store.execute(execution, move |tx| Ok(checkpoint::prune(tx.connection(), now, day).unwrap()))
    };
    assert_eq!(pruned(Timestamp::now()).await.unwrap(), 0);
    assert_eq!(pruned(Timestamp::now() + day + day).await.unwrap(), 1);
}

#[tokio::test]
async fn a_worker_that_was_retired_saves_nothing() {
    let home = Home::new().await;
    let next = Store::open(&options(&home.directory)).unwrap();
    next.activate(TakeOver::Alone).await.unwrap();
    let saved = home.store.save_checkpoint(&Execution::new(home.next(), "look", b""), at("1", true)).await;
    assert!(saved.is_err_and(|error| error.is_fenced()));
}
