//! The work as a tree: nested as it is planned, bounded in what is read and told,
//! with how far each part is and what it waits for.

use rusqlite::Connection;
use task_orchestrator_shared::admin::tasks::{
    MAX_TASK_ROWS, MAX_TITLE, MAX_WAITS_FOR, TaskRow, TaskRowKind, TaskTree,
};

use super::*;
use crate::store::transaction::Connected as _;
use crate::store::tree::{ended_sql, open_sql, sessions_sql};
use crate::tasks::Status;

/// The only connection that writes: the tests make what no client could in so short a time.
fn direct(home: &Home, sql: &str) {
    Connection::open(&home.store.options().database).unwrap().execute_batch(sql).unwrap();
}

fn session(name: &str, last_activity: i64) -> String {
    format!(
        "INSERT INTO sessions (id, name, working_directory, archived, created_at, last_activity) \
         VALUES ('{name}', 'the {name}', '.', 0, 1, {last_activity});"
    )
}

fn task(id: &str, parent: Option<&str>, session: Option<&str>, status: &str, updated_at: i64) -> String {
    let place = |table: &str, id: Option<&str>| {
        id.map_or("NULL".to_owned(), |id| format!("(SELECT seq FROM {table} WHERE id = '{id}')"))
    };
    format!(
        "INSERT INTO tasks (id, parent, session, title, description, status, task_type, specialist, complexity, \
         created_at, updated_at) VALUES ('{id}', {}, {}, 'title of {id}', 'secret', '{status}', 'standard', 'tester', \
         'simple', {updated_at}, {updated_at});",
        place("tasks", parent),
        place("sessions", session)
    )
}

fn outline(tree: &TaskTree) -> Vec<String> {
    tree.rows.iter().map(|row| format!("{}{}", "  ".repeat(row.depth.into()), row.id)).collect()
}

fn row<'a>(tree: &'a TaskTree, id: &str) -> &'a TaskRow {
    tree.rows.iter().find(|row| row.id == id).unwrap()
}

#[tokio::test]
async fn sessions_plans_and_tasks_are_nested_the_latest_and_open_ones_first() {
    let home = Home::new().await;
    let rows = [
        session("old", 10),
        session("new", 20),
        session("idle", 30),
        task("plan", None, Some("new"), "active", 50),
        task("a", Some("plan"), Some("new"), "completed", 90),
        task("b", Some("plan"), Some("new"), "active", 60),
        task("c", Some("plan"), Some("new"), "pending", 70),
        task("deep", Some("b"), Some("new"), "pending", 40),
        task("done", None, Some("new"), "completed", 95),
        task("late", None, Some("old"), "blocked", 99),
        task("alone", None, None, "failed", 5),
    ];
    direct(&home, &rows.concat());
    let tree = home.store.task_tree().await.unwrap();
    let expected = [
        "old",
        "  late",
        "new",
        "  plan",
        "    c",
        "    b",
        "      deep",
        "    a",
        "  done",
        "idle",
        "",
        "  alone",
    ];
    assert_eq!(outline(&tree), expected);
    assert_eq!((tree.left_out, tree.counts.completed, tree.counts.pending), (0, 2, 2));
    assert_eq!((tree.counts.active, tree.counts.blocked, tree.counts.failed), (2, 1, 1));
    let kinds: Vec<TaskRowKind> = ["new", "plan", "b", "c"].iter().map(|id| row(&tree, id).kind).collect();
    assert_eq!(kinds, [TaskRowKind::Session, TaskRowKind::Plan, TaskRowKind::Plan, TaskRowKind::Task]);
    let figures = |id: &str| (row(&tree, id).done, row(&tree, id).total);
    assert_eq!(figures("plan"), (Some(1), Some(3)));
    assert_eq!(figures("new"), (Some(2), Some(6)));
    assert_eq!((figures("c"), figures("idle")), ((None, None), (None, None)));
    assert_eq!(figures(""), (Some(0), Some(1)), "what belongs to no session");
    assert_eq!((row(&tree, "new").status.as_str(), row(&tree, "plan").status.as_str()), ("active", "active"));
    assert_eq!(row(&tree, "b").specialist.as_deref(), Some("tester"));
    assert_eq!(row(&tree, "b").updated_at, "1970-01-01T00:00:00Z");
    let told = serde_json::to_string(&tree).unwrap();
    assert!(told.contains("title of deep") && !told.contains("secret"));
}

#[tokio::test]
async fn an_open_task_says_what_it_waits_for() {
    let home = Home::new().await;
    let mut rows = vec![task("waits", None, None, "pending", 1), task("ended", None, None, "failed", 1)];
    for number in 0..8 {
        let status = if number == 0 { "completed" } else { "active" };
        rows.push(task(&format!("n{number}"), None, None, status, 1));
        for task in ["waits", "ended"] {
            rows.push(format!(
                "INSERT INTO dependencies (task, place, needs) SELECT t.seq, {number}, n.seq \
                 FROM tasks t, tasks n WHERE t.id = '{task}' AND n.id = 'n{number}';"
            ));
        }
    }
    direct(&home, &rows.concat());
    let tree = home.store.task_tree().await.unwrap();
    let expected: Vec<String> = (1..=MAX_WAITS_FOR).map(|number| format!("title of n{number}")).collect();
    assert_eq!(row(&tree, "waits").waits_for, expected);
    assert!(row(&tree, "ended").waits_for.is_empty() && row(&tree, "n1").waits_for.is_empty());
}

