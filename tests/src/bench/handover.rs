//! What clients notice of a graceful restart: the longest wait of any request in
//! it, beside the longest in as long a time without one.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use task_orchestrator_shared::restart::RestartRequest;

use super::load::{Asked, Load, Pace, Place, Waits, Window};
use super::speaker::Shim;
use super::steering::Server;
use super::table::{Figure, Goal, Table};
use super::{Scale, seed};
use crate::measure::{Sample, milliseconds};
use crate::{Workspace, process, wait};

/// Most restarts before the first that counts.
const WARM_UP: usize = 3;

/// Tasks in the database where nothing else is said.
const TASKS: usize = 10_000;

/// Fills in the rows of graceful restarts.
///
/// # Errors
///
/// When a restart or a request fails.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let hundred = restarts(TASKS, pace(scale, 100)?, scale.restarts)?;
    hundred.rows(table, &format!("100 clients, {TASKS} active tasks"), (3, 15));
    let whole = Figure::Time(hundred.whole.median());
    let longest = ("the longest of them", Figure::Time(hundred.whole.longest()));
    table.row("whole graceful restart, p50", Goal::Within(Duration::from_millis(200)), whole, longest);
    let long = Pace { with_long_call: true, ..pace(scale, 100)? };
    restarts(TASKS, long, scale.restarts)?.rows(table, "100 clients and a long call in flight", (3, 15));
    let thousand = restarts(TASKS, pace(scale, 1000)?, scale.restarts)?;
    table.row(
        "longest wait of a read in a graceful restart, 1000 clients, p50",
        Goal::Times(4.0),
        Figure::Time(thousand.reads.with.median()),
        ("100 clients", Figure::Time(hundred.reads.with.median())),
    );
    table.row(
        "the same without a restart",
        Goal::None,
        Figure::Time(thousand.reads.without.median()),
        ("100 clients", Figure::Time(hundred.reads.without.median())),
    );
    Ok(())
}

/// Fills in the rows that show how the wait grows with the tasks.
///
/// # Errors
///
/// When a restart or a request fails.
pub fn growth(scale: &Scale, table: &mut Table) -> Result<()> {
    let few = restarts(1000, pace(scale, 100)?, scale.restarts)?;
    let spread = few.reads.with.percentile(75).saturating_sub(few.reads.with.percentile(25));
    for tasks in [TASKS, scale.many()] {
        let many = restarts(tasks, pace(scale, 100)?, scale.restarts)?;
        let (then, now) = (few.reads.with.median(), many.reads.with.median());
        let medians = format!("{} and {}", milliseconds(then), milliseconds(now));
        table.row(
            &format!("growth of the longest wait from 1000 to {tasks} active tasks (p50 {medians})"),
            Goal::Times(1.0),
            Figure::Time(now.saturating_sub(then)),
            ("half of all lie within, at 1000", Figure::Time(spread)),
        );
    }
    Ok(())
}

pub(super) fn pace(scale: &Scale, clients: u32) -> Result<Pace> {
    let pause = Duration::from_secs(1) * clients / scale.requests_per_second;
    Ok(Pace { clients: usize::try_from(clients)?, pause, with_long_call: false, only_reads: false })
}

/// The longest waits of requests of one kind.
pub(super) struct Longest {
    /// In each restart.
    pub(super) with: Sample,
    /// In as long a time without.
    pub(super) without: Sample,
}

/// What many restarts have shown.
pub(super) struct Restarts {
    pub(super) reads: Longest,
    /// They wait for the disk as well.
    changes: Longest,
    /// Whole restarts.
    whole: Sample,
    /// How long requests were held, as the reports say.
    held: Sample,
}

impl Restarts {
    fn rows(&self, table: &mut Table, what: &str, goals: (u64, u64)) {
        for (percent, goal) in [(50, goals.0), (99, goals.1)] {
            table.row(
                &format!("longest wait of a read in a graceful restart, {what}, p{percent}"),
                Goal::Within(Duration::from_millis(goal)),
                Figure::Time(self.reads.with.percentile(percent)),
                ("without a restart", Figure::Time(self.reads.without.percentile(percent))),
            );
        }
        table.row(
            "the same of durable changes, p50",
            Goal::None,
            Figure::Time(self.changes.with.median()),
            ("without a restart", Figure::Time(self.changes.without.median())),
        );
        let longest = ("p99", Figure::Time(self.held.percentile(99)));
        table.row("of that held back, p50", Goal::None, Figure::Time(self.held.median()), longest);
    }
}

fn restarts(tasks: usize, pace: Pace, count: usize) -> Result<Restarts> {
    let workspace = Workspace::configured("[front]\nmax_sessions = 2000\n")?;
    seed::tasks(&workspace, tasks)?;
    let keeper = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let found = under(&server, server.clients(), pace, count)?;
    drop(keeper);
    workspace.finish()?;
    Ok(found)
}

/// So many restarts under the load of clients that connect there.
pub(super) fn under(server: &Server, place: impl Into<Place>, pace: Pace, count: usize) -> Result<Restarts> {
    let load = Load::begin(place, pace)?;
    let (mut whole, mut held, mut windows) = (Vec::new(), Vec::new(), Vec::new());
    let warm_up = WARM_UP.min(count);
    for number in 0..warm_up + count {
        let (window, report) = restart(server)?;
        // What waited to the end of the window has its answer before the next one.
        nothing_for(window.length());
        let idle = nothing_for(window.length());
        if number >= warm_up {
            whole.push(Duration::from_secs_f64(report.duration_ms / 1000.0));
            held.push(Duration::from_secs_f64(report.downtime_ms / 1000.0));
            windows.push((window, idle));
        }
    }
    let waits = load.finish()?;
    let (reads, changes) =
        (longest(&waits, &windows, Asked::Read)?, longest(&waits, &windows, Asked::Change)?);
    Ok(Restarts { reads, changes, whole: Sample::of(whole), held: Sample::of(held) })
}

fn longest(waits: &Waits, windows: &[(Window, Window)], asked: Asked) -> Result<Longest> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for (restart, idle) in windows {
        with.extend(waits.longest_in(*restart, asked));
        without.extend(waits.longest_in(*idle, asked));
    }
    ensure!(!with.is_empty() && !without.is_empty(), "{asked:?}: nothing was asked in any restart");
    Ok(Longest { with: Sample::of(with), without: Sample::of(without) })
}

/// From the question until the old worker is gone: what it does to the last is
/// part of what clients may notice.
fn restart(server: &Server) -> Result<(Window, task_orchestrator_shared::restart::RestartReport)> {
    let from = Instant::now();
    let report = server.restart(RestartRequest::default())?;
    ensure!(report.is_success(), "{}: {:?}", report.message, report.errors);
    if let Some(old) = report.old_pid {
        wait::until("the old worker to end", || (!process::lives(old)).then_some(()))?;
    }
    Ok((Window { from, to: Instant::now() }, report))
}

/// A time in which nothing is asked for but what the clients ask.
#[expect(clippy::disallowed_methods, reason = "the time itself is what is measured")]
pub(super) fn nothing_for(length: Duration) -> Window {
    let from = Instant::now();
    std::thread::sleep(length);
    Window { from, to: Instant::now() }
}
