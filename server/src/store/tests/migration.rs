//! From schema 1 to the present one: the same schema as a new database, with
//! everything that was in it, or no change at all.

use rusqlite::Connection;

use super::*;
use crate::store::migrate::{STEPS, Step, apply};

/// A database of schema 1 with three tasks, one of them deleted, and a reply.
fn old(directory: &TempDir) -> StoreOptions {
    let options = options(directory);
    std::fs::create_dir_all(options.database.parent().unwrap()).unwrap();
    let connection = Connection::open(&options.database).unwrap();
    connection.execute_batch(include_str!("fixtures/schema_1.sql")).unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x54736b4f; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
             UPDATE meta SET value = 7 WHERE key = 'epoch';
             INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, updated_at)
                 VALUES ('a', 'first', '', 'pending', 'standard', 'generic', 'simple', 1, 1),
                        ('b', 'second', '', 'active', 'standard', 'generic', 'simple', 2, 2),
                        ('c', 'third', '', 'pending', 'standard', 'generic', 'simple', 3, 3);
             INSERT INTO dependencies (task, place, needs) VALUES (1, 0, 2);
             INSERT INTO operations (client, sequence, digest, reply, created_at) VALUES (x'00', 1, x'01', '{}', 1);
             DELETE FROM tasks WHERE id = 'c';",
        )
        .unwrap();
    options
}

/// Everything that SQLite knows of the schema.
fn dump(connection: &Connection) -> Vec<(String, String, Option<String>)> {
    let mut all =
        connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn meta(connection: &Connection) -> Vec<(String, i64)> {
    let mut all = connection.prepare("SELECT key, value FROM meta ORDER BY key").unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[tokio::test]
async fn an_old_database_becomes_like_a_new_one_and_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let options = old(&directory);
    let store = Store::open(&options).unwrap();
    let state = store.schema().unwrap();
    assert_eq!(state, SchemaState { found: 1, migration_due: true, reversible: true });
    assert!(store.suspended_calls().unwrap().is_empty(), "there is no such table yet");
    let found = Connection::open(&options.database).unwrap();
    assert_eq!(schema::found_version(&found).unwrap(), 1, "opening changes nothing");
    assert_eq!(store.activate(TakeOver::Alone).await.unwrap(), 8);
    assert_eq!(store.schema().unwrap().found, SCHEMA_VERSION);

    let fresh = Home::new().await;
    let fresh = Connection::open(&fresh.store.options().database).unwrap();
    assert_eq!(dump(&found), dump(&fresh));
    let expected: Vec<_> = meta(&fresh).into_iter().map(|(key, _)| key).collect();
    assert_eq!(meta(&found).into_iter().map(|(key, _)| key).collect::<Vec<_>>(), expected);
    assert!(meta(&found).contains(&("compatible_from".to_owned(), i64::from(schema::COMPATIBLE_FROM))));

    let tasks = store.read(|tx| query_tasks(tx, &QueryTasks { limit: 10, ..QueryTasks::default() })).await;
    let titles: Vec<_> = tasks.unwrap().tasks.iter().map(|found| found.task.title.to_string()).collect();
    assert_eq!(titles, ["second", "first"]);
    let one = |sql: &str| found.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("SELECT count(*) FROM operations"), 1);
    assert_eq!(one("SELECT count(*) FROM dependencies"), 1);
    assert_eq!(found.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    assert_eq!(one("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    found.execute("DELETE FROM tasks WHERE id = 'a'", []).unwrap();
    assert_eq!(one("SELECT value FROM meta WHERE key = 'deletions'"), 1, "what is deleted is counted");
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_old_schema() {
    let directory = tempfile::tempdir().unwrap();
    let options = old(&directory);
    let connection = Connection::open(&options.database).unwrap();
    let before = (dump(&connection), meta(&connection));
    let broken = Step { to: SCHEMA_VERSION + 1, sql: "CREATE TABLE half (a) STRICT; no such statement;" };
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let steps: Vec<Step> = STEPS.iter().copied().chain([broken]).collect();
    apply(&connection, 1, &steps).unwrap_err();
    // The end of the process in the middle is the same to SQLite as this.
    drop(connection);
    let connection = Connection::open(&options.database).unwrap();
    assert_eq!((dump(&connection), meta(&connection)), before);
    assert_eq!(schema::found_version(&connection).unwrap(), 1);

    // The same through the store: a table in the way makes the real step fail.
    connection.execute_batch("CREATE TABLE jobs (a)").unwrap();
    let store = Store::open(&options).unwrap();
    store.activate(TakeOver::Alone).await.unwrap_err();
    assert_eq!(schema::found_version(&connection).unwrap(), 1);
    assert_eq!(meta(&connection), before.1, "not even the epoch has moved");
    connection.execute_batch("DROP TABLE jobs").unwrap();
    store.activate(TakeOver::Alone).await.unwrap();
}

#[tokio::test]
async fn a_newer_database_says_itself_who_may_use_it() {
    let home = Home::new().await;
    let options = home.store.options().clone();
    home.store.close().await;
    let connection = Connection::open(&options.database).unwrap();
    connection.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
    let store = Store::open(&options).unwrap();
    assert!(!store.schema().unwrap().migration_due);
    store.activate(TakeOver::Alone).await.unwrap();
    store.close().await;
    assert_eq!(schema::found_version(&connection).unwrap(), SCHEMA_VERSION + 1);
    let sql = "UPDATE meta SET value = ?1 WHERE key = 'compatible_from'";
    connection.execute(sql, [SCHEMA_VERSION + 1]).unwrap();
    assert!(matches!(Store::open(&options), Err(StoreError::SchemaTooNew { .. })));
    connection.execute("DELETE FROM meta WHERE key = 'compatible_from'", []).unwrap();
    assert!(matches!(Store::open(&options), Err(StoreError::SchemaTooNew { .. })));
    connection.pragma_update(None, "user_version", 0).unwrap();
    assert!(matches!(Store::open(&options), Err(StoreError::SchemaTooOld { .. })));
}

#[test]
fn the_steps_lead_to_the_present_schema_one_by_one() {
    let versions: Vec<u32> = STEPS.iter().map(|step| step.to).collect();
    assert_eq!(versions, (migrate::OLDEST + 1..=SCHEMA_VERSION).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_former_schema_gets_calls_in_the_background_and_its_builds_may_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let options = old(&directory);
    let found = Connection::open(&options.database).unwrap();
    let former: Vec<Step> = STEPS.iter().copied().filter(|step| step.to < SCHEMA_VERSION).collect();
    apply(&found, 1, &former).unwrap();
    assert_eq!(schema::found_version(&found).unwrap(), SCHEMA_VERSION - 1);
    let before = dump(&found);
    let store = Store::open(&options).unwrap();
    let due = SchemaState { found: SCHEMA_VERSION - 1, migration_due: true, reversible: true };
    assert_eq!(store.schema().unwrap(), due);
    store.activate(TakeOver::Alone).await.unwrap();
    let after = dump(&found);
    assert!(before.iter().all(|object| after.contains(object)), "nothing that it knew is another");
    assert!(meta(&found).contains(&("compatible_from".to_owned(), 1)));
    assert_eq!(store.open_calls().unwrap(), 0);
    let fresh = Home::new().await;
    assert_eq!(after, dump(&Connection::open(&fresh.store.options().database).unwrap()));
}
