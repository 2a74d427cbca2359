//! What subscribers cost the clients of the server: nothing that could be measured.
//!
//! Stretches with and without are taken in turns, and each is compared with its
//! neighbour: the machine changes more in a minute than subscribers cost.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{connect, runtime};
use crate::Workspace;
use crate::bench::Scale;
use crate::bench::load::{Asked, Load, Pace, Waits, Window};
use crate::bench::speaker::Shim;
use crate::bench::steering::Server;
use crate::bench::table::{Figure, Goal, Table};
use crate::measure::Sample;

/// Who asks all the time, without a pause, and only reads: a disk is not equally fast.
const BUSY: Pace = Pace { clients: 100, pause: Duration::ZERO, with_long_call: false, only_reads: true };

const SUBSCRIBERS: usize = 10;

/// More than the most that is lost with so many.
const GOAL: Goal = Goal::Times(1.02);

pub(super) fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    let keeper = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let load = Load::begin(server.clients(), BUSY)?;
    let mut windows = Vec::new();
    stretch(scale);
    for pair in 0..scale.pairs {
        // Whoever comes second gets the machine as the first has left it: by turns.
        let alone_first = pair.is_multiple_of(2);
        let before = alone_first.then(|| stretch(scale));
        let subscribers = Subscribers::begin(&server)?;
        let with = stretch(scale);
        subscribers.finish()?;
        windows.push((with, before.unwrap_or_else(|| stretch(scale))));
    }
    let waits = load.finish()?;
    drop(keeper);
    workspace.finish()?;
    let pairs =
        windows.iter().map(|(with, without)| (Stretch::of(&waits, *with), Stretch::of(&waits, *without)));
    rows(table, &format!("{SUBSCRIBERS} subscribers read"), "nobody does", &pairs.collect::<Vec<_>>());
    gone(scale, table)
}

/// A server that was subscribed to once, beside one that never was.
fn gone(scale: &Scale, table: &mut Table) -> Result<()> {
    let (known, unknown) = (Workspace::new()?, Workspace::new()?);
    let keepers = [Shim::opened(&known)?, Shim::opened(&unknown)?];
    let (once, never) = (Server::of(&known)?, Server::of(&unknown)?);
    Subscribers::begin(&once)?.finish()?;
    let mut pairs = Vec::new();
    for pair in 0..scale.pairs {
        let both = if pair.is_multiple_of(2) {
            let first = loaded(&once, scale)?;
            (first, loaded(&never, scale)?)
        } else {
            let first = loaded(&never, scale)?;
            (loaded(&once, scale)?, first)
        };
        pairs.push(both);
    }
    drop(keepers);
    known.finish()?;
    unknown.finish()?;
    rows(table, "subscribers came and went", "another server, where none ever came", &pairs);
    Ok(())
}

fn loaded(server: &Server, scale: &Scale) -> Result<Stretch> {
    let load = Load::begin(server.clients(), BUSY)?;
    let window = stretch(scale);
    Ok(Stretch::of(&load.finish()?, window))
}

#[expect(clippy::disallowed_methods, reason = "the time itself is what is measured")]
fn stretch(scale: &Scale) -> Window {
    let from = Instant::now();
    std::thread::sleep(scale.stretch);
    Window { from, to: Instant::now() }
}

/// What one stretch has shown.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Its length by its calls.
    a_call: Duration,
    /// Half of all waited no longer.
    wait: Duration,
}

impl Stretch {
    fn of(waits: &Waits, window: Window) -> Self {
        let within = waits.all_in(window, Asked::Read);
        let calls = u32::try_from(within.count()).unwrap_or(u32::MAX).max(1);
        Self { a_call: window.length() / calls, wait: within.median() }
    }
}

/// The control is the median of the stretches without; what is measured is that
/// times the median of what each pair differs by.
fn rows(table: &mut Table, with: &str, without: &str, pairs: &[(Stretch, Stretch)]) {
    let of = |what: fn(&Stretch) -> Duration, name: &str| {
        let control = Sample::of(pairs.iter().map(|(_, without)| what(without)).collect()).median();
        let mut ratios: Vec<f64> = pairs
            .iter()
            .map(|(with, without)| what(with).as_secs_f64() / what(without).as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        let at = |place: usize| ratios.get(place).copied().unwrap_or(1.0);
        let (low, middle, high) = (at(ratios.len() / 4), at(ratios.len() / 2), at(ratios.len() * 3 / 4));
        let count = ratios.len();
        let name = format!(
            "admin: {name} while {with} ({middle:.3} times; half of {count} pairs: {low:.3} to {high:.3})"
        );
        (name, Figure::Time(control.mul_f64(middle)), Figure::Time(control))
    };
    for (name, measured, control) in [
        of(|stretch| stretch.a_call, "time for each call of 100 busy clients"),
        of(|stretch| stretch.wait, "wait of a call of 100 busy clients, p50,"),
    ] {
        table.row(&name, GOAL, measured, (without, control));
    }
}

/// Subscribers who read all that comes, in a thread of their own.
struct Subscribers {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<()>>,
}

impl Subscribers {
    /// Returns when all have the whole state.
    fn begin(server: &Server) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let server = server.clone();
        let thread = std::thread::spawn(move || runtime()?.block_on(read_all(server, tell, stopped)));
        let this = Self { stop, thread };
        match told.recv() {
            Ok(()) => Ok(this),
            Err(_) => Err(this.finish().err().unwrap_or_else(|| anyhow!("the subscribers have ended"))),
        }
    }

    fn finish(self) -> Result<()> {
        // They may have ended by themselves, which the thread then says.
        let _ = self.stop.send(());
        self.thread.join().map_err(|_| anyhow!("the subscribers panicked"))?
    }
}

async fn read_all(server: Server, tell: mpsc::Sender<()>, stopped: oneshot::Receiver<()>) -> Result<()> {
    let mut reading = JoinSet::new();
    for _ in 0..SUBSCRIBERS {
        let client = connect(&server).await?;
        let (_, mut updates) = client.subscribe().await?;
        reading.spawn(async move {
            while updates.next().await.is_some() {}
            client.closed().await
        });
    }
    // Nobody is there to be told when the beginning was given up.
    let _ = tell.send(());
    tokio::select! {
        _ = stopped => Ok(()),
        ended = reading.join_next() => Err(ended.context("no subscriber")??).context("a subscriber ended"),
    }
}
