//! What of the view only tells time: ages that grow by themselves while nothing
//! happens. They must not wake those who watch several times a second. Pure.

use std::time::Duration;

use task_orchestrator_shared::admin::view::{SessionFigures, WorkerView};
use task_orchestrator_shared::report::BufferStatus;

/// How often ages of what waits are told while nothing else of it changes.
pub(super) const AGES: Duration = Duration::from_secs(1);

/// How often the age of a sign of life is told while it grows as a clock does: who
/// watches can count on by itself until the next sign, which is told when it comes.
const SIGNS: Duration = Duration::from_secs(5);

/// Milliseconds by which two measurements of one age may differ.
const SLACK: u64 = 20;

/// Whether there is more to tell of the workers than that so much time has passed.
pub(super) fn have_news(known: &[WorkerView], since: Duration, workers: &[WorkerView]) -> bool {
    let mut expected = known.to_vec();
    grow_older(&mut expected, since);
    let same = |(expected, worker): (&WorkerView, &WorkerView)| {
        let age = WorkerView { last_heartbeat_ms: worker.last_heartbeat_ms, ..expected.clone() };
        let is_on_time = match (expected.last_heartbeat_ms, worker.last_heartbeat_ms) {
            (Some(expected), Some(age)) => expected.abs_diff(age) <= SLACK,
            (expected, age) => expected == age,
        };
        age == *worker && is_on_time
    };
    let is_same = expected.len() == workers.len() && expected.iter().zip(workers).all(same);
    let has_aged = workers.iter().any(|worker| worker.last_heartbeat_ms.is_some()) && since >= SIGNS;
    !is_same || has_aged
}

/// The ages after so much more time.
pub(super) fn grow_older(workers: &mut [WorkerView], since: Duration) {
    let more = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    for age in workers.iter_mut().filter_map(|worker| worker.last_heartbeat_ms.as_mut()) {
        *age = age.saturating_add(more);
    }
}

/// Whether nothing of a session has changed but the age of what waits.
pub(super) fn has_only_aged(known: &SessionFigures, figures: &SessionFigures) -> bool {
    let aged = SessionFigures { oldest_ms: figures.oldest_ms, ..*known };
    aged == *figures && known.oldest_ms <= figures.oldest_ms && known.oldest_ms.is_some()
}

/// The same of all that waits.
pub(super) fn have_only_aged(known: &BufferStatus, buffers: &BufferStatus) -> bool {
    let aged = BufferStatus { oldest_age_seconds: buffers.oldest_age_seconds, ..known.clone() };
    aged == *buffers
        && known.oldest_age_seconds <= buffers.oldest_age_seconds
        && known.oldest_age_seconds.is_some()
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::admin::view::{SessionState, WorkerRole};

    use super::*;

    fn worker(age: Option<u64>, in_flight: u64) -> Vec<WorkerView> {
        vec![WorkerView {
            pid: 1,
            role: WorkerRole::Active,
            ready: true,
            build: None,
            started_at: String::new(),
            last_heartbeat_ms: age,
            in_flight,
            rss_bytes: None,
        }]
    }

    #[test]
    fn a_sign_of_life_is_news_and_its_age_only_now_and_then() {
        let (known, second) = (worker(Some(100), 0), Duration::from_secs(1));
        assert!(!have_news(&known, second, &worker(Some(1105), 0)), "it grows as a clock does");
        assert!(have_news(&known, second, &worker(Some(3), 0)), "a sign has come");
        assert!(have_news(&known, second, &worker(Some(1100), 1)), "something else has changed");
        assert!(have_news(&known, second, &[]) && have_news(&known, second, &worker(None, 0)));
        assert!(have_news(&known, SIGNS, &worker(Some(5100), 0)), "so long without a sign is worth a word");
        assert!(!have_news(&worker(None, 0), SIGNS, &worker(None, 0)));
        let mut older = known;
        grow_older(&mut older, second);
        assert_eq!(older, worker(Some(1100), 0));
    }

    #[test]
    fn what_waits_only_gets_older_until_something_else_changes() {
        let figures = |oldest_ms, buffered| SessionFigures {
            state: SessionState::Waiting,
            in_flight: 0,
            buffered,
            buffered_bytes: 0,
            oldest_ms,
            last_activity_ms: 0,
            requests: 0,
            dropped_notifications: 0,
        };
        assert!(has_only_aged(&figures(Some(5), 1), &figures(Some(9), 1)));
        for (known, now) in [
            (figures(Some(5), 1), figures(Some(9), 2)),
            (figures(Some(5), 1), figures(None, 1)),
            (figures(None, 1), figures(Some(9), 1)),
            (figures(Some(9), 1), figures(Some(5), 1)),
        ] {
            assert!(!has_only_aged(&known, &now), "{known:?} {now:?}");
        }
    }
}
