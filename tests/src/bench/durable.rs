//! What a durable change costs: alone, many at once, and a whole plan.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde_json::json;

use super::speaker::{Shim, Speaker, request};
use super::table::{Figure, Goal, Table};
use super::{Scale, control, rate, timed};
use crate::Workspace;
use crate::measure::Sample;

/// Fills in the durability rows.
///
/// # Errors
///
/// When a call fails.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    let directory = workspace.state("");
    let mut client = Shim::opened(&workspace)?;
    let (mut commits, mut singles, mut plans) = (Vec::new(), Vec::new(), Vec::new());
    // In turns: the disk is not equally fast all the time.
    for round in 0..5 {
        commits.push(control::durable_commits(&directory, scale.commits / 5)?);
        singles.push(single(&mut client, round, scale.commits / 5)?);
        plans.push(plan_of_fifty(&mut client, scale.commits / 25)?);
    }
    let commits = Sample::joined(commits).median();
    let control = ("one commit of SQLite", Figure::Time(commits));
    let singles = Figure::Time(Sample::joined(singles).median());
    table.row("durable change, one client, p50", Goal::Times(1.5), singles, control);
    let goal = Goal::Within(Duration::from_millis(15));
    let plans = Figure::Time(Sample::joined(plans).median());
    table.row("plan of 50 subtasks, durable", goal, plans, control);
    drop(client);
    let many = together(&workspace, scale.writers, scale.commits)?;
    let alone = 1.0 / commits.as_secs_f64().max(f64::MIN_POSITIVE);
    let control = ("commits of SQLite, one by one", Figure::Rate(alone));
    let what = format!("durable changes, {} clients together", scale.writers);
    table.row(&what, Goal::Rate(5000.0), Figure::Rate(many), control);
    workspace.finish()
}

fn single(client: &mut Shim, round: usize, count: usize) -> Result<Sample> {
    let planned =
        client.call("orchestrator_plan_task", &json!({"title": format!("r{round}"), "description": "d"}))?;
    let id = planned.get("task_id").cloned().unwrap_or_default();
    let mut answer = Vec::new();
    timed(count, |number| {
        let arguments = json!({"task_id": id, "description": format!("change {number}")});
        let call = json!({"name": "orchestrator_update_task", "arguments": arguments});
        client.round_trip(&request("tools/call", &call), &mut answer)
    })
}

fn plan_of_fifty(client: &mut Shim, count: usize) -> Result<Sample> {
    let subtask = |number| json!({"title": format!("s{number}"), "description": "one of fifty"});
    let subtasks: Vec<_> = (0..50).map(subtask).collect();
    let plan = json!({"title": "fifty", "description": "d", "subtasks": subtasks});
    let call = request("tools/call", &json!({"name": "orchestrator_plan_task", "arguments": plan}));
    let mut answer = Vec::new();
    timed(count.max(5), |_| client.round_trip(&call, &mut answer))
}

/// Changes in a second over all clients.
fn together(workspace: &Workspace, writers: usize, each: usize) -> Result<f64> {
    let mut clients = Vec::new();
    for number in 0..writers {
        let mut client = Shim::opened(workspace)?;
        let title = format!("w{number}");
        let planned = client.call("orchestrator_plan_task", &json!({"title": title, "description": "d"}))?;
        clients.push((client, planned.get("task_id").cloned().unwrap_or_default()));
    }
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let running: Vec<_> = clients
            .into_iter()
            .map(|(mut client, id)| {
                scope.spawn(move || {
                    let mut answer = Vec::new();
                    for number in 0..each {
                        let arguments = json!({"task_id": id, "description": format!("change {number}")});
                        let call = json!({"name": "orchestrator_update_task", "arguments": arguments});
                        client.round_trip(&request("tools/call", &call), &mut answer)?;
                    }
                    Ok::<_, anyhow::Error>(())
                })
            })
            .collect();
        running.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a client panicked"))?)
    })?;
    Ok(rate(writers * each, begun.elapsed()))
}
