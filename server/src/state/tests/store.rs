//! Snapshots of a real database, and databases made of snapshots.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::json;

use super::super::bulk::write_bulk_on;
use super::super::restore::{self, Places, Present, prepare, restore as put_back};
use super::super::saga::{self, Run, Saga as _};
use super::*;
use crate::link::TakeOver;
use crate::link::{ClientId, OperationId, SnapshotBulk};
use crate::store::export::Export;
use crate::store::import::Import;
use crate::store::{Execution, Store, StoreError, StoreOptions, Synchronous, backup};
use crate::tasks::command::QueryTasks;
use crate::tasks::{Repository as _, RepositoryMut as _, Session, Status};

const NOW: &str = "2026-11-21T12:00:00Z";

struct Home {
    directory: tempfile::TempDir,
    places: Places,
}

impl Home {
    /// A database with a plan, its three steps, of which one is done, and three single tasks.
    fn new() -> Self {
        let home = Self::empty();
        let mut import = Import::create(&home.places.database).unwrap();
        import.session(&session()).unwrap();
        let tasks = work();
        tasks.iter().for_each(|task| import.task(task).unwrap());
        tasks.iter().for_each(|task| import.link(task).unwrap());
        assert_eq!(import.finish().unwrap().links_left_out, 0);
        home
    }

    fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("server_state");
        std::fs::create_dir(&state).unwrap();
        let places = Places {
            database: directory.path().join("task_orchestrator.db"),
            artifacts: directory.path().join("artifacts"),
            state,
        };
        Self { directory, places }
    }

    fn options(&self) -> StoreOptions {
        StoreOptions {
            synchronous: Synchronous::Off,
            ..StoreOptions::new(&self.places.database, &self.places.artifacts)
        }
    }

    fn sql(&self, sql: &str) {
        Connection::open(&self.places.database).unwrap().execute_batch(sql).unwrap();
    }

    fn bulk(&self) -> (PathBuf, SnapshotBulk) {
        let part = part_path(&self.places.state);
        let mut export = Export::open(&self.options()).unwrap();
        let bulk = write_bulk_on(&RealDisk, &part, &header(4), at(NOW), &[], &mut export).unwrap();
        verify_bulk(&part, &bulk).unwrap();
        (part, bulk)
    }

    fn snapshot(&self) -> Sealed {
        let (part, bulk) = self.bulk();
        seal(&self.places.state, &part, &bulk, &tail()).unwrap()
    }

    fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        let export = Export::open(&self.options()).unwrap();
        export
            .all_tasks::<StoreError>(|task| {
                tasks.push(task.clone());
                Ok(())
            })
            .unwrap();
        tasks
    }
}

fn session() -> Session {
    serde_json::from_value(json!({
        "session_id": "work", "name": "Work", "working_directory": "", "archived": false,
        "created_at": "2026-11-21T10:00:00Z", "last_activity": "2026-11-21T10:00:00Z",
    }))
    .unwrap()
}

fn work() -> Vec<Task> {
    let mut tasks: Vec<Task> = (0..7).map(task).collect();
    let ids: Vec<_> = tasks.iter().map(|task| task.task_id.clone()).collect();
    for step in tasks.iter_mut().skip(1).take(3) {
        step.parent_task_id = Some(ids[0].clone());
    }
    tasks[1].status = Status::Completed;
    tasks[1].completed_at = Some(at("2026-11-21T10:30:00Z"));
    tasks[2].dependencies = vec![ids[1].clone()];
    tasks[3].dependencies = vec![ids[2].clone(), ids[1].clone()];
    // Closed, and nothing open needs it.
    tasks[6].status = Status::Cancelled;
    tasks
}

fn by_id(mut tasks: Vec<Task>) -> Vec<Task> {
    tasks.sort_by(|a, b| a.task_id.cmp(&b.task_id));
    tasks
}

#[test]
fn a_snapshot_agrees_with_the_database_that_it_is_of() {
    let home = Home::new();
    let (part, bulk) = home.bulk();
    assert_eq!(bulk.active_tasks, 5);
    assert_eq!(compare(&part, &home.options()).unwrap(), Compared::Tasks(5));
    // What is changed, closed, added or deleted later is no difference.
    home.sql(
        "UPDATE tasks SET title = 'new', updated_at = updated_at + 1 WHERE id = 'task-4'; \
         UPDATE tasks SET status = 'completed', updated_at = updated_at + 1 WHERE id = 'task-2'; \
         DELETE FROM tasks WHERE id = 'task-5';",
    );
    assert_eq!(compare(&part, &home.options()).unwrap(), Compared::Tasks(5));
}

