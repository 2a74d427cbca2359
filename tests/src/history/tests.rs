//! A run that is right, and one planted violation of each kind.

use super::*;

const ORDER: [Action; 5] = [Action::Plan, Action::Retitle, Action::Execute, Action::Complete, Action::Cancel];

fn call(id: u64, marker: &str, action: Action) -> Call {
    let answers = vec![Answer::Done];
    Call { client: 0, id, marker: marker.to_owned(), action, answers, waited: Duration::from_millis(1) }
}

fn row(title: &str, status: &str, artifacts: u64) -> Row {
    Row { title: title.to_owned(), status: status.to_owned(), artifacts }
}

/// Two whole plans and what a correct server shows for them.
fn right() -> (History, Vec<Row>) {
    let mut calls = Vec::new();
    let mut rows = Vec::new();
    for (plan, marker) in ["m1", "m2"].into_iter().enumerate() {
        calls.extend((0..).zip(ORDER).map(|(step, action)| call(plan as u64 * 5 + step, marker, action)));
        rows.push(row(marker, "active", 0));
        rows.push(row(&format!("{marker}/0 again"), "completed", 1));
        rows.push(row(&format!("{marker}/1"), "cancelled", 0));
    }
    (History { calls, disconnects: Vec::new() }, rows)
}

fn verdict(change: impl FnOnce(&mut History, &mut Vec<Row>)) -> Verdict {
    let (mut history, mut rows) = right();
    change(&mut history, &mut rows);
    check(&history, "database", &rows)
}

fn counts(verdict: &Verdict) -> [usize; 6] {
    verdict.kinds().map(|(_, found)| found.len())
}

#[test]
fn a_right_run_is_clean() {
    let verdict = verdict(|_, _| {});
    assert!(verdict.is_clean(), "{verdict}");
}

#[test]
fn a_plan_that_is_not_there_is_lost() {
    let found = verdict(|_, rows| rows.retain(|row| !row.title.starts_with("m1")));
    assert_eq!(counts(&found), [3, 0, 0, 0, 0, 0], "{found}");
}

#[test]
fn half_a_plan_is_lost() {
    let found = verdict(|_, rows| {
        rows.remove(2);
    });
    assert_eq!(counts(&found), [1, 0, 0, 0, 0, 0], "{found}");
}

#[test]
fn each_effect_that_is_missing_is_lost() {
    let found = verdict(|_, rows| rows[1] = row("m1/0", "active", 0));
    assert_eq!(counts(&found), [3, 0, 0, 0, 0, 0], "{found}");
    let found = verdict(|_, rows| rows[5].status = "pending".into());
    assert_eq!(counts(&found), [1, 0, 0, 0, 0, 0], "{found}");
}

#[test]
fn a_title_that_is_there_twice_is_doubled() {
    let found = verdict(|_, rows| rows.push(rows[0].clone()));
    assert_eq!(counts(&found), [0, 1, 0, 0, 0, 0], "{found}");
}

#[test]
fn a_doubled_plan_is_seen_though_it_was_never_acknowledged() {
    let found = verdict(|history, rows| {
        history.calls.push(Call { answers: Vec::new(), ..call(99, "m3", Action::Plan) });
        for _ in 0..2 {
            rows.extend([row("m3", "pending", 0), row("m3/0", "pending", 0), row("m3/1", "pending", 0)]);
        }
    });
    assert_eq!(counts(&found), [0, 3, 0, 1, 0, 0], "{found}");
}

#[test]
fn a_second_artifact_is_doubled() {
    let found = verdict(|_, rows| rows[1].artifacts = 2);
    assert_eq!(counts(&found), [0, 1, 0, 0, 0, 0], "{found}");
}

#[test]
fn a_task_that_nobody_asked_for_is_doubled() {
    let found = verdict(|_, rows| rows.push(row("m9", "pending", 0)));
    assert_eq!(counts(&found), [0, 1, 0, 0, 0, 0], "{found}");
}

/// Executing twice leaves no trace in the rows: the refusal of the second is the trace.
#[test]
fn a_refusal_is_an_error() {
    let found =
        verdict(|history, _| history.calls[2].answers = vec![Answer::Failed("active to active".into())]);
    assert_eq!(counts(&found), [0, 0, 1, 0, 0, 0], "{found}");
}

#[test]
fn no_answer_and_two_answers_are_seen() {
    let found = verdict(|history, _| history.calls[4].answers.clear());
    assert_eq!(counts(&found), [0, 0, 0, 1, 0, 0], "{found}");
    let found = verdict(|history, _| history.calls[4].answers.push(Answer::Done));
    assert_eq!(counts(&found), [0, 0, 0, 0, 1, 0], "{found}");
}

#[test]
fn a_broken_session_is_a_disconnect() {
    let found = verdict(|history, _| history.disconnects.push("client 3".into()));
    assert_eq!(counts(&found), [0, 0, 0, 0, 0, 1], "{found}");
}

/// Not acknowledged: it may have happened or not, but not half and not twice.
#[test]
fn an_unacknowledged_effect_may_be_there_or_not() {
    for status in ["active", "completed"] {
        let found = verdict(|history, rows| {
            history.calls[3].answers.clear();
            rows[1] = row("m1/0 again", status, u64::from(status == "completed"));
        });
        assert_eq!(counts(&found), [0, 0, 0, 1, 0, 0], "{status}: {found}");
    }
}

#[test]
fn findings_of_two_views_are_put_together_once() {
    let mut both = verdict(|history, _| history.disconnects.push("client 3".into()));
    both.merge(both.clone());
    assert_eq!(counts(&both), [0, 0, 0, 0, 0, 1]);
    assert!(both.to_string().starts_with("0 lost, 0 doubled, 0 errors"));
}
