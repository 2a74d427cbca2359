//! What comes in over the admin channel.

use task_orchestrator_shared::admin::Welcome;
use task_orchestrator_shared::admin::view::{Change, Delta, View};

use super::answers;
use crate::action::ActionId;
use crate::heard::{Heard, LostKind};
use crate::model::link_state::{LinkState, Lost};
use crate::model::{Model, Now, Seen};
use crate::msg::Effect;
use crate::screen::Screen;

/// Takes something in.
pub(super) fn take(model: &mut Model, heard: Heard) -> Vec<Effect> {
    let now = model.now;
    // Answers have names that are never used twice.
    let is_named = matches!(heard, Heard::Answer { .. } | Heard::Event { .. } | Heard::Opened);
    if model.opening > 0 && !is_named {
        return Vec::new();
    }
    match heard {
        Heard::Opened => model.opening = model.opening.saturating_sub(1),
        Heard::Connecting { attempt } => connecting(model, attempt),
        Heard::Live { welcome } => {
            connected(model, &welcome);
            model.link = LinkState::Live(welcome);
        }
        Heard::Incompatible { welcome, skew } => {
            connected(model, &welcome);
            model.link = LinkState::Incompatible { welcome, skew };
        }
        Heard::View { view } => return whole(model, view),
        Heard::Delta { delta } => change(model, delta),
        Heard::Lost { why, kind, retry_in_ms } => {
            lost(model, why, kind, retry_in_ms);
            if kind == LostKind::NoServer && std::mem::take(&mut model.starts_unasked) {
                return super::acts::perform(model, ActionId::StartServer);
            }
        }
        Heard::Denied { why, retry_in_ms } => {
            let next = now.running + std::time::Duration::from_millis(retry_in_ms);
            disconnected(model);
            model.link = LinkState::Denied { why, next };
        }
        Heard::Silent => silent(model, now),
        Heard::Alive => alive(model),
        Heard::Answer { tag, answer } => return answers::take(model, tag, answer),
        Heard::Event { .. } => {}
        Heard::LogBegins { lines } => {
            model.logs.begin(lines);
            // The end of those before may have come after these were asked for, and these
            // after nobody wanted them any more.
            model.logs.is_followed = model.screen == Screen::Logs;
        }
        Heard::Log { lines } => model.logs.take(lines),
        Heard::LogEnds { why } => {
            model.logs.ended = Some(why);
            model.logs.is_followed = false;
        }
    }
    Vec::new()
}

fn connecting(model: &mut Model, attempt: u32) {
    let last = match std::mem::replace(&mut model.link, LinkState::Connecting { attempt, last: None }) {
        LinkState::Waiting { lost, .. } => Some(lost),
        LinkState::Connecting { last, .. } => last,
        LinkState::Denied { why, .. } => Some(Lost { why, kind: LostKind::Broken, at: model.now }),
        LinkState::Live(_) | LinkState::Stale { .. } | LinkState::Incompatible { .. } => None,
    };
    model.link = LinkState::Connecting { attempt, last };
}

/// There is a connection. What is known is of the one before, until this one tells.
fn connected(model: &mut Model, welcome: &Welcome) {
    model.target.workspace = std::path::PathBuf::from(&welcome.workspace);
    model.target.name = name_of(&welcome.workspace);
    (model.is_starting, model.uid) = (false, Some(welcome.you.uid));
    past(model);
}

/// There is no connection any more.
fn disconnected(model: &mut Model) {
    past(model);
    model.logs.is_followed = false;
    model.series.forget();
}

/// What is known was so, and holds until the next whole state only as that.
fn past(model: &mut Model) {
    if let Some(seen) = model.seen.as_deref_mut() {
        seen.is_current = false;
    }
}

/// What a workspace is called: the last part of its path.
pub(crate) fn name_of(workspace: &str) -> String {
    let last = workspace.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.is_empty() { workspace.to_owned() } else { last.to_owned() }
}

fn whole(model: &mut Model, view: Box<View>) -> Vec<Effect> {
    // Short as the time without it was, who looked elsewhere has to know.
    let is_another =
        |seen: &&Seen| seen.view.boot != view.boot && seen.view.server.workspace == view.server.workspace;
    if let Some(before) = model.seen.as_deref().filter(is_another) {
        let (old, new) = (before.view.server.pid, view.server.pid);
        let text = format!("another server process serves: pid {new}, before it pid {old}");
        super::say(model, crate::theme::Tone::Warn, text);
    }
    model.series.take(&view, model.now);
    let (at, restart_at) = (model.now, model.now);
    model.seen = Some(Box::new(Seen { view: *view, at, restart_at, is_current: true }));
    // What the screen asks for may be of the server before.
    super::poll::refresh(model)
}

fn change(model: &mut Model, delta: Delta) {
    let Some(seen) = model.seen.as_deref_mut() else { return };
    let is_of_restart =
        delta.changes.iter().any(|change| matches!(change, Change::Restart(_) | Change::Progress(_)));
    // The link tells of a new whole state where there is a gap: until then what is
    // shown is what was so.
    if seen.view.apply(delta).is_err() {
        seen.is_current = false;
        return;
    }
    seen.at = model.now;
    if is_of_restart {
        seen.restart_at = model.now;
    }
    model.series.take(&seen.view, model.now);
}

fn lost(model: &mut Model, why: String, kind: LostKind, retry_in_ms: u64) {
    let next = model.now.running + std::time::Duration::from_millis(retry_in_ms);
    let (attempt, at) = match &model.link {
        LinkState::Connecting { attempt, last } => {
            (attempt.saturating_add(1), last.as_ref().map_or(model.now, |lost| lost.at))
        }
        LinkState::Waiting { attempt, lost, .. } => (*attempt, lost.at),
        _ => (1, model.now),
    };
    model.link = LinkState::Waiting { attempt, lost: Lost { why, kind, at }, next };
    disconnected(model);
}

fn silent(model: &mut Model, now: Now) {
    if let LinkState::Live(welcome) | LinkState::Incompatible { welcome, .. } = &model.link {
        let since = model.seen.as_ref().map_or(now, |seen| seen.at);
        model.link = LinkState::Stale { welcome: welcome.clone(), since };
    }
}

fn alive(model: &mut Model) {
    if let LinkState::Stale { welcome, .. } = &model.link {
        let welcome = welcome.clone();
        model.link = match welcome.skew {
            Some(skew) => LinkState::Incompatible { welcome, skew },
            None => LinkState::Live(welcome),
        };
    }
    // It lives: nothing has changed since it was heard last.
    if let Some(seen) = model.seen.as_deref_mut().filter(|seen| seen.is_current) {
        seen.at = model.now;
    }
}
