//! How a lock of another process is waited for. While one worker finishes and the
//! next serves, both write: SQLite's own waiting grows to steps of 100 ms, and a
//! commit of the other takes a few, so whoever came second would lose to sleep
//! what the handover gained. These steps are short, and the whole wait is bounded.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// The first wait; each is twice as long as the one before.
const SHORTEST: Duration = Duration::from_micros(100);
/// No wait is longer.
const LONGEST: Duration = Duration::from_millis(2);
/// Waits double at most so often before they are the longest.
const DOUBLINGS: u32 = 5;

thread_local! {
    /// SQLite's handler takes no state, so the bound belongs to the thread that waits.
    static LIMIT: Cell<Duration> = const { Cell::new(Duration::from_secs(5)) };
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How long this thread waits for a lock, through whichever connection.
pub(super) fn wait_at_most(limit: Duration) {
    LIMIT.set(limit);
}

/// Makes a connection wait this way.
///
/// # Errors
///
/// SQLite's own.
pub(super) fn install(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(again))
}

/// Waits, and says whether to try once more. Counts from 0 for each lock.
#[expect(clippy::disallowed_methods, reason = "nobody tells this process when another lets go of a lock")]
fn again(tries: i32) -> bool {
    let now = Instant::now();
    if tries == 0 {
        BEGAN.set(Some(now));
    }
    let began = BEGAN.get().unwrap_or(now);
    let Some(left) = LIMIT.get().checked_sub(now.duration_since(began)) else { return false };
    let doublings = u32::try_from(tries).unwrap_or(0).min(DOUBLINGS);
    thread::sleep(SHORTEST.saturating_mul(1 << doublings).min(LONGEST).min(left));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_at_the_limit_and_begins_anew_for_the_next_lock() {
        let limit = Duration::from_millis(20);
        wait_at_most(limit);
        for _ in 0..2 {
            let began = Instant::now();
            let tries = (0..).take_while(|tries| again(*tries)).count();
            assert!(began.elapsed() >= limit, "given up after {:?}", began.elapsed());
            assert!((5..200).contains(&tries), "{tries} tries");
        }
    }
}
