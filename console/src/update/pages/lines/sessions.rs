//! Connections: tested, one of them in full, and the server in short.

use task_orchestrator_shared::admin::session_detail::{RequestPlace, SessionDetail, SessionRequest};
use task_orchestrator_shared::admin::status::Status;
use task_orchestrator_shared::report::{BufferStatus, ReconnectTest, SessionTest, TestStatus};

use super::{blank, fact, or_none, time, title, toned};
use crate::model::prompt::PageLine;
use crate::model::{Model, words};
use crate::theme::Tone;

/// What a test of the connections has found.
pub(super) fn test(test: &ReconnectTest) -> Vec<PageLine> {
    let (tone, word) = status_word(test.overall_status);
    let unfinished = if test.test_completed { "" } else { " (the test did not come to its end)" };
    let mut lines = vec![toned(tone, "connections", format!("{word}{unfinished}"))];
    let results = &test.results;
    if let Some(all) = &results.all_sessions {
        let (total, reached, capable) = (all.total_sessions, all.reachable_sessions, all.reconnect_capable);
        let (tone, _) = status_word(all.status);
        let text = format!("{reached} of {total} answered, {capable} can be taken over by a new worker");
        lines.push(toned(tone, "sessions", text));
    }
    lines.extend(results.session_test.as_ref().map(one));
    lines.extend(results.buffer_status.as_ref().map(buffers));
    if let Some(stats) = &results.reconnection_stats {
        let average = stats
            .average_reconnection_time
            .map_or_else(String::new, |seconds| format!(", {} on average", words::millis(seconds * 1000.0)));
        let (good, bad) = (stats.successful_reconnections, stats.failed_reconnections);
        let (tone, _) = status_word(stats.status);
        lines.push(toned(tone, "since its start", format!("{good} taken over, {bad} failed{average}")));
    }
    lines
}

fn status_word(status: TestStatus) -> (Tone, &'static str) {
    match status {
        TestStatus::Pass => (Tone::Good, "everything was reached"),
        TestStatus::Partial => (Tone::Warn, "SOME of it was reached"),
        TestStatus::Fail => (Tone::Bad, "NOTHING was reached"),
    }
}

fn one(one: &SessionTest) -> PageLine {
    let reached = match (one.reachable, one.round_trip_ms) {
        (true, Some(time)) => format!("answered in {}", words::millis(time)),
        (true, None) => "answered".to_owned(),
        (false, _) => "did NOT answer".to_owned(),
    };
    let capable = if one.reconnect_capable { "can" } else { "CANNOT" };
    let (tone, _) = status_word(one.status);
    toned(tone, "session", format!("{}: {reached}, {capable} be taken over by a new worker", one.session_id))
}

fn buffers(buffers: &BufferStatus) -> PageLine {
    let waiting = words::counted(buffers.total_buffered_requests, "request waits", "requests wait");
    let size = words::bytes(buffers.total_buffered_bytes);
    let oldest = buffers
        .oldest_age_seconds
        .map_or_else(String::new, |seconds| format!(", the oldest for {}", words::millis(seconds * 1000.0)));
    let most = buffers.capacity_per_session;
    fact("buffers", format!("{waiting} ({size}), at most {most} of each session{oldest}"))
}

/// One session in full.
pub(super) fn session(model: &Model, detail: &SessionDetail) -> Vec<PageLine> {
    let mut lines = vec![fact("client", &detail.client), fact("looked at", time(model, &detail.at))];
    lines.push(title("Requests that are not answered, oldest first"));
    lines.extend(or_none(detail.requests.iter().map(request).collect(), "none"));
    if detail.left_out > 0 {
        lines.push(PageLine::of(Tone::Dim, format!("{} more", detail.left_out)));
    }
    lines.push(blank());
    lines.push(title("What happened to the connection"));
    lines.extend(detail.history.iter().map(|moment| {
        fact(&time(model, &moment.at), format!("{}: {}", moment.what.replace('_', " "), moment.detail))
    }));
    lines
}

fn request(request: &SessionRequest) -> PageLine {
    let place = match (request.place, request.worker_pid) {
        (RequestPlace::Buffered, _) => "waits for a worker".to_owned(),
        (RequestPlace::InFlight, Some(pid)) => format!("with worker {pid}"),
        (RequestPlace::InFlight, None) => "with a worker".to_owned(),
        (RequestPlace::Front, _) => "with the server itself".to_owned(),
    };
    let again = if request.replayed { ", sent a second time" } else { "" };
    let (age, size) = (words::millis(request.age_ms as f64), words::bytes(request.bytes));
    fact(&request.sequence.to_string(), format!("{}: {place} for {age}, {size}{again}", request.method))
}

/// The server in short.
pub(super) fn status(status: &Status) -> Vec<PageLine> {
    let mut lines = vec![
        fact("server", format!("process {}, version {}", status.pid, status.version)),
        fact("workspace", &status.workspace),
        fact("phase", status.phase.as_str()),
        fact("generation", status.generation.to_string()),
        fact("clients", status.session_count.to_string()),
        fact("crashes", status.crashes.to_string()),
    ];
    lines.extend(status.worker_failure.as_ref().map(|why| toned(Tone::Bad, "no worker", why)));
    lines.extend(status.safe_mode.as_ref().map(|why| toned(Tone::Bad, "SAFE MODE", why)));
    lines
}
