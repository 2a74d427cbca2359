//! Questions: opened, checked against the world, answered.

use task_orchestrator_shared::admin::{Reply, Request};

use super::{ask, close, say, send};
use crate::action::Danger;
use crate::heard::Tag;
use crate::model::dialog::{Ask, Dialog, Facts};
use crate::model::prompt::{Choice, Choose, Item, Prompt};
use crate::model::{Model, Purpose, words};
use crate::msg::Effect;
use crate::targets::TargetRow;
use crate::theme::Tone;

/// Opens a question; says why where it cannot be asked.
pub(super) fn open(model: &mut Model, what: Ask) -> Vec<Effect> {
    let action = what.action().action();
    if let Some(why) = model.barred(action) {
        say(model, Tone::Warn, format!("{}: {why}", action.label));
        return Vec::new();
    }
    let Some(world) = model.world() else {
        say(model, Tone::Warn, format!("{}: there is no live connection to the server", action.label));
        return Vec::new();
    };
    let word = match &what {
        Ask::Restore(name) => name.clone(),
        Ask::Disconnect(client) => client.clone(),
        _ => model.target.name.clone(),
    };
    let lines = numbers(model, &what);
    let question = match &what {
        Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Rollback => Some(Request::Prepare),
        Ask::Restore(name) => Some(Request::PlanRestore { name: name.clone() }),
        Ask::Prune => Some(Request::PruneBackups { dry_run: true }),
        _ => None,
    };
    let effects = question.map_or_else(Vec::new, |question| ask(model, Purpose::Facts, question));
    let facts = match effects.first() {
        Some(Effect::Send { tag, .. }) => Facts::Asked(*tag, lines),
        _ => Facts::Known(lines),
    };
    model.prompt = Prompt::Confirm(Box::new(Dialog::new(what, facts, word, world, model.now)));
    effects
}

/// What is known without asking.
fn numbers(model: &Model, what: &Ask) -> Vec<String> {
    let Some(seen) = &model.seen else { return Vec::new() };
    let view = &seen.view;
    let clients = words::counted(view.sessions.len() as u64, "client", "clients");
    let in_flight = words::counted(view.traffic.in_flight, "request", "requests");
    match what {
        Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Rollback | Ask::Emergency | Ask::Stop => {
            vec![format!("{clients}, {in_flight} in flight{}", usually(view))]
        }
        Ask::Maintenance(true) => vec![format!(
            "{clients}: new requests wait until it is switched off, {} each at most",
            words::millis(view.limits.buffer_expiry_seconds * 1000.0)
        )],
        Ask::Maintenance(false) => {
            let waiting = view.buffers.as_ref().map_or(0, |buffers| buffers.total_buffered_requests);
            vec![format!("{} that wait are sent on", words::counted(waiting, "request", "requests"))]
        }
        _ => Vec::new(),
    }
}

/// What a restart usually takes, from those that went well.
fn usually(view: &task_orchestrator_shared::admin::view::View) -> String {
    let mut took: Vec<f64> = view
        .history
        .iter()
        .flat_map(|history| &history.recent)
        .filter(|past| past.success)
        .map(|past| past.duration * 1000.0)
        .collect();
    took.sort_by(f64::total_cmp);
    took.get(took.len() / 2)
        .map_or_else(String::new, |middle| format!(", usually {}", words::millis(*middle)))
}

/// The server has told what it would mean.
pub(super) fn facts(model: &mut Model, tag: Tag, reply: Result<Reply, String>) {
    let Prompt::Confirm(dialog) = &mut model.prompt else { return };
    let Facts::Asked(asked, lines) = &dialog.facts else { return };
    if *asked != tag {
        return;
    }
    let mut lines = lines.clone();
    dialog.facts = match reply {
        Err(why) => Facts::Refused(why),
        Ok(reply) => {
            lines.extend(meaning(&reply));
            Facts::Known(lines)
        }
    };
}

fn meaning(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Readiness(readiness) => {
            let tasks = readiness.checks.active_tasks.as_ref().map(|tasks| {
                format!(
                    "{} suspended at a checkpoint",
                    words::counted(tasks.suspendable, "long call is", "long calls are")
                )
            });
            let issues = readiness.blocking_issues.iter().map(|issue| format!("in the way: {issue}"));
            tasks.into_iter().chain(issues).collect()
        }
        Reply::RestorePlan(plan) => {
            let mut lines = vec![format!(
                "{} tasks afterwards; {} would be lost, {} set back",
                plan.tasks, plan.gone, plan.older
            )];
            lines.extend(plan.unknown.clone());
            lines.extend(
                plan.first
                    .iter()
                    .take(5)
                    .map(|task| format!("{} {}", if task.gone { "lost:" } else { "set back:" }, task.title)),
            );
            lines
        }
        Reply::Pruned(pruned) => {
            let mut lines = vec![format!(
                "{} would be removed, {} compressed",
                pruned.removed.len(),
                pruned.compressed.len()
            )];
            lines.extend(pruned.removed.iter().take(8).map(|name| format!("remove {name}")));
            lines
        }
        _ => Vec::new(),
    }
}

/// A dialog whose world has changed is void.
pub(super) fn check(model: &mut Model) {
    let world = model.world();
    if let Prompt::Confirm(dialog) = &mut model.prompt
        && dialog.void.is_none()
    {
        dialog.void = dialog.world.void(world.as_ref());
    }
}

/// Confirms the dialog, where that is possible.
pub(super) fn confirm(model: &mut Model) -> Vec<Effect> {
    let (world, now) = (model.world(), model.now);
    // One intention, one key: the same over a new connection, another for the next dialog.
    let key = format!("console-{}-{}", model.nonce, model.last_tag + 1);
    let Prompt::Confirm(dialog) = &mut model.prompt else { return Vec::new() };
    match dialog.confirm(world.as_ref(), key, now) {
        Err(not_yet) => {
            dialog.refused = Some(not_yet);
            Vec::new()
        }
        Ok(order) => {
            let what = dialog.ask.clone();
            close(model);
            if what.action().action().danger >= Danger::Confirm && is_restart(&what) {
                model.screen = crate::screen::Screen::Restarts;
            }
            send(model, Purpose::Order(what), order)
        }
    }
}

fn is_restart(what: &Ask) -> bool {
    matches!(what, Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Emergency | Ask::Rollback)
}

/// Lets one choose among workspaces.
pub(super) fn choose_target(model: &mut Model, targets: Vec<TargetRow>) -> Vec<Effect> {
    if targets.is_empty() {
        say(model, Tone::Warn, "no workspace has a running server".to_owned());
        return Vec::new();
    }
    let here = &model.target.workspace;
    let items = targets.iter().map(|target| Item {
        label: target.workspace.display().to_string(),
        detail: target.detail.clone(),
        is_on: target.workspace == *here,
    });
    let items: Vec<Item> = items.collect();
    let at = items.iter().position(|item| item.is_on).unwrap_or(0);
    model.prompt = Prompt::Choose(Choose {
        what: Choice::Target(targets),
        title: "Workspaces with a running server".to_owned(),
        items,
        at,
    });
    Vec::new()
}
