//! Walks over many tasks: in pages, stopped and gone on with after each, they see
//! what they would see at once.

use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::store::transaction::Connected as _;
use crate::tasks::command::{Maintenance, SynthesizeResults};
use crate::tasks::page::Resting;
use crate::tasks::walk::{WALK_PAGE, at_once};
use crate::tasks::{
    Gathering, MaintenanceAction, MaintenanceScope, Repository as _, Scan, Status, ValidationLevel, Walk,
    report,
};

const STATUSES: [&str; 8] =
    ["pending", "active", "blocked", "suspended", "completed", "failed", "cancelled", "archived"];

/// One task: its status, which earlier task is its plan, when it changed last.
type Row = (usize, Option<usize>, i64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..8usize, prop::option::weighted(0.7, 0..20usize), 0..50i64);
    prop::collection::vec(row, 900..1400)
}

fn fill(connection: &Connection, rows: &[Row]) {
    connection.execute_batch("BEGIN; INSERT INTO sessions (id, name, working_directory, archived, created_at, last_activity) VALUES ('s', 's', '.', 0, 1, 1)").unwrap();
    let mut insert = connection
        .prepare(
            "INSERT INTO tasks (id, parent, session, title, description, status, task_type, specialist, complexity, \
             due_date, created_at, updated_at) VALUES (?1, ?2, iif(?2 IS NULL, NULL, 1), ?1, '', ?3, 'standard', \
             'generic', 'simple', '2020-01-01T00:00:00Z', ?4, ?5)",
        )
        .unwrap();
    for (number, (status, parent, changed)) in rows.iter().enumerate() {
        let place = i64::try_from(number).unwrap() + 1;
        // Only earlier tasks can be plans.
        let parent =
            parent.filter(|parent| *parent < number).map(|parent| i64::try_from(parent).unwrap() + 1);
        insert
            .execute(rusqlite::params![
                format!("t{number}"),
                parent,
                STATUSES[*status],
                place,
                10_000 + changed
            ])
            .unwrap();
    }
    drop(insert);
    connection
        .execute_batch(
            "INSERT INTO dependencies (task, place, needs) SELECT seq, 0, seq - 1 FROM tasks WHERE seq % 7 = 0; COMMIT",
        )
        .unwrap();
}

fn command(scope: MaintenanceScope, action: MaintenanceAction) -> Maintenance {
    Maintenance {
        action,
        scope,
        validation_level: ValidationLevel::FullAudit,
        target_task_id: Some(TaskId::new("t0").unwrap()),
        session_id: Some(crate::tasks::SessionId::new("s").unwrap()),
        dry_run: true,
    }
}

/// Stops after each page, and goes on from what crosses to another worker.
fn in_pieces<W: Walk>(store: &Store, mut walk: W) -> (W, usize) {
    let mut pages = 1;
    loop {
        let before = walk.looked();
        let (more, next) = store
            .read_short(|tx| {
                let more = walk.page(tx)?;
                Ok((more, walk))
            })
            .unwrap();
        assert!(next.looked() - before <= WALK_PAGE as u64 + 1, "a page is bounded");
        walk = serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap();
        if !more {
            return (walk, pages);
        }
        pages += 1;
    }
}

fn check(rows: &[Row]) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&options(&directory)).unwrap();
    fill(&Connection::open(&store.options().database).unwrap(), rows);
    let now = Timestamp::now();
    for scope in
        [MaintenanceScope::FullProject, MaintenanceScope::CurrentSession, MaintenanceScope::SpecificSubtask]
    {
        for action in [MaintenanceAction::ScanCleanup, MaintenanceAction::PrepareHandover] {
            let fresh = || Scan::new(&command(scope, action), now).unwrap();
            let whole = store.read_short(|tx| report(tx, at_once(fresh(), tx)?)).unwrap();
            let (pieces, pages) = in_pieces(&store, fresh());
            let open = rows.iter().filter(|(status, ..)| *status < 4).count();
            assert!(pages > 1 || scope != MaintenanceScope::FullProject || open <= WALK_PAGE);
            let pieces = store.read_short(|tx| report(tx, pieces)).unwrap();
            assert_eq!(pieces, whole, "{scope} {action}");
            if scope == MaintenanceScope::FullProject {
                assert_eq!(whole.scan_results.total, rows.len() as u64);
                assert_eq!(whole.scan_results.stale_tasks.len(), open.min(100), "all are decades old");
            }
        }
    }
    let synthesis = SynthesizeResults { parent_task_id: TaskId::new("t0").unwrap() };
    let whole = store.read_short(|tx| crate::tasks::synthesize_results(tx, &synthesis)).unwrap();
    let (pieces, _) = in_pieces(&store, Gathering::new(&synthesis));
    assert_eq!(store.read_short(|tx| pieces.into_synthesis(tx)).unwrap(), whole);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn stopping_after_each_page_changes_nothing(rows in rows()) {
        check(&rows);
    }
}

#[tokio::test]
async fn resting_tasks_come_in_pages_by_the_index_and_each_once() {
    let home = Home::new().await;
    let rows: Vec<Row> = (0..250).map(|number| (1, None, i64::from(number % 10 == 0))).collect();
    fill(&Connection::open(&home.store.options().database).unwrap(), &rows);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let (tasks, next) =
            home.store.read(move |tx| Ok(tx.resting(None, Status::Active, after, 100)?)).await.unwrap();
        seen.extend(tasks.into_iter().map(|task| task.updated_at));
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 250);
    assert!(seen.is_sorted());
    let last = Resting { updated_at: *seen.last().unwrap(), place: 250 };
    let none =
        home.store.read(move |tx| Ok(tx.resting(None, Status::Active, Some(last), 10)?)).await.unwrap();
    assert!(none.0.is_empty() && none.1.is_none());
    let plan: Vec<String> = home
        .store
        .read(|tx| {
            let sql = format!("EXPLAIN QUERY PLAN {}", read::resting(Status::Active, false));
            let mut explain = tx.connection().prepare(&sql).unwrap();
            let lines = explain.query_map([0, 0, 10], |row| row.get(3)).unwrap();
            Ok(lines.collect::<rusqlite::Result<_>>().unwrap())
        })
        .await
        .unwrap();
    assert!(plan[0].contains("tasks_by_rest"), "{plan:?}");
    assert!(!plan[1].contains("TEMP"), "{plan:?}");
}