#[test]
fn a_task_that_differs_vanished_or_is_missing_is_found() {
    let home = Home::new();
    let (part, _) = home.bulk();
    home.sql("UPDATE tasks SET notes = NULL WHERE id = 'task-4'");
    let error = compare(&part, &home.options()).unwrap_err();
    assert!(matches!(&error, Mismatch::Different { count: 1, examples } if examples == "task-4"), "{error}");

    let home = Home::new();
    let (part, _) = home.bulk();
    home.sql("DELETE FROM dependencies WHERE place = 1");
    assert!(matches!(compare(&part, &home.options()), Err(Mismatch::Different { count: 1, .. })));

    let home = Home::new();
    let (part, _) = home.bulk();
    home.sql("DELETE FROM tasks WHERE id = 'task-4'; DELETE FROM meta WHERE key = 'deletions'");
    let vanished = compare(&part, &home.options());
    assert!(matches!(vanished, Err(Mismatch::Vanished { count: 1, deleted: 0, .. })), "{vanished:?}");

    let home = Home::new();
    let part = part_path(&home.places.state);
    let mut fewer = Given { database: DatabaseState::default(), tasks: work().into_iter().take(1) };
    write_bulk(&part, &header(4), at(NOW), &[], &mut fewer).unwrap();
    let missing = compare(&part, &home.options());
    assert!(matches!(missing, Err(Mismatch::Missing { database: 5, snapshot: 1 })), "{missing:?}");
}

/// Writers go on while a snapshot is read, which is of one moment.
#[test]
fn a_snapshot_is_of_one_moment_and_holds_nobody_back() {
    let home = Home::new();
    let mut export = Export::open(&home.options()).unwrap();
    home.sql("UPDATE tasks SET title = 'later', updated_at = updated_at + 1");
    let part = part_path(&home.places.state);
    write_bulk(&part, &header(4), at(NOW), &[], &mut export).unwrap();
    let text = std::fs::read_to_string(&part).unwrap();
    assert!(text.contains("Title 4") && !text.contains("later"));
}

#[tokio::test]
async fn a_lost_database_is_put_together_again() {
    for damage in ["missing", "corrupt", "none"] {
        let home = Home::new();
        let before = home.tasks();
        home.snapshot();
        match damage {
            "missing" => backup::remove_with_logs(&home.places.database),
            "corrupt" => std::fs::write(&home.places.database, "not a database".repeat(500)).unwrap(),
            _ => {}
        }
        let prepared = prepare(&home.places, CURRENT).unwrap();
        assert_eq!((prepared.tasks, prepared.links_left_out), (6, 0), "{damage}");
        let restored = put_back(&prepared, at(NOW)).unwrap();
        drop(prepared);
        // Everything that was open, and the closed task that open ones need.
        let expected: Vec<Task> =
            before.into_iter().filter(|task| task.task_id.as_str() != "task-6").collect();
        assert_eq!(by_id(home.tasks()), by_id(expected), "{damage}");
        match damage {
            "missing" => assert_eq!((restored.kept, restored.lost), (None, None)),
            "corrupt" => {
                let kept = restored.kept.unwrap();
                assert!(std::fs::read(home.places.state.join(kept)).unwrap().starts_with(b"not a database"));
            }
            _ => {
                let lost = std::fs::read_to_string(home.places.state.join(restored.lost.unwrap())).unwrap();
                let lost: serde_json::Value = serde_json::from_str(&lost).unwrap();
                assert_eq!(lost["tasks"][0]["task_id"], "task-6");
                let kept = home.places.state.join(restored.kept.unwrap());
                assert_eq!(backup::verify(&kept).unwrap().tasks, 7);
            }
        }
        assert!(saga::unfinished(&home.places.state).unwrap().is_none());
        assert!(names(home.directory.path()).iter().all(|name| !name.starts_with('.')));
        can_be_served(&home).await;
    }
}

