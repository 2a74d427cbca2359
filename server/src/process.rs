//! What the system tells of this process, and how it ends when it must.

use std::panic;

/// Resident memory in bytes, where the system tells.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Makes a panic in any thread or task end the process, after it was logged.
///
/// A runtime catches the panic of a task, and whoever waits for that task would
/// wait for ever; a process that ends is noticed and replaced.
pub fn end_on_panic() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "a defect: the process ends");
        print(panic);
        std::process::abort();
    }));
}
