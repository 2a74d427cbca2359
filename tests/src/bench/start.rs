//! How long a client waits from launching the shim to its session.

use std::time::Duration;

use anyhow::Result;

use super::speaker::Shim;
use super::table::{Figure, Goal, Table};
use super::{Scale, control, timed};
use crate::measure::Sample;
use crate::{Workspace, wait};

/// Fills in the start-up rows.
///
/// # Errors
///
/// When a client does not get its session.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    let nothing = control::process_starts(&workspace, scale.starts)?;
    let keeper = Shim::opened(&workspace)?;
    let warm = timed(scale.starts, |_| Shim::opened(&workspace).map(drop))?;
    drop(keeper);
    let mut cold = Vec::new();
    for _ in 0..scale.starts {
        workspace.run("stop", &[])?;
        wait::until("nothing to run", || workspace.processes().is_empty().then_some(()))?;
        // The shim that is dropped within a sample is ended by a signal: the same in both.
        cold.push(timed(1, |_| Shim::opened(&workspace).map(drop))?.median());
    }
    let control = ("`--version`", Figure::Time(nothing.median()));
    let mut row = |what, goal, sample: &Sample| {
        table.row(what, Goal::Within(Duration::from_millis(goal)), Figure::Time(sample.median()), control);
    };
    row("`stdio` start to initialize answered, front running", 15, &warm);
    row("`stdio` start to initialize answered, nothing running", 60, &Sample::of(cold));
    workspace.finish()
}
