//! Conversations with a console that the tests play the server for.

use std::collections::BTreeMap;
use std::time::Duration;

use task_orchestrator_shared::admin::session_detail::{
    RequestPlace, SessionDetail, SessionMoment, SessionRequest,
};
use task_orchestrator_shared::admin::view::{Change, Delta, View};
use task_orchestrator_shared::admin::{Done, Reply, Request};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{
    ActiveTasksCheck, Alert, Checks, DiskCheck, Health, Level, MemoryCheck, Readiness, ReadinessChecks,
    ReadinessDetails, StateCheck, WorkerCheck,
};
use task_orchestrator_shared::restart::{Outcome, Reason, RestartRequest};
use task_orchestrator_shared::role::Role;

use super::*;
use crate::heard::{Answer, Heard, LostKind};
use crate::model::order::Order;
use crate::msg::Effect;
use crate::sample;
use crate::update::update;

/// A console, what was printed, and what it has asked for.
struct Talk {
    model: Model,
    linear: Linear,
    text: String,
    effects: Vec<Effect>,
    now: Now,
}

impl Talk {
    /// Before anything was heard.
    fn new() -> Self {
        let mut model = sample::unconnected();
        model.nonce = "n".to_owned();
        let (linear, text, effects, now) = (Linear::new(), String::new(), Vec::new(), sample::now());
        let mut talk = Self { model, linear, text, effects, now };
        talk.told();
        talk
    }

    /// With a live server.
    fn with(view: View, role: Role) -> Self {
        let mut talk = Self::new();
        talk.hear(Heard::Connecting { attempt: 1 });
        talk.hear(Heard::Live { welcome: sample::welcome(role) });
        talk.hear(Heard::View { view: Box::new(view) });
        talk
    }

    fn told(&mut self) {
        for _ in 0..8 {
            let turn = self.linear.told(&self.model);
            self.print(&turn.lines);
            if turn.msgs.is_empty() {
                return;
            }
            turn.msgs.into_iter().for_each(|msg| self.update(msg));
        }
        panic!("it never comes to an end:\n{}", self.text);
    }

    fn print(&mut self, lines: &[String]) {
        for line in lines {
            let wide = unicode_width::UnicodeWidthStr::width(line.as_str()) > text::WIDTH;
            assert!(!wide || line.split_whitespace().count() <= 2, "too wide: {line}");
            assert!(!line.contains(char::is_control), "{line:?}");
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    fn update(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg, self.now);
        self.effects.extend(effects);
    }

    fn hear(&mut self, heard: Heard) {
        self.update(Msg::Heard(heard));
        self.told();
    }

    fn change(&mut self, changes: Vec<Change>) {
        let seq = self.model.seen.as_ref().unwrap().view.seq + 1;
        self.hear(Heard::Delta { delta: Delta { seq, at: sample::at(0), changes } });
    }

    fn later(&mut self, millis: u64) {
        self.now.running += Duration::from_millis(millis);
        self.update(Msg::Tick);
        self.told();
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(&format!("> {line}\n"));
        let turn = self.linear.line(&self.model, line);
        self.print(&turn.lines);
        turn.msgs.into_iter().for_each(|msg| self.update(msg));
        self.told();
    }

    /// What was printed since the last look.
    fn said(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Answers the last question.
    fn answer(&mut self, reply: Reply) {
        let tag = *self.model.asked.keys().last().expect("a question");
        self.hear(Heard::Answer { tag, answer: Answer::Reply(Box::new(reply)) });
    }

    /// What was ordered that changes something.
    fn orders(&self) -> Vec<&Order> {
        let orders = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send { order, .. } => Some(order),
            _ => None,
        });
        orders.filter(|order| order.request().operation().is_privileged()).collect()
    }
}

fn ready() -> Reply {
    Reply::Readiness(Box::new(Readiness {
        ready_for_shutdown: true,
        blocking_issues: Vec::new(),
        timestamp: sample::at(0),
        details: ReadinessDetails {
            maintenance_mode: false,
            shutdown_in_progress: false,
            state_manager_initialized: true,
            state_manager_accessible: true,
        },
        checks: ReadinessChecks {
            active_tasks: Some(ActiveTasksCheck { count: 3, suspendable: 2, status: "ready".to_owned() }),
            database: None,
            client_connections: None,
        },
    }))
}

