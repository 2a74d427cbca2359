//! A server to draw and to try things on, the same in every run: for tests only.

mod drawn;
mod health;
mod records;
mod restarts;
mod work;

use std::time::Duration;

use jiff::Timestamp;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::backup::{Backup, Due};
use task_orchestrator_shared::admin::log::{LogLevel, LogLine};
use task_orchestrator_shared::admin::view::{
    HistoryView, Limits, ServerView, SessionFigures, SessionState, SessionView, Traffic, View, WorkerRole,
    WorkerView,
};
use task_orchestrator_shared::admin::{Welcome, WhoAmI};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::{ActiveTasksCheck, Readiness, ReadinessChecks, ReadinessDetails};
use task_orchestrator_shared::report::{BufferStatus, DeadCause, DeadLetter, Level, PastRestart};
use task_orchestrator_shared::role::{Operation, Role};

use crate::heard::{Answer, Heard, Tag};
use crate::key::{Key, Press};
use crate::model::{Model, Now, Settings, Target};
use crate::msg::{Effect, Msg};
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;

pub(crate) use drawn::{drawn, pictures, text_of};
pub(crate) use health::{curves, health};
pub(crate) use records::{audit, config};
use restarts::build;
pub(crate) use restarts::{past, running};
pub(crate) use work::{detail, tasks};

/// The moment of all samples.
pub(crate) fn now() -> Now {
    Now { running: Duration::from_secs(1000), wall: "2026-11-21T12:00:00Z".parse().unwrap() }
}

/// So many seconds before or after the moment, as the server writes it.
pub(crate) fn at(seconds: i64) -> String {
    Timestamp::from_second(now().wall.as_second() + seconds).unwrap().to_string()
}

/// What the server says to somebody in this role.
pub(crate) fn welcome(role: Role) -> Box<Welcome> {
    let may = Operation::ALL.iter().copied().filter(|operation| role.may(*operation)).collect();
    let you = WhoAmI {
        uid: 1000,
        user: Some("ann".to_owned()),
        gid: 1000,
        pid: Some(77),
        role,
        granted: role,
        granted_by: "owner".to_owned(),
        may,
    };
    Box::new(Welcome {
        protocol: 2,
        skew: None,
        capabilities: Vec::new(),
        you,
        version: "0.1.0".to_owned(),
        pid: 4100,
        boot: "boot-1".to_owned(),
        workspace: "/home/ann/shop".to_owned(),
        generation: 12,
    })
}

/// A client session.
pub(crate) fn session(number: u64) -> SessionView {
    let state = [SessionState::Idle, SessionState::Active, SessionState::Waiting, SessionState::Slow];
    let state = state[usize::try_from(number % 4).unwrap()];
    let buffered = if state == SessionState::Waiting { number * 3 } else { 0 };
    SessionView {
        number,
        client: format!("0198f0c2-0000-7000-8000-{number:012}"),
        pid: Some(5000 + u32::try_from(number).unwrap()),
        source: None,
        transport: "stdio".to_owned(),
        name: (number != 3)
            .then(|| ["claude-code", "cursor"][usize::try_from(number % 2).unwrap()].to_owned()),
        version: (number != 3).then(|| "2.1.0".to_owned()),
        protocol: (number != 3).then(|| "2025-11-25".to_owned()),
        connected_at: at(-600 - i64::try_from(number).unwrap()),
        reconnects: number % 3,
        figures: SessionFigures {
            state,
            in_flight: u64::from(state == SessionState::Active),
            buffered,
            buffered_bytes: buffered * 512,
            oldest_ms: (buffered > 0).then_some(40 * number),
            last_activity_ms: 3_590_000 + number,
            requests: number * 17,
            dropped_notifications: u64::from(state == SessionState::Slow) * 2,
        },
    }
}

