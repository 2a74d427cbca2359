//! The row at the foot: what came of what one did, what can be done here, and the
//! restart that runs. Only whole hints are drawn, so that none promises another key.

use ratatui::layout::Rect;
use task_orchestrator_shared::phase::Phase;
use unicode_width::UnicodeWidthStr;

use crate::action::{ACTIONS, Action, ActionId, Where};
use crate::model::known::Freshness;
use crate::model::link_state::LinkState;
use crate::model::prompt::Prompt;
use crate::model::steps::{self, Run};
use crate::model::{Model, words};
use crate::msg::Hit;
use crate::screen::Screen;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, wrap};

/// What is wanted most, behind what only this screen can do.
const WANTED: [ActionId; 9] = [
    ActionId::Palette,
    ActionId::Filter,
    ActionId::Restart,
    ActionId::Build,
    ActionId::Freeze,
    ActionId::Sort,
    ActionId::Targets,
    ActionId::Emergency,
    ActionId::Quit,
];

/// What is wanted most while there is no server.
const WANTED_WITHOUT_SERVER: [ActionId; 5] =
    [ActionId::StartServer, ActionId::Refresh, ActionId::Targets, ActionId::Palette, ActionId::Quit];

/// Most rows of what came of something.
const MOST_ROWS: u16 = 3;

pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let left = running(model, canvas, area);
    if let Some(text) = of_prompt(model) {
        // How to get out of it is never covered by what came of something else.
        let left = if model.notice().is_some() {
            canvas.put_right(left, &format!("  {text}"), Tone::Dim)
        } else {
            left
        };
        match model.notice() {
            Some(notice) => drop(canvas.put(left, &notice.text, notice.tone)),
            None => drop(canvas.put(left, text, Tone::Dim)),
        }
        return;
    }
    if let Some(notice) = model.notice() {
        let sign = sign_of(notice.tone).map_or("", |symbol| canvas.look().symbols.of(symbol));
        let at = if sign.is_empty() { left } else { canvas.put(left, &format!("{sign} "), notice.tone) };
        canvas.put(at, &notice.text, notice.tone);
        return;
    }
    // Help leads to all the others, so it has its place before any of them.
    let mut at = hint(model, canvas, left, ActionId::Help.action()).unwrap_or(left);
    for action in wanted(model) {
        at = hint(model, canvas, at, action).unwrap_or(at);
    }
}

/// Draws what came of something over the last rows, where one row is too short for it and
/// nothing lies over the screen.
pub(super) fn long_notice(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(notice) = model.notice().filter(|_| matches!(model.prompt, Prompt::None)) else { return };
    let sign = sign_of(notice.tone).map(|symbol| format!("{} ", canvas.look().symbols.of(symbol)));
    let text = format!("{}{}", sign.unwrap_or_default(), notice.text);
    let rows: Vec<&str> = wrap::rows(&text, area.width).take(usize::from(MOST_ROWS)).collect();
    let count = u16::try_from(rows.len()).unwrap_or(MOST_ROWS);
    if count < 2 || area.height <= count {
        return;
    }
    let [_, place] = canvas.split_bottom(area, count);
    canvas.clear(place);
    for (number, text) in (0..).zip(rows) {
        canvas.put(canvas.row(place, number), text, notice.tone);
    }
}

/// What can be done, what is wanted most first.
fn wanted(model: &Model) -> impl Iterator<Item = &'static Action> {
    let screen = model.screen;
    let is_away = matches!(model.link, LinkState::Waiting { .. } | LinkState::Connecting { .. });
    let own = ACTIONS
        .iter()
        .copied()
        .filter(move |action| !is_away && action.place != Where::Everywhere && !is_list_s(action));
    let rest: &[ActionId] = if is_away { &WANTED_WITHOUT_SERVER } else { &WANTED };
    let first = can_be_cancelled(model).then(|| ActionId::CancelRestart.action());
    let others = own.chain(rest.iter().map(|id| id.action()));
    let others = others.filter(move |action| action.is_on(screen) && has_a_point(model, action.id));
    first.into_iter().chain(others)
}

/// Whether a restart runs, and has not come to where it cannot be called off any more.
fn can_be_cancelled(model: &Model) -> bool {
    let running = model.view().and_then(|(view, _)| steps::running(view));
    model.link.is_live() && running.is_some_and(|report| report.phase <= Phase::StateSerialization)
}

