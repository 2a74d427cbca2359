//! Processes as the kernel shows them: who lives, how much memory, who belongs to a workspace.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// Sends SIGKILL. A process that is already gone is no error: it is what was wanted.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Sends a signal; a process that is already gone is no error.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether the process exists and is no zombie.
pub fn lives(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name in parentheses may hold anything; the state follows the last one.
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// Resident memory in bytes.
///
/// # Errors
///
/// When the process is gone or the kernel's answer has another form.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    memory_field(pid, "VmRSS:")
}

/// The most resident memory that the process ever had, in bytes.
///
/// # Errors
///
/// When the process is gone or the kernel's answer has another form.
pub fn peak_resident_bytes(pid: u32) -> Result<u64> {
    memory_field(pid, "VmHWM:")
}

/// How many descriptors the process has open.
///
/// # Errors
///
/// When the process is gone.
pub fn descriptors(pid: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).with_context(|| format!("process {pid}"))?.count())
}

fn memory_field(pid: u32, field: &str) -> Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid}"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(field)).with_context(|| format!("no {field}"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

/// Every living process whose command line names the directory.
pub fn naming(directory: &Path) -> Vec<u32> {
    let wanted = directory.as_os_str().as_bytes();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != std::process::id())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.windows(wanted.len()).any(|window| window == wanted))
        })
        .filter(|pid| lives(*pid))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_killed_child_is_seen_alive_then_dead() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(lives(child.id()));
        kill(child.id());
        child.wait().unwrap();
        assert!(!lives(child.id()));
    }

    #[test]
    fn this_process_has_a_size() {
        let own = std::process::id();
        assert!(resident_bytes(own).unwrap() > 100 * 1024);
        assert!(peak_resident_bytes(own).unwrap() >= resident_bytes(own).unwrap() / 2);
    }

    #[test]
    fn a_process_is_found_by_the_directory_on_its_command_line() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(naming(directory.path()), Vec::<u32>::new());
        // Reads its empty input for ever and never gets as far as the directory.
        let mut command = Command::new("cat");
        let mut child = command.arg("-").arg(directory.path()).stdin(Stdio::piped()).spawn().unwrap();
        let found = crate::wait::until("the child's command line", || {
            let found = naming(directory.path());
            (!found.is_empty()).then_some(found)
        });
        kill(child.id());
        child.wait().unwrap();
        assert_eq!(found.unwrap(), [child.id()]);
    }
}
