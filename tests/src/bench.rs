//! The benchmark's rows: each measured on the real program, with a control
//! from the same run, so that a slow machine is told from a slow program.
//!
//! Nothing here fails because something is slow: the table says what was
//! measured, and a person or a comparison judges.

pub mod admin;
pub mod audit;
pub mod broken;
pub mod cache;
pub mod console;
pub mod control;
pub mod crash;
pub mod direct;
pub mod durable;
pub mod floor;
pub mod handover;
pub mod http;
pub mod load;
pub mod memory;
pub mod query;
pub mod relay;
pub mod sdk_server;
pub mod seed;
pub mod simulated;
pub mod snapshot;
pub mod speaker;
pub mod start;
pub mod status;
pub mod steering;
pub mod table;
pub mod web;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::measure::Sample;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Process starts.
    pub starts: usize,
    /// Single calls.
    pub calls: usize,
    /// Durable calls, which cost a disk flush each.
    pub commits: usize,
    /// Pipelined requests.
    pub pipelined: usize,
    /// Clients that write at once.
    pub writers: usize,
    /// Tasks in the big database.
    pub tasks: usize,
    /// Restarts under one load.
    pub restarts: usize,
    /// Requests of all clients together in a second, whatever their number: as many as
    /// the machine answers without a queue, for a queue's length is not what is asked.
    pub requests_per_second: u32,
    /// Times that somebody begins to watch.
    pub subscriptions: usize,
    /// Events that who watches is to be told of.
    pub events: usize,
    /// Stretches with and without those who watch.
    pub pairs: usize,
    /// How long each of them is.
    pub stretch: Duration,
}

impl Scale {
    /// For every build, optimised or not: shows that each part still runs, and nothing more.
    pub const SMOKE: Self = Self {
        starts: 3,
        calls: 100,
        commits: 25,
        pipelined: 5000,
        writers: 64,
        tasks: 20_000,
        restarts: 1,
        requests_per_second: 400,
        subscriptions: 10,
        events: 50,
        pairs: 2,
        stretch: Duration::from_millis(200),
    };
    /// For a look at an optimised build: some minutes.
    pub const QUICK: Self = Self {
        starts: 10,
        calls: 1000,
        commits: 100,
        pipelined: 50_000,
        writers: 64,
        tasks: 100_000,
        restarts: 15,
        requests_per_second: 2000,
        subscriptions: 50,
        events: 300,
        pairs: 10,
        stretch: Duration::from_millis(500),
    };
    /// As the goals are stated.
    pub const FULL: Self = Self {
        starts: 40,
        calls: 10_000,
        commits: 500,
        pipelined: 500_000,
        writers: 64,
        tasks: 1_000_000,
        restarts: 200,
        requests_per_second: 2000,
        subscriptions: 200,
        events: 2000,
        pairs: 40,
        stretch: Duration::from_secs(1),
    };
}

impl Scale {
    /// Tasks in the bigger database of what is measured at several sizes.
    fn many(&self) -> usize {
        self.tasks.min(100_000)
    }
}

/// Times each of so many runs.
///
/// # Errors
///
/// When a run fails.
pub fn timed(runs: usize, mut run: impl FnMut(usize) -> Result<()>) -> Result<Sample> {
    let mut values = Vec::with_capacity(runs);
    for number in 0..runs {
        let begun = Instant::now();
        run(number)?;
        values.push(begun.elapsed());
    }
    Ok(Sample::of(values))
}

/// How often something happened in a second.
pub fn rate(count: usize, took: Duration) -> f64 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    f64::from(count) / took.as_secs_f64().max(f64::MIN_POSITIVE)
}
