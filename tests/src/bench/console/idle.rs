//! What the console costs while nothing happens.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::costs::Costs;
use super::{SIZE, wait_for};
use crate::Pty;
use crate::bench::table::{Figure, Goal, Table};
use crate::pty::Started;

/// How long nothing is written before it counts as idle.
const SETTLED: Duration = Duration::from_millis(2500);

/// How long it is looked at.
const STRETCH: Duration = Duration::from_secs(10);

/// The console of a server with many sessions, none of which asks anything; the control is
/// the server's own process meanwhile.
pub(super) fn measure(table: &mut Table, workspace: &Path, front: u32) -> Result<()> {
    let console = Pty::start(Started::console(workspace)?, SIZE)?;
    console.shows("Live")?;
    console.quiet(SETTLED)?;
    let pid = console.pid()?;
    let (before, server_before, written_before) = (Costs::of(pid)?, Costs::of(front)?, console.written());
    let seconds = wait_for(STRETCH).as_secs_f64();
    let (after, server_after, written) = (Costs::of(pid)?, Costs::of(front)?, console.written());
    let (own, server) = (after.since(before), server_after.since(server_before));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let per_second = |count: u64| Figure::Few(count as f64 / seconds);
    let share = |costs: Costs| Figure::Percent(100.0 * costs.processor.as_secs_f64() / seconds);
    table.row(
        "console, idle: wakeups of all its threads",
        Goal::Few(2.0),
        per_second(own.wakeups),
        ("the server's front", per_second(server.wakeups)),
    );
    table.row(
        "console, idle: of a processor",
        Goal::Percent(0.1),
        share(own),
        ("the server's front", share(server)),
    );
    table.row(
        "console, idle: bytes to the terminal",
        Goal::Few(0.0),
        per_second(u64::try_from(written.saturating_sub(written_before))?),
        ("", Figure::None),
    );
    Ok(())
}
