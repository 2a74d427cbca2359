//! What happens when the console itself is wrong: the terminal is given back, a report
//! is written to a file of one's own, and its path is said.
//!
//! A report holds what was wrong and where, and of the last messages their names only:
//! never what was in them. Bounded: the newest [`MAX_REPORTS`] reports are kept.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jiff::Timestamp;

use super::guard;
use crate::exit::Exit;

/// Most reports that are kept; the oldest go.
pub const MAX_REPORTS: usize = 10;

/// How many of the last messages are named.
pub const MAX_NAMES: usize = 50;

/// Longest report, in bytes; what is more is cut off.
const MAX_BYTES: usize = 256 * 1024;

/// Names of the last messages, in a ring, and where the next one goes.
static NAMES: Mutex<([&str; MAX_NAMES], usize)> = Mutex::new(([""; MAX_NAMES], 0));

static CRASHED: AtomicBool = AtomicBool::new(false);

/// Remembers that there was a message of this name.
pub fn remember(name: &'static str) {
    let Ok(mut names) = NAMES.try_lock() else { return };
    let (names, next) = &mut *names;
    if let Some(place) = names.get_mut(*next) {
        *place = name;
    }
    *next = (*next + 1) % MAX_NAMES;
}

/// From here on a panic on any thread gives the terminal back, leaves a report, and
/// ends the process. To be called before the terminal is taken.
pub fn install() {
    panic::set_hook(Box::new(crashed));
}

#[expect(clippy::disallowed_methods, reason = "a panic returns to no main")]
fn crashed(info: &PanicHookInfo<'_>) {
    if CRASHED.swap(true, Ordering::SeqCst) {
        // Another thread is at it, and ends the process.
        loop {
            thread::park();
        }
    }
    guard::restore();
    let report = report(info);
    let said = match directory().ok_or_else(no_place).and_then(|place| keep(&place, &report)) {
        Ok(path) => format!(
            "the console has crashed, which should not happen; the terminal is yours again and the server goes on.\nPlease report it with this file: {}\n",
            path.display()
        ),
        Err(error) => format!("the console has crashed, and no report could be kept ({error}):\n{report}"),
    };
    let _ = io::stderr().write_all(said.as_bytes());
    std::process::exit(i32::from(Exit::Crashed.code()));
}

fn no_place() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "neither XDG_STATE_HOME nor HOME is set")
}

fn report(info: &PanicHookInfo<'_>) -> String {
    let mut text = format!("task-orchestrator-console {}\n", env!("CARGO_PKG_VERSION"));
    let place = info.location().map_or_else(|| "somewhere".to_owned(), ToString::to_string);
    // Writing into memory cannot fail.
    let _ = writeln!(text, "at: {}\nplace: {place}", Timestamp::now());
    let _ = writeln!(text, "thread: {}", thread::current().name().unwrap_or("without a name"));
    let _ = writeln!(text, "what: {}", what(info));
    let _ = writeln!(text, "last messages: {}", last_names().join(" "));
    let _ = writeln!(text, "\n{}", Backtrace::force_capture());
    let end = (0..=MAX_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    text
}

fn what<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("not said")
}

/// Oldest first.
fn last_names() -> Vec<&'static str> {
    // Whoever panicked may hold the lock.
    let Ok(names) = NAMES.try_lock() else { return Vec::new() };
    let (names, next) = &*names;
    let (newer, older) = names.split_at_checked(*next).unwrap_or((names, &[]));
    older.iter().chain(newer).copied().filter(|name| !name.is_empty()).collect()
}

/// Where reports are kept.
fn directory() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("task-orchestrator/crashes"))
}

fn keep(directory: &Path, report: &str) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let name = format!("console-{}-{}.txt", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), std::process::id());
    let path = directory.join(name);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(report.as_bytes())?;
    remove_old(directory);
    Ok(path)
}

/// Their names begin with their time.
fn remove_old(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let is_report =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("console-"));
    let mut reports: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_report).collect();
    reports.sort();
    let too_many = reports.len().saturating_sub(MAX_REPORTS);
    for report in reports.iter().take(too_many) {
        let _ = fs::remove_file(report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_newest_reports_are_kept_and_nobody_else_can_read_them() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("state/crashes");
        DirBuilder::new().recursive(true).create(&directory).unwrap();
        for number in 0..15 {
            fs::write(directory.join(format!("console-20200101T0000{number:02}Z-1.txt")), "old").unwrap();
        }
        fs::write(directory.join("notes.txt"), "mine").unwrap();
        let path = keep(&directory, "what happened").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "what happened");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), MAX_REPORTS + 1);
        assert!(!directory.join("console-20200101T000000Z-1.txt").exists());
        assert!(directory.join("notes.txt").exists(), "other files are left alone");
    }

    #[test]
    fn the_last_messages_are_named_in_their_order() {
        for _ in 0..MAX_NAMES {
            remember("tick");
        }
        remember("key");
        remember("resize");
        let names = last_names();
        assert_eq!(names.len(), MAX_NAMES);
        assert_eq!(names.get(MAX_NAMES - 2..), Some(["key", "resize"].as_slice()));
    }
}
