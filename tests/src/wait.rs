//! Waiting for a condition. The only place that lets time pass.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long a condition may take before the test has failed. Generous: it says
/// nothing about speed, and a loaded machine must not fail a correct program.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until the probe has an answer.
///
/// Use it only for what gives no sign of its own (a process table, a file);
/// replies and notifications are waited for by [`Client`](crate::Client) without polling.
///
/// # Errors
///
/// When [`DEADLINE`] passes first; the message names what was waited for.
pub fn until<T>(what: &str, probe: impl FnMut() -> Option<T>) -> Result<T> {
    until_within(what, DEADLINE, probe)
}

/// [`until`] with a deadline of the caller's.
///
/// # Errors
///
/// When the deadline passes first.
pub fn until_within<T>(what: &str, deadline: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(found) = probe() {
            return Ok(found);
        }
        if Instant::now() >= end {
            bail!("waited {deadline:?} for: {what}");
        }
        // Yields the core between two looks; the condition decides, not this pause.
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Lets a time pass that a program under test has told, because that it tells the
/// truth is what is tested.
pub fn as_told(wait: Duration) {
    let end = Instant::now() + wait;
    // May wake early.
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_never_holds_fails_and_says_what_it_was() {
        let error = until_within("pigs to fly", Duration::from_millis(5), || None::<()>).unwrap_err();
        assert!(error.to_string().contains("pigs to fly"));
    }

    #[test]
    fn the_answer_is_handed_on() {
        let mut left = 3;
        let found = until("the third look", || {
            left -= 1;
            (left == 0).then_some("seen")
        });
        assert_eq!(found.unwrap(), "seen");
    }
}
