//! Two workers at one database: who may write when, and what waits for whom.

use super::*;

async fn add(store: &Store, home: &Home, title: &str) -> Result<TaskPlanned, ExecuteError> {
    store.execute(Execution::new(home.next(), "plan", title.as_bytes()), planning(title)).await
}

#[tokio::test]
async fn the_worker_before_finishes_what_it_has_until_it_is_retired() {
    let home = Home::new().await;
    let successor = Store::open(&options(&home.directory)).unwrap();
    let epoch = successor.activate(TakeOver::Handover).await.unwrap();
    assert_eq!(epoch, 2);
    home.plan("lame duck").await;
    add(&successor, &home, "new").await.unwrap();
    home.plan("still").await;
    // What is queued behind the retirement sees all that came before it.
    let (retired, after) = tokio::join!(
        successor.retire_former(),
        successor.read(|tx| Ok(crate::tasks::Repository::counts(tx, None)?))
    );
    retired.unwrap();
    assert_eq!(after.unwrap().total(), 3);
    let late = add(&home.store, &home, "late").await;
    assert!(late.as_ref().is_err_and(ExecuteError::is_fenced), "{late:?}");
    add(&successor, &home, "after").await.unwrap();
    assert_eq!(home.titles().await, ["after", "still", "new", "lame duck"]);
}

#[tokio::test]
async fn only_the_epoch_just_before_drains() {
    let home = Home::new().await;
    let second = Store::open(&options(&home.directory)).unwrap();
    second.activate(TakeOver::Handover).await.unwrap();
    let third = Store::open(&options(&home.directory)).unwrap();
    third.activate(TakeOver::Handover).await.unwrap();
    let first = add(&home.store, &home, "first").await;
    assert!(first.is_err_and(|error| error.is_fenced()));
    add(&second, &home, "second").await.unwrap();
    // One that is not in charge fences nobody.
    second.retire_former().await.unwrap();
    add(&second, &home, "still second").await.unwrap();
}

#[tokio::test]
async fn a_store_whose_successor_failed_takes_over_again() {
    let home = Home::new().await;
    for how in [TakeOver::Alone, TakeOver::Handover] {
        let successor = Store::open(&options(&home.directory)).unwrap();
        successor.activate(how).await.unwrap();
        home.store.activate(TakeOver::Alone).await.unwrap();
        home.plan("back").await;
        let late = add(&successor, &home, "late").await;
        assert!(late.is_err_and(|error| error.is_fenced()));
    }
}

#[tokio::test]
async fn retiring_makes_listeners_look_anew() {
    let home = Home::new().await;
    let mut changes = home.store.changes();
    home.store.retire_former().await.unwrap();
    assert_eq!(*changes.recv().await.unwrap(), [EVERYTHING.to_owned()]);
    let standby = Store::open(&options(&home.directory)).unwrap();
    assert!(matches!(standby.retire_former().await, Err(StoreError::NotActive)));
}

#[tokio::test]
async fn a_standby_writes_nothing() {
    let home = Home::new().await;
    home.plan("a").await;
    let files = || {
        ["tasks.db", "tasks.db-wal"]
            .map(|name| std::fs::read(home.directory.path().join("state").join(name)).unwrap())
    };
    let before = files();
    let standby = Store::open(&options(&home.directory)).unwrap();
    assert!(!standby.schema().unwrap().migration_due);
    assert_eq!(standby.read(|tx| Ok(crate::tasks::Repository::counts(tx, None)?)).await.unwrap().total(), 1);
    standby.figures().await.unwrap();
    assert!(standby.quick_check().await.unwrap().is_empty());
    drop(standby);
    assert_eq!(files(), before);
}

/// Both write as fast as they can, with real commits: neither fails, and
/// nothing is lost. This is what the short waits for the lock are for.
#[tokio::test]
async fn two_writers_get_their_turns() {
    let home = Home::with(|options| options.synchronous = Synchronous::Full).await;
    let mut other = options(&home.directory);
    other.synchronous = Synchronous::Full;
    let successor = Store::open(&other).unwrap();
    successor.activate(TakeOver::Handover).await.unwrap();
    let write = async |store: &Store| {
        for number in 0..50 {
            add(store, &home, &number.to_string()).await.unwrap();
        }
    };
    tokio::join!(write(&home.store), write(&successor));
    assert_eq!(home.titles().await.len(), 100);
}
