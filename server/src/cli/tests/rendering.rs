//! What people see, letter by letter.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{Level, TestStatus};
use task_orchestrator_shared::restart::{Outcome, RestartEvent};

use super::samples;
use crate::cli::render::progress::{Detail, ProgressLine};
use crate::cli::render::{dead_letters, health, history, page, readiness, reconnect, report, status, text};
use crate::cli::screen::Paint;

fn shown(print: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_report_says_all_that_was_measured() {
    let text = shown(|out| report::report(&samples::report(Outcome::Complete), Paint::Plain, out));
    assert_eq!(
        text,
        "\
restart     complete in 1.2 s (graceful)
            the new worker serves
worker      pid 11 -> 22, generation 3
waiting     1 request held, at most 0.61 ms
requests    2 replayed, 0 cleared, 0 suspended
old build   1.0.0 (0123456789ab) /opt/to
new build   1.1.0 (0123456789ab) /opt/to
snapshot    current_state.json, 2.0 KiB, 1 open task, 2 sessions
migration   schema 3 -> 4, backup none
reason      schema_migration: for [2J later
id          r-7 of admin:uid=1000
phases      preparation                 1.2 s
            maintenance_mode        not ended
"
    );
}

#[test]
fn a_failure_names_its_code_and_where_to_read_on() {
    let failed = samples::failed(ErrorCode::WorkerUnavailable);
    let text = shown(|out| report::report(&failed, Paint::Plain, out));
    assert!(text.starts_with("restart     failed after 1.2 s (graceful)\n"), "{text}");
    let end = "error       RESTART_006 in preparation: it broke in two lines\n            More: task-orchestrator explain RESTART_006\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = shown(|out| health::health(&samples::health(Level::Unhealthy), Paint::Plain, out));
    let painted = shown(|out| health::health(&samples::health(Level::Unhealthy), Paint::Colours, out));
    assert!(!plain.contains('\x1b') && painted.contains("\x1b["), "{painted:?}");
    let mut stripped = String::new();
    for part in painted.split("\x1b[") {
        stripped.push_str(if stripped.is_empty() { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(stripped, plain);
}

#[test]
fn health_says_every_figure() {
    let text = shown(|out| health::health(&samples::health(Level::Unhealthy), Paint::Plain, out));
    assert_eq!(
        text,
        "\
health      unhealthy
server      version 1.0.0, up 1 h 2 min
worker      healthy, pid 22, generation 3, 20.0 MiB, sign of life 300 ms ago, 1 in flight, 1 crash
database    healthy, integrity ok, schema 3, 1.5 MiB, log 0 B, 0 pending, read in 0.25 ms, measured 12 ms ago
clients     healthy, 2, 2 stdio, 2 idle
restart     would not go through: the disk is full
disk        unhealthy, 38.1 MiB free
memory      front 1.0 KiB, worker unknown, buffers 0 B
state       healthy, no snapshot yet, 2 backups
"
    );
}

#[test]
fn a_status_says_what_is_not_as_usual() {
    let mut sample = samples::status();
    let usual = shown(|out| status::status(&sample, &BTreeMap::new(), Paint::Plain, out));
    assert_eq!(
        usual,
        "\
server      running, pid 10, version 1.0.0, up 1 min 0 s
workspace   /my/shop
worker      none
clients     1, waiting for 4 answers
since start 0 crashes, 0 requests replayed, 0 quarantined
"
    );
    sample.phase = Phase::Preparation;
    sample.maintenance_mode = true;
    sample.safe_mode = Some("4 crashes in 10 s".to_owned());
    sample.standby = Some(33);
    sample.former = Some(22);
    sample.worker_failure = Some("exit code 1".to_owned());
    let unusual = shown(|out| status::status(&sample, &BTreeMap::new(), Paint::Plain, out));
    let names = BTreeMap::from([("claude\u{1b}-code".to_owned(), 2), ("cursor".to_owned(), 1)]);
    let named = shown(|out| status::status(&sample, &names, Paint::Plain, out));
    assert!(named.contains("clients     1 (2 claude -code, cursor), waiting for 4 answers\n"), "{named}");
    for line in [
        "restart     preparation\n",
        "maintenance on: new requests are held back\n",
        "safe mode   4 crashes in 10 s\n",
        "standby     pid 33\n",
        "former      pid 22, finishes what it holds\n",
        "            the last attempt to start one failed: exit code 1\n",
    ] {
        assert!(unusual.contains(line), "{line}: {unusual}");
    }
}

#[test]
fn readiness_names_what_is_in_the_way() {
    let text = shown(|out| readiness::readiness(&samples::readiness(false), Paint::Plain, out));
    assert_eq!(
        text,
        "\
restart     not ready
in the way  the disk is full
tasks       ready, 4 active, 1 can be suspended
clients     ready, 2, 2 reading, 1 request in flight
note        the directory of the snapshots cannot be written
"
    );
}

#[test]
fn history_is_a_table() {
    let text = shown(|out| history::history(&samples::history(), Paint::Plain, out));
    assert_eq!(
        text,
        "\
now         idle
maintenance on: new requests are held back
restarts    2, 1 complete, 250 ms on average

ENDED                 KIND   REASON          OUTCOME      TOOK    WAITED  BY        ERROR
2026-01-02T03:04:06Z  crash  manual_request  complete     250 ms  81 ms   watchdog
2026-01-02T03:04:06Z  crash  manual_request  rolled back  250 ms  81 ms   watchdog  RESTART_006
"
    );
}

#[test]
fn connections_and_dead_letters_are_told() {
    let text =
        shown(|out| reconnect::reconnect(&samples::reconnect_test(TestStatus::Partial), Paint::Plain, out));
    assert_eq!(
        text,
        "\
connections partial
sessions    3, 2 answered, 3 can be taken over
buffers     healthy, 4 requests of 1 session waiting (400 B), at most 100 each, oldest 2 s
since start 9 taken over, 1 failed, 2.00 ms on average
"
    );
    assert_eq!(shown(|out| dead_letters::list(&[], Paint::Plain, out)), "no dead letters\n");
    let text = shown(|out| dead_letters::list(&[samples::dead_letter(None)], Paint::Plain, out));
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("quarantined  RESTART_012  512 B  0        c-1"), "{text}");
    let hostile = samples::dead_letter(Some(json!({ "text": "\u{9b}2J\u{1b}[2J" })));
    let text = shown(|out| dead_letters::whole(&hostile, out));
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
}

#[test]
fn pages_fit_their_columns_and_lists_name_every_code() {
    for code in explain::PAGES {
        let text = shown(|out| page::page(code, Paint::Plain, out));
        assert!(text.starts_with(code.name), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
        for title in ["Usual causes", "Where to look", "What to do"] {
            assert!(text.contains(title), "{text}");
        }
    }
    let list = shown(|out| page::list(Paint::Plain, out));
    assert!(explain::PAGES.iter().all(|page| list.contains(page.name) && list.contains(page.title)));
}

fn watched(detail: Detail, events: &[RestartEvent]) -> String {
    let mut err = Vec::new();
    let mut line = ProgressLine::new(&mut err, detail);
    events.iter().for_each(|event| line.show(event));
    line.finish();
    String::from_utf8(err).unwrap()
}

#[test]
fn progress_is_a_line_a_phase_or_drawn_over() {
    let events = [
        samples::progress(Phase::Preparation, "the build runs"),
        samples::build_line("warning:\x1b[31m red"),
        samples::progress(Phase::Preparation, "the worker starts"),
        samples::progress(Phase::MaintenanceMode, "requests are held"),
    ];
    assert_eq!(
        watched(Detail::Lines, &events),
        "   412 ms  preparation             the build runs
  | warning: [31m red
   412 ms  maintenance_mode        requests are held
"
    );
    let over = "\r\x1b[2K";
    let first = "   412 ms  preparation             the build runs";
    assert_eq!(
        watched(Detail::Live, &events),
        format!(
            "{over}{first}{over}  | warning: [31m red\n{first}{over}   412 ms  preparation             the worker starts\
             \n{over}   412 ms  maintenance_mode        requests are held\n"
        )
    );
    assert_eq!(watched(Detail::Silent, &events), "");
    assert_eq!(watched(Detail::Live, &[]), "", "nothing was drawn, so nothing is left");
    let long = watched(Detail::Live, &[samples::progress(Phase::Preparation, &"x".repeat(200))]);
    assert_eq!(long.trim_start_matches(over).trim_end().chars().count(), 79, "it does not wrap");
}

#[test]
fn figures_have_fitting_units() {
    assert_eq!(
        [0.4, 12.0, 999.0, 1500.0, 90_000.0].map(text::milliseconds),
        ["0.40 ms", "12 ms", "999 ms", "1.5 s", "1 min 30 s"]
    );
    assert_eq!(
        [0, 1023, 1024, 5 * 1024 * 1024, u64::MAX].map(text::bytes),
        ["0 B", "1023 B", "1.0 KiB", "5.0 MiB", "16777216.0 TiB"]
    );
    assert_eq!([59, 60, 3600, 90_000].map(text::seconds), ["59 s", "1 min 0 s", "1 h 0 min", "1 d 1 h"]);
    assert_eq!(text::shortened("abcdef", 5), "ab...");
}
