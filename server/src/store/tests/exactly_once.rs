//! Replay, reuse, keys, retention, fencing, reopening.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::tasks::Repository as _;

fn operations(tx: &ReadTx<'_>) -> i64 {
    use crate::store::transaction::Connected as _;
    tx.connection().query_row("SELECT count(*) FROM operations", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn the_same_request_is_carried_out_once_and_answered_alike() {
    let home = Home::new().await;
    let execution = Execution::new(home.next(), "plan", b"a");
    let runs = Arc::new(AtomicUsize::new(0));
    let mut replies = Vec::new();
    for _ in 0..3 {
        let (runs, work) = (Arc::clone(&runs), planning("a"));
        let work = move |tx: &mut WriteTx<'_>| {
            runs.fetch_add(1, Ordering::Relaxed);
            work(tx)
        };
        replies.push(home.store.execute(execution.clone(), work).await.unwrap());
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    assert_eq!(home.titles().await, ["a"]);
}

#[tokio::test]
async fn without_the_log_the_same_request_is_carried_out_again() {
    let home = Home::with(|options| options.operation_log = false).await;
    let execution = Execution::new(home.next(), "plan", b"a");
    for _ in 0..2 {
        home.store.execute(execution.clone(), planning("a")).await.unwrap();
    }
    assert_eq!(home.titles().await, ["a", "a"], "the planted defect must be visible to the history checker");
}

#[tokio::test]
async fn a_request_number_means_one_call_for_ever() {
    let home = Home::new().await;
    let operation = home.next();
    home.store.execute(Execution::new(operation, "plan", b"a"), planning("a")).await.unwrap();
    let other = home.store.execute(Execution::new(operation, "plan", b"b"), planning("b")).await;
    assert!(matches!(other, Err(ExecuteError::OperationReused(_))), "{other:?}");
    assert_eq!(home.titles().await, ["a"]);
}

#[tokio::test]
async fn a_key_means_one_call_over_any_connection() {
    let mut home = Home::new().await;
    let keyed = |operation, arguments: &[u8]| {
        Execution::new(operation, "plan", arguments).with_key("client's own").unwrap()
    };
    let first = home.store.execute(keyed(home.next(), b"a"), planning("a")).await.unwrap();
    home.client = ClientId::random();
    let again = home.store.execute(keyed(home.next(), b"a"), planning("a")).await.unwrap();
    assert_eq!(first, again);
    let other = home.store.execute(keyed(home.next(), b"b"), planning("b")).await;
    assert!(matches!(other, Err(ExecuteError::IdempotencyConflict { .. })), "{other:?}");
    assert_eq!(home.titles().await, ["a"]);
    assert!(Execution::new(home.next(), "plan", b"").with_key("").is_err());
    assert!(Execution::new(home.next(), "plan", b"").with_key("x".repeat(256)).is_err());
}

#[tokio::test]
async fn refusals_write_nothing_and_are_decided_anew() {
    let home = Home::new().await;
    let execution = Execution::new(home.next(), "update", b"t");
    let update = || UpdateTask::of(TaskId::new("t").unwrap());
    let refused = home.store.execute(execution.clone(), updating(update())).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(TaskError::NotFound { .. }))));
    assert_eq!(home.store.read(|tx| Ok(operations(tx))).await.unwrap(), 0);
    let mut command = plan_of("a");
    command.task_id = Some(TaskId::new("t").unwrap());
    let plan = Execution::new(home.next(), "plan", b"t");
    let call = move |tx: &mut WriteTx<'_>| {
        plan_task(
            tx,
            &mut Call { now: Timestamp::now(), ids: &mut RandomIds, roles: &BUILT_IN_ROLES },
            command.clone(),
        )
    };
    home.store.execute(plan, move |tx| call(tx)).await.unwrap();
    home.store.execute(execution, updating(update())).await.unwrap();
}

#[tokio::test]
async fn what_the_client_has_is_forgotten_but_keys_stay() {
    let home = Home::new().await;
    let first = home.next();
    let keyed = Execution::new(first, "plan", b"0").with_key("k").unwrap();
    home.store.execute(keyed.clone(), planning("0")).await.unwrap();
    for title in ["1", "2", "3"] {
        home.plan(title).await;
    }
    let mut last = home.next();
    last.floor = 4;
    home.store.execute(Execution::new(last, "plan", b"4"), planning("4")).await.unwrap();
    assert_eq!(home.store.read(|tx| Ok(operations(tx))).await.unwrap(), 2, "numbers 4 and 5");
    home.store.execute(keyed, planning("0")).await.unwrap();
    assert_eq!(home.titles().await.len(), 5);
}