/// The restored database is opened, taken over, read, searched and written.
async fn can_be_served(home: &Home) {
    let store = Store::open(&home.options()).unwrap();
    assert!(store.activate(TakeOver::Alone).await.unwrap() > 4, "no generation comes twice");
    let counts = store.read(|tx| Ok(tx.counts(None)?)).await.unwrap();
    assert_eq!((counts.open(), counts.total()), (5, 6));
    let plan = task(0).task_id;
    let children = store.read(move |tx| Ok(tx.child_counts(&plan)?)).await.unwrap();
    assert_eq!((children.completed, children.open()), (1, 2));
    let query = QueryTasks { search_text: Some("title".into()), limit: 10, ..QueryTasks::default() };
    let found = store.read(move |tx| crate::tasks::query_tasks(tx, &query)).await.unwrap();
    assert_eq!(found.total_count, 6);
    let operation = OperationId { client: ClientId::random(), sequence: 1, floor: 0 };
    let insert = |tx: &mut crate::store::WriteTx<'_>| Ok(tx.insert_task(&task(100))?);
    store.execute(Execution::new(operation, "insert", b""), insert).await.unwrap();
    store.close().await;
}

#[test]
fn a_backup_of_the_database_is_restored_and_later_work_exported() {
    let home = Home::new();
    let name = back_up(&home.options(), &home.places.state, at(NOW)).unwrap();
    assert_eq!(name, "database_20261121T120000.000Z_0.db");
    let second = back_up(&home.options(), &home.places.state, at(NOW)).unwrap();
    assert_eq!(second, "database_20261121T120000.000Z_0-2.db");
    let before = home.tasks();
    let mut archive = Archive::new(
        &home.places.state,
        Policy {
            backups: 9,
            compress_after: std::time::Duration::ZERO,
            remove_after: std::time::Duration::MAX,
        },
    );
    archive.keep(Kind::Database, at(NOW)).unwrap();
    home.sql(
        "UPDATE tasks SET title = 'newer', updated_at = updated_at + 1 WHERE id = 'task-4'; \
         UPDATE meta SET value = 12 WHERE key = 'epoch'; \
         INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, \
         updated_at) VALUES ('late', 'Late', '', 'pending', 'standard', 'generic', 'simple', 1, 1)",
    );
    let prepared = prepare(&home.places, &format!("{name}.gz")).unwrap();
    assert_eq!((prepared.losses.gone, prepared.losses.older), (1, 1));
    assert_eq!(prepared.losses.first.len(), 2);
    let restored = put_back(&prepared, at(NOW)).unwrap();
    assert_eq!(home.tasks(), before);
    assert_eq!(Export::open(&home.options()).unwrap().facts().unwrap().epoch, 12);
    // And back again: nothing was lost.
    let back = prepare(&home.places, &restored.kept.unwrap()).unwrap();
    assert!(back.losses.is_none());
    put_back(&back, at("2026-11-21T12:00:01Z")).unwrap();
    assert_eq!(home.tasks().len(), 8);
}

#[test]
fn damaged_backups_are_refused_before_anything_changes() {
    let home = Home::new();
    let name = back_up(&home.options(), &home.places.state, at(NOW)).unwrap();
    let path = home.places.state.join(&name);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    assert!(prepare(&home.places, &name).is_err());
    assert!(matches!(prepare(&home.places, "nothing"), Err(restore::RestoreError::NoSuchName(_))));
    assert!(names(home.directory.path()).iter().all(|name| !name.starts_with('.')));
    assert_eq!(home.tasks().len(), 7);
}

