//! What a test of the connections found, for people.

use std::io::{self, Write};

use task_orchestrator_shared::report::{ReconnectTest, TestStatus};

use super::health::level;
use super::text::{bytes, clean, count, milliseconds, row, seconds};
use crate::cli::screen::Paint;

/// Prints the verdict and what it rests on.
pub(in crate::cli) fn reconnect(test: &ReconnectTest, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let unfinished = if test.test_completed { "" } else { " (the test did not finish)" };
    row(out, "connections", &format!("{}{unfinished}", status(test.overall_status, paint)))?;
    let results = &test.results;
    if let Some(all) = &results.all_sessions {
        let (total, reached, capable) = (all.total_sessions, all.reachable_sessions, all.reconnect_capable);
        row(out, "sessions", &format!("{total}, {reached} answered, {capable} can be taken over"))?;
    }
    if let Some(one) = &results.session_test {
        let reached = match (one.reachable, one.round_trip_ms) {
            (true, Some(time)) => format!("answered in {}", milliseconds(time)),
            (true, None) => "answered".to_owned(),
            (false, _) => "did not answer".to_owned(),
        };
        let capable = if one.reconnect_capable { "can" } else { "cannot" };
        row(out, "session", &format!("{}: {reached}, {capable} be taken over", clean(&one.session_id)))?;
    }
    if let Some(buffers) = &results.buffer_status {
        let waiting = count(buffers.total_buffered_requests, "request", "requests");
        let sessions = count(buffers.sessions_with_buffers, "session", "sessions");
        let (size, most) = (bytes(buffers.total_buffered_bytes), buffers.capacity_per_session);
        let oldest = buffers.oldest_age_seconds.map(|age| format!(", oldest {}", seconds(age as u64)));
        let text = format!(
            "{}, {waiting} of {sessions} waiting ({size}), at most {most} each{}",
            level(buffers.status, paint),
            oldest.unwrap_or_default()
        );
        row(out, "buffers", &text)?;
    }
    if let Some(stats) = &results.reconnection_stats {
        let average = stats.average_reconnection_time.map(|time| milliseconds(time * 1000.0));
        let average = average.map(|time| format!(", {time} on average")).unwrap_or_default();
        let (good, bad) = (stats.successful_reconnections, stats.failed_reconnections);
        row(out, "since start", &format!("{good} taken over, {bad} failed{average}"))?;
    }
    Ok(())
}

fn status(status: TestStatus, paint: Paint) -> String {
    match status {
        TestStatus::Pass => paint.good("pass"),
        TestStatus::Partial => paint.warning("partial"),
        TestStatus::Fail => paint.bad("fail"),
    }
}
