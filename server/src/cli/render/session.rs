//! One client with what it waits for, for people.

use std::io::{self, Write};

use task_orchestrator_shared::admin::session_detail::{
    RequestPlace, SessionDetail, SessionMoment, SessionRequest,
};

use super::text::{bytes, clean, count, milliseconds, row, table};
use crate::cli::screen::Paint;

/// Prints who it is, its requests, and what happened to its connection.
pub(in crate::cli) fn detail(found: &SessionDetail, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    row(out, "session", &format!("{} ({})", found.number, clean(&found.client)))?;
    if found.requests.is_empty() {
        row(out, "waits for", "nothing")?;
    } else {
        let titles = ["NO", "REQUEST", "WHERE", "AGE", "SIZE", "SENT BEFORE"].map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> =
            std::iter::once(titles).chain(found.requests.iter().map(request)).collect();
        writeln!(out)?;
        table(out, paint, &rows)?;
    }
    if found.left_out > 0 {
        writeln!(out, "and {} more", count(found.left_out, "request", "requests"))?;
    }
    history(&found.history, paint, out)
}

fn request(request: &SessionRequest) -> Vec<String> {
    let place = match (request.place, request.worker_pid) {
        (RequestPlace::Buffered, _) => "buffered".to_owned(),
        (RequestPlace::InFlight, Some(pid)) => format!("worker {pid}"),
        (RequestPlace::InFlight, None) => "a worker".to_owned(),
        (RequestPlace::Front, _) => "server".to_owned(),
    };
    vec![
        request.sequence.to_string(),
        clean(&request.method),
        place,
        milliseconds(request.age_ms as f64),
        bytes(request.bytes),
        if request.replayed { "yes" } else { "no" }.to_owned(),
    ]
}

fn history(moments: &[SessionMoment], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if moments.is_empty() {
        return Ok(());
    }
    let titles = ["WHEN", "WHAT", "IN WORDS"].map(str::to_owned).to_vec();
    let moment = |moment: &SessionMoment| {
        vec![clean(&moment.at), clean(&moment.what).replace('_', " "), clean(&moment.detail)]
    };
    let rows: Vec<Vec<String>> = std::iter::once(titles).chain(moments.iter().map(moment)).collect();
    writeln!(out)?;
    table(out, paint, &rows)
}
