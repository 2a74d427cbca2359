//! The page that is scraped: everything as OpenMetrics text. Encoded beside the hub.

use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::encoding::text::{encode_eof, encode_registry};

use super::Metrics;
use super::held::{Held, word};
use super::process::usage;
use super::sheet::Sheet;
use super::slow::SlowFigures;

/// What it is, as OpenMetrics has it.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The whole page. Reads a few files of `/proc`, and blocks on them. `dropped_lines` are
/// those of the front's own log.
///
/// # Errors
///
/// Only when a figure cannot be written as text, which is a defect.
pub(crate) fn page(
    metrics: &Metrics,
    held: &Held,
    slow: Option<&Arc<SlowFigures>>,
    dropped_lines: usize,
) -> Result<String, std::fmt::Error> {
    let mut sheet = Sheet::new();
    held.tell(&mut sheet);
    processes(held, &mut sheet);
    sheet.counter("log_dropped_lines", "Log lines that too many waited for", dropped_lines as u64);
    if let Some(slow) = slow {
        slow.tell(&mut sheet, Timestamp::now());
    }
    let mut text = String::with_capacity(32 * 1024);
    encode_registry(&mut text, &metrics.registry)?;
    encode_registry(&mut text, sheet.registry())?;
    encode_eof(&mut text)?;
    Ok(text)
}

fn processes(held: &Held, sheet: &mut Sheet) {
    let front = ("front", usage(std::process::id()));
    let workers = held.workers.iter().map(|worker| {
        let mut usage = usage(worker.pid);
        usage.resident_bytes = usage.resident_bytes.or(worker.rss_bytes);
        (word(worker.role), usage)
    });
    let all: Vec<_> = std::iter::once(front).chain(workers).collect();
    let known = |figure: fn(&super::process::Usage) -> Option<f64>| {
        all.iter().filter_map(move |(process, usage)| Some((*process, figure(usage)?)))
    };
    sheet.bytes_of("process_resident_memory", "Resident memory", "process", {
        known(|usage| usage.resident_bytes.map(|bytes| bytes as f64))
    });
    sheet.seconds_total_of("process_cpu", "Processor time", "process", known(|usage| usage.cpu_seconds));
    sheet.of("process_open_fds", "Open files and sockets", "process", {
        known(|usage| usage.open_files.map(|files| files as f64))
    });
    sheet.of("process_threads", "Threads", "process", {
        known(|usage| usage.threads.map(|threads| threads as f64))
    });
}

#[cfg(test)]
mod tests;
