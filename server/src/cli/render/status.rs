//! What runs, for people. What is as usual is not mentioned.

use std::collections::BTreeMap;
use std::io::{self, Write};

use task_orchestrator_shared::admin::{Status, WorkerStatus};
use task_orchestrator_shared::phase::Phase;

use super::text::{bytes, clean, count, row, seconds};
use crate::cli::screen::Paint;

/// Prints the whole of it. `names` are the clients' own, as far as they are known, with
/// how many have each.
pub(in crate::cli) fn status(
    status: &Status,
    names: &BTreeMap<String, u64>,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Status { pid, version, crashes, replayed, quarantined, .. } = status;
    let up = seconds(status.uptime_seconds);
    row(
        out,
        "server",
        &format!("{}, pid {pid}, version {}, up {up}", paint.good("running"), clean(version)),
    )?;
    row(out, "workspace", &clean(&status.workspace))?;
    if let Some(address) = &status.http {
        row(out, "http", &clean(address))?;
    }
    if status.phase != Phase::Idle {
        row(out, "restart", &paint.warning(status.phase.as_str()))?;
    }
    if status.maintenance_mode {
        row(out, "maintenance", &paint.warning("on: new requests are held back"))?;
    }
    if let Some(reason) = &status.safe_mode {
        row(out, "safe mode", &paint.bad(&clean(reason)))?;
    }
    workers(status, paint, out)?;
    let waiting: u64 = status.sessions.iter().map(|session| session.unanswered).sum();
    let waiting = count(waiting, "answer", "answers");
    row(out, "clients", &format!("{}{}, waiting for {waiting}", status.session_count, called(names)))?;
    let (crashes, replayed) = (count(*crashes, "crash", "crashes"), count(*replayed, "request", "requests"));
    row(out, "since start", &format!("{crashes}, {replayed} replayed, {quarantined} quarantined"))
}

fn called(names: &BTreeMap<String, u64>) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|(name, count)| if *count == 1 { clean(name) } else { format!("{count} {}", clean(name)) })
        .collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

fn workers(status: &Status, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    match &status.worker {
        Some(worker) => row(out, "worker", &serving(worker, status.generation, paint))?,
        None => row(out, "worker", &paint.bad("none"))?,
    }
    if let Some(reason) = &status.worker_failure {
        row(out, "", &format!("the last attempt to start one failed: {}", clean(reason)))?;
    }
    if let Some(pid) = status.standby {
        row(out, "standby", &format!("pid {pid}"))?;
    }
    if let Some(pid) = status.former {
        row(out, "former", &format!("pid {pid}, finishes what it holds"))?;
    }
    Ok(())
}

fn serving(worker: &WorkerStatus, generation: u64, paint: Paint) -> String {
    let state = if worker.ready { paint.good("serving") } else { paint.warning("starting") };
    let mut parts = vec![state, format!("pid {}", worker.pid), format!("generation {generation}")];
    parts.extend(worker.rss_bytes.map(bytes));
    parts.push(format!("up {}", seconds(worker.uptime_seconds)));
    parts.join(", ")
}