#[tokio::test]
async fn old_rows_are_forgotten_in_bounded_steps() {
    use crate::store::transaction::Connected as _;
    let home = Home::new().await;
    for title in ["1", "2", "3"] {
        home.plan(title).await;
    }
    let pruned = |retention, ahead| {
        home.store.execute(
            Execution {
                mode: Mode::NoLog,
                ..Execution::new(OperationId { client: home.client, sequence: 99, floor: 0 }, "p", b"")
            },
            move |tx| {
                let now = Timestamp::now() + std::time::Duration::from_secs(ahead);
                Ok(log::prune(tx.connection(), now, retention).unwrap())
            },
        )
    };
    let day = std::time::Duration::from_secs(86_400);
    assert_eq!(pruned(day, 3600).await.unwrap(), 0);
    assert_eq!(pruned(day, 90_000).await.unwrap(), 3);
}

#[tokio::test]
async fn an_earlier_worker_writes_nothing_more() {
    let home = Home::new().await;
    home.plan("before").await;
    let successor = Store::open(&options(&home.directory)).unwrap();
    let early = successor.execute(Execution::new(home.next(), "plan", b"x"), planning("x")).await;
    assert!(matches!(early, Err(ExecuteError::Store(StoreError::NotActive))), "{early:?}");
    home.plan("still").await;
    successor.activate(TakeOver::Alone).await.unwrap();
    let late = home.store.execute(Execution::new(home.next(), "plan", b"late"), planning("late")).await;
    assert!(late.as_ref().is_err_and(ExecuteError::is_fenced), "{late:?}");
    // Reading goes on, and the one in charge writes.
    assert_eq!(home.titles().await, ["still", "before"]);
    successor.execute(Execution::new(home.next(), "plan", b"after"), planning("after")).await.unwrap();
    assert_eq!(home.titles().await, ["after", "still", "before"]);
    let figures = home.store.figures().await.unwrap();
    assert!(figures.current_epoch > figures.epoch, "{figures:?}");
    // A front that begins to count anew cannot bring an old epoch back.
    home.store.activate(TakeOver::Alone).await.unwrap();
    assert!(home.store.figures().await.unwrap().epoch > figures.current_epoch);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let home = Home::with(|options| options.synchronous = Synchronous::Full).await;
    let execution = Execution::new(home.next(), "plan", b"a");
    let reply = home.store.execute(execution.clone(), planning("a")).await.unwrap();
    // A crash leaves the files as they are: the store that made them never closes.
    let copy = tempfile::tempdir().unwrap();
    let from = home.directory.path().join("state");
    std::fs::create_dir(copy.path().join("state")).unwrap();
    for name in ["tasks.db", "tasks.db-wal"] {
        std::fs::copy(from.join(name), copy.path().join("state").join(name)).unwrap();
    }
    let reopened = Store::open(&options(&copy)).unwrap();
    reopened.activate(TakeOver::Alone).await.unwrap();
    assert_eq!(reopened.execute(execution, planning("a")).await.unwrap(), reply);
    let id = reply.task_id.clone();
    assert!(reopened.read(move |tx| Ok(tx.task(&id)?)).await.unwrap().is_some());
}

#[tokio::test]
async fn changes_are_told_after_the_commit() {
    let home = Home::new().await;
    let mut changes = home.store.changes();
    let planned = home.plan("a").await;
    let told = changes.recv().await.unwrap();
    assert_eq!(*told, [LIST_CHANGED.to_owned(), format!("task://{}", planned.task_id)]);
    let change =
        UpdateTask { title: Some(Title::new("b").unwrap()), ..UpdateTask::of(planned.task_id.clone()) };
    home.store.execute(Execution::new(home.next(), "u", b"b"), updating(change)).await.unwrap();
    let told = changes.recv().await.unwrap();
    assert_eq!(*told, [format!("task://{}", planned.task_id)], "the list is the same");
    home.store
        .execute(Execution::new(home.next(), "u", b""), updating(UpdateTask::of(TaskId::new("no").unwrap())))
        .await
        .unwrap_err();
    assert!(changes.try_recv().is_err(), "a refusal changes nothing");
}
