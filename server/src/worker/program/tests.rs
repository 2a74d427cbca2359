//! What the front gets from a worker beside answers: the proof of a standby, the
//! activation with what it migrated, the outcome of orders.

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::store::Synchronous;

/// A worker of this workspace, standing by.
fn tasks(directory: &TempDir, options: Options) -> Result<Worker<Tools>, WorkerError> {
    let state = directory.path().join(".task_orchestrator");
    let mut store_options = StoreOptions::new(state.join("tasks.db"), state.join("artifacts"));
    store_options.synchronous = Synchronous::Off;
    let store = Store::open(&store_options).map_err(store_failed)?;
    if let Some(known) = options.schema_target {
        refuse_newer(&store, known)?;
    }
    let roles = Arc::new(Roles::load(&state.join("roles")));
    let shared = Shared::new(store, roles, directory.path().to_owned(), state.clone()).with_options(options);
    let backups = state.join("server_state");
    Ok(Worker { shared: Arc::new(shared), handlers: Tools, backups, sweeping: AtomicBool::new(false) })
}

/// A database of schema 1 with an open task and a closed one.
fn old_database(directory: &TempDir) {
    let state = directory.path().join(".task_orchestrator");
    std::fs::create_dir_all(&state).unwrap();
    let connection = Connection::open(state.join("tasks.db")).unwrap();
    connection.execute_batch(include_str!("../../store/tests/fixtures/schema_1.sql")).unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x54736b4f; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
             INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, updated_at)
                 VALUES ('a', 'a', '', 'active', 'standard', 'generic', 'simple', 1, 1),
                        ('b', 'b', '', 'completed', 'standard', 'generic', 'simple', 2, 2);",
        )
        .unwrap();
}

#[tokio::test]
async fn a_migration_is_announced_backed_up_and_reported() {
    let directory = tempfile::tempdir().unwrap();
    old_database(&directory);
    let worker = tasks(&directory, Options::default()).unwrap();
    let prepared = worker.prepare().await.unwrap();
    let expected = WorkerPrepared {
        schema: SCHEMA_VERSION,
        found: 1,
        migration_due: true,
        reversible: true,
        open_tasks: 1,
    };
    assert_eq!(prepared, expected);
    assert!(!worker.backups.exists(), "nothing is written before the activation");
    let ready = worker.activate(Activation::default()).await.unwrap();
    assert_eq!((ready.generation, ready.open_tasks), (1, 1));
    let migration = ready.migration.unwrap();
    assert_eq!((migration.from, migration.to), (1, SCHEMA_VERSION));
    let backup = Connection::open(worker.backups.join(migration.backup.unwrap())).unwrap();
    let version: u32 = backup.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1, "as it was before");
    let next = tasks(&directory, Options::default()).unwrap();
    assert!(!next.prepare().await.unwrap().migration_due);
    let handover = Activation { take_over: TakeOver::Handover, ..Activation::default() };
    let ready = next.activate(handover).await.unwrap();
    assert_eq!((ready.generation, ready.migration), (2, None));
    assert_eq!(worker.activate(Activation::default()).await.unwrap().generation, 3, "taken back");
}

#[tokio::test]
async fn a_backup_that_fails_prevents_the_migration() {
    let directory = tempfile::tempdir().unwrap();
    old_database(&directory);
    let worker = tasks(&directory, Options::default()).unwrap();
    std::fs::write(&worker.backups, "a file where the directory should be").unwrap();
    assert!(worker.activate(Activation::default()).await.is_err());
    assert!(worker.shared.store.schema().unwrap().migration_due);
}

