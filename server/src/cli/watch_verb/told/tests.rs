//! Each change with the lines that it is told by.

use task_orchestrator_shared::admin::audit::{Actor, Attempt, AuditEvent, AuditRecord};
use task_orchestrator_shared::admin::backup::Backup;
use task_orchestrator_shared::admin::view::*;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{Alert, Level};
use task_orchestrator_shared::restart::{Outcome, RestartEvent};
use task_orchestrator_shared::role::Operation;

use super::*;
use crate::cli::tests::samples;

fn lines(before: &View, change: Change) -> Vec<String> {
    told(before, &change).into_iter().map(|line| line.text).collect()
}

fn server(change: impl FnOnce(&mut ServerView)) -> Change {
    let mut server = samples::view().server;
    change(&mut server);
    Change::Server(Box::new(server))
}

fn restart(outcome: Option<Outcome>, phase: Phase) -> RestartView {
    let mut report = samples::report(Outcome::Complete);
    (report.outcome, report.phase) = (outcome, phase);
    RestartView { report, progress: None, build_output: Vec::new() }
}

#[test]
fn the_server_s_states_are_told_when_they_begin_and_end() {
    let view = samples::view();
    let held = server(|server| (server.held_by_operator, server.maintenance_mode) = (true, true));
    assert_eq!(told(&view, &held), [Line::warning("maintenance on: new requests are held back")]);
    let mut after = view.clone();
    after.change(held);
    assert_eq!(told(&after, &server(|_| {})), [Line::good("maintenance off: requests go through")]);
    let safe = server(|server| {
        server.safe_mode = Some("4 crashes\x1b".to_owned());
        (server.crashes, server.generation) = (4, 4);
    });
    assert_eq!(
        lines(&view, safe.clone()),
        ["generation 4 begins", "4 crashes of the worker", "safe mode: 4 crashes "]
    );
    let mut after = view.clone();
    after.change(safe.clone());
    assert_eq!(told(&after, &safe), [], "what stays is not told again");
    assert_eq!(lines(&view, server(|server| server.replayed = 9)), [""; 0]);
}

#[test]
fn a_restart_begins_goes_through_its_phases_and_ends() {
    let mut view = samples::view();
    let begin = Change::Restart(Box::new(restart(None, Phase::Preparation)));
    assert_eq!(
        lines(&view, begin.clone()),
        [
            "restart r-7 begins: graceful, schema_migration of admin:uid=1000, for [2J later",
            "    1.2 s  preparation             the new worker serves",
        ]
    );
    view.change(begin);
    let progress = |phase| match samples::progress(phase, "goes on") {
        RestartEvent::Progress(progress) => Change::Progress(Box::new(progress)),
        other => panic!("{other:?}"),
    };
    assert_eq!(lines(&view, progress(Phase::Preparation)), [""; 0], "the same phase is not told again");
    assert_eq!(lines(&view, progress(Phase::ProcessRestart)), ["   412 ms  process_restart         goes on"]);
    assert_eq!(lines(&view, Change::BuildOutput("warn\x1b[31m".to_owned())), ["  | warn [31m"]);
    let end = Change::Restart(Box::new(restart(Some(Outcome::Complete), Phase::Complete)));
    let expected = "restart r-7 is complete after 1.2 s; nobody waited more than 0.61 ms";
    assert_eq!(told(&view, &end), [Line::good(expected)]);
    view.change(end.clone());
    assert_eq!(told(&view, &end), []);

    let report = samples::failed(ErrorCode::WorkerUnavailable);
    let failed = RestartView { report, progress: None, build_output: Vec::new() };
    let failed = told(&samples::view(), &Change::Restart(Box::new(failed)));
    assert_eq!(failed.len(), 3, "begin, end and error of one that was not seen: {failed:?}");
    assert_eq!(failed[2], Line::bad("RESTART_006 in preparation: it broke in two lines"));
}

