//! What the three processes hold when nothing happens.

use anyhow::{Context, Result};
use serde_json::json;

use super::speaker::{Shim, Speaker};
use super::table::{Figure, Goal, Table};
use crate::{Workspace, process};

/// Fills in the memory rows.
///
/// # Errors
///
/// When a process is not there.
pub fn measure(table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    let mut client = Shim::opened(&workspace)?;
    // Everything that is loaded when first used has been used.
    client.call("orchestrator_plan_task", &json!({"title": "t", "description": "d"}))?;
    for _ in 0..100 {
        client.call("orchestrator_get_status", &json!({}))?;
    }
    let status = workspace.status()?;
    let pids = [
        ("shim", 5.0, client.pid()),
        ("front", 12.0, status.pid.context("a front")?),
        ("worker", 30.0, status.worker_pid().context("a worker")?),
    ];
    for (who, goal, pid) in pids {
        let (now, peak) =
            (mebibytes(process::resident_bytes(pid)?), mebibytes(process::peak_resident_bytes(pid)?));
        let what = format!("resident memory, idle: {who}");
        table.row(
            &what,
            Goal::Mebibytes(goal),
            Figure::Mebibytes(now),
            ("its peak", Figure::Mebibytes(peak)),
        );
    }
    drop(client);
    workspace.finish()
}

fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