/// The process ends before, between and behind the steps; the next start undoes it.
#[test]
fn a_restore_that_is_killed_is_undone() {
    for present in ["valid", "corrupt", "absent"] {
        let mut undone = 0;
        for killed_at in 0..=10 {
            let home = Home::new();
            home.snapshot();
            match present {
                "corrupt" => {
                    std::fs::write(&home.places.database, "damaged").unwrap();
                    std::fs::write(home.directory.path().join("task_orchestrator.db-wal"), "its log")
                        .unwrap();
                }
                "absent" => backup::remove_with_logs(&home.places.database),
                _ => home.sql("UPDATE tasks SET title = 'newer', updated_at = updated_at + 1"),
            }
            let (files, state) = (contents(home.directory.path()), contents(&home.places.state));
            let prepared = prepare(&home.places, CURRENT).unwrap();
            assert_eq!(prepared.present == Present::Valid, present == "valid");
            let mut steps = super::super::restore::steps_of(&prepared, at(NOW)).unwrap();
            let mut moments = 0;
            {
                let names = steps.steps();
                let mut run = Run::begin(&home.places.state, &mut steps, at(NOW)).unwrap();
                for step in names {
                    moments += 2;
                    if moments - 2 >= killed_at {
                        break;
                    }
                    run.mark(step).unwrap();
                    if moments > killed_at {
                        break;
                    }
                    run.act(step).unwrap();
                }
                // Dropped without an end, as a process that is killed.
            }
            // What a killed process does not do either.
            let _ = std::mem::ManuallyDrop::new(prepared);
            let journal = restore::recover(&home.places).unwrap();
            assert_eq!(journal.map(|journal| journal.saga).as_deref(), Some("restore"));
            undone += 1;
            let after = contents(home.directory.path());
            if present == "valid" {
                // Its log may have been copied into it: the content is the same.
                assert_eq!(home.tasks().iter().filter(|task| task.title.as_str() == "newer").count(), 7);
                assert!(
                    after.keys().all(|name| name.starts_with("task_orchestrator.db")),
                    "{:?}",
                    after.keys()
                );
            } else {
                assert!(after == files, "{present}, killed at {killed_at}: {:?}", after.keys());
            }
            let mut left = contents(&home.places.state);
            assert!(left.remove("sagas.jsonl").is_some());
            assert_eq!(
                left.keys().collect::<Vec<_>>(),
                state.keys().collect::<Vec<_>>(),
                "{present} {killed_at}"
            );
            assert!(restore::recover(&home.places).unwrap().is_none());
        }
        assert_eq!(undone, 11);
    }
}

fn contents(directory: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    names(directory)
        .into_iter()
        // What readers share while they read is of no account.
        .filter(|name| directory.join(name).is_file() && !name.ends_with("-shm"))
        .map(|name| (name.clone(), std::fs::read(directory.join(name)).unwrap()))
        .collect()
}

/// A step that fails: here the swap, because the new database has gone.
#[test]
fn a_step_that_fails_undoes_those_before() {
    let home = Home::new();
    home.snapshot();
    home.sql("UPDATE tasks SET title = 'newer', updated_at = updated_at + 1 WHERE id = 'task-4'");
    let prepared = prepare(&home.places, CURRENT).unwrap();
    let hidden = home.places.state.join("hidden");
    let fresh = names(home.directory.path()).into_iter().find(|name| name.ends_with(".part")).unwrap();
    std::fs::create_dir(&hidden).unwrap();
    let before = home.tasks();
    let mut steps = super::super::restore::steps_of(&prepared, at(NOW)).unwrap();
    // All is read from it before the swap, so it goes just then.
    let mut gone = Vanishing { steps: &mut steps, file: home.directory.path().join(fresh) };
    let error = saga::run(&home.places.state, &mut gone, at(NOW)).unwrap_err();
    assert!(matches!(&error, saga::SagaError::Compensated { step, .. } if step == "swap"), "{error}");
    assert_eq!(home.tasks(), before);
    let records = std::fs::read_to_string(home.places.state.join("sagas.jsonl")).unwrap();
    assert!(records.contains(r#""ending":"compensated""#), "{records}");
    assert!(list(&home.places.state).unwrap().iter().all(|entry| entry.kind == Kind::Snapshot));
}

struct Vanishing<'a, S> {
    steps: &'a mut S,
    file: PathBuf,
}

impl<S: saga::Saga> saga::Saga for Vanishing<'_, S> {
    fn name(&self) -> &'static str {
        self.steps.name()
    }

    fn input(&self) -> serde_json::Result<serde_json::Value> {
        self.steps.input()
    }

    fn steps(&self) -> &'static [&'static str] {
        self.steps.steps()
    }

    fn act(&mut self, step: &str) -> Result<(), saga::StepError> {
        if step == "swap" {
            std::fs::remove_file(&self.file)?;
        }
        self.steps.act(step)
    }

    fn compensate(&mut self, step: &str) -> Result<(), saga::StepError> {
        self.steps.compensate(step)
    }
}
