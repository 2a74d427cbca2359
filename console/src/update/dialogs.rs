//! Questions: opened, checked against the world, answered.

mod facts;

use task_orchestrator_shared::admin::{Reply, Request};

use super::{ask, close, say, send};
use crate::action::ActionId;
use crate::heard::Tag;
use crate::model::dialog::{Ask, Dialog, Facts, NotYet};
use crate::model::prompt::{Choice, Choose, Item, Prompt};
use crate::model::{Model, Purpose, steps};
use crate::msg::Effect;
use crate::screen::Screen;
use crate::targets::TargetRow;
use crate::theme::Tone;
use crate::view::prompts;

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
    // The same word whatever is lost: a file's name of forty letters would be pasted, not read.
    let word = model.target.name.clone();
    let lines = facts::known(model, &what);
    let question = match &what {
        Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Rollback => Some(Request::Prepare),
        Ask::Restore(name) => Some(Request::PlanRestore { name: name.clone() }),
        Ask::Prune => Some(Request::PruneBackups { dry_run: true }),
        _ => None,
    };
    let (facts, effects) = match question {
        None => (Facts::Known(lines), Vec::new()),
        Some(question) => {
            let effects = ask(model, Purpose::Facts, question);
            // Too many questions wait already, which was said.
            let Some(Effect::Send { tag, .. }) = effects.first() else { return effects };
            (Facts::Asked(*tag, lines), effects)
        }
    };
    model.prompt = Prompt::Confirm(Box::new(Dialog::new(what, facts, word, world, model.now)));
    effects
}

/// Why there is nothing to do it to, where that is so: a question about nothing is not asked.
pub(super) fn pointless(model: &Model, id: ActionId) -> Option<&'static str> {
    let view = &model.seen.as_deref()?.view;
    let is_running = steps::running(view).is_some();
    match id {
        ActionId::CancelRestart if !is_running => Some("no restart runs"),
        ActionId::Rollback if !view.server.can_roll_back => Some("there is no previous build"),
        _ => None,
    }
}

/// The server has told what it would mean.
pub(super) fn answered(model: &mut Model, tag: Tag, reply: Result<Reply, String>) {
    let Prompt::Confirm(dialog) = &mut model.prompt else { return };
    let Facts::Asked(asked, lines) = &dialog.facts else { return };
    if *asked != tag {
        return;
    }
    dialog.facts = match reply {
        Err(why) => Facts::Refused(why),
        Ok(reply) => Facts::Known(facts::with(lines.clone(), &reply)),
    };
}

/// A dialog whose world has changed is void.
pub(super) fn check(model: &mut Model) {
    let world = model.world();
    if let Prompt::Confirm(dialog) = &mut model.prompt
        && dialog.void.is_none()
    {
        let gone = || model.seen.as_ref().and_then(|seen| dialog.ask.gone(&seen.view));
        dialog.void = dialog.void_in(world.as_ref()).or_else(gone);
    }
}

/// Confirms the dialog, where that is possible.
pub(super) fn confirm(model: &mut Model) -> Vec<Effect> {
    let (world, now) = (model.world(), model.now);
    // One intention, one key: the same over a new connection, another for the next dialog.
    let key = format!("console-{}-{}", model.nonce, model.last_tag + 1);
    // Without any size nothing is drawn, and what it would mean is told in another way.
    let is_seen = model.size == (0, 0) || prompts::fit(model.size);
    let Prompt::Confirm(dialog) = &mut model.prompt else { return Vec::new() };
    let order = if is_seen { dialog.confirm(world.as_ref(), key, now) } else { Err(NotYet::TooSmall) };
    match order {
        Err(not_yet) => {
            dialog.refused = Some(not_yet);
            Vec::new()
        }
        Ok(order) => {
            let what = dialog.ask.clone();
            close(model);
            let shows = is_restart(&what) && model.screen != Screen::Restarts;
            let mut effects = send(model, Purpose::Order(what), order);
            if shows {
                effects.extend(super::acts::go_to(model, Screen::Restarts));
            }
            effects
        }
    }
}

fn is_restart(what: &Ask) -> bool {
    matches!(what, Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Emergency | Ask::Rollback)
}

/// Lets one choose among workspaces.
pub(super) fn choose_target(model: &mut Model, targets: Vec<TargetRow>) -> Vec<Effect> {
    // They were looked for a while ago: what has come up since keeps its keys.
    if !matches!(model.prompt, Prompt::None) {
        return Vec::new();
    }
    if targets.is_empty() {
        let next = model
            .settings
            .keymap
            .hint(ActionId::StartServer)
            .map_or_else(String::new, |key| format!(": {key} starts one for this workspace"));
        say(model, Tone::Warn, format!("no workspace has a running server{next}"));
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

#[cfg(test)]
mod tests;
