//! What administrators are told about backups, and what they cannot reach.

use std::fs;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use task_orchestrator_shared::admin::backup::{Comparison, RestorePlan};
use task_orchestrator_shared::error_code::ErrorCode;

use super::*;
use crate::link::SnapshotHeader;
use crate::state::Tail;
use crate::store::StoreOptions;
use crate::store::export::Export;
use crate::store::import::Import;
use crate::tasks::Task;

const DAY: Duration = Duration::from_secs(86_400);

/// A state directory beside a database.
struct Home {
    directory: tempfile::TempDir,
    backups: Backups,
}

fn task(id: &str) -> Task {
    serde_json::from_value(json!({
        "task_id": id, "parent_task_id": null, "session_id": null, "title": format!("About {id}"),
        "description": "", "status": "pending", "task_type": "standard", "specialist_type": "generic",
        "complexity": "simple", "estimated_effort": null, "due_date": null, "context": null,
        "dependencies": [], "summary": null, "notes": [], "created_at": "2026-11-21T10:00:00Z",
        "updated_at": "2026-11-21T10:00:00Z", "started_at": null, "completed_at": null,
    }))
    .unwrap()
}

impl Home {
    fn new(policy: Policy) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name);
        let places =
            Places { database: place("tasks.db"), artifacts: place("artifacts"), state: place("state") };
        fs::create_dir(&places.state).unwrap();
        let mut import = Import::create(&places.database).unwrap();
        ["a", "b", "c"].iter().for_each(|id| import.task(&task(id)).unwrap());
        import.finish().unwrap();
        let archive = Archive::new(&places.state, policy);
        Self { directory, backups: Backups::new(Arc::new(Mutex::new(archive)), places) }
    }

    fn keeping(backups: u32) -> Self {
        Self::new(Policy { backups, compress_after: 2 * DAY, remove_after: 30 * DAY })
    }

    fn options(&self) -> StoreOptions {
        StoreOptions::new(&self.backups.places.database, &self.backups.places.artifacts)
    }

    fn snapshot(&self, generation: u64, taken: Timestamp) {
        let state = &self.backups.places.state;
        let part = state::part_path(state);
        let header = SnapshotHeader { generation, ..SnapshotHeader::default() };
        let mut export = Export::open(&self.options()).unwrap();
        let bulk = state::write_bulk(&part, &header, taken, &[], &mut export).unwrap();
        state::seal(state, &part, &bulk, &Tail::default()).unwrap();
    }

    fn database(&self, taken: Timestamp) -> String {
        state::back_up(&self.options(), &self.backups.places.state, taken).unwrap()
    }

    fn write(&self, sql: &str) {
        let connection = rusqlite::Connection::open(&self.backups.places.database).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    fn listed(&self) -> Vec<Backup> {
        self.backups.backups().unwrap()
    }

    fn due(&self, due: Due) -> Vec<String> {
        let listed = self.listed().into_iter().filter(|backup| backup.due == Some(due));
        let mut names: Vec<String> = listed.map(|backup| backup.name).collect();
        names.sort();
        names
    }

    fn verdict(&self, name: &str) -> Option<bool> {
        self.listed().into_iter().find(|backup| backup.name == name).unwrap().verified
    }

    fn plan(&self, name: &str) -> RestorePlan {
        match self.backups.plan_restore(name) {
            Reply::RestorePlan(plan) => *plan,
            other => panic!("{other:?}"),
        }
    }

    fn compare(&self, older: &str, newer: &str) -> Comparison {
        match self.backups.compare(older, newer) {
            Reply::Comparison(comparison) => *comparison,
            other => panic!("{other:?}"),
        }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let state = fs::read_dir(&self.backups.places.state).unwrap();
        entries.chain(state).map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn ago(days: i64) -> Timestamp {
    Timestamp::now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap()
}

fn code(reply: &Reply) -> ErrorCode {
    match reply {
        Reply::Refused(refusal) => refusal.error_code,
        other => panic!("{other:?}"),
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

const LATE: &str = "INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, \
    created_at, updated_at) VALUES ('late', 'Late', '', 'pending', 'standard', 'generic', 'simple', 1, 1); \
    UPDATE tasks SET title = 'Changed', updated_at = updated_at + 1 WHERE id = 'b'";

#[test]
fn the_newest_come_first_and_what_is_due_is_what_rotation_does() {
    let home = Home::keeping(2);
    for (generation, days) in [(1, 40), (2, 20), (3, 10), (4, 5), (5, 1)] {
        home.snapshot(generation, ago(days));
    }
    let databases = [50, 9, 8, 7].map(|days| home.database(ago(days)));
    let Reply::Done(_) = home.backups.pin(&databases[0], true) else { panic!() };
    let before = home.listed();
    assert!(before.is_sorted_by(|a, b| a.taken_at >= b.taken_at), "{before:?}");
    assert_eq!((before[0].name.as_str(), before[0].generation), (CURRENT, Some(5)));
    let pinned: Vec<&str> = before.iter().filter(|one| one.pinned).map(|one| one.name.as_str()).collect();
    assert_eq!(pinned, [&databases[0]]);

    let (compress, remove) = (home.due(Due::Compress), home.due(Due::Remove));
    assert_eq!((compress.len(), remove.len()), (5, 3), "{before:?}");
    let Reply::Pruned(would) = home.backups.prune(true) else { panic!() };
    assert_eq!((sorted(would.compressed), sorted(would.removed)), (compress.clone(), remove.clone()));
    assert!(would.dry_run && home.listed().len() == before.len());
    let Reply::Pruned(did) = home.backups.prune(false) else { panic!() };
    assert_eq!((sorted(did.compressed), sorted(did.removed)), (compress, remove));
    assert!(home.listed().iter().all(|backup| backup.due.is_none()));
    assert!(home.listed().iter().any(|one| one.pinned && one.compressed && one.name.contains(&databases[0])));
}

#[test]
fn a_broken_one_is_not_due_and_the_one_behind_it_is_kept_for_it() {
    let home = Home::keeping(1);
    let [old, newer] = [9, 8].map(|days| home.database(ago(days)));
    assert_eq!(home.due(Due::Remove), [old.as_str()]);
    fs::write(home.backups.places.state.join(&newer), "damaged").unwrap();
    let Reply::Verified(found) = home.backups.verify(None) else { panic!() };
    let problems: Vec<&str> =
        found.iter().filter(|one| one.problem.is_some()).map(|one| one.name.as_str()).collect();
    assert_eq!(problems, [&newer]);
    assert_eq!((home.verdict(&newer), home.verdict(&old)), (Some(false), Some(true)));
    assert_eq!(home.due(Due::Remove), [""; 0]);
    let Reply::Pruned(did) = home.backups.prune(false) else { panic!() };
    assert_eq!((did.removed.len(), did.broken[0].name.as_str()), (0, newer.as_str()));
    assert!(did.broken[0].problem.is_some());
    assert_eq!(home.listed().len(), 1);
}

#[test]
fn what_was_verified_is_remembered_until_the_file_changes() {
    let home = Home::keeping(9);
    home.snapshot(1, ago(1));
    let name = home.database(ago(1));
    assert_eq!((home.verdict(CURRENT), home.verdict(&name)), (None, None));
    let Reply::Verified(found) = home.backups.verify(Some(&name)) else { panic!() };
    assert_eq!((found[0].name.as_str(), &found[0].problem), (name.as_str(), &None));
    assert_eq!((home.verdict(CURRENT), home.verdict(&name)), (None, Some(true)));
    fs::write(home.backups.places.state.join(&name), "damaged").unwrap();
    assert_eq!(home.verdict(&name), None);
    home.backups.verify(None);
    assert_eq!((home.verdict(CURRENT), home.verdict(&name)), (Some(true), Some(false)));
    // The next snapshot has the name, and nobody has looked at it.
    home.snapshot(2, ago(0));
    assert_eq!(home.verdict(CURRENT), None);
    assert_eq!(home.listed()[0].generation, Some(2), "not what the one before said");
}

#[test]
fn only_what_is_listed_has_a_name() {
    let home = Home::keeping(9);
    home.snapshot(1, ago(1));
    fs::copy(home.backups.places.state.join(CURRENT), home.directory.path().join(CURRENT)).unwrap();
    fs::write(home.backups.places.state.join("notes.json"), "{}").unwrap();
    let absolute = home.backups.places.state.join(CURRENT).display().to_string();
    let long = "x".repeat(60_000);
    let before = sorted(home.names());
    let names = [
        "",
        ".",
        "..",
        "/",
        "../current_state.json",
        "./current_state.json",
        "current_state.json/",
        "current_state.json\0",
        "CURRENT_STATE.JSON",
        "notes.json",
        "pins.json",
        "../tasks.db",
        &absolute,
        "backup_state_20261101T110000.000Z_1.json",
        "\u{1b}[2J",
        "*",
        &long,
    ];
    for name in names {
        let replies = [
            home.backups.verify(Some(name)),
            home.backups.plan_restore(name),
            home.backups.pin(name, true),
            home.backups.pin(name, false),
            home.backups.compare(name, CURRENT),
            home.backups.compare(CURRENT, name),
        ];
        for reply in &replies {
            assert_eq!(code(reply), ErrorCode::NotFound, "{name:.50}");
            let said = serde_json::to_string(reply).unwrap();
            assert!(said.len() < 1000 && !said.contains("\\u001b"), "{said}");
        }
    }
    assert_eq!(sorted(home.names()), before);
    // What there is only for restoring is no file.
    assert_eq!(code(&home.backups.plan_restore("database")), ErrorCode::NotFound);
    assert_eq!(code(&home.backups.pin(CURRENT, true)), ErrorCode::InvalidArgument);
}

#[test]
fn a_restore_is_planned_while_a_worker_writes() {
    let home = Home::keeping(9);
    home.snapshot(1, ago(1));
    let name = home.database(ago(1));
    home.write(LATE);
    // In the middle of a transaction of somebody else.
    let writer = rusqlite::Connection::open(&home.backups.places.database).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; DELETE FROM tasks WHERE id = 'a'")
        .unwrap();
    let before = sorted(home.names());
    for name in [CURRENT, &name] {
        let plan = home.plan(name);
        assert_eq!((plan.tasks, plan.gone, plan.older, plan.unknown), (3, 1, 1, None), "{name}");
        let first: Vec<(&str, bool)> =
            plan.first.iter().map(|lost| (lost.task_id.as_str(), lost.gone)).collect();
        assert_eq!(sorted(first.iter().map(|(id, _)| (*id).to_owned()).collect()), ["b", "late"]);
        assert!(first.contains(&("late", true)) && first.contains(&("b", false)));
    }
    assert_eq!(sorted(home.names()), before, "nothing is left beside the database");
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(home.plan(&name).gone, 1, "the writer was held up by nothing");
}

#[test]
fn that_the_present_database_cannot_be_read_is_said() {
    let home = Home::keeping(9);
    let name = home.database(ago(1));
    fs::write(&home.backups.places.database, "damaged").unwrap();
    assert!(home.plan(&name).unknown.is_some());
    fs::remove_file(&home.backups.places.database).unwrap();
    let plan = home.plan(&name);
    assert_eq!((plan.gone, plan.older, plan.unknown), (0, 0, None));
    fs::write(home.backups.places.state.join(&name), "damaged").unwrap();
    assert_eq!(code(&home.backups.plan_restore(&name)), ErrorCode::StateSerializationFailed);
}

#[test]
fn differences_are_counted_and_the_first_are_told() {
    let home = Home::keeping(9);
    home.snapshot(1, ago(1));
    let name = home.database(ago(1));
    home.write(LATE);
    let found = home.compare(CURRENT, "database");
    assert_eq!((found.older.as_str(), found.newer.as_str()), (CURRENT, "database"));
    assert_eq!((found.added, found.removed, found.changed, found.sessions), (1, 0, 1, 0));
    assert_eq!(found.lines, ["+ task late  Late", "~ task b  title, updated_at"]);
    let back = home.compare("database", &name);
    assert_eq!((back.added, back.removed, back.changed), (0, 1, 1));
    assert_eq!(home.compare(CURRENT, &name).lines, [""; 0]);
    home.write(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) \
         INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, \
         updated_at) SELECT 'n' || i, 'N', '', 'pending', 'standard', 'generic', 'simple', 1, 1 FROM n",
    );
    let many = home.compare(&name, "database");
    assert_eq!((many.added, many.lines.len()), (1501, 1000));
}

#[test]
fn one_at_a_time_reads_whole_files_and_the_list_waits_for_none() {
    let home = Home::keeping(9);
    home.snapshot(1, ago(1));
    let turn = home.backups.turn().unwrap();
    let refused = [
        home.backups.verify(None),
        home.backups.plan_restore(CURRENT),
        home.backups.compare(CURRENT, "database"),
        home.backups.prune(true),
    ];
    assert!(refused.iter().all(|reply| code(reply) == ErrorCode::Overloaded), "{refused:?}");
    assert_eq!(home.listed().len(), 1);
    drop(turn);
    assert!(matches!(home.backups.verify(None), Reply::Verified(_)));
}

#[test]
fn each_file_says_when_its_age_removes_it_unless_it_stays() {
    let home = Home::keeping(10);
    for (generation, days) in [(1, 9), (2, 6), (3, 5), (4, 1)] {
        home.snapshot(generation, ago(days));
    }
    let name_of = |generation| {
        let listed = home.listed().into_iter().find(|one| one.generation == Some(generation));
        listed.unwrap().name
    };
    home.backups.pin(&name_of(2), true);
    for backup in home.listed() {
        let taken: Timestamp = backup.taken_at.parse().unwrap();
        let expected = (backup.generation == Some(1)).then(|| (taken + 30 * DAY).to_string());
        // The newest of those that are no more the current one stays, as does what is pinned.
        assert_eq!(backup.remove_at, expected, "{backup:?}");
    }
}
