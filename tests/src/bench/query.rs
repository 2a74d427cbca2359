//! A page of tasks among very many: as fast as among few.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::speaker::{Shim, Speaker, request};
use super::status::repeated;
use super::table::{Figure, Goal, Table};
use super::{Scale, seed};
use crate::Workspace;
use crate::measure::Sample;

/// Where the curve must be flat from.
const FEW: usize = 10_000;

/// Fills in the query rows.
///
/// # Errors
///
/// When a call fails or finds nothing.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let few = pages(FEW, scale.calls / 10)?;
    let many = pages(scale.tasks, scale.calls / 10)?;
    for (what, few, many) in [("", &few.0, &many.0), (" with text search", &few.1, &many.1)] {
        table.row(
            &format!("query_tasks, page of 100 among {}{what}", scale.tasks),
            Goal::Within(Duration::from_millis(5)),
            Figure::Time(many.median()),
            (&format!("among {FEW}"), Figure::Time(few.median())),
        );
    }
    Ok(())
}

/// A page without and with text search.
fn pages(tasks: usize, count: usize) -> Result<(Sample, Sample)> {
    let workspace = Workspace::new()?;
    seed::tasks(&workspace, tasks)?;
    let mut client = Shim::opened(&workspace)?;
    let plain = json!({"limit": 100});
    // Found in one of a hundred tasks: enough for a page in the small one too.
    let search = json!({"limit": 100, "search_text": seed::RARE_WORD});
    let mut samples = Vec::new();
    for arguments in [plain, search] {
        let page = client.call("orchestrator_query_tasks", &arguments)?;
        let found = page.get("tasks").and_then(Value::as_array).map_or(0, Vec::len);
        ensure!(found == 100, "{found} tasks for {arguments}");
        let call =
            request("tools/call", &json!({"name": "orchestrator_query_tasks", "arguments": arguments}));
        samples.push(repeated(&mut client, count, &call)?);
    }
    drop(client);
    workspace.finish()?;
    let search = samples.pop().unwrap_or_default();
    Ok((samples.pop().unwrap_or_default(), search))
}
