//! What is shown while nothing is known of a server yet: what is tried, why it failed,
//! when it is tried again, and what can be done.

use ratatui::layout::Rect;

use super::{chrome, upgrade};
use crate::action::ActionId;
use crate::heard::LostKind;
use crate::model::link_state::{LinkState, Lost};
use crate::model::{Model, words};
use crate::msg::Hit;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, Pen};

/// Rows from which on there is room for more than the most important.
const ROOMY: u16 = 12;

/// Draws it into the place of the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let is_roomy = area.height >= ROOMY;
    let [_, area] = canvas.split_top(area, u16::from(is_roomy));
    let [_, area] = canvas.split_left(area, if area.width > 60 { 4 } else { 0 });
    let area = Rect { width: area.width.min(90), ..area };
    let mut pen = Pen::new(canvas, area);
    let (symbol, tone, said) = chrome::link(model);
    pen.signed(symbol, tone, &said);
    if is_roomy {
        let workspace = model.target.workspace.display().to_string();
        let workspace = if workspace.is_empty() { "this directory".to_owned() } else { workspace };
        pen.text(Tone::Plain, &format!("Looks for the server of {workspace}."), 2);
        pen.take();
    }
    why(model, &mut pen, is_roomy);
    if is_roomy {
        pen.take();
    }
    can_be_done(model, &mut pen);
}

fn why(model: &Model, pen: &mut Pen<'_, '_>, is_roomy: bool) {
    match &model.link {
        LinkState::Connecting { last: None, .. } => {
            pen.line([(Tone::Plain, "The first attempt is being made.")]);
        }
        LinkState::Live(_) | LinkState::Stale { .. } => {
            pen.line([(Tone::Plain, "Connected. Its state is on its way.")]);
        }
        LinkState::Connecting { last: Some(lost), .. } | LinkState::Waiting { lost, .. } => {
            self::lost(model, lost, pen, is_roomy);
        }
        LinkState::Incompatible { welcome, skew } => pen.text(Tone::Warn, &upgrade(welcome, *skew), 4),
        LinkState::Denied { why, .. } => denied(why, pen, is_roomy),
    }
}

fn lost(model: &Model, lost: &Lost, pen: &mut Pen<'_, '_>, is_roomy: bool) {
    let at = words::time(lost.at.wall, model.now.wall, &model.settings.zone);
    let why = lost.why.trim_end_matches('.');
    pen.text(Tone::Bad, &format!("Since {at}: {why}."), if is_roomy { 4 } else { 2 });
    if lost.kind == LostKind::NoServer && is_roomy {
        pen.text(Tone::Plain, "The first MCP client that connects starts one as well.", 2);
    }
    if model.is_starting {
        pen.signed(Symbol::Busy, Tone::Busy, "A server is being started.");
    }
}

fn denied(why: &str, pen: &mut Pen<'_, '_>, is_roomy: bool) {
    pen.text(Tone::Bad, why, if is_roomy { 4 } else { 2 });
    let grants = if is_roomy {
        "The owner of the server, or an administrator, can grant you a role: `access.grants` in its \
         configuration. It holds from the next attempt on."
    } else {
        "An administrator can grant you a role."
    };
    pen.text(Tone::Plain, grants, 4);
}

fn can_be_done(model: &Model, pen: &mut Pen<'_, '_>) {
    let kind = match &model.link {
        LinkState::Waiting { lost, .. } => Some(lost.kind),
        LinkState::Connecting { last, .. } => last.as_ref().map(|lost| lost.kind),
        _ => None,
    };
    let can_start = kind == Some(LostKind::NoServer) && !model.is_starting;
    let can_retry = matches!(model.link, LinkState::Waiting { .. } | LinkState::Denied { .. });
    let all = [
        (can_start, ActionId::StartServer, "starts a server here"),
        (can_retry, ActionId::Refresh, "tries again now"),
        (true, ActionId::Targets, "shows other workspaces"),
        (true, ActionId::Quit, "ends the console"),
    ];
    for (_, id, does) in all.into_iter().filter(|(holds, _, _)| *holds) {
        let Some(key) = model.settings.keymap.hint(id) else { continue };
        let before = pen.rest();
        pen.line([(Tone::Key, format!("{:>7} ", key.to_string())), (Tone::Plain, format!(" {does}"))]);
        let row = pen.canvas().row(before, 0);
        pen.canvas().hit(row, Hit::Action(id));
    }
}

#[cfg(test)]
mod tests;
