//! What logging promises, without waiting for a midnight.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use super::*;
use crate::config::{Config, FlagSetting, Overrides};
use crate::workspace::Surroundings;

/// Standard error of a test.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Scene {
    _top: tempfile::TempDir,
    workspace: Workspace,
    stderr: Captured,
}

impl Scene {
    fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        let around = Surroundings {
            workspace_variable: None,
            current_dir: top.path().to_owned(),
            runtime_dir: None,
            temporary_dir: top.path().to_owned(),
        };
        let mut workspace = Workspace::discover(Some(top.path()), &around).unwrap();
        workspace.create(&around).unwrap();
        Self { _top: top, workspace, stderr: Captured::default() }
    }

    fn build(&self, process: Process, settings: &[(&str, &str)]) -> (Dispatch, Logging) {
        let flags = settings
            .iter()
            .map(|(path, value)| FlagSetting {
                path: (*path).to_owned(),
                value: (*value).to_owned(),
                flag: String::new(),
            })
            .collect();
        let overrides = Overrides { environment: Vec::new(), flags };
        let config = Config::load(&self.workspace, &overrides).unwrap().0;
        let stderr = self.stderr.clone();
        build(process, &self.workspace, &config.log, move || stderr.clone()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        names(&self.workspace.logs())
    }

    fn only_file(&self) -> String {
        let files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        fs::read_to_string(self.workspace.logs().join(&files[0])).unwrap()
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn lines_go_to_a_private_file_and_only_serious_ones_to_standard_error() {
    let scene = Scene::new();
    let (dispatch, logging) = scene.build(Process::Front, &[]);
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::debug!("too quiet");
        tracing::info!(session = 7, "for the file");
        tracing::warn!("for both");
        tracing::info!(target: "rmcp::service", "library chatter");
        tracing::warn!(target: "rmcp::service", "library worry");
    });
    drop(logging);

    let file = scene.only_file();
    let tag = format!("[{}] ", std::process::id());
    assert_eq!(file.lines().count(), 3, "{file}");
    assert!(file.lines().all(|line| line.starts_with(&tag)), "{file}");
    assert!(file.contains("for the file") && file.contains("session=7"), "{file}");
    assert!(file.contains("library worry") && !file.contains("library chatter"), "{file}");
    let stderr = scene.stderr.text();
    assert!(stderr.contains("for both") && !stderr.contains("for the file"), "{stderr}");

    let name = &scene.files()[0];
    assert!(name.starts_with("front.2") && name.ends_with(".log"), "{name}");
    let mode = fs::metadata(scene.workspace.logs().join(name)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn json_lines_parse_and_carry_spans_and_process_id() {
    let scene = Scene::new();
    let (dispatch, logging) = scene.build(Process::Worker, &[("log.format", "json")]);
    tracing::dispatcher::with_default(&dispatch, || {
        let span = tracing::info_span!("request", operation = "c1:2:3");
        let _entered = span.enter();
        tracing::info!(rows = 2, "a \"quoted\"\nmessage");
    });
    drop(logging);

    let file = scene.only_file();
    assert_eq!(file.lines().count(), 1, "{file}");
    let line: serde_json::Value = serde_json::from_str(file.trim_end()).unwrap();
    assert_eq!(line["pid"], std::process::id());
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["fields"]["message"], "a \"quoted\"\nmessage");
    assert_eq!(line["fields"]["rows"], 2);
    assert_eq!(line["span"]["operation"], "c1:2:3");
}

#[test]
fn the_level_can_be_changed_while_running() {
    let scene = Scene::new();
    let (dispatch, logging) = scene.build(Process::Front, &[("log.stderr", "off")]);
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::debug!("first");
        logging.handle().set_level(Level::Debug);
        tracing::debug!("second");
        logging.handle().set_level(Level::Error);
        tracing::warn!("third");
    });
    assert_eq!(logging.handle().dropped_lines(), 0);
    drop(logging);
    let file = scene.only_file();
    assert!(file.contains("second") && !file.contains("first") && !file.contains("third"), "{file}");
    assert_eq!(scene.stderr.text(), "");
}

#[test]
fn a_shim_has_no_file_and_no_thread() {
    let scene = Scene::new();
    let (dispatch, logging) = scene.build(Process::Shim, &[]);
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::info!("chatter");
        tracing::warn!("worry");
        // Visible at once: nothing stands between the shim and standard error.
        assert!(scene.stderr.text().contains("worry"));
    });
    drop(logging);
    assert!(!scene.stderr.text().contains("chatter"));
    assert!(scene.files().is_empty());
}

#[test]
fn a_reader_of_standard_error_that_stands_still_holds_nobody_up() {
    let scene = Scene::new();
    let (dispatch, logging) = scene.build(Process::Front, &[]);
    let standing_still = scene.stderr.0.lock().unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        (0..2 * MAX_WAITING_LINES).for_each(|number| tracing::warn!(number, "flood"));
    });
    // One line may be in the writer's hands; the rest of the second half had no room.
    let dropped = logging.handle().dropped_lines();
    assert!(dropped >= MAX_WAITING_LINES - 1, "{dropped}");
    drop(standing_still);
    drop(logging);
    let written = scene.stderr.text().lines().count();
    assert!(written <= MAX_WAITING_LINES + 1, "{written}");
}