#[tokio::test]
async fn of_more_than_fits_open_work_is_told_with_what_it_is_part_of() {
    let home = Home::new().await;
    let most = MAX_TASK_ROWS as i64;
    direct(
        &home,
        &format!(
            "BEGIN; {} {} {} {}
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
             INSERT INTO tasks (id, session, title, description, status, task_type, specialist, complexity, \
             created_at, updated_at) SELECT 'e' || i, 1, 'ended', '', 'completed', 'standard', 'generic', 'simple', \
             100 + i, 100 + i FROM n; {} COMMIT;",
            session("s", 1),
            session("quiet", 2),
            task("plan", None, Some("s"), "active", 3),
            task("open", Some("plan"), Some("s"), "pending", 2),
            2 * most,
            task("other", None, None, "active", 9),
        ),
    );
    let tree = home.store.task_tree().await.unwrap();
    assert_eq!(tree.rows.len(), MAX_TASK_ROWS);
    // All tasks and sessions, without the group of what is in no session.
    assert_eq!(tree.left_out, 2 * MAX_TASK_ROWS as u64 + 5 - (MAX_TASK_ROWS as u64 - 1));
    let outline = outline(&tree);
    assert_eq!(outline[..3], ["s", "  plan", "    open"]);
    assert_eq!(outline[3], format!("  e{}", 2 * most), "the newest of the ended ones");
    assert_eq!(outline[MAX_TASK_ROWS - 3..], ["", "  other", "quiet"]);
    assert_eq!(row(&tree, "s").total, Some(2 * MAX_TASK_ROWS as u64 + 2), "counted, listed or not");
    // More open work than fits.
    direct(&home, "UPDATE tasks SET status = 'active' WHERE status = 'completed';");
    let tree = home.store.task_tree().await.unwrap();
    assert_eq!(tree.rows.len(), MAX_TASK_ROWS);
    assert!(tree.rows.iter().all(|row| row.status != "completed"));
}

#[tokio::test]
async fn a_title_is_one_short_line() {
    let home = Home::new().await;
    direct(&home, &task("t", None, None, "pending", 1));
    direct(&home, &format!("UPDATE tasks SET title = char(27) || '[2J{}'", "ü".repeat(255)));
    let tree = home.store.task_tree().await.unwrap();
    let title = &row(&tree, "t").title;
    assert!(title.chars().count() == MAX_TITLE && title.starts_with("[2Jü"), "{title}");
}

#[tokio::test]
async fn each_choice_goes_by_an_index_in_the_order_of_the_answer() {
    let home = Home::new().await;
    let plans = home.store.read(|tx| {
        let explain = |sql: &str| -> String {
            let mut statement = tx.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let lines = statement.query_map([10], |row| row.get::<_, String>(3)).unwrap();
            lines.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("; ")
        };
        let mut plans = vec![(explain(&sessions_sql()), "sessions_by_activity")];
        for &status in Status::ALL {
            plans.push(if status.is_open() {
                (explain(&open_sql(status)), "COVERING INDEX tasks_by_rest")
            } else {
                (explain(&ended_sql(status)), "COVERING INDEX tasks_by_status")
            });
        }
        Ok(plans)
    });
    for (plan, index) in plans.await.unwrap() {
        assert!(plan.contains(index) && !plan.contains("TEMP"), "{plan}");
    }
}

#[tokio::test]
async fn calls_at_a_checkpoint_say_how_far_they_are() {
    let home = Home::new().await;
    let walked = |looked: u64| Checkpoint {
        kind: "maintenance",
        state: format!(r#"{{"looked":{looked},"expected":900,"more":[1]}}"#),
        suspended: looked > 1,
    };
    for looked in [1, 2] {
        let execution = Execution::new(home.next(), "look", b"");
        assert!(home.store.save_checkpoint(&execution, walked(looked)).await.unwrap());
    }
    let large = Checkpoint { state: format!("\"{}\"", "x".repeat(100_000)), ..walked(3) };
    assert!(home.store.save_checkpoint(&Execution::new(home.next(), "look", b""), large).await.unwrap());
    let calls = home.store.calls_at_checkpoints(10).await.unwrap();
    let told: Vec<_> = calls.iter().map(|call| (call.suspended, call.looked)).collect();
    assert_eq!(told, [(true, None), (true, Some((2, 900))), (false, Some((1, 900)))]);
    assert!(calls.iter().all(|call| call.client == home.client && call.kind == "maintenance"));
    assert_eq!(home.store.calls_at_checkpoints(1).await.unwrap().len(), 1);
}
