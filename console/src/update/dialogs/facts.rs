//! What something would mean, in numbers and sentences: from what is known, and from
//! what the server answers when it is asked. The first line is the one that decides.

use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::backup::{Pruned, RestorePlan};
use task_orchestrator_shared::admin::view::{SessionView, View};
use task_orchestrator_shared::report::Readiness;

use crate::model::dialog::Ask;
use crate::model::{Model, words};

/// Most lines that name one thing each; what is more is counted.
const MAX_NAMED: usize = 100;

/// What is known without asking.
pub(super) fn known(model: &Model, what: &Ask) -> Vec<String> {
    let Some(seen) = &model.seen else { return Vec::new() };
    let view = &seen.view;
    match what {
        Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Rollback => vec![concerned(view, None)],
        Ask::Emergency | Ask::Stop => vec![concerned(view, None)],
        Ask::CancelRestart => {
            vec![running(view).unwrap_or_else(|| "no restart runs: there is nothing to call off".to_owned())]
        }
        Ask::Maintenance(true) => vec![
            words::counted(view.sessions.len() as u64, "client", "clients"),
            format!(
                "new requests wait until it is switched off, {} each at most",
                words::millis(view.limits.buffer_expiry_seconds * 1000.0)
            ),
        ],
        Ask::Maintenance(false) => vec![format!("{}: sent on", waiting(view))],
        Ask::ClearBuffers(None) => vec![waiting(view)],
        Ask::ClearBuffers(Some(client)) | Ask::Disconnect(client) => {
            view.sessions.iter().find(|session| session.client == *client).map_or_else(Vec::new, session)
        }
        Ask::RetryLetter(id) | Ask::DiscardLetter(id) => letter(view, *id),
        Ask::Restore(name) => backup(view, name).into_iter().collect(),
        Ask::Prune => Vec::new(),
        Ask::Reload => vec!["what cannot change while the server runs is named afterwards".to_owned()],
    }
}

/// The same with what the server has answered.
pub(super) fn with(mut lines: Vec<String>, reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Readiness(readiness) => readiness_of(&mut lines, readiness),
        Reply::RestorePlan(plan) => restore_of(&mut lines, plan),
        Reply::Pruned(pruned) => pruned_of(&mut lines, pruned),
        _ => {}
    }
    lines
}

/// `7 clients, 3 in flight, 12 suspended, usually 90 ms`.
fn concerned(view: &View, suspended: Option<u64>) -> String {
    let mut parts = vec![
        words::counted(view.sessions.len() as u64, "client", "clients"),
        format!("{} in flight", view.traffic.in_flight),
    ];
    parts.extend(suspended.map(|count| format!("{count} suspended")));
    parts.extend(usually(view).map(|took| format!("usually {took}")));
    parts.join(", ")
}

/// What a restart usually takes: the middle one of those that went well.
fn usually(view: &View) -> Option<String> {
    let past = view.history.iter().flat_map(|history| &history.recent);
    let mut took: Vec<f64> = past.filter(|past| past.success).map(|past| past.duration * 1000.0).collect();
    took.sort_by(f64::total_cmp);
    took.get(took.len() / 2).map(|middle| words::millis(*middle))
}

fn waiting(view: &View) -> String {
    let buffers = view.buffers.as_ref();
    let count = buffers.map_or(0, |buffers| buffers.total_buffered_requests);
    let sessions = buffers.map_or(0, |buffers| buffers.sessions_with_buffers);
    let clients = words::counted(sessions, "client", "clients");
    format!("{} of {clients} {}", words::counted(count, "request", "requests"), verb(count))
}

const fn verb(count: u64) -> &'static str {
    if count == 1 { "waits" } else { "wait" }
}

fn running(view: &View) -> Option<String> {
    let report = &view.restart.as_ref()?.report;
    let since = words::millis(report.duration_ms);
    Some(format!("in phase {}, {since} since it began, {} held", report.phase, report.buffered_requests))
}

fn session(session: &SessionView) -> Vec<String> {
    let name = session.name.as_deref().unwrap_or("a client without a name");
    let figures = &session.figures;
    vec![
        format!("{} in flight, {} {}", figures.in_flight, figures.buffered, verb(figures.buffered)),
        format!("{name}, {}, {}", session.place(), session.client),
    ]
}

fn letter(view: &View, id: u64) -> Vec<String> {
    let letter = view.dead_letters.iter().flatten().find(|letter| letter.id == id);
    letter.map_or_else(Vec::new, |letter| {
        let tried = words::counted(u64::from(letter.retries), "more try", "more tries");
        vec![
            format!("{}, {}, {tried} so far", letter.method, words::bytes(letter.bytes)),
            format!("given up at {} for client {}", letter.at, letter.client),
        ]
    })
}

fn backup(view: &View, name: &str) -> Option<String> {
    let backup = view.backups.iter().flatten().find(|backup| backup.name == name)?;
    let verified = match backup.verified {
        Some(true) => "verified",
        Some(false) => "BROKEN at its last check",
        None => "never verified",
    };
    Some(format!(
        "{} taken {}, {}, {verified}",
        backup.kind,
        backup.taken_at,
        words::bytes(backup.size_bytes)
    ))
}

fn readiness_of(lines: &mut Vec<String>, readiness: &Readiness) {
    let suspended = readiness.checks.active_tasks.as_ref().map(|tasks| tasks.suspendable);
    if let (Some(first), Some(suspended)) = (lines.first_mut(), suspended) {
        // Before what it usually takes, where that is known.
        let at = first.find(", usually").unwrap_or(first.len());
        first.insert_str(at, &format!(", {suspended} suspended"));
    }
    lines.extend(readiness.blocking_issues.iter().map(|issue| format!("in the way: {issue}")));
}

fn restore_of(lines: &mut Vec<String>, plan: &RestorePlan) {
    lines.insert(0, format!("{} afterwards, {} lost, {} set back", tasks(plan.tasks), plan.gone, plan.older));
    lines.extend(plan.unknown.clone());
    if plan.artifacts > 0 {
        lines.push(format!(
            "{} that nothing would name",
            words::counted(plan.artifacts, "artifact", "artifacts")
        ));
    }
    if plan.links_left_out > 0 {
        lines.push(format!("{} left out", words::counted(plan.links_left_out, "link", "links")));
    }
    let named = plan.first.iter().map(|task| {
        let what = if task.gone { "lost:" } else { "set back:" };
        format!("{what} {} ({})", task.title, task.status)
    });
    name(lines, named, plan.gone.saturating_add(plan.older));
}

fn tasks(count: u64) -> String {
    words::counted(count, "task", "tasks")
}

fn pruned_of(lines: &mut Vec<String>, pruned: &Pruned) {
    let (removed, compressed) = (pruned.removed.len(), pruned.compressed.len());
    lines.insert(0, format!("{removed} removed, {compressed} compressed"));
    name(lines, pruned.removed.iter().map(|name| format!("remove {name}")), removed as u64);
    name(lines, pruned.compressed.iter().map(|name| format!("compress {name}")), compressed as u64);
}

/// Names the first, and counts those that are not named.
fn name(lines: &mut Vec<String>, named: impl Iterator<Item = String>, count: u64) {
    let before = lines.len();
    lines.extend(named.take(MAX_NAMED));
    let left = count.saturating_sub((lines.len() - before) as u64);
    if left > 0 {
        lines.push(format!("and {left} more"));
    }
}
