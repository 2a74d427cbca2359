//! What a process has cost so far, as the kernel counts it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

/// What all threads of a process together have cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Costs {
    /// How often one of them has waited for something: each time, it was woken.
    pub(super) wakeups: u64,
    /// Time on a processor; the scheduler counts it in nanoseconds, not in ticks.
    pub(super) processor: Duration,
}

impl Costs {
    /// So far.
    pub(super) fn of(pid: u32) -> Result<Self> {
        let mut costs = Self::default();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?.path();
            costs.wakeups += field(&thread.join("status"), "voluntary_ctxt_switches:")?;
            let statistics = fs::read_to_string(thread.join("schedstat"))?;
            let nanoseconds = statistics.split_whitespace().next().context("an empty schedstat")?;
            costs.processor += Duration::from_nanos(nanoseconds.parse()?);
        }
        Ok(costs)
    }

    /// What has been added since.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            wakeups: self.wakeups.saturating_sub(before.wakeups),
            processor: self.processor.saturating_sub(before.processor),
        }
    }
}

/// Bytes that the process has read so far, from whatever it is.
pub(super) fn bytes_read(pid: u32) -> Result<u64> {
    field(&PathBuf::from(format!("/proc/{pid}/io")), "rchar:")
}

/// Resident memory that no other process has a part in, in bytes.
pub(super) fn private_bytes(pid: u32) -> Result<u64> {
    let rollup = PathBuf::from(format!("/proc/{pid}/smaps_rollup"));
    Ok((field(&rollup, "Private_Clean:")? + field(&rollup, "Private_Dirty:")?) * 1024)
}

fn field(file: &PathBuf, name: &str) -> Result<u64> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.with_context(|| format!("no {name} in {}", file.display()))?;
    Ok(value.trim().trim_end_matches("kB").trim().parse()?)
}

/// In MiB.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
