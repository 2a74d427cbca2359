//! The ledger's file after accidents.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::super::open::open;
use super::*;

fn filled(directory: &tempfile::TempDir) {
    let mut db = Db::open(options(directory)).unwrap();
    for number in 0..5 {
        let mut report = ended(&number.to_string(), Outcome::Complete, 1.0);
        report.message = "x".repeat(4000);
        db.finish(&report).unwrap();
    }
}

fn total(db: &Db) -> u64 {
    db.history(1).unwrap().total_restarts
}

#[test]
fn what_was_committed_is_there_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = Db::open(options(&directory)).unwrap();
    for number in 1..=5 {
        db.finish(&ended(&number.to_string(), Outcome::Complete, 1.0)).unwrap();
        let copy = as_if_killed(&directory);
        let (next, condition) = open(&options(&copy)).unwrap();
        assert_eq!((total(&next), condition), (number, Condition::Sound));
    }
    for name in ["ledger.db", "ledger.db-wal"] {
        let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_front_killed_while_it_made_the_file_is_no_accident() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("ledger.db"), b"").unwrap();
    assert_eq!(open(&options(&directory)).unwrap().1, Condition::Sound);
}

#[test]
fn a_damaged_file_is_set_aside_and_a_new_one_begun() {
    let garbage = |path: &std::path::Path| fs::write(path, vec![0x5a; 8192]).unwrap();
    let holes = |path: &std::path::Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes.iter_mut().skip(4096).for_each(|byte| *byte = 0xff);
        fs::write(path, bytes).unwrap();
    };
    let foreign = |path: &std::path::Path| {
        fs::remove_file(path).unwrap();
        rusqlite::Connection::open(path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    };
    let accidents: [&dyn Fn(&std::path::Path); 3] = [&garbage, &holes, &foreign];
    for accident in accidents {
        let directory = tempfile::tempdir().unwrap();
        filled(&directory);
        let file = directory.path().join("ledger.db");
        accident(&file);
        let damaged = fs::read(&file).unwrap();
        let (mut db, condition) = open(&options(&directory)).unwrap();
        let Condition::Renewed { broken, .. } = &condition else { panic!("{condition:?}") };
        assert_eq!(broken, &directory.path().join("ledger.db.broken"));
        assert_eq!(fs::read(broken).unwrap(), damaged, "nothing of it is lost");
        assert!(condition.issue().unwrap().contains("ledger.db.broken"));
        assert_eq!(total(&db), 0);
        db.finish(&ended("new", Outcome::Complete, 1.0)).unwrap();
        drop(db);
        let (db, condition) = open(&options(&directory)).unwrap();
        assert_eq!((total(&db), condition), (1, Condition::Sound));
    }
}

#[test]
fn the_log_of_a_damaged_file_is_not_taken_for_that_of_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    filled(&directory);
    let db = Db::open(options(&directory)).unwrap();
    db.connection.execute("UPDATE forgotten SET total = 7", []).unwrap();
    let copy = as_if_killed(&directory);
    fs::write(copy.path().join("ledger.db"), vec![0x5a; 8192]).unwrap();
    let (db, condition) = open(&options(&copy)).unwrap();
    assert!(matches!(condition, Condition::Renewed { .. }) && total(&db) == 0);
    assert!(copy.path().join("ledger.db.broken-wal").exists());
}

#[test]
fn a_newer_programs_file_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    filled(&directory);
    let file = directory.path().join("ledger.db");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let (mut db, condition) = open(&options(&directory)).unwrap();
    let issue = condition.issue().unwrap();
    assert!(issue.contains("RESTART_001") && issue.contains("99"), "{issue}");
    db.finish(&ended("new", Outcome::Complete, 1.0)).unwrap();
    assert_eq!(total(&db), 1, "one in memory serves");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM restarts", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 5);
}

#[test]
fn where_nothing_can_be_written_one_in_memory_serves() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { directory: directory.path().join("missing"), ..options(&directory) };
    let (mut db, condition) = open(&options).unwrap();
    assert!(condition.issue().unwrap().contains("RESTART_001"));
    db.finish(&ended("a", Outcome::Complete, 1.0)).unwrap();
    assert_eq!(total(&db), 1);
}
