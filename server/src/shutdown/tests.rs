//! What the shutdown promises. Time is the runtime's paused clock, so limits are
//! exact and nothing waits; real signals go to a child process.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::config::{Config, Overrides, Signals};

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> config::Shutdown {
    let path = std::path::Path::new("config.toml");
    Config::from_text(path, "", &Overrides::default()).unwrap().0.shutdown
}

fn asked() -> Reason {
    Reason::Requested("a test".to_owned())
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<&'static str>>>);

impl Diary {
    fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn read(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }

    fn cleanup(&self, shutdown: &Shutdown, name: &'static str) {
        let diary = self.clone();
        shutdown.register(name, move || async move {
            diary.note(name);
            Ok::<_, String>(())
        });
    }
}

#[tokio::test(start_paused = true)]
async fn requests_finish_first_and_cleanups_follow_in_their_order() {
    let shutdown = Shutdown::new(settings());
    let diary = Diary::default();
    diary.cleanup(&shutdown, "first");
    let second = diary.clone();
    shutdown.register_blocking("second", move || {
        second.note("second");
        Ok::<_, String>(())
    });
    diary.cleanup(&shutdown, "third");

    let guard = shutdown.track().unwrap();
    let request = diary.clone();
    let token = shutdown.token();
    tokio::spawn(async move {
        token.cancelled().await;
        tokio::time::advance(5 * SECOND).await;
        request.note("request");
        drop(guard);
    });
    assert!(shutdown.initiate(asked()));
    assert!(!shutdown.initiate(Reason::Signal(Signal::Term)), "the first reason stays");
    let report = shutdown.run(SignalWatch::none()).await;

    assert_eq!(diary.read(), ["request", "first", "second", "third"]);
    assert_eq!(report.outcome, Outcome::Graceful);
    assert_eq!(report.reason, asked());
    assert_eq!(report.failed_cleanups, [""; 0]);
    assert_eq!(report.statistics.cleanup_tasks_registered, 3);
    assert_eq!(report.statistics.shutdown_duration, Some(5 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn statistics_follow_and_new_requests_are_refused() {
    let shutdown = Shutdown::new(settings());
    let guards = [shutdown.track().unwrap(), shutdown.track().unwrap()];
    let before = Statistics {
        shutdown_initiated: false,
        active_requests: 2,
        cleanup_tasks_registered: 0,
        shutdown_duration: None,
    };
    assert_eq!(shutdown.statistics(), before);
    assert!(!shutdown.token().is_cancelled());

    shutdown.initiate(asked());
    assert!(shutdown.token().is_cancelled());
    assert_eq!(shutdown.track().unwrap_err(), ShuttingDown);
    tokio::time::advance(3 * SECOND).await;
    let during = Statistics { shutdown_initiated: true, shutdown_duration: Some(3 * SECOND), ..before };
    assert_eq!(shutdown.statistics(), during);

    drop(guards);
    shutdown.run(SignalWatch::none()).await;
    tokio::time::advance(SECOND).await;
    assert_eq!(shutdown.statistics().shutdown_duration, Some(3 * SECOND), "fixed at the end");
    assert_eq!(shutdown.statistics().active_requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_late_request_is_given_up_at_its_time_and_cleanups_still_run() {
    let shutdown = Shutdown::new(settings());
    let diary = Diary::default();
    diary.cleanup(&shutdown, "close");
    let _held = shutdown.track().unwrap();
    shutdown.initiate(asked());
    let report = shutdown.run(SignalWatch::none()).await;
    assert_eq!(report.outcome, Outcome::Forced(ForcedBy::RequestTimeout));
    assert_eq!(diary.read(), ["close"]);
    assert_eq!(report.statistics.active_requests, 1);
    let took = report.statistics.shutdown_duration.unwrap();
    assert!((30 * SECOND..31 * SECOND).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn without_forcing_a_late_request_is_waited_for() {
    let shutdown = Shutdown::new(config::Shutdown { force_after_timeout: false, ..settings() });
    let held = shutdown.track().unwrap();
    tokio::spawn(async move {
        tokio::time::timeout(300 * SECOND, pending::<()>()).await.unwrap_err();
        drop(held);
    });
    shutdown.initiate(asked());
    let report = shutdown.run(SignalWatch::none()).await;
    assert_eq!(report.outcome, Outcome::Graceful);
    assert!(report.statistics.shutdown_duration.unwrap() >= 300 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn failing_panicking_and_hanging_cleanups_do_not_stop_the_next() {
    let shutdown = Shutdown::new(settings());
    let diary = Diary::default();
    shutdown.register("fails", || async { Err("no space") });
    shutdown.register("panics", || async { if true { panic!("as planned") } else { Ok::<_, String>(()) } });
    shutdown.register_blocking("panics blocking", || -> Result<(), String> { panic!("as planned") });
    shutdown.register("hangs", pending::<Result<(), String>>);
    diary.cleanup(&shutdown, "last");
    shutdown.initiate(asked());
    let report = shutdown.run(SignalWatch::none()).await;
    assert_eq!(diary.read(), ["last"]);
    assert_eq!(report.failed_cleanups, ["fails", "panics", "panics blocking", "hangs"]);
    assert_eq!(report.outcome, Outcome::Graceful, "requests were all served");
    let took = report.statistics.shutdown_duration.unwrap();
    assert!((10 * SECOND..11 * SECOND).contains(&took), "only the hanging one took its time: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_cleanup_is_dropped_at_its_limit() {
    struct Dropped(Diary);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.note("dropped");
        }
    }
    let shutdown = Shutdown::new(settings());
    let diary = Diary::default();
    let held = Dropped(diary.clone());
    shutdown.register("hangs", move || async move {
        let _held = held;
        pending::<Result<(), String>>().await
    });
    shutdown.initiate(asked());
    shutdown.run(SignalWatch::none()).await;
    tokio::task::yield_now().await;
    assert_eq!(diary.read(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_registered_by_a_cleanup_runs_too() {
    let shutdown = Shutdown::new(settings());
    let diary = Diary::default();
    let (inner, later) = (shutdown.clone(), diary.clone());
    shutdown.register("outer", move || async move {
        later.cleanup(&inner, "inner");
        later.note("outer");
        Ok::<_, String>(())
    });
    shutdown.initiate(asked());
    shutdown.run(SignalWatch::none()).await;
    assert_eq!(diary.read(), ["outer", "inner"]);
}

#[tokio::test(start_paused = true)]
async fn force_ends_at_once_wherever_it_is() {
    let shutdown = Shutdown::new(settings());
    let diary = Diary::default();
    diary.cleanup(&shutdown, "never");
    let _held = shutdown.track().unwrap();
    shutdown.initiate(asked());
    let forcing = shutdown.clone();
    tokio::spawn(async move {
        tokio::time::timeout(SECOND, pending::<()>()).await.unwrap_err();
        forcing.force(asked());
    });
    let report = shutdown.run(SignalWatch::none()).await;
    assert_eq!(report.outcome, Outcome::Forced(ForcedBy::Demand));
    assert!(shutdown.forced().is_cancelled());
    assert!(report.statistics.shutdown_duration.unwrap() < 2 * SECOND);
    assert_eq!(diary.read(), [""; 0]);
}

#[test]
fn clean_ups_are_bounded() {
    let shutdown = Shutdown::new(settings());
    (0..MAX_CLEANUPS + 5).for_each(|_| shutdown.register("leak", || async { Ok::<_, String>(()) }));
    assert_eq!(shutdown.statistics().cleanup_tasks_registered, MAX_CLEANUPS);
}

/// The child of the tests below: this test binary, run again for one test. It says
/// when it is ready and when it has begun, and leaves the outcome as its last line.
#[test]
fn child_that_waits_for_signals() {
    let Some(signals) = std::env::var_os("SHUTDOWN_TEST_SIGNALS") else { return };
    let signals = if signals == "hup" { vec![Signal::Hup] } else { vec![Signal::Term, Signal::Int] };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        let shutdown = Shutdown::new(config::Shutdown { signals: Signals(signals), ..settings() });
        let held = shutdown.track().unwrap();
        let watch = shutdown.watch_signals().unwrap();
        let token = shutdown.token();
        let hold = std::env::var_os("SHUTDOWN_TEST_HOLD").is_some();
        tokio::spawn(async move {
            token.cancelled().await;
            eprintln!("begun");
            if hold {
                pending::<()>().await;
            }
            drop(held);
        });
        eprintln!("ready");
        let report = shutdown.run(watch).await;
        format!("{} {:?}", report.reason, report.outcome)
    });
    eprintln!("{outcome}");
}

mod with_signals {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, ChildStderr, Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process};

    struct Process {
        child: Child,
        lines: std::io::Lines<BufReader<ChildStderr>>,
    }

    impl Process {
        fn start(signals: &str, hold: bool) -> Self {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "shutdown::tests::child_that_waits_for_signals", "--nocapture"]);
            command.env("SHUTDOWN_TEST_SIGNALS", signals);
            if hold {
                command.env("SHUTDOWN_TEST_HOLD", "1");
            }
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            let lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let mut this = Self { child, lines };
            assert_eq!(this.line(), "ready");
            this
        }

        fn line(&mut self) -> String {
            self.lines.next().map(Result::unwrap).unwrap_or_default()
        }

        fn send(&self, signal: Signal) {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
    }

    impl Drop for Process {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    #[test]
    fn each_configured_signal_begins_a_graceful_shutdown() {
        for (configured, signal, name) in [
            ("term,int", Signal::TERM, "SIGTERM"),
            ("term,int", Signal::INT, "SIGINT"),
            ("hup", Signal::HUP, "SIGHUP"),
        ] {
            let mut process = Process::start(configured, false);
            process.send(signal);
            assert_eq!(process.line(), "begun");
            assert_eq!(process.line(), format!("{name} Graceful"));
            assert!(process.child.wait().unwrap().success());
        }
    }

    #[test]
    fn a_second_signal_forces_at_once() {
        let mut process = Process::start("term,int", true);
        process.send(Signal::TERM);
        assert_eq!(process.line(), "begun");
        process.send(Signal::INT);
        assert_eq!(process.line(), "SIGTERM Forced(Demand)");
    }

    #[test]
    fn a_signal_that_is_not_configured_keeps_its_default() {
        let mut process = Process::start("hup", false);
        process.send(Signal::TERM);
        let status = process.child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
    }
}
