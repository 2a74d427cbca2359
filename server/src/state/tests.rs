//! What snapshots and backups promise, each promise once.

mod crash;
mod format;
mod model;
mod rotation;
mod saga;
mod store;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::bulk::write_bulk_on;
use super::disk::Disk;
use super::seal::seal_on;
use super::*;
use crate::link::SnapshotHeader;
use crate::tasks::Task;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn task(number: usize) -> Task {
    serde_json::from_value(json!({
        "task_id": format!("task-{number}"), "parent_task_id": null, "session_id": "work",
        "title": format!("Title {number}"), "description": "d".repeat(number % 90), "status": "active",
        "task_type": "standard", "specialist_type": "generic", "complexity": "moderate",
        "estimated_effort": "2 h", "due_date": null, "context": { "ratio": 0.1, "text": "\"},\n{" },
        "dependencies": [], "summary": null,
        "notes": [{ "at": "2026-11-21T10:00:00Z", "kind": "revision", "text": "again" }],
        "created_at": "2026-11-21T10:00:00.123456789Z", "updated_at": "2026-11-21T10:00:00.123456789Z",
        "started_at": null, "completed_at": null,
    }))
    .unwrap()
}

fn header(generation: u64) -> SnapshotHeader {
    SnapshotHeader {
        restart_id: format!("r{generation}"),
        restart_reason: "manual_request".into(),
        generation,
    }
}

fn tail() -> Tail {
    let record = serde_json::value::RawValue::from_string(r#"{"level":"info","a":[1,2]}"#.into()).unwrap();
    Tail {
        client_sessions: vec![ClientSession { client: "c1".into(), pid: Some(77), record }],
        counters: BTreeMap::from([("restarts".to_owned(), 5)]),
    }
}

/// Takes a whole snapshot of some tasks.
fn take<D: Disk>(
    disk: &D,
    directory: &Path,
    generation: u64,
    taken: Timestamp,
    tasks: usize,
) -> Result<Sealed, StateError> {
    let part = part_path(directory);
    let mut source = Given { database: DatabaseState::default(), tasks: (0..tasks).map(task) };
    let bulk = write_bulk_on(disk, &part, &header(generation), taken, &[json!({ "call": 1 })], &mut source)?;
    verify_bulk(&part, &bulk).inspect_err(|_| drop(disk.remove(&part)))?;
    seal_on(disk, directory, &part, &bulk, &tail())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