fn detail(number: u64) -> SessionDetail {
    let request = SessionRequest {
        sequence: 41,
        method: "tools/call orchestrator_plan_task".to_owned(),
        place: RequestPlace::InFlight,
        worker_pid: Some(4200),
        age_ms: 120,
        bytes: 900,
        replayed: true,
    };
    let moment =
        SessionMoment { at: sample::at(-30), what: "came_back".to_owned(), detail: "after 40 ms".to_owned() };
    SessionDetail {
        at: sample::at(0),
        client: sample::session(number).client,
        number,
        requests: vec![request],
        left_out: 0,
        history: vec![moment],
    }
}

#[test]
fn it_begins_with_the_overview_as_soon_as_there_is_one() {
    let mut talk = Talk::with(sample::view(7), Role::Operator);
    insta::assert_snapshot!(talk.said());
}

#[test]
fn without_a_server_it_says_so_once_and_offers_to_start_one() {
    let mut talk = Talk::new();
    talk.hear(Heard::Connecting { attempt: 1 });
    for attempt in 2..6 {
        let why = "no server runs for this workspace".to_owned();
        talk.hear(Heard::Lost { why, kind: LostKind::NoServer, retry_in_ms: 2000 });
        talk.later(2000);
        talk.hear(Heard::Connecting { attempt });
    }
    talk.line("restart");
    talk.line("start-server");
    assert!(talk.effects.iter().any(|effect| matches!(effect, Effect::StartServer(_))));
    insta::assert_snapshot!(talk.said());
}

#[test]
fn a_list_is_printed_by_pages_and_a_row_chosen_by_its_number() {
    let mut talk = Talk::with(sample::view(45), Role::Admin);
    talk.said();
    talk.line("connections");
    talk.line("more");
    talk.line("42");
    talk.line("23");
    assert_eq!(talk.model.list().chosen, Some(sample::session(23).client));
    // The first row was asked for when the list came up; its answer leads to the next question.
    talk.answer(Reply::Session(Box::new(detail(1))));
    talk.answer(Reply::Session(Box::new(detail(23))));
    talk.line("/cursor");
    talk.line("/nonsense:5");
    talk.line("/");
    talk.line("disconnect");
    talk.line("cancel");
    assert!(talk.orders().is_empty());
    insta::assert_snapshot!(talk.said());
}

#[test]
fn a_restart_is_asked_for_watched_and_told() {
    let mut talk = Talk::with(sample::view(7), Role::Operator);
    talk.said();
    talk.line("r");
    talk.line("");
    talk.answer(ready());
    // A number, a wrong and a right timeout, words.
    for line in ["2", "5", "45", "", "new build"] {
        talk.line(line);
    }
    talk.line("yes");
    assert!(talk.orders().is_empty(), "it came up only just now");
    talk.later(400);
    talk.line("yes");
    let orders = talk.orders();
    let request = RestartRequest {
        reason: Reason::ConfigurationUpdate,
        timeout: Some(45),
        note: Some("new build".to_owned()),
        build: false,
        ..RestartRequest::default()
    };
    assert_eq!(
        orders.iter().map(|order| order.request()).collect::<Vec<_>>(),
        [&Request::Restart(Box::new(request))]
    );
    assert_eq!(orders[0].context().expected_generation, Some(12));

    for (at, phase) in Phase::EIGHT.into_iter().enumerate() {
        let mut restart = sample::running(phase);
        if let Some(progress) = &mut restart.progress {
            progress.elapsed_ms = 10.0 * (at * at) as f64;
        }
        talk.change(vec![Change::Restart(Box::new(restart))]);
        talk.later(if phase == Phase::TaskSuspension { 900 } else { 10 });
    }
    let mut ended = sample::running(Phase::ServiceResume);
    let report = &mut ended.report;
    report.phase = Phase::Complete;
    report.outcome = Some(Outcome::Complete);
    report.generation = 13;
    for record in &mut report.phases {
        record.duration_ms = record.duration_ms.or(Some(2.0));
    }
    let report = report.clone();
    talk.change(vec![Change::Restart(Box::new(ended))]);
    talk.answer(Reply::Restart(Box::new(report)));
    talk.later(10_000);
    insta::assert_snapshot!(talk.said());
}

