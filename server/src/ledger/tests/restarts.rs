//! What is kept of restarts, and for how long.

use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::RestartError;

use super::*;

#[test]
fn a_call_that_comes_again_finds_the_outcome_of_its_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = Db::open(options(&directory)).unwrap();
    let (asker, joiner) = (ClientId::random(), ClientId::random());
    db.begin(&running("a"), Some(key(asker, 7))).unwrap();
    db.join(&RestartId("a".into()), key(joiner, u64::MAX)).unwrap();
    assert_eq!(db.find_by_operation(key(asker, 7)).unwrap(), Some(running("a")));
    db.finish(&ended("a", Outcome::Complete, 10.0)).unwrap();
    let copy = as_if_killed(&directory);
    let next = Db::open(options(&copy)).unwrap();
    for found in [key(asker, 7), key(joiner, u64::MAX)] {
        assert_eq!(next.find_by_operation(found).unwrap(), Some(ended("a", Outcome::Complete, 10.0)));
    }
    for unknown in [key(asker, 8), key(joiner, 7)] {
        assert_eq!(next.find_by_operation(unknown).unwrap(), None);
    }
}

#[test]
fn an_end_is_final_whatever_comes_late() {
    let (_directory, mut db) = db();
    let end = ended("a", Outcome::Complete, 10.0);
    let client = ClientId::random();
    db.finish(&end).unwrap();
    db.begin(&running("a"), Some(key(client, 1))).unwrap();
    db.update(&running("a")).unwrap();
    assert_eq!(db.last().unwrap(), Some(end.clone()));
    assert_eq!(db.find_by_operation(key(client, 1)).unwrap(), Some(end));
    assert_eq!(db.history(10).unwrap().total_restarts, 1);
}

#[test]
fn what_a_dead_front_left_without_an_end_is_closed_with_the_phase_it_was_in() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = Db::open(options(&directory)).unwrap();
    db.finish(&ended("a", Outcome::Complete, 1.0)).unwrap();
    db.begin(&running("b"), None).unwrap();
    let further = RestartReport { phase: Phase::ProcessRestart, duration_ms: 12.5, ..running("b") };
    db.update(&further).unwrap();
    let copy = as_if_killed(&directory);
    let mut next = Db::open(options(&copy)).unwrap();
    let now: Timestamp = "2026-02-02T00:00:00Z".parse().unwrap();
    let closed = next.close_unfinished(now).unwrap();
    let [report] = closed.as_slice() else { panic!("{closed:?}") };
    assert_eq!((report.outcome, report.phase), (Some(Outcome::Failed), Phase::Failed));
    assert_eq!(report.completed_at.as_deref(), Some("2026-02-02T00:00:00Z"));
    let [RestartError { error_code, error, phase }] = report.errors.as_slice() else { panic!() };
    assert_eq!((*error_code, *phase), (ErrorCode::InitializationFailed, Phase::ProcessRestart));
    assert!(error.contains("the front ended during it") && report.duration_ms == 12.5);
    assert_eq!(next.last().unwrap().as_ref(), Some(report));
    assert!(next.close_unfinished(now).unwrap().is_empty(), "closed once");
}

#[test]
fn the_history_keeps_its_bound_and_its_totals() {
    let (_directory, mut db) = db();
    for number in 0..20 {
        let outcome = if number % 2 == 0 { Outcome::Complete } else { Outcome::RolledBack };
        db.begin(&running(&format!("r{number}")), Some(key(ClientId::random(), number))).unwrap();
        db.finish(&ended(&format!("r{number}"), outcome, 1000.0 * (number as f64))).unwrap();
    }
    db.begin(&running("runs"), None).unwrap();
    let history = db.history(1000).unwrap();
    let shown: Vec<&str> = history.recent_restarts.iter().map(|past| past.restart_id.0.as_str()).collect();
    assert_eq!(shown, ["r19", "r18", "r17", "r16", "r15"]);
    assert_eq!((history.total_restarts, history.successful_restarts), (20, 10));
    assert_eq!(history.last_successful_restart.as_deref(), Some("end of r18"));
    assert_eq!(history.average_duration, Some(9.0), "of those that went well, the forgotten ones included");
    assert_eq!(db.history(2).unwrap().recent_restarts.len(), 2);
    let rows: i64 = db.connection.query_row("SELECT count(*) FROM operations", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 5, "a restart's calls go with it");
    assert_eq!(db.unfinished().unwrap().len(), 1, "what runs is not forgotten");
}

#[test]
fn totals_outlive_the_last_row_that_made_them() {
    let (_directory, mut db) = db();
    db.finish(&ended("good", Outcome::Complete, 2000.0)).unwrap();
    for number in 0..6 {
        db.finish(&ended(&format!("bad{number}"), Outcome::Failed, 1.0)).unwrap();
    }
    let history = db.history(10).unwrap();
    assert_eq!((history.total_restarts, history.successful_restarts), (7, 1));
    assert_eq!(history.last_successful_restart.as_deref(), Some("end of good"));
    assert_eq!(history.average_duration, Some(2.0));
    let (_directory, empty) = super::db();
    let history = empty.history(10).unwrap();
    assert_eq!((history.total_restarts, history.average_duration), (0, None));
    assert_eq!(empty.last().unwrap(), None);
}

#[test]
fn a_restart_is_expected_to_take_as_long_as_the_middle_one() {
    let (_directory, mut db) = db();
    assert_eq!(db.expected_duration(Kind::Graceful).unwrap(), None);
    for (number, duration) in [10.0, 5000.0, 30.0].into_iter().enumerate() {
        db.finish(&ended(&number.to_string(), Outcome::Complete, duration)).unwrap();
    }
    db.finish(&ended("x", Outcome::Failed, 9e9)).unwrap();
    assert_eq!(db.expected_duration(Kind::Graceful).unwrap(), Some(Duration::from_millis(30)));
    assert_eq!(db.expected_duration(Kind::Crash).unwrap(), None);
}

#[test]
fn no_report_is_too_large_or_too_odd_to_be_kept() {
    let (_directory, mut db) = db();
    let mut report = ended("a", Outcome::Failed, f64::NAN);
    report.downtime_ms = f64::INFINITY;
    report.message = "ä".repeat(100_000);
    let error =
        RestartError { error_code: ErrorCode::Internal, error: "x".repeat(1 << 16), phase: Phase::Failed };
    report.errors = vec![error; 150];
    db.finish(&report).unwrap();
    let kept = db.last().unwrap().unwrap();
    assert!(serde_json::to_vec(&kept).unwrap().len() < 1 << 20);
    assert_eq!((kept.duration_ms, kept.errors.len()), (0.0, 100));
}

#[test]
fn a_report_of_another_program_is_left_out_alone() {
    let (_directory, mut db) = db();
    db.finish(&ended("a", Outcome::Complete, 1.0)).unwrap();
    db.finish(&ended("b", Outcome::Complete, 1.0)).unwrap();
    db.connection.execute("UPDATE restarts SET report = '{\"odd\":1}' WHERE id = 'a'", []).unwrap();
    let history = db.history(10).unwrap();
    assert_eq!((history.recent_restarts.len(), history.total_restarts), (1, 2));
}