#[test]
fn workers_and_clients_come_change_and_go() {
    let view = samples::view();
    let mut next = samples::worker(33, WorkerRole::Standby);
    next.ready = false;
    let both = Change::Workers(vec![view.workers[0].clone(), next]);
    assert_eq!(lines(&view, both.clone()), ["worker 33 started (version 1.0.0 0123456789ab): it stands by"]);
    let mut after = view.clone();
    after.change(both);
    let taken = vec![samples::worker(33, WorkerRole::Active)];
    assert_eq!(
        lines(&after, Change::Workers(taken)),
        ["worker 33 serves", "worker 33 is ready (version 1.0.0 0123456789ab)", "worker 22 is gone",]
    );
    let session = |session| Change::Session(Box::new(session));
    assert_eq!(lines(&view, session(samples::session(4, None))), ["client 4 attached (pid 94)"]);
    assert_eq!(lines(&view, session(samples::session(1, Some("cursor")))), ["client 1 is cursor 1.2"]);
    let mut back = samples::session(3, Some("claude-code"));
    back.reconnects += 1;
    assert_eq!(lines(&view, session(back)), ["client 3 (claude-code 1.2) came back"]);
    assert_eq!(lines(&view, Change::SessionEnded(3)), ["client 3 (claude-code 1.2) is gone"]);
    let mut figures = view.sessions[0].figures;
    figures.requests += 1;
    assert_eq!(lines(&view, Change::Figures(vec![SessionRow::new(1, figures)])), [""; 0]);
    figures.state = SessionState::Slow;
    let rows = vec![SessionRow::new(1, figures), SessionRow::new(77, figures)];
    assert_eq!(lines(&view, Change::Figures(rows)), ["client 1 does not read"]);
}

#[test]
fn backups_dead_letters_and_alerts_are_told_once_they_are_known() {
    let mut view = samples::view();
    let backup = |name: &str, verified| Backup {
        name: name.to_owned(),
        kind: "database".to_owned(),
        size_bytes: 2048,
        taken_at: "2026-01-02T03:04:05Z".to_owned(),
        generation: None,
        compressed: false,
        verified,
        pinned: false,
        due: None,
        remove_at: None,
    };
    let backups = Change::Backups(vec![backup("old.db", None)]);
    assert_eq!(lines(&view, backups.clone()), [""; 0], "those that there were are no news");
    view.change(backups);
    let next = Change::Backups(vec![backup("new.db", Some(false))]);
    assert_eq!(
        lines(&view, next),
        ["backup new.db: taken, 2.0 KiB", "backup new.db: broken", "backup old.db: removed"]
    );
    view.change(Change::DeadLetters(Vec::new()));
    let letters = Change::DeadLetters(vec![samples::dead_letter(None)]);
    assert_eq!(
        lines(&view, letters.clone()),
        ["dead letter 3: tools/call orchestrator_plan_task of c-1 (RESTART_012)"]
    );
    view.change(letters);
    assert_eq!(lines(&view, Change::DeadLetters(Vec::new())), ["dead letter 3 is gone"]);

    let mut ill = samples::health(Level::Degraded);
    let (kind, detail) = ("safe_mode".to_owned(), "so it is".to_owned());
    ill.alerts = vec![Alert { kind, detail, raised_at: "now".to_owned(), times: 1 }];
    let ill = Change::Health(Box::new(ill));
    assert_eq!(told(&view, &ill), [Line::bad("alert safe_mode since now: so it is")]);
    view.change(ill);
    let well = Change::Health(Box::new(samples::health(Level::Healthy)));
    assert_eq!(told(&view, &well), [Line::good("alert safe_mode: over")]);
    let limits = Limits { log_level: "debug".to_owned(), ..Limits::default() };
    assert_eq!(lines(&view, Change::Limits(limits)), ["the log's level is debug"]);
}

#[test]
fn who_changes_something_and_who_may_not_is_told() {
    let attempt = Box::new(Attempt {
        actor: Actor {
            transport: "admin".to_owned(),
            source_ip: None,
            token: None,
            uid: 1000,
            user: None,
            gid: 1000,
            pid: None,
            client: None,
            role: None,
        },
        operation: Operation::DisconnectSession,
        method: "disconnect_session".to_owned(),
        target: Some("c-1".to_owned()),
        parameters: serde_json::Value::Null,
        reason: Some("it floods".to_owned()),
        idempotency_key: None,
    });
    let record =
        |event| AuditRecord { seq: 1, at: String::new(), event, prev: String::new(), mac: String::new() };
    let records = vec![
        record(AuditEvent::Intent(attempt.clone())),
        record(AuditEvent::Allowed(attempt.clone())),
        record(AuditEvent::Denied { attempt, why: "no role".to_owned() }),
    ];
    assert_eq!(
        lines(&samples::view(), Change::Audit(records)),
        [
            "uid 1000 does disconnect_session c-1: it floods",
            "uid 1000 was denied disconnect_session: no role",
        ]
    );
}