#[test]
fn an_emergency_needs_the_name_a_reason_and_yes() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    talk.line("E");
    for line in ["", "it hangs", "shoop", "shop"] {
        talk.line(line);
    }
    talk.later(400);
    assert!(talk.orders().is_empty());
    talk.line("yes");
    let orders = talk.orders();
    let Request::Restart(request) = orders[0].request() else { panic!("{orders:?}") };
    assert_eq!((request.graceful, request.note.as_deref()), (false, Some("it hangs")));
    insta::assert_snapshot!(talk.said());
}

#[test]
fn what_may_not_be_done_says_who_may() {
    let mut talk = Talk::with(sample::view(3), Role::Monitor);
    talk.said();
    talk.line("restart");
    talk.line("emergency");
    assert!(talk.orders().is_empty() && matches!(talk.model.prompt, Prompt::None));
    insta::assert_snapshot!(talk.said());
}

#[test]
fn anything_but_yes_cancels_and_a_dialog_whose_world_has_changed_is_void() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    talk.line("maintenance");
    talk.later(400);
    talk.line("y");
    talk.line("maintenance");
    talk.later(400);
    let mut server = talk.model.seen.as_ref().unwrap().view.server.clone();
    server.generation += 1;
    talk.change(vec![Change::Server(Box::new(server))]);
    talk.line("yes");
    assert!(talk.orders().is_empty());
    insta::assert_snapshot!(talk.said());
}

#[test]
fn nothing_is_done_to_a_row_that_has_taken_the_place_of_the_chosen_one() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.line("connections");
    talk.line("clear-buffer");
    assert!(talk.said().ends_with("Choose a row first, by its number.\n"));
    talk.line("1");
    talk.change(vec![Change::SessionEnded(1)]);
    talk.line("clear-buffer");
    assert!(talk.said().contains("is not there any more"), "{}", talk.text);
    assert!(matches!(talk.model.prompt, Prompt::None));
    talk.line("1");
    assert!(talk.said().contains("There is no row 1"));
}

#[test]
fn what_happens_is_said_and_a_flood_is_cut() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    let mut server = talk.model.seen.as_ref().unwrap().view.server.clone();
    server.safe_mode = Some("5 crashes within 10 s".to_owned());
    server.held_by_operator = true;
    server.crashes += 2;
    talk.change(vec![Change::Server(Box::new(server.clone()))]);
    (server.safe_mode, server.held_by_operator) = (None, false);
    talk.change(vec![Change::Server(Box::new(server))]);
    for number in 4..7 {
        talk.change(vec![Change::Session(Box::new(sample::session(number)))]);
    }
    talk.change(vec![Change::SessionEnded(2)]);
    talk.later(1100);
    let mut running = sample::running(Phase::Preparation);
    for line in 0..100 {
        running.build_output.push(format!("compiling {line}"));
        talk.change(vec![Change::Restart(Box::new(running.clone()))]);
    }
    talk.later(6000);
    talk.hear(Heard::Silent);
    talk.later(1000);
    talk.hear(Heard::Alive);
    let why = "the server has closed the connection".to_owned();
    talk.hear(Heard::Lost { why, kind: LostKind::Broken, retry_in_ms: 100 });
    let mut other = sample::view(2);
    other.boot = "boot-2".to_owned();
    other.server.generation = 13;
    let mut welcome = sample::welcome(Role::Admin);
    welcome.boot = "boot-2".to_owned();
    talk.hear(Heard::Live { welcome });
    talk.hear(Heard::View { view: Box::new(other) });
    insta::assert_snapshot!(talk.said());
}

