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

/// Draws it into the place of the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let margin = u16::from(area.height > 12);
    let [_, area] = canvas.split_top(area, margin);
    let [_, area] = canvas.split_left(area, if area.width > 60 { 4 } else { 0 });
    let area = Rect { width: area.width.min(90), ..area };
    let mut pen = Pen::new(canvas, area);
    let (symbol, tone, said) = chrome::link(model);
    pen.signed(symbol, tone, &said);
    let workspace = model.target.workspace.display().to_string();
    let workspace = if workspace.is_empty() { "this directory".to_owned() } else { workspace };
    pen.text(Tone::Plain, &format!("Looks for the server of {workspace}."), 2);
    if pen.rows() > 5 {
        pen.take();
    }
    match &model.link {
        LinkState::Connecting { last: None, .. } => {
            pen.line([(Tone::Plain, "The first attempt is being made.")]);
        }
        LinkState::Live(_) | LinkState::Stale { .. } => {
            pen.line([(Tone::Plain, "Connected. Its state is on its way.")]);
        }
        LinkState::Connecting { last: Some(lost), .. } | LinkState::Waiting { lost, .. } => {
            self::lost(model, lost, &mut pen);
        }
        LinkState::Incompatible { welcome, skew } => pen.text(Tone::Warn, &upgrade(welcome, *skew), 4),
        LinkState::Denied { why, .. } => denied(why, &mut pen),
    }
    can_be_done(model, &mut pen);
}

fn lost(model: &Model, lost: &Lost, pen: &mut Pen<'_, '_>) {
    let at = words::time(lost.at.wall, model.now.wall, &model.settings.zone);
    pen.text(Tone::Bad, &format!("{}, since {at}.", lost.why.trim_end_matches('.')), 4);
    if lost.kind == LostKind::NoServer {
        pen.text(Tone::Plain, "The first MCP client that connects starts one as well.", 2);
    }
    if model.is_starting {
        pen.signed(Symbol::Busy, Tone::Busy, "A server is being started.");
    }
}

fn denied(why: &str, pen: &mut Pen<'_, '_>) {
    pen.text(Tone::Bad, why, 4);
    pen.text(
        Tone::Plain,
        "The owner of the server, or an administrator, can grant you a role: `access.grants` in its \
         configuration. It holds from the next attempt on.",
        4,
    );
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
        (can_start, ActionId::StartServer, "starts a server for this workspace"),
        (can_retry, ActionId::Refresh, "tries again now"),
        (true, ActionId::Targets, "shows other workspaces with a running server"),
        (true, ActionId::Quit, "ends the console"),
    ];
    if pen.rows() > 5 {
        pen.take();
    }
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
