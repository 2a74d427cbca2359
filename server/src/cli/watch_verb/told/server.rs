//! What has become of the server itself.

use task_orchestrator_shared::admin::view::ServerView;

use super::Line;
use crate::cli::render::text::{clean, count};

/// From one to the other.
pub(super) fn server(before: &ServerView, after: &ServerView) -> Vec<Line> {
    let mut lines = Vec::new();
    if before.generation != after.generation {
        lines.push(Line::plain(format!("generation {} begins", after.generation)));
    }
    let crashes = after.crashes.saturating_sub(before.crashes);
    if crashes > 0 {
        lines.push(Line::bad(format!("{} of the worker", count(crashes, "crash", "crashes"))));
    }
    let quarantined = after.quarantined.saturating_sub(before.quarantined);
    if quarantined > 0 {
        let requests = count(quarantined, "request was", "requests were");
        lines.push(Line::warning(format!("{requests} given up: two workers ended on it")));
    }
    if before.held_by_operator != after.held_by_operator {
        lines.push(match after.held_by_operator {
            true => Line::warning("maintenance on: new requests are held back"),
            false => Line::good("maintenance off: requests go through"),
        });
    }
    if before.on_probation != after.on_probation {
        lines.push(Line::plain(match after.on_probation {
            true => "the new build is on probation",
            false => "the probation is over",
        }));
    }
    for (name, before, after) in [
        ("safe mode", &before.safe_mode, &after.safe_mode),
        ("requests are refused", &before.refusal, &after.refusal),
        ("the audit cannot be written", &before.audit_failure, &after.audit_failure),
    ] {
        lines.extend(state(name, before.as_deref(), after.as_deref()));
    }
    lines
}

/// Something that is so for a reason, or is not.
fn state(name: &str, before: Option<&str>, after: Option<&str>) -> Option<Line> {
    match (before, after) {
        (before, after) if before == after => None,
        (_, Some(why)) => Some(Line::bad(format!("{name}: {}", clean(why)))),
        (_, None) => Some(Line::good(format!("{name}: over"))),
    }
}
