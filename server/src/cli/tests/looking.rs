//! `tasks` and `session`: what is asked, and the pages letter by letter.

use std::io::Write;

use task_orchestrator_shared::admin::session_detail::{
    RequestPlace, SessionDetail, SessionMoment, SessionRequest,
};
use task_orchestrator_shared::admin::tasks::{SuspendedCall, TaskCounts, TaskRow, TaskRowKind, TaskTree};
use task_orchestrator_shared::admin::{Reply, Request};

use super::samples;
use super::served::{Served, Who, object};
use crate::cli::render::{session, tasks};
use crate::cli::screen::Paint;
use crate::exit::Exit;

fn shown(print: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn row(kind: TaskRowKind, depth: u8, id: &str, status: &str) -> TaskRow {
    TaskRow {
        kind,
        depth,
        id: id.to_owned(),
        title: format!("the {id}\x1b"),
        status: status.to_owned(),
        specialist: (kind != TaskRowKind::Session).then(|| "tester".to_owned()),
        done: (kind != TaskRowKind::Task).then_some(1),
        total: (kind != TaskRowKind::Task).then_some(3),
        waits_for: Vec::new(),
        updated_at: "2026-01-02T03:04:05Z".to_owned(),
    }
}

fn work() -> TaskTree {
    let task = TaskRow {
        waits_for: vec!["the first".to_owned(), "the second".to_owned()],
        ..row(TaskRowKind::Task, 2, "t-1", "pending")
    };
    TaskTree {
        at: String::new(),
        generation: 3,
        rows: vec![
            row(TaskRowKind::Session, 0, "s-1", "active"),
            row(TaskRowKind::Plan, 1, "p-1", "active"),
            task,
        ],
        left_out: 7,
        counts: TaskCounts { pending: 1, active: 1, completed: 8, ..TaskCounts::default() },
        suspended: vec![SuspendedCall {
            client: "0191f2a4-0000-7000-8000-000000000003".to_owned(),
            tool: "orchestrator_synthesize_results".to_owned(),
            checkpoint: "stopped after 500 of about 900 tasks, and goes on from there".to_owned(),
            at: "2026-01-02T03:04:06Z".to_owned(),
        }],
    }
}

fn client() -> SessionDetail {
    let request = |sequence, place, worker_pid, replayed| SessionRequest {
        sequence,
        method: "tools/call plan".to_owned(),
        place,
        worker_pid,
        age_ms: 1500,
        bytes: 2048,
        replayed,
    };
    SessionDetail {
        at: String::new(),
        client: "c-3".to_owned(),
        number: 3,
        requests: vec![
            request(4, RequestPlace::InFlight, Some(77), true),
            request(5, RequestPlace::Buffered, None, false),
            request(6, RequestPlace::Front, None, false),
        ],
        left_out: 1,
        history: vec![SessionMoment {
            at: "2026-01-02T03:04:05Z".to_owned(),
            what: "taken_over".to_owned(),
            detail: "served by generation 3 from here on".to_owned(),
        }],
    }
}

#[test]
fn the_work_is_a_tree_of_titles() {
    let text = shown(|out| tasks::tree(&work(), Paint::Plain, out));
    assert_eq!(
        text,
        "\
WORK          STATUS   DONE  ROLE    CHANGED               ID   WAITS FOR
the s-1       active   1/3   -       2026-01-02T03:04:05Z  s-1
  the p-1     active   1/3   tester  2026-01-02T03:04:05Z  p-1
    the t-1   pending  -     tester  2026-01-02T03:04:05Z  t-1  the first; the second

tasks: 1 active, 1 pending, 8 completed
not listed: 7 sessions and tasks

LONG CALL                        CLIENT    CHECKPOINT OF         HOW FAR
orchestrator_synthesize_results  00000003  2026-01-02T03:04:06Z  stopped after 500 of about 900 tasks, and goes on from there
"
    );
    assert_eq!(shown(|out| tasks::tree(&TaskTree::default(), Paint::Plain, out)), "no work yet\n");
}

#[test]
fn a_client_is_told_with_each_of_its_requests() {
    let text = shown(|out| session::detail(&client(), Paint::Plain, out));
    assert_eq!(
        text,
        "\
session     3 (c-3)

NO  REQUEST          WHERE      AGE    SIZE     SENT BEFORE
4   tools/call plan  worker 77  1.5 s  2.0 KiB  yes
5   tools/call plan  buffered   1.5 s  2.0 KiB  no
6   tools/call plan  server     1.5 s  2.0 KiB  no
and 1 request more

WHEN                  WHAT        IN WORDS
2026-01-02T03:04:05Z  taken over  served by generation 3 from here on
"
    );
    let quiet = SessionDetail { number: 1, client: "c".to_owned(), ..SessionDetail::default() };
    let text = shown(|out| session::detail(&quiet, Paint::Plain, out));
    assert_eq!(text, "session     1 (c)\nwaits for   nothing\n");
}

#[test]
fn the_verbs_ask_for_what_somebody_means() {
    let served = Served::viewing(Some(samples::view()), Reply::Session(Box::new(client())));
    let whole = samples::view().sessions[1].client.clone();
    for (typed, session) in [("3", whole.as_str()), ("00000003", whole.as_str()), ("nobody", "nobody")] {
        let printed = served.run(&format!("session {typed} --json"), Who::Script);
        assert_eq!((printed.exit, &object(&printed)["requests"][0]["worker_pid"]), (Exit::Done, &77.into()));
        assert_eq!(served.asked(), [Request::Session { session: session.to_owned() }]);
    }
    let served = Served::answering(Reply::Tasks(Box::new(work())));
    let printed = served.run("tasks --json", Who::Script);
    assert_eq!((object(&printed)["left_out"].clone(), served.asked()), (7.into(), vec![Request::Tasks]));
    assert!(served.run("tasks", Who::Script).out.starts_with("WORK"));
}
