//! What the cheapest read costs a client, with nothing there and with a project there.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::speaker::{Shim, Speaker, request};
use super::table::{Figure, Goal, Table};
use super::{Scale, timed};
use crate::Workspace;
use crate::measure::Sample;

/// Fills in the status rows.
///
/// # Errors
///
/// When a call fails.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    let mut client = Shim::opened(&workspace)?;
    let ping = repeated(&mut client, scale.calls, &request("ping", &json!({})))?;
    let call = request("tools/call", &json!({"name": "orchestrator_get_status", "arguments": {}}));
    let empty = repeated(&mut client, scale.calls, &call)?;
    for parent in 0..200 {
        let subtask = |number| json!({"title": format!("s{parent}-{number}"), "description": "d"});
        let subtasks: Vec<_> = (0..5).map(subtask).collect();
        let plan = json!({"title": format!("p{parent}"), "description": "d", "subtasks": subtasks});
        client.call("orchestrator_plan_task", &plan)?;
    }
    let full = repeated(&mut client, scale.calls, &call)?;
    let control = ("ping over the same path", Figure::Time(ping.median()));
    let mut row = |what, goal, sample: &Sample| {
        table.row(what, Goal::Within(Duration::from_micros(goal)), Figure::Time(sample.median()), control);
    };
    row("get_status, empty, p50", 150, &empty);
    row("get_status, 1000 subtasks in 200 parents, p50", 500, &full);
    drop(client);
    workspace.finish()
}

/// The same request again and again.
///
/// # Errors
///
/// When the stream ends.
pub fn repeated(speaker: &mut impl Speaker, count: usize, request: &[u8]) -> Result<Sample> {
    let mut answer = Vec::new();
    for _ in 0..count / 10 {
        speaker.round_trip(request, &mut answer)?;
    }
    timed(count, |_| speaker.round_trip(request, &mut answer))
}
