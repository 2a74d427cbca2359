//! How fast a snapshot comes to the disk and is proved, beside the disk and the
//! hash alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use task_orchestrator::link::SnapshotHeader;
use task_orchestrator::state::{DatabaseState, Given, Tail, part_path, seal, verify_bulk, write_bulk};
use task_orchestrator::tasks::Task;

use super::Scale;
use super::table::{Figure, Goal, Table};
use crate::Workspace;
use crate::measure::Sample;

/// The file's size.
const BYTES: usize = 64 * 1024 * 1024;

/// Fills in the snapshot's rows.
///
/// # Errors
///
/// When it cannot be written or is not what was written.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    let directory = workspace.state("server_state");
    std::fs::create_dir_all(&directory)?;
    let task = task()?;
    let count = BYTES / (serde_json::to_vec(&task)?.len() + 1);
    let plain = vec![b'x'; BYTES];
    let (mut snapshots, mut writes, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    // In turns: the disk is not equally fast all the time.
    for number in 0..scale.starts.min(20) {
        let begun = Instant::now();
        let header = SnapshotHeader { generation: u64::try_from(number)?, ..SnapshotHeader::default() };
        let tasks = std::iter::repeat_n(&task, count);
        let mut source = Given { database: DatabaseState::default(), tasks };
        let part = part_path(&directory);
        let bulk = write_bulk(&part, &header, Timestamp::now(), &[], &mut source)?;
        verify_bulk(&part, &bulk)?;
        let tail = Tail { client_sessions: Vec::new(), counters: BTreeMap::new() };
        let sealed = seal(&directory, &part, &bulk, &tail)?;
        snapshots.push(begun.elapsed());
        ensure!(sealed.active_tasks == u64::try_from(count)?, "{} tasks", sealed.active_tasks);
        let begun = Instant::now();
        let path = directory.join("plain");
        let mut file = File::create(&path)?;
        file.write_all(&plain)?;
        file.sync_all()?;
        writes.push(begun.elapsed());
        let begun = Instant::now();
        std::hint::black_box(Sha256::digest(&plain));
        hashes.push(begun.elapsed());
        std::fs::remove_file(path)?;
        if let Some(rotated) = sealed.rotated {
            std::fs::remove_file(directory.join(rotated))?;
        }
    }
    let speed = |sample| Figure::Throughput(throughput(Sample::of(sample).median()));
    let (snapshot, write, hash) = (speed(snapshots), speed(writes), speed(hashes));
    let goal = Goal::Throughput(400e6);
    table.row(
        "snapshot of 64 MiB: made, written, synced, verified, sealed",
        goal,
        snapshot,
        ("the same bytes written and synced", write),
    );
    table.row("SHA-256 of the same bytes in memory", Goal::None, hash, ("", Figure::None));
    workspace.finish()
}

fn throughput(took: Duration) -> f64 {
    f64::from(u32::try_from(BYTES).unwrap_or(u32::MAX)) / took.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// A task as a person writes one.
fn task() -> Result<Task> {
    let text = "What has to be done, why, and how one sees that it was. ".repeat(8);
    Ok(serde_json::from_value(json!({
        "task_id": "task-0123456789abcdef", "parent_task_id": "task-fedcba9876543210", "session_id": null,
        "title": "A step of a plan", "description": text, "status": "active",
        "task_type": "standard", "specialist_type": "generic", "complexity": "moderate",
        "estimated_effort": "2 h", "due_date": null, "context": null, "dependencies": [],
        "summary": null, "notes": [], "created_at": "2026-11-21T10:00:00.123456789Z",
        "updated_at": "2026-11-21T10:00:00.123456789Z", "started_at": null, "completed_at": null,
    }))?)
}
