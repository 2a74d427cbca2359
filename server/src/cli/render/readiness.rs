//! Whether a restart would go through, for people.

use std::io::{self, Write};

use task_orchestrator_shared::report::Readiness;

use super::text::{clean, count, row};
use crate::cli::screen::Paint;

/// Prints the verdict, what is in the way, and what was looked at.
pub(in crate::cli) fn readiness(readiness: &Readiness, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let verdict = if readiness.ready_for_shutdown { paint.good("ready") } else { paint.bad("not ready") };
    row(out, "restart", &verdict)?;
    for issue in &readiness.blocking_issues {
        row(out, "in the way", &paint.warning(&clean(issue)))?;
    }
    let checks = &readiness.checks;
    if let Some(tasks) = &checks.active_tasks {
        let text = format!(
            "{}, {} active, {} can be suspended",
            clean(&tasks.status),
            tasks.count,
            tasks.suspendable
        );
        row(out, "tasks", &text)?;
    }
    if let Some(database) = &checks.database {
        let connections = count(database.connections_open, "connection", "connections");
        let text =
            format!("{}, {} pending, {connections}", clean(&database.status), database.transactions_pending);
        row(out, "database", &text)?;
    }
    if let Some(clients) = &checks.client_connections {
        let requests = count(clients.in_flight_requests, "request", "requests");
        let (all, reading) = (clients.active_connections, clients.notifiable);
        row(
            out,
            "clients",
            &format!("{}, {all}, {reading} reading, {requests} in flight", clean(&clients.status)),
        )?;
    }
    let details = &readiness.details;
    for (holds, fact) in [
        (details.maintenance_mode, "new requests are held back (maintenance)"),
        (details.shutdown_in_progress, "the server is about to end"),
        (!details.state_manager_initialized, "the directory of the snapshots does not exist"),
        (!details.state_manager_accessible, "the directory of the snapshots cannot be written"),
    ] {
        if holds {
            row(out, "note", fact)?;
        }
    }
    Ok(())
}