/// A snapshot or backup.
pub(crate) fn backup(number: u32) -> Backup {
    Backup {
        name: if number == 0 {
            "current_state.json".to_owned()
        } else {
            format!("backup_state_{number:02}.json")
        },
        kind: if number % 4 == 3 { "database" } else { "snapshot" }.to_owned(),
        size_bytes: 4096 * u64::from(number + 1),
        taken_at: at(-7200 * i64::from(number) - 60),
        generation: (number % 5 != 4).then(|| 12 - u64::from(number.min(11))),
        compressed: number > 4,
        verified: [Some(true), None, Some(true), Some(false)][number as usize % 4],
        pinned: number == 2,
        remove_at: (number > 0).then(|| at(86_400 * i64::from(30 - number))),
        due: [None, None, Some(Due::Compress), None, Some(Due::Remove)][number as usize % 5],
    }
}

fn letter(id: u64) -> DeadLetter {
    DeadLetter {
        id,
        at: at(-300 * i64::try_from(id).unwrap()),
        cause: [DeadCause::Quarantined, DeadCause::Expired][usize::try_from(id % 2).unwrap()],
        error_code: ErrorCode::OutcomeUnknown,
        client: session(id).client,
        sequence: 40 + id,
        method: "tools/call orchestrator_plan_task".to_owned(),
        bytes: 300 * id,
        message: None,
        retries: u32::try_from(id).unwrap() - 1,
    }
}

/// A server with so many clients, without a restart that runs.
pub(crate) fn view(sessions: u64) -> View {
    let sessions: Vec<SessionView> = (1..=sessions).map(session).collect();
    let waiting: u64 = sessions.iter().map(|session| session.figures.buffered).sum();
    let history: Vec<PastRestart> = (1..=8).map(past).collect();
    View {
        seq: 5,
        boot: "boot-1".to_owned(),
        at: at(0),
        server: ServerView {
            pid: 4100,
            version: "0.1.0".to_owned(),
            workspace: "/home/ann/shop".to_owned(),
            started_at: at(-3600),
            generation: 12,
            build: Some(build("0.1.0")),
            can_roll_back: true,
            crashes: 1,
            replayed: 4,
            reconnections: 21,
            failed_reconnections: 1,
            ..ServerView::default()
        },
        restart: None,
        workers: vec![WorkerView {
            pid: 4200,
            role: WorkerRole::Active,
            ready: true,
            build: Some(build("0.1.0")),
            started_at: at(-1800),
            last_heartbeat_ms: Some(400),
            in_flight: 2,
            rss_bytes: Some(13 << 20),
        }],
        buffers: Some(BufferStatus {
            total_buffered_requests: waiting,
            total_buffered_bytes: waiting * 512,
            sessions_with_buffers: sessions.iter().filter(|session| session.figures.buffered > 0).count()
                as u64,
            capacity_per_session: 100,
            oldest_age_seconds: (waiting > 0).then_some(0.24),
            status: Level::Healthy,
        }),
        sessions,
        traffic: Traffic {
            requests: 9000,
            answers: 8990,
            requests_per_second: 210.0,
            p50_ms: Some(0.4),
            p99_ms: Some(2.1),
            in_flight: 2,
            held_bytes: waiting * 512,
            front_rss_bytes: Some(14 << 20),
        },
        backups: Some((0..9).map(backup).collect()),
        history: Some(HistoryView {
            total: 31,
            successful: 29,
            average_duration: Some(0.143),
            success_rate_24h: Some(0.9),
            recent: history,
        }),
        dead_letters: Some((1..=3).map(letter).collect()),
        health: None,
        limits: Limits {
            max_sessions: 1000,
            max_requests_per_client: 100,
            max_buffered_bytes: 16 << 20,
            buffer_expiry_seconds: 300.0,
            restart_timeout_seconds: 30.0,
            backups: 10,
            log_level: "info".to_owned(),
            backups_compress_after_seconds: 86_400.0,
            backups_remove_after_seconds: 2_592_000.0,
            next_rotation: Some(at(45)),
        },
        audit: Some(Vec::new()),
    }
}