#[test]
fn requests_that_wait_are_said_when_they_go_on_waiting() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    let mut buffers = talk.model.seen.as_ref().unwrap().view.buffers.clone().unwrap();
    for waiting in [5, 0] {
        buffers.total_buffered_requests = waiting;
        talk.change(vec![Change::Buffers(buffers.clone())]);
    }
    talk.later(600);
    assert_eq!(talk.said(), "", "what is over within a moment is no news");
    buffers.total_buffered_requests = 150;
    let mut full = sample::session(2);
    full.figures.buffered = 100;
    talk.change(vec![Change::Buffers(buffers.clone()), Change::Session(Box::new(full))]);
    talk.later(600);
    buffers.total_buffered_requests = 0;
    talk.change(vec![Change::Buffers(buffers)]);
    talk.later(600);
    insta::assert_snapshot!(talk.said());
}

#[test]
fn one_of_several_is_chosen_by_its_number() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    talk.line("log level");
    talk.line("2");
    talk.answer(Reply::Done(Done { message: "debug from now on".to_owned() }));
    talk.line("log level");
    talk.line("nonsense");
    insta::assert_snapshot!(talk.said());
    assert_eq!(talk.orders().len(), 1);
}

#[test]
fn the_log_is_followed_until_enter() {
    let line = |number: u32| task_orchestrator_shared::admin::log::LogLine {
        at: sample::at(i64::from(number)),
        level: Some(task_orchestrator_shared::admin::log::LogLevel::Info),
        process: "front".to_owned(),
        pid: Some(4100),
        target: "server::front".to_owned(),
        text: format!("line {number}"),
    };
    let more = |lines: Vec<_>| Heard::Log {
        lines: task_orchestrator_shared::admin::log::LogLines { lines, missed: 0 },
    };
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    talk.line("logs");
    talk.hear(Heard::LogBegins { lines: (0..30).map(line).collect() });
    talk.hear(more(vec![line(30)]));
    talk.line("follow");
    talk.hear(more(vec![line(31), line(32)]));
    talk.hear(more((33..100).map(line).collect()));
    talk.line("");
    talk.hear(more(vec![line(100)]));
    insta::assert_snapshot!(talk.said());
}

fn health(alerts: Vec<Alert>) -> Box<Health> {
    let level = if alerts.is_empty() { Level::Healthy } else { Level::Degraded };
    Box::new(Health {
        healthy: alerts.is_empty(),
        status: level,
        timestamp: sample::at(0),
        server_version: "0.1.0".to_owned(),
        uptime_seconds: 3600,
        safe_mode: None,
        alerts,
        checks: Checks {
            reboot_readiness: None,
            database: None,
            connections: None,
            worker: WorkerCheck {
                pid: Some(4200),
                generation: 12,
                rss_bytes: Some(13 << 20),
                last_heartbeat_ms: Some(400),
                in_flight: 0,
                crashes: 0,
                status: Level::Healthy,
            },
            disk: DiskCheck { free_bytes: Some(1 << 40), status: Level::Healthy },
            memory: MemoryCheck { front_rss_bytes: None, worker_rss_bytes: None, buffered_bytes: 0 },
            state: StateCheck { current_state_bytes: None, backups: 9, last_verified: None, status: level },
            limits: None,
            breakers: BTreeMap::new(),
        },
    })
}

#[test]
fn alerts_come_and_go() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    let alert = Alert {
        kind: "restarts_fail".to_owned(),
        detail: "3 restarts in a row have failed".to_owned(),
        raised_at: sample::at(-60),
        times: 3,
    };
    talk.change(vec![Change::Health(health(Vec::new()))]);
    talk.change(vec![Change::Health(health(vec![alert]))]);
    talk.line("again");
    talk.change(vec![Change::Health(health(Vec::new()))]);
    insta::assert_snapshot!(talk.said());
}

#[test]
fn every_screen_can_be_read() {
    let mut talk = Talk::with(sample::view(3), Role::Admin);
    talk.said();
    for screen in Screen::ALL {
        talk.line(&screen.title().to_lowercase());
        match screen {
            Screen::Tasks => talk.answer(Reply::Tasks(Box::default())),
            Screen::Configuration => talk.answer(Reply::Config(Vec::new())),
            Screen::Logs => talk.hear(Heard::LogEnds { why: "there is none".to_owned() }),
            _ => {}
        }
        assert!(talk.said().contains(screen.title()), "{screen:?}");
        assert!(talk.linear.is_ready(&talk.model), "{screen:?}");
    }
}
