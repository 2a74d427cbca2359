//! What a sample server answers when it is asked for one session and for the tasks.

use task_orchestrator_shared::admin::session_detail::{
    RequestPlace, SessionDetail, SessionMoment, SessionRequest,
};
use task_orchestrator_shared::admin::tasks::{SuspendedCall, TaskCounts, TaskRow, TaskRowKind, TaskTree};

use super::{at, now, session};
use crate::model::known::{Fetched, Held};

/// What is asked of a session: requests at every place, and what happened.
pub(crate) fn detail(number: u64) -> SessionDetail {
    let request = |at: u64| SessionRequest {
        sequence: 90 + at,
        method: ["tools/call orchestrator_plan_task", "tools/list", "ping"][at as usize % 3].to_owned(),
        place: [RequestPlace::InFlight, RequestPlace::Buffered, RequestPlace::Front][at.min(2) as usize],
        worker_pid: (at == 0).then_some(4200),
        age_ms: 5000 / (at + 1),
        bytes: 512 * (at + 1),
        replayed: at == 0,
    };
    let moment = |(at, what, detail): (i64, &str, &str)| SessionMoment {
        at: super::at(at),
        what: what.to_owned(),
        detail: detail.to_owned(),
    };
    SessionDetail {
        at: at(0),
        client: session(number).client,
        number,
        requests: (0..number % 8).map(request).collect(),
        left_out: 0,
        history: [
            (-900, "attached", "by stdio"),
            (-300, "went_away", "the connection ended"),
            (-299, "came_back", "after 0.8 s"),
        ]
        .map(moment)
        .to_vec(),
    }
}

/// The work in the database: a session with a plan, another one, and a call with a checkpoint.
pub(crate) fn tasks() -> Fetched<TaskTree> {
    let row = |kind, depth, id: &str, title: &str, status: &str, parts: Option<(u64, u64)>| TaskRow {
        kind,
        depth,
        id: id.to_owned(),
        title: title.to_owned(),
        status: status.to_owned(),
        specialist: (kind != TaskRowKind::Session).then(|| "developer".to_owned()),
        done: parts.map(|(done, _)| done),
        total: parts.map(|(_, total)| total),
        waits_for: if status == "blocked" {
            vec!["Design the schema".to_owned(), "Ask the owners".to_owned()]
        } else {
            Vec::new()
        },
        updated_at: at(-40 * i64::from(depth)),
    };
    let tree = TaskTree {
        at: at(0),
        generation: 12,
        rows: vec![
            row(TaskRowKind::Session, 0, "s1", "Shop", "active", Some((1, 4))),
            row(TaskRowKind::Plan, 1, "p1", "Migrate the orders", "active", Some((1, 2))),
            row(TaskRowKind::Task, 2, "t1", "Design the schema", "completed", None),
            row(TaskRowKind::Task, 2, "t2", "Write the migration", "failed", None),
            row(TaskRowKind::Task, 1, "t3", "Deploy to staging", "blocked", None),
            row(TaskRowKind::Session, 0, "s2", "Web", "active", None),
            row(TaskRowKind::Task, 1, "t4", "Deploy the site", "pending", None),
            row(TaskRowKind::Task, 1, "t5", "Retire the old site", "suspended", None),
        ],
        left_out: 0,
        counts: TaskCounts {
            pending: 1,
            blocked: 1,
            suspended: 1,
            completed: 1,
            failed: 1,
            ..Default::default()
        },
        suspended: vec![SuspendedCall {
            client: session(1).client,
            tool: "orchestrator_synthesize_results".to_owned(),
            checkpoint: "stopped behind 40 of 90 artifacts".to_owned(),
            at: at(-12),
        }],
    };
    let held = Held { value: tree, at: now(), boot: "boot-1".to_owned() };
    Fetched::Have(Box::new(held))
}
