use serde_json::json;
use task_orchestrator_shared::admin::backup::{Pruned, Restored, Verified};
use task_orchestrator_shared::admin::config::Reloaded;
use task_orchestrator_shared::admin::reply::{Done, Stopping};
use task_orchestrator_shared::restart::StateReport;

use super::*;

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn each_answer_to_an_order_is_a_sentence() {
    let reloaded = Reloaded {
        applied: keys(&["log.level", "buffer.expiry", "state.backups", "restart.timeout"]),
        needs_restart: keys(&["store.readers"]),
        needs_stop: Vec::new(),
    };
    let restored = Restored {
        name: "a.json".to_owned(),
        tasks: 1,
        kept: Some("old.db".to_owned()),
        lost: Some("lost.json".to_owned()),
        held_ms: 81.4,
    };
    let broken = Verified { name: "b.json".to_owned(), problem: Some("cut off".to_owned()) };
    let pruned = Pruned { removed: keys(&["c"]), broken: vec![broken], ..Pruned::default() };
    let state = StateReport {
        snapshot: "current_state.json".to_owned(),
        sha256: String::new(),
        size_bytes: 4096,
        active_tasks: 12,
        client_sessions: 3,
    };
    let table = [
        (
            Reply::Reloaded(Box::new(reloaded)),
            Tone::Warn,
            "configuration read again: in force: log.level, buffer.expiry, state.backups and 1 more; after a restart: store.readers",
        ),
        (Reply::Reloaded(Box::default()), Tone::Good, "configuration read again: nothing has changed"),
        (
            Reply::Restored(Box::new(restored)),
            Tone::Good,
            "a.json restored: 1 task, requests held 81 ms; the database before is old.db; what was lost is in lost.json",
        ),
        (Reply::Pruned(Box::new(pruned)), Tone::Bad, "1 removed, 0 compressed; NOT GOOD: b.json"),
        (Reply::Pruned(Box::default()), Tone::Good, "nothing to remove or to compress"),
        (
            Reply::Snapshot(Box::new(state)),
            Tone::Good,
            "snapshot current_state.json taken and verified: 12 open tasks, 3 sessions, 4.0 KiB",
        ),
        (
            Reply::Retried(json!({ "id": 1, "error": { "code": -32602, "message": "no such task" } })),
            Tone::Bad,
            "tried again: the worker refused it: no such task",
        ),
        (
            Reply::Retried(json!({ "result": { "isError": true } })),
            Tone::Bad,
            "tried again: the worker answered with an error",
        ),
        (Reply::Retried(json!({ "result": {} })), Tone::Good, "tried again: the worker has carried it out"),
        (
            Reply::Stopping(Stopping { pid: 41, sessions: 1 }),
            Tone::Warn,
            "the server (process 41) ends, and 1 session ends with it",
        ),
        (Reply::Done(Done { message: "pinned".to_owned() }), Tone::Good, "pinned"),
    ];
    for (reply, tone, text) in table {
        assert_eq!(of("label", &reply), (tone, text.to_owned()));
    }
}
