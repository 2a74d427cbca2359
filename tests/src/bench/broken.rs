//! How soon an operator hears that a new program does not work. Its clients hear nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use task_orchestrator_shared::restart::{Outcome, RestartRequest};

use super::speaker::{Shim, Speaker};
use super::steering::Server;
use super::table::{Figure, Goal, Table};
use super::{Scale, timed};
use crate::Workspace;
use crate::measure::Sample;

/// How long a worker may take to prove itself here.
const START_LIMIT: Duration = Duration::from_secs(2);

/// Programs that hang cost the limit each.
const HANGING_RUNS: usize = 3;

/// Fills in the rows of programs that do not work.
///
/// # Errors
///
/// When one of them is taken for a good one, or the client loses its worker.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let limit = START_LIMIT.as_millis();
    let workspace = Workspace::configured(&format!("[front]\nworker_start_timeout = \"{limit} ms\"\n"))?;
    let mut client = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let worker = server.status()?.worker.map(|worker| worker.pid);
    // Its standard input is the link: what it reads from there it never answers.
    let exits = failures(&workspace, &server, "exits", "exit 3", scale.starts)?;
    let hangs = failures(&workspace, &server, "hangs", "exec cat >/dev/null", HANGING_RUNS)?;
    ensure!(server.status()?.worker.map(|worker| worker.pid) == worker, "another worker serves");
    client.call("orchestrator_get_status", &json!({}))?;
    let rows = [
        ("exits at once", Duration::from_secs(1), &exits, ("-", Figure::None)),
        (
            "hangs",
            START_LIMIT + Duration::from_millis(500),
            &hangs,
            ("worker_start_timeout", Figure::Time(START_LIMIT)),
        ),
    ];
    for (what, goal, sample, control) in rows {
        let longest = Figure::Time(sample.longest());
        let what = format!("new program that {what}: restart reported failed, longest");
        table.row(&what, Goal::Within(goal), longest, control);
    }
    drop(client);
    workspace.finish()
}

fn failures(workspace: &Workspace, server: &Server, name: &str, line: &str, runs: usize) -> Result<Sample> {
    let program = workspace.path().join(name);
    fs::write(&program, format!("#!/bin/sh\n{line}\n"))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let binary = Some(program.display().to_string());
    timed(runs, |_| {
        let report =
            server.restart(RestartRequest { binary: binary.clone(), ..RestartRequest::default() })?;
        ensure!(report.outcome == Some(Outcome::Failed), "{:?}: {}", report.outcome, report.message);
        Ok(())
    })
}