#[tokio::test]
async fn an_inspection_has_measured_figures() {
    let directory = tempfile::tempdir().unwrap();
    old_database(&directory);
    let worker = tasks(&directory, Options::default()).unwrap();
    worker.activate(Activation::default()).await.unwrap();
    let _running = worker.shared.jobs.begin();
    let Ok(Done::Inspection(seen)) = worker.order(Order::Inspect).await else { panic!("an inspection") };
    assert_eq!((seen.schema_version, seen.active_tasks, seen.open_tasks), (SCHEMA_VERSION, 1, 1));
    assert!(seen.intact && seen.problems.is_empty(), "{seen:?}");
    assert!(seen.size_bytes > 4096 && seen.wal_bytes > 0 && seen.latency_micros > 0, "{seen:?}");
    assert!((2..=4).contains(&seen.connections_open), "the writer's and the readers': {seen:?}");
    assert_eq!((seen.transactions_pending, seen.suspendable), (0, 1));
    let Ok(Done::Suspending(1)) = worker.order(Order::Suspend).await else { panic!("one runs") };
    assert!(worker.shared.jobs.is_stopping());
    worker.activate(Activation::default()).await.unwrap();
    assert!(!worker.shared.jobs.is_stopping(), "a new life");
}

#[tokio::test]
async fn damage_is_found_before_it_serves_or_when_it_is_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    old_database(&directory);
    let worker = tasks(&directory, Options::default()).unwrap();
    worker.activate(Activation::default()).await.unwrap();
    let connection = Connection::open(directory.path().join(".task_orchestrator/tasks.db")).unwrap();
    // An index that does not hold what its table holds.
    connection
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE TABLE counts (facet TEXT NOT NULL, part INTEGER NOT NULL, \
                 value TEXT NOT NULL, n TEXT NOT NULL, PRIMARY KEY (facet, part, value)) STRICT, WITHOUT ROWID' \
                 WHERE name = 'counts';",
        )
        .unwrap();
    drop(connection);
    let Ok(Done::Inspection(seen)) = worker.order(Order::Inspect).await else { panic!("an inspection") };
    assert!(!seen.intact && !seen.problems.is_empty(), "{seen:?}");
    let connection = Connection::open(directory.path().join(".task_orchestrator/tasks.db")).unwrap();
    connection.execute("UPDATE tasks SET status = 'nonsense' WHERE id = 'a'", []).unwrap();
    assert!(tasks(&directory, Options::default()).unwrap().prepare().await.is_err());
}

#[tokio::test]
async fn test_builds_claim_other_schemas() {
    let directory = tempfile::tempdir().unwrap();
    let newer = tasks(&directory, Options { schema_target: Some(99), ..Options::default() }).unwrap();
    let prepared = newer.prepare().await.unwrap();
    assert_eq!((prepared.schema, prepared.found), (99, SCHEMA_VERSION));
    assert!(prepared.migration_due && !prepared.reversible);
    let migration = newer.activate(Activation::default()).await.unwrap().migration.unwrap();
    assert_eq!((migration.from, migration.to), (SCHEMA_VERSION, 99));
    let older = tasks(&directory, Options { schema_target: Some(1), ..Options::default() });
    assert!(matches!(older.err(), Some(WorkerError::Permanent(_))));
}

#[tokio::test(start_paused = true)]
async fn test_builds_hang_where_they_are_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let hung = |fail| tasks(&directory, Options { fail: Some(fail), ..Options::default() }).unwrap();
    let long = Duration::from_secs(3600);
    let unprepared = hung(Misbehaviour::HangBeforePrepared);
    assert!(tokio::time::timeout(long, unprepared.prepare()).await.is_err());
    let unready = hung(Misbehaviour::HangBeforeReady);
    unready.prepare().await.unwrap();
    assert!(tokio::time::timeout(long, unready.activate(Activation::default())).await.is_err());
    assert_eq!(unready.shared.store.figures().await.unwrap().current_epoch, 0, "it has changed nothing");
}

#[tokio::test]
async fn a_test_build_has_one_tool_more() {
    let directory = tempfile::tempdir().unwrap();
    let usual = tasks(&directory, Options::default()).unwrap();
    let extra = tasks(&directory, Options { extra_tool: true, ..Options::default() }).unwrap();
    assert!(usual.shared.tools.find("orchestrator_extra_tool").is_err());
    assert!(extra.shared.tools.find("orchestrator_extra_tool").is_ok());
    assert_ne!(usual.shared.tools.digest(), extra.shared.tools.digest(), "clients are told of the change");
}
