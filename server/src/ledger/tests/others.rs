//! Recoveries, alerts, and the steps of restarts.

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_success_rate_is_that_of_the_window() {
    let (_directory, mut db) = db();
    let now = at("2026-01-02T00:00:00Z");
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(db.success_rate(day, now).unwrap(), None);
    for (when, recovered) in [
        ("2026-01-01T00:00:00Z", true),
        ("2025-12-31T23:59:59Z", false),
        ("2026-01-01T12:00:00Z", true),
        ("2026-01-01T23:59:59Z", true),
        ("2026-01-01T23:59:59Z", false),
    ] {
        let attempt = Attempt { kind: Kind::Crash, at: at(when), recovered, cause: "x".repeat(5000) };
        db.attempt(&attempt).unwrap();
    }
    assert_eq!(db.success_rate(day, now).unwrap(), Some(0.75));
    assert_eq!(db.success_rate(Duration::from_secs(1), now).unwrap(), Some(0.5));
    assert_eq!(db.success_rate(Duration::MAX, now).unwrap(), Some(0.6));
}

#[test]
fn attempts_have_a_bound() {
    let (_directory, mut db) = db();
    let attempt = |db: &mut Db| {
        let attempt =
            Attempt { kind: Kind::Crash, at: Timestamp::UNIX_EPOCH, recovered: true, cause: String::new() };
        db.attempt(&attempt).unwrap();
    };
    attempt(&mut db);
    db.connection.execute("UPDATE attempts SET id = 1", []).unwrap();
    db.connection.execute("UPDATE sqlite_sequence SET seq = 10000", []).unwrap();
    attempt(&mut db);
    let ids: Vec<i64> = {
        let mut statement = db.connection.prepare("SELECT id FROM attempts").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(ids, [10_001], "the oldest made room");
}

#[test]
fn an_alert_fires_once_until_it_is_resolved_over_any_number_of_fronts() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = Db::open(options(&directory)).unwrap();
    let (first, later) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z"));
    assert!(db.raise("disk", "low", first).unwrap());
    assert!(!db.raise("disk", "lower", later).unwrap());
    let copy = as_if_killed(&directory);
    let mut next = Db::open(options(&copy)).unwrap();
    assert!(!next.raise("disk", "lowest", later).unwrap(), "a new front does not repeat it");
    let firing = next.alerts().unwrap();
    let expected = Alert {
        kind: "disk".into(),
        detail: "lowest".into(),
        raised_at: "2026-01-01T00:00:00Z".into(),
        times: 1,
    };
    assert_eq!(firing, [expected]);
    assert!(next.resolve("disk", later).unwrap());
    assert!(!next.resolve("disk", later).unwrap(), "resolved is told once");
    assert!(!next.resolve("never", later).unwrap());
    assert!(next.alerts().unwrap().is_empty());
    assert!(next.raise("disk", "again", later).unwrap());
    assert_eq!(next.alerts().unwrap()[0].times, 2);
}

#[test]
fn kinds_of_alerts_have_a_bound_and_what_fires_stays() {
    let (_directory, mut db) = db();
    let now = at("2026-01-01T00:00:00Z");
    db.raise("fires", "", now).unwrap();
    for number in 0..1010 {
        let kind = format!("over {number}");
        db.raise(&kind, "", now).unwrap();
        db.resolve(&kind, now).unwrap();
    }
    let count: i64 = db.connection.query_row("SELECT count(*) FROM alerts", [], |row| row.get(0)).unwrap();
    assert!(count <= 1000, "{count}");
    assert_eq!(db.alerts().unwrap().len(), 1);
}

#[test]
fn a_saga_is_unfinished_while_it_has_effects_that_are_neither_confirmed_nor_undone() {
    let directory = tempfile::tempdir().unwrap();
    let mut db = Db::open(options(&directory)).unwrap();
    let now = at("2026-01-01T00:00:00Z");
    let mut step = |id: &str, step: &str, state| {
        db.saga_step(&RestartId(id.into()), step, state, "how to undo", now).unwrap();
    };
    for id in ["complete", "failed", "undone", "unknown"] {
        step(id, "standby", StepState::Started);
        step(id, "standby", StepState::Done);
        step(id, "epoch", StepState::Started);
    }
    step("complete", "epoch", StepState::Done);
    step("failed", "epoch", StepState::Failed);
    step("undone", "epoch", StepState::Failed);
    step("undone", "standby", StepState::Compensated);
    db.finish(&ended("complete", Outcome::Complete, 1.0)).unwrap();
    for id in ["failed", "undone"] {
        db.finish(&ended(id, Outcome::Failed, 1.0)).unwrap();
    }
    let copy = as_if_killed(&directory);
    let mut next = Db::open(options(&copy)).unwrap();
    let sagas = next.unfinished_sagas().unwrap();
    let shown: Vec<_> = sagas.iter().map(|saga| saga.restart_id.0.as_str()).collect();
    assert_eq!(shown, ["failed", "unknown"]);
    let steps: Vec<_> = sagas[0].steps.iter().map(|step| (step.step.as_str(), step.state)).collect();
    assert_eq!(steps, [("standby", StepState::Done), ("epoch", StepState::Failed)]);
    assert_eq!(sagas[0].steps[0].detail, "how to undo");
    let failed = RestartId("failed".into());
    next.saga_step(&failed, "standby", StepState::Compensated, "", now).unwrap();
    assert_eq!(next.unfinished_sagas().unwrap().len(), 1);
}

#[test]
fn steps_go_with_their_restart() {
    let (_directory, mut db) = db();
    for number in 0..6 {
        let id = number.to_string();
        db.saga_step(&RestartId(id.clone()), "s", StepState::Done, "", Timestamp::UNIX_EPOCH).unwrap();
        db.finish(&ended(&id, Outcome::Failed, 1.0)).unwrap();
    }
    assert_eq!(db.unfinished_sagas().unwrap().len(), 5);
}