#[test]
fn two_workers_can_write_to_one_file() {
    let scene = Scene::new();
    let both = [scene.build(Process::Worker, &[]), scene.build(Process::Worker, &[])];
    std::thread::scope(|scope| {
        for (dispatch, _) in &both {
            scope.spawn(move || {
                tracing::dispatcher::with_default(dispatch, || {
                    (0..500).for_each(|number| tracing::info!(number, "line of a certain length"));
                });
            });
        }
    });
    drop(both);
    let file = scene.only_file();
    assert_eq!(file.lines().count(), 1000);
    assert!(file.lines().all(|line| line.matches("line of a certain length").count() == 1));
}

fn day(number: u64) -> SystemTime {
    // 2026-11-21 is day 20778.
    SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * number + 3600)
}

#[test]
fn a_new_day_gets_a_new_private_file_and_old_ones_go() {
    let top = tempfile::tempdir().unwrap();
    for name in [
        "front.2026-11-14.log",
        "front.2026-11-15.log",
        "front.2026-11-20.log",
        "worker.2026-01-01.log",
        "front.notes.log",
        "front.2026-01-01.log.keep",
    ] {
        fs::write(top.path().join(name), "old").unwrap();
    }
    let today = Arc::new(AtomicU64::new(20_778));
    let clock = Arc::clone(&today);
    let now: daily_file::Now = Box::new(move || day(clock.load(Ordering::SeqCst)));
    let mut file = DailyFile::with_clock(top.path(), "front", 7, 1 << 20, now).unwrap();
    file.write_all(b"one\n").unwrap();
    let others = ["front.2026-01-01.log.keep", "front.notes.log", "worker.2026-01-01.log"];
    let kept = |days: &[&str]| {
        let mut names: Vec<String> = days.iter().map(|day| format!("front.2026-11-{day}.log")).collect();
        names.extend(others.map(str::to_owned));
        names.sort();
        names
    };
    assert_eq!(names(top.path()), kept(&["15", "20", "21"]));

    today.store(20_779, Ordering::SeqCst);
    file.write_all(b"two\n").unwrap();
    today.store(20_778, Ordering::SeqCst);
    file.write_all(b"three\n").unwrap();
    assert_eq!(names(top.path()), kept(&["20", "21", "22"]));
    let read = |day: &str| fs::read_to_string(top.path().join(format!("front.2026-11-{day}.log"))).unwrap();
    assert_eq!(read("21"), "one\n");
    assert_eq!(read("22"), "two\nthree\n", "a clock set back stays in the newer file");
    let mode = fs::metadata(top.path().join("front.2026-11-22.log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_day_whose_file_cannot_be_opened_goes_on_in_the_old_one() {
    let top = tempfile::tempdir().unwrap();
    fs::create_dir(top.path().join("front.2026-11-22.log")).unwrap();
    let today = Arc::new(AtomicU64::new(20_778));
    let clock = Arc::clone(&today);
    let now: daily_file::Now = Box::new(move || day(clock.load(Ordering::SeqCst)));
    let mut file = DailyFile::with_clock(top.path(), "front", 7, 1 << 20, now).unwrap();
    today.store(20_779, Ordering::SeqCst);
    file.write_all(b"still here\n").unwrap();
    assert_eq!(fs::read_to_string(top.path().join("front.2026-11-21.log")).unwrap(), "still here\n");
    fs::remove_dir(top.path().join("front.2026-11-22.log")).unwrap();
    file.write_all(b"and there\n").unwrap();
    assert_eq!(fs::read_to_string(top.path().join("front.2026-11-22.log")).unwrap(), "and there\n");
}

#[test]
fn a_day_that_says_too_much_ends_at_the_limit_and_the_next_begins_anew() {
    let top = tempfile::tempdir().unwrap();
    let today = Arc::new(AtomicU64::new(20_778));
    let clock = Arc::clone(&today);
    let now: daily_file::Now = Box::new(move || day(clock.load(Ordering::SeqCst)));
    let mut file = DailyFile::with_clock(top.path(), "front", 7, 1000, now).unwrap();
    for _ in 0..500 {
        file.write_all(b"ninety-nine bottles\n").unwrap();
    }
    let read = |day: &str| fs::read_to_string(top.path().join(format!("front.2026-11-{day}.log"))).unwrap();
    let said = read("21");
    assert_eq!(said.matches("bottles").count(), 50);
    assert!(said.ends_with("nothing more is written today\n"), "{said}");
    today.store(20_779, Ordering::SeqCst);
    file.write_all(b"a new day\n").unwrap();
    assert_eq!(read("22"), "a new day\n");
}