/// A console that has not heard of a server yet.
pub(crate) fn unconnected() -> Model {
    let target = Target { name: "shop".to_owned(), workspace: "/home/ann/shop".into() };
    let mut model = Model::new(target, Settings::default(), now());
    model.size = (120, 40);
    model
}

/// A console that is connected to this server in this role.
pub(crate) fn connected(view: View, role: Role) -> Model {
    let mut model = unconnected();
    for heard in [
        Heard::Connecting { attempt: 1 },
        Heard::Live { welcome: welcome(role) },
        Heard::View { view: Box::new(view) },
    ] {
        update(&mut model, Msg::Heard(heard), now());
    }
    model
}

/// So many milliseconds before the moment.
pub(crate) fn before(millis: u64) -> Now {
    Now { running: now().running - Duration::from_millis(millis), ..now() }
}

/// Presses keys by their names, all at one moment, and returns what is to be done.
pub(crate) fn press(model: &mut Model, keys: &[&str], at: Now) -> Vec<Effect> {
    let press = |name: &&str| Msg::Key(Press { key: name.parse().unwrap(), repeats: false });
    keys.iter().map(press).flat_map(|msg| update(model, msg, at)).collect()
}

/// Types a text, letter by letter.
pub(crate) fn type_text(model: &mut Model, text: &str, at: Now) {
    for letter in text.chars() {
        let key = Key::plain(crossterm::event::KeyCode::Char(letter));
        update(model, Msg::Key(Press { key, repeats: false }), at);
    }
}

/// Answers the last question with this.
pub(crate) fn answer(model: &mut Model, reply: Reply, at: Now) -> Vec<Effect> {
    let heard = Heard::Answer { tag: Tag(model.last_tag), answer: Answer::Reply(Box::new(reply)) };
    update(model, Msg::Heard(heard), at)
}

/// What the server says of a restart before it is done.
pub(crate) fn readiness() -> Reply {
    let ready = || "ready".to_owned();
    Reply::Readiness(Box::new(Readiness {
        ready_for_shutdown: true,
        blocking_issues: Vec::new(),
        timestamp: at(0),
        details: ReadinessDetails {
            maintenance_mode: false,
            shutdown_in_progress: false,
            state_manager_initialized: true,
            state_manager_accessible: true,
        },
        checks: ReadinessChecks {
            active_tasks: Some(ActiveTasksCheck { count: 40, suspendable: 12, status: ready() }),
            database: None,
            client_connections: None,
        },
    }))
}

#[test]
fn a_console_draws_into_any_size() {
    let models = [unconnected(), connected(view(7), Role::Admin)];
    for mut model in models {
        for screen in crate::screen::Screen::ALL {
            model.screen = screen;
            for (width, height) in
                [(0, 0), (1, 1), (0, 5), (5, 0), (2, 2), (3, 9), (39, 9), (40, 10), (300, 100)]
            {
                drawn(&model, width, height, Symbols::Unicode, Depth::Ansi16);
            }
        }
    }
}

/// So many lines of the log.
pub(crate) fn log_lines(count: u64) -> Vec<LogLine> {
    let line = |number: u64| {
        let level = LogLevel::ALL[usize::try_from(number % 5).unwrap()];
        let process = ["front", "worker"][usize::try_from(number % 2).unwrap()];
        let text = match number % 3 {
            0 => format!("request {number} took 0.4 ms tool=orchestrator_plan_task"),
            1 => format!(
                "session came back client=0198f0c2-0000-7000-8000-{number:012} after 12 ms, which is longer than usual; what it had asked for was sent on in the order in which it came"
            ),
            _ => format!("snapshot {number} verified"),
        };
        LogLine {
            at: at(i64::try_from(number).unwrap() - i64::try_from(count).unwrap()),
            level: (number % 7 != 6).then_some(level),
            process: process.to_owned(),
            pid: Some(4100 + u32::try_from(number % 2).unwrap() * 100),
            target: "task_orchestrator::front::hub".to_owned(),
            text,
        }
    };
    (0..count).map(line).collect()
}
