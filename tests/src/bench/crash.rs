//! How long a client waits for an answer when the worker has just been killed.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::Scale;
use super::speaker::{Shim, Speaker, request};
use super::steering::Server;
use super::table::{Figure, Goal, Table};
use crate::measure::Sample;
use crate::{Workspace, process, wait};

/// Crashes are counted, and here they are meant.
const LIMITS: &str = "crashes_in_10_seconds = 1000\ncrashes_in_10_minutes = 100000\n";

/// What a worker logs when it could take over.
const PREPARED: &str = "prepared";

/// Fills in the rows of crashes.
///
/// # Errors
///
/// When a request is not answered.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    for (hot, goal, what) in [(true, 5, "a standby ready"), (false, 25, "none")] {
        let Answers { killed, alive } = answers(scale.restarts, hot)?;
        table.row(
            &format!("worker killed until the next answer, {what}, p50"),
            Goal::Within(Duration::from_millis(goal)),
            Figure::Time(killed.median()),
            ("p99", Figure::Time(killed.percentile(99))),
        );
        let control = ("p99", Figure::Time(alive.percentile(99)));
        table.row("the same call, nobody killed, p50", Goal::None, Figure::Time(alive.median()), control);
    }
    Ok(())
}

struct Answers {
    killed: Sample,
    alive: Sample,
}

fn answers(count: usize, hot: bool) -> Result<Answers> {
    let workspace = Workspace::configured(&format!("[restart]\nhot_standby = {hot}\n{LIMITS}"))?;
    let mut client = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let call = request("tools/call", &json!({"name": "orchestrator_get_status", "arguments": {}}));
    let mut answer = Vec::new();
    let (mut killed, mut alive) = (Vec::new(), Vec::new());
    for _ in 0..count {
        client.round_trip(&call, &mut answer)?;
        if hot {
            standby(&workspace, &server)?;
        }
        let worker = server.status()?.worker.context("a worker")?.pid;
        for kill in [false, true] {
            let begun = Instant::now();
            if kill {
                process::kill(worker);
            }
            client.round_trip(&call, &mut answer)?;
            if kill { &mut killed } else { &mut alive }.push(begun.elapsed());
        }
        anyhow::ensure!(answer.windows(19).any(|part| part == b"\"structuredContent\""), "no answer");
    }
    drop(client);
    workspace.finish()?;
    Ok(Answers { killed: Sample::of(killed), alive: Sample::of(alive) })
}

/// Waits until a worker stands by and has proved that it could serve.
fn standby(workspace: &Workspace, server: &Server) -> Result<()> {
    let pid = wait::until("a standby", || server.status().ok()?.standby)?;
    let logs = workspace.state("logs");
    wait::until("the standby to be prepared", || {
        let wanted = |line: &str| line.contains(PREPARED) && line.contains(&pid.to_string());
        log_files(&logs).iter().any(|text| text.lines().rev().any(wanted)).then_some(())
    })
}

fn log_files(directory: &PathBuf) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.flatten().filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect()
}
