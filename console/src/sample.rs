//! A server to draw and to try things on, the same in every run: for tests only.

mod work;

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::audit::{Actor, Attempt, AuditEvent, AuditOutcome, AuditRecord};
use task_orchestrator_shared::admin::backup::{Backup, Due};
use task_orchestrator_shared::admin::config::{ConfigEntry, Takes};
use task_orchestrator_shared::admin::log::{LogLevel, LogLine};
use task_orchestrator_shared::admin::view::{
    HistoryView, Limits, RestartView, ServerView, SessionFigures, SessionState, SessionView, Traffic, View,
    WorkerRole, WorkerView,
};
use task_orchestrator_shared::admin::{Welcome, WhoAmI};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{ActiveTasksCheck, Readiness, ReadinessChecks};
use task_orchestrator_shared::report::{
    Alert, BufferStatus, Checks, ConnectionsCheck, DatabaseCheck, DeadCause, DeadLetter, DiskCheck, Health,
    Level, MemoryCheck, PastRestart, ReadinessDetails, RebootReadiness, StateCheck, WorkerCheck,
};
use task_orchestrator_shared::restart::{
    BuildReport, Kind, Outcome, PhaseRecord, Progress, Reason, RestartError, RestartId, RestartReport,
};
use task_orchestrator_shared::role::{Operation, Role};

use crate::heard::{Answer, Heard, Tag};
use crate::key::{Key, Press};
use crate::model::{Model, Now, Settings, Target};
use crate::msg::{Effect, Msg};
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;

pub(crate) use work::{detail, tasks};

/// The sizes that everything is drawn in: beside each other, usual, small.
pub(crate) const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 10)];

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
        pid: 5000 + u32::try_from(number).unwrap(),
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

fn phases(scale: f64) -> Vec<PhaseRecord> {
    let took = [80.0, 0.3, 0.2, 0.4, 0.1, 1.2, 0.9, 3.1];
    let mut started_ms = 0.0;
    let record = |(phase, took): (&Phase, f64)| {
        let record = PhaseRecord { phase: *phase, started_ms, duration_ms: Some(took * scale) };
        started_ms += took * scale;
        record
    };
    Phase::EIGHT.iter().zip(took).map(record).collect()
}