/// Whether there is anything to do it to.
fn has_a_point(model: &Model, id: ActionId) -> bool {
    let Some((view, _)) = model.view() else { return true };
    match id {
        ActionId::Restart | ActionId::Build => steps::running(view).is_none(),
        ActionId::Explain if model.screen == Screen::Overview => {
            Run::current(view).is_some_and(|run| run.error.is_some())
        }
        _ => true,
    }
}

/// Whether it belongs to lists as such: then it is not what this screen is for.
fn is_list_s(action: &Action) -> bool {
    matches!(action.id, ActionId::Filter | ActionId::Sort | ActionId::Columns)
}

/// A hint where it fits as a whole: the key, and what it does, with a sign where it is
/// not allowed. Returns what is left of the row.
fn hint(model: &Model, canvas: &mut Canvas<'_>, area: Rect, action: &Action) -> Option<Rect> {
    let key = model.settings.keymap.hint(action.id)?.to_string();
    let is_barred = model.barred(action).is_some();
    let sign =
        if is_barred { format!("{} ", canvas.look().symbols.of(Symbol::Locked)) } else { String::new() };
    let width = key.width() + 1 + sign.width() + action.label.width();
    if width > usize::from(area.width) {
        return None;
    }
    let at = canvas.put(area, &key, if is_barred { Tone::Dim } else { Tone::Key });
    let tone = if is_barred { Tone::Dim } else { Tone::Plain };
    let at = canvas.put(at, &format!(" {sign}{}", action.label), tone);
    canvas.hit(Rect { width: area.width - at.width, ..area }, Hit::Action(action.id));
    // Two blanks before the next one.
    let [_, rest] = canvas.split_left(at, 2);
    Some(rest)
}

/// The restart that runs, at the right end; returns what is left to the left of it.
fn running(model: &Model, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
    let Some((view, freshness)) = model.view() else { return area };
    let restart = view.restart.as_ref().filter(|restart| restart.report.outcome.is_none());
    let Some(restart) = restart else { return area };
    let symbols = canvas.look().symbols;
    let (phase, progress) = (restart.report.phase, restart.report.progress);
    let (text, tone) = match freshness {
        Freshness::Live => {
            (format!(" {} restart: {phase} {progress} %", symbols.of(Symbol::Busy)), Tone::Busy)
        }
        // Nobody knows whether it still runs.
        Freshness::Stale(at) => {
            let at = words::time(at.wall, model.now.wall, &model.settings.zone);
            (format!(" {} restart at {at}: {phase}", symbols.of(Symbol::Unknown)), Tone::Dim)
        }
    };
    // It never takes the place of what can be done about it.
    let fits = text.width() * 2 <= usize::from(area.width);
    let short = || format!(" {} {progress} %", symbols.of(Symbol::Busy));
    match (fits, freshness) {
        (true, _) => canvas.put_right(area, &text, tone),
        (false, Freshness::Live) => canvas.put_right(area, &short(), tone),
        (false, Freshness::Stale(_)) => area,
    }
}

fn sign_of(tone: Tone) -> Option<Symbol> {
    match tone {
        Tone::Good => Some(Symbol::Good),
        Tone::Warn => Some(Symbol::Warn),
        Tone::Bad => Some(Symbol::Bad),
        Tone::Busy => Some(Symbol::Busy),
        Tone::Plain | Tone::Dim | Tone::Title | Tone::Key | Tone::Chosen | Tone::Line => None,
    }
}

/// The keys of what lies over the screen.
fn of_prompt(model: &Model) -> Option<&'static str> {
    Some(match &model.prompt {
        Prompt::None => return None,
        Prompt::Help { .. } => "up down scroll  esc closes",
        Prompt::Page(_) => "up down scroll  y copies  esc closes",
        Prompt::Palette(_) => "type  up down  enter does it  esc closes",
        Prompt::Choose(_) => "up down  enter chooses  esc closes",
        Prompt::Filter(_) => "",
        Prompt::Confirm(_) => "tab moves  left right change  enter presses  esc cancels",
    })
}

#[cfg(test)]
mod tests;
