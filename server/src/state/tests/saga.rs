//! All steps or none, also when undoing fails at first.

use super::super::saga::{self, Saga, SagaError, StepError};
use super::*;

/// Counts what is done; told where to fail.
#[derive(Default)]
struct Counting {
    done: Vec<String>,
    fails: Option<&'static str>,
    sticks: Option<&'static str>,
}

impl Saga for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn input(&self) -> serde_json::Result<serde_json::Value> {
        Ok(json!({ "of": "steps" }))
    }

    fn steps(&self) -> &'static [&'static str] {
        &["one", "two", "three"]
    }

    fn act(&mut self, step: &str) -> Result<(), StepError> {
        if self.fails == Some(step) {
            return Err("as told".into());
        }
        self.done.push(step.to_owned());
        Ok(())
    }

    fn compensate(&mut self, step: &str) -> Result<(), StepError> {
        if self.sticks == Some(step) {
            return Err("stuck".into());
        }
        self.done.retain(|done| done != step);
        Ok(())
    }
}

fn run(home: &Path, counting: &mut Counting) -> Result<(), SagaError> {
    saga::run(home, counting, at("2026-11-21T11:00:00Z"))
}

fn endings(home: &Path) -> Vec<String> {
    let records = std::fs::read_to_string(home.join("sagas.jsonl")).unwrap();
    let ending = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["ending"].clone();
    records.lines().map(|line| ending(line).as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_step_is_done_or_none() {
    let home = tempfile::tempdir().unwrap();
    let mut all = Counting::default();
    run(home.path(), &mut all).unwrap();
    assert_eq!(all.done, ["one", "two", "three"]);
    for step in ["one", "two", "three"] {
        let mut failing = Counting { fails: Some(step), ..Counting::default() };
        let error = run(home.path(), &mut failing).unwrap_err();
        assert!(matches!(&error, SagaError::Compensated { step: at, .. } if at == step), "{error}");
        assert!(failing.done.is_empty());
    }
    assert_eq!(endings(home.path()), ["done", "compensated", "compensated", "compensated"]);
    assert!(saga::unfinished(home.path()).unwrap().is_none());
}

#[test]
fn what_cannot_be_undone_stays_in_the_journal_until_it_can() {
    let home = tempfile::tempdir().unwrap();
    let mut stuck = Counting { fails: Some("three"), sticks: Some("one"), ..Counting::default() };
    assert!(matches!(run(home.path(), &mut stuck), Err(SagaError::Stuck { .. })));
    // Nothing else is begun on top of it.
    assert!(matches!(run(home.path(), &mut Counting::default()), Err(SagaError::Unfinished { .. })));
    let journal = saga::unfinished(home.path()).unwrap().unwrap();
    assert_eq!((journal.saga.as_str(), journal.begun.len()), ("counting", 3));
    assert_eq!(journal.input, json!({ "of": "steps" }));
    stuck.sticks = None;
    saga::recover(home.path(), &mut stuck, journal).unwrap();
    assert!(stuck.done.is_empty() && saga::unfinished(home.path()).unwrap().is_none());
    assert_eq!(endings(home.path()), ["stuck", "recovered"]);
}

#[test]
fn the_records_are_bounded() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("sagas.jsonl"), vec![b'\n'; 1 << 20]).unwrap();
    run(home.path(), &mut Counting::default()).unwrap();
    assert_eq!(endings(home.path()), ["done"]);
    assert_eq!(names(home.path()), ["sagas.jsonl", "sagas.jsonl.1"]);
}