/// An earlier restart.
pub(crate) fn past(number: u32) -> PastRestart {
    let success = !number.is_multiple_of(3);
    PastRestart {
        restart_id: RestartId(format!("r-{number}")),
        timestamp: at(-3600 * i64::from(number)),
        reason: Reason::ManualRequest,
        kind: [Kind::Graceful, Kind::Emergency, Kind::Crash][number as usize % 3],
        success,
        outcome: if success { Outcome::Complete } else { Outcome::Failed },
        duration: 0.0862 * f64::from(number),
        downtime_ms: 1.5 * f64::from(number),
        requested_by: "admin:uid=1000".to_owned(),
        phases: phases(f64::from(number)),
        error: (!success).then(|| RestartError {
            error_code: ErrorCode::WorkerUnavailable,
            error: "the new worker ended before it was ready".to_owned(),
            phase: Phase::Preparation,
        }),
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

/// The restart that runs, in this phase.
pub(crate) fn running(phase: Phase) -> RestartView {
    let done: Vec<PhaseRecord> = phases(1.0).into_iter().take_while(|record| record.phase <= phase).collect();
    let phases = done
        .into_iter()
        .map(|record| PhaseRecord {
            duration_ms: record.duration_ms.filter(|_| record.phase != phase),
            ..record
        })
        .collect();
    RestartView {
        report: RestartReport {
            restart_id: RestartId("r-now".to_owned()),
            kind: Kind::Graceful,
            reason: Reason::ManualRequest,
            note: Some("new build".to_owned()),
            requested_by: "admin:uid=1000".to_owned(),
            outcome: None,
            phase,
            progress: phase.progress(),
            message: "waiting for two calls to reach a checkpoint".to_owned(),
            errors: Vec::new(),
            graceful: true,
            preserve_state: true,
            timeout: 30,
            started_at: at(-1),
            completed_at: None,
            duration_ms: 840.0,
            downtime_ms: 12.0,
            buffered_requests: 9,
            replayed_requests: 0,
            cleared_requests: 0,
            suspended: 2,
            old_pid: Some(4200),
            new_pid: Some(4300),
            generation: 12,
            state: None,
            migration: None,
            old_build: Some(build("0.1.0")),
            new_build: Some(build("0.1.1")),
            phases,
        },
        progress: Some(Progress {
            restart_id: RestartId("r-now".to_owned()),
            phase,
            progress: phase.progress(),
            message: "waiting for two calls to reach a checkpoint".to_owned(),
            elapsed_ms: 840.0,
            deadline_ms: Some(4160.0),
            held: 9,
            in_flight: 2,
        }),
        build_output: Vec::new(),
    }
}

fn build(version: &str) -> BuildReport {
    BuildReport {
        version: version.to_owned(),
        sha256: Some("9f2c".repeat(16)),
        path: "/usr/local/bin/task-orchestrator".to_owned(),
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

/// What is drawn, in each size, with signs of Unicode and of ASCII, and where there
/// are which colours. Asserts that without colours everything says the same.
pub(crate) fn pictures(model: &Model) -> String {
    let mut all = String::new();
    for (width, height) in SIZES {
        for symbols in [Symbols::Unicode, Symbols::Ascii] {
            let coloured = drawn(model, width, height, symbols, Depth::Ansi16);
            let plain = drawn(model, width, height, symbols, Depth::None);
            let text = text_of(&coloured);
            assert_eq!(text, text_of(&plain), "what is said without colours");
            for cell in &plain.content {
                assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "no colours");
            }
            if symbols == Symbols::Ascii {
                assert!(text.is_ascii(), "signs of ASCII only: {text}");
            }
            all.push_str(&format!("== {width}x{height} {symbols:?}\n{text}"));
            if symbols == Symbols::Unicode {
                all.push_str(&format!("-- colour\n{}-- none\n{}", styles_of(&coloured), styles_of(&plain)));
            }
        }
    }
    all
}

pub(crate) fn drawn(model: &Model, width: u16, height: u16, symbols: Symbols, depth: Depth) -> Buffer {
    let mut model = model.clone();
    model.settings.look.symbols = symbols;
    model.settings.look.depth = depth;
    let area = Rect::new(0, 0, width, height);
    let then = model.now;
    update(&mut model, Msg::Resize(width, height), then);
    // Drawn twice: how many rows fit is known once it was drawn.
    let mut buffer = Buffer::empty(area);
    let drawn = crate::view::view(&model, area, &mut buffer);
    update(&mut model, Msg::Drawn { page_rows: drawn.page_rows }, then);
    let mut buffer = Buffer::empty(area);
    crate::view::view(&model, area, &mut buffer);
    buffer
}

pub(crate) fn text_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let lines = buffer.content.chunks(width).map(|line| {
        let line: String = line.iter().map(|cell| cell.symbol()).collect();
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

/// Runs of cells that look alike, a line for each row that has any.
fn styles_of(buffer: &Buffer) -> String {
    let mut all = String::new();
    let width = usize::from(buffer.area.width.max(1));
    for (row, cells) in buffer.content.chunks(width).enumerate() {
        let mut runs: Vec<(usize, usize, Style)> = Vec::new();
        for (column, cell) in cells.iter().enumerate() {
            match runs.last_mut() {
                Some((_, end, style)) if *style == cell.style() && *end == column => *end += 1,
                _ => runs.push((column, column + 1, cell.style())),
            }
        }
        let told: Vec<String> = runs
            .iter()
            .filter(|(_, _, style)| {
                style.fg != Some(Color::Reset)
                    || style.bg != Some(Color::Reset)
                    || style.add_modifier != Modifier::empty()
            })
            .map(|(start, end, style)| {
                let part = |colour: Option<Color>| colour.filter(|colour| *colour != Color::Reset);
                let mut words: Vec<String> = Vec::new();
                words.extend(part(style.fg).map(|colour| format!("{colour}")));
                words.extend(part(style.bg).map(|colour| format!("on {colour}")));
                words.extend(style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()));
                format!("{start}-{} {}", end - 1, words.join(" "))
            })
            .collect();
        if !told.is_empty() {
            all.push_str(&format!("{row}: {}\n", told.join(", ")));
        }
    }
    all
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

fn attempt(operation: Operation, method: &str, uid: u32) -> Box<Attempt> {
    Box::new(Attempt {
        actor: Actor {
            transport: "admin".to_owned(),
            uid,
            user: (uid == 1000).then(|| "ann".to_owned()),
            gid: uid,
            pid: Some(77),
            client: Some("task-orchestrator-console 0.1.0".to_owned()),
            role: Some(if uid == 1000 { Role::Operator } else { Role::Monitor }),
        },
        operation,
        method: method.to_owned(),
        target: (operation == Operation::RestoreBackup).then(|| "backup_state_01.json".to_owned()),
        parameters: serde_json::json!({ "graceful": true, "note": "new build" }),
        reason: (operation == Operation::GracefulRestart).then(|| "new build".to_owned()),
        idempotency_key: Some("console-1-2".to_owned()),
    })
}

/// A record of the audit of each kind, newest first.
pub(crate) fn audit() -> Vec<AuditRecord> {
    use AuditEvent::{Allowed, Denied, Intent, Outcome, Repeated};
    let denied = |operation, method, uid, why: &str| Denied {
        attempt: attempt(operation, method, uid),
        why: why.to_owned(),
    };
    let outcome = |of, outcome, detail: &str| Outcome { of, outcome, detail: detail.to_owned() };
    let events = vec![
        AuditEvent::Audit { what: "opened".to_owned(), detail: "the audit goes on".to_owned() },
        Allowed(attempt(Operation::ViewConfig, "show_config", 1000)),
        Repeated { of: 42, times: 3 },
        Intent(attempt(Operation::GracefulRestart, "restart", 1000)),
        outcome(44, AuditOutcome::Done, "generation 12 serves"),
        denied(Operation::RestoreBackup, "restore_backup", 1000, "operator may not restore_backup"),
        denied(Operation::Stop, "stop", 1001, "monitor may not stop"),
        Intent(attempt(Operation::Snapshot, "snapshot", 1001)),
        outcome(48, AuditOutcome::Failed, "RESTART_005: the disk is full"),
        outcome(7, AuditOutcome::Unknown, "the server ended before that was known"),
        Intent(attempt(Operation::PinBackup, "pin_backup", 1000)),
    ];
    let hash = |of: u64| format!("{:016x}", of.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(4);
    let records = events.into_iter().zip(41_u64..).map(|(event, seq)| AuditRecord {
        seq,
        at: at(-600 + i64::try_from(seq).unwrap()),
        event,
        prev: hash(seq),
        mac: hash(seq + 1),
    });
    let mut records: Vec<AuditRecord> = records.collect();
    records.reverse();
    records
}

/// The configuration in force.
pub(crate) fn config() -> Vec<ConfigEntry> {
    let entry = |key: &str, value: &str, source: &str, pending: Option<(&str, Takes)>| ConfigEntry {
        key: key.to_owned(),
        value: value.to_owned(),
        source: source.to_owned(),
        pending: pending.map(|(value, _)| value.to_owned()),
        takes: pending.map(|(_, takes)| takes),
    };
    let file = ".task_orchestrator/config.toml:12";
    vec![
        entry("front.max_sessions", "1000", "default", None),
        entry("buffer.expiry", "\"5 min\"", file, Some(("\"10 min\"", Takes::Reload))),
        entry("store.synchronous", "\"full\"", "TASK_ORCHESTRATOR_STORE_SYNCHRONOUS", None),
        entry("store.readers", "4", "default", Some(("8", Takes::Restart))),
        entry("access.socket_group", "\"\"", "default", Some(("\"ops\"", Takes::Stop))),
        entry("log.level", "\"info\"", "default", None),
    ]
}

/// What a health check has found: something to look at, where `alerts` are wanted.
pub(crate) fn health(alerts: bool) -> Box<Health> {
    let connected = Checks {
        reboot_readiness: Some(RebootReadiness {
            ready: !alerts,
            issues: if alerts { vec!["the snapshot cannot be written".to_owned()] } else { Vec::new() },
            details: ReadinessDetails {
                maintenance_mode: false,
                shutdown_in_progress: false,
                state_manager_initialized: true,
                state_manager_accessible: !alerts,
            },
        }),
        database: Some(DatabaseCheck {
            connected: true,
            status: Level::Healthy,
            integrity: "ok".to_owned(),
            schema_version: Some(3),
            size_bytes: Some(1 << 20),
            wal_bytes: Some(0),
            transactions_pending: Some(0),
            connections_open: Some(4),
            latency_ms: Some(0.2),
            age_ms: Some(400),
        }),
        connections: Some(ConnectionsCheck {
            active_connections: 7,
            by_transport: [("stdio".to_owned(), 7)].into(),
            by_state: [("active".to_owned(), 2), ("idle".to_owned(), 5)].into(),
            status: Level::Healthy,
        }),
        worker: WorkerCheck {
            pid: Some(4200),
            generation: 12,
            rss_bytes: Some(13 << 20),
            last_heartbeat_ms: Some(400),
            in_flight: 2,
            crashes: 1,
            status: Level::Healthy,
        },
        disk: DiskCheck {
            free_bytes: Some(if alerts { 40 << 20 } else { 80 << 30 }),
            status: if alerts { Level::Unhealthy } else { Level::Healthy },
        },
        memory: MemoryCheck {
            front_rss_bytes: Some(14 << 20),
            worker_rss_bytes: Some(13 << 20),
            buffered_bytes: 0,
        },
        state: StateCheck {
            current_state_bytes: Some(4096),
            backups: 8,
            last_verified: Some(at(-60)),
            status: Level::Healthy,
        },
    };
    let raised = Alert {
        kind: "snapshot_broken".to_owned(),
        detail: "backup_state_03.json cannot be read from end to end".to_owned(),
        raised_at: at(-900),
        times: 2,
    };
    Box::new(Health {
        healthy: !alerts,
        status: if alerts { Level::Unhealthy } else { Level::Healthy },
        timestamp: at(-5),
        server_version: "0.1.0".to_owned(),
        uptime_seconds: 3600,
        safe_mode: None,
        alerts: if alerts { vec![raised] } else { Vec::new() },
        checks: connected,
    })
}

/// Figures of the last minute and a half, with a gap.
pub(crate) fn curves(model: &mut Model) {
    let Some(seen) = model.seen.clone() else { return };
    model.series = crate::model::series::Series::default();
    for second in 0..=90u32 {
        let mut view = seen.view.clone();
        let wave = f64::from(second % 13);
        view.traffic.requests_per_second = 150.0 + 10.0 * wave;
        view.traffic.p50_ms = (!(30..=40).contains(&second)).then_some(0.3 + wave / 50.0);
        view.traffic.p99_ms = (!(30..=40).contains(&second)).then_some(2.0 + wave / 5.0);
        view.traffic.front_rss_bytes = Some((14 << 20) + (u64::from(second) << 14));
        view.server.reconnections = u64::from(second / 30) + 18;
        let ago = Duration::from_secs(u64::from(90 - second));
        let then = Now { running: now().running - ago, ..now() };
        model.series.take(&view, then);
    }
}
