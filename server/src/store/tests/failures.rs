//! Failing neighbours, full disks, defects, foreign files.

use super::*;
use crate::store::transaction::Connected as _;
use crate::tasks::RepositoryMut as _;

/// Runs something on the writer's connection that no operation of the domain does.
async fn on_connection(home: &Home, sql: &'static str) {
    let execution = Execution { mode: Mode::NoLog, ..Execution::new(home.next(), "sql", b"") };
    let run = move |tx: &mut WriteTx<'_>| {
        let mut statement = tx.connection().prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while rows.next().unwrap().is_some() {}
        Ok(())
    };
    home.store.execute(execution, run).await.unwrap();
}

#[tokio::test]
async fn a_failing_operation_is_undone_alone() {
    let home = Home::new().await;
    let (mut replies, mut expected) = (Vec::new(), Vec::new());
    for number in 0..60 {
        let title = format!("task {number}");
        let work = planning(&title);
        let execution = Execution::new(home.next(), "plan", title.as_bytes());
        let store = home.store.clone();
        let fails = number % 3 == 1;
        let panics = number % 7 == 3;
        if !fails && !panics {
            expected.push(title);
        }
        replies.push(tokio::spawn(async move {
            let work = move |tx: &mut WriteTx<'_>| {
                // It has written before it fails: that has to go.
                let planned = work(tx)?;
                assert!(!panics, "a defect, as planted");
                if fails { Err(TaskError::invalid("title", "as planted")) } else { Ok(planned) }
            };
            (fails, panics, store.execute(execution, work).await)
        }));
    }
    for reply in replies {
        let (fails, panics, result) = reply.await.unwrap();
        match result {
            Ok(_) => assert!(!fails && !panics),
            Err(ExecuteError::Store(StoreError::Defect)) => assert!(panics),
            Err(ExecuteError::Refused(TaskError::Invalid { .. })) => assert!(fails && !panics),
            Err(other) => panic!("{other:?}"),
        }
    }
    let found: BTreeSet<String> = home.titles().await.into_iter().collect();
    assert_eq!(found, expected.into_iter().collect());
    // Also in the word index, which is written apart from the rows.
    let words = home.query(QueryTasks { search_text: Some("task".into()), ..QueryTasks::default() }).await;
    assert_eq!(words.total_count as usize, found.len());
    let counts = home.store.read(|tx| Ok(crate::tasks::Repository::counts(tx, None)?)).await.unwrap();
    assert_eq!(counts.total() as usize, found.len());
}

#[tokio::test]
async fn a_full_disk_refuses_writes_for_a_while_and_nothing_else() {
    let home = Home::new().await;
    home.plan("before").await;
    on_connection(&home, "PRAGMA max_page_count = 1").await;
    let mut refused = 0;
    for _ in 0..50 {
        let execution = Execution::new(home.next(), "plan", b"big");
        let work = planning("big");
        let work = move |tx: &mut WriteTx<'_>| {
            let planned = work(tx)?;
            let mut task = crate::tasks::Repository::task(tx, &planned.task_id)?.unwrap();
            task.description = Description::new("x".repeat(10_000))?;
            tx.update_task(&task)?;
            Ok(planned)
        };
        if let Err(error) = home.store.execute(execution, work).await {
            assert!(error.code().is_retryable(), "{error:?}");
            assert!(matches!(error, ExecuteError::Store(StoreError::Unavailable(_))), "{error:?}");
            refused += 1;
            break;
        }
    }
    assert_eq!(refused, 1, "the disk never became full");
    let readable = home.titles().await;
    assert!(readable.contains(&"before".to_owned()));
    on_connection(&home, "PRAGMA max_page_count = 1000000").await;
    home.plan("after").await;
    assert_eq!(home.titles().await.len(), readable.len() + 1);
    let check = |tx: &ReadTx<'_>| {
        Ok(tx.connection().query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap())
    };
    assert_eq!(home.store.read(check).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_failed_commit_fails_all_that_shared_it_and_the_next_one_works() {
    let home = Home::new().await;
    home.plan("before").await;
    // A deferred constraint is looked at by COMMIT itself, so that is what fails here.
    let execution = Execution::new(home.next(), "plan", b"x");
    let work = planning("x");
    let work = move |tx: &mut WriteTx<'_>| {
        tx.connection().execute_batch("PRAGMA defer_foreign_keys = ON").unwrap();
        tx.connection().execute("INSERT INTO dependencies VALUES (4711, 0, 4712)", []).unwrap();
        work(tx)
    };
    let failed = home.store.execute(execution, work).await;
    assert!(matches!(failed, Err(ExecuteError::Store(StoreError::Failed(_)))), "{failed:?}");
    assert_eq!(home.titles().await, ["before"]);
    home.plan("after").await;
    assert_eq!(home.titles().await, ["after", "before"]);
}

#[tokio::test]
async fn a_read_that_panics_harms_no_other() {
    let home = Home::with(|options| options.readers = 1).await;
    home.plan("a").await;
    let failed = home.store.read(|_| -> Result<(), TaskError> { panic!("a defect, as planted") }).await;
    assert!(matches!(failed, Err(ExecuteError::Store(StoreError::Defect))));
    assert_eq!(home.titles().await, ["a"]);
}

#[tokio::test]
async fn foreign_newer_and_damaged_files_are_refused_politely() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(&directory);
    drop(Store::open(&options).unwrap());
    let change = |sql| rusqlite::Connection::open(&options.database).unwrap().execute_batch(sql).unwrap();
    change("PRAGMA user_version = 99; UPDATE meta SET value = 99 WHERE key = 'compatible_from'");
    let newer = Store::open(&options).err().unwrap();
    assert!(matches!(newer, StoreError::SchemaTooNew { found: 99, .. }), "{newer}");
    change("PRAGMA user_version = 0");
    assert!(matches!(Store::open(&options).err().unwrap(), StoreError::SchemaTooOld { found: 0, .. }));
    change("PRAGMA application_id = 7");
    assert!(matches!(Store::open(&options).err().unwrap(), StoreError::NotOurs(_)));
    std::fs::write(&options.database, "this is no database at all, whatever its name says").unwrap();
    assert!(Store::open(&options).is_err());
}

#[tokio::test]
async fn many_may_create_the_same_database_and_it_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let options = options(&directory);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Store::open(&options).unwrap());
        }
    });
    let store = Store::open(&options).unwrap();
    store.activate(TakeOver::Alone).await.unwrap();
    for entry in std::fs::read_dir(options.database.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(!name.starts_with('.'), "{name} was left behind");
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if entry.path().is_dir() { 0o700 } else { 0o600 }, "{name}");
    }
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let home = Home::new().await;
    home.plan("a").await;
    home.store.close().await;
    home.store.close().await;
    let late = home.store.execute(Execution::new(home.next(), "plan", b"b"), planning("b")).await;
    assert!(matches!(late, Err(ExecuteError::Store(StoreError::Closed))), "{late:?}");
}
