//! What surrounds every screen: who is looked at and how the console stands with it,
//! the names of the screens, what came of what one did, and hints.

mod hints;

use ratatui::layout::Rect;

use super::layout::Layout;
use super::{facts, line};
use crate::model::link_state::LinkState;
use crate::model::{Model, words};
use crate::msg::Hit;
use crate::screen::Screen;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Canvas;

/// Draws it, and returns what is left for the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) -> Rect {
    if layout == Layout::Line {
        line::draw(model, canvas, area);
        return Rect { height: 0, ..area };
    }
    let [head, rest] = canvas.split_top(area, 1);
    header(model, canvas, head);
    let [tabs, rest] = canvas.split_top(rest, 1);
    screens(model, canvas, tabs);
    let [body, foot] = canvas.split_bottom(rest, 1);
    hints::draw(model, canvas, foot);
    body
}

/// Draws what came of something over the last rows, where one row is too short for it:
/// what helps stands at the end of such a sentence.
pub(super) fn long_notice(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    hints::long_notice(model, canvas, area);
}

/// How the console stands with the server: a sign, a word, and what comes next.
pub(crate) fn link(model: &Model) -> (Symbol, Tone, String) {
    let next = |at| words::age(model.now.until(at) + std::time::Duration::from_millis(999));
    match &model.link {
        LinkState::Live(_) => (Symbol::Good, Tone::Good, "Live".to_owned()),
        LinkState::Stale { since, .. } => {
            (Symbol::Warn, Tone::Warn, format!("Stale {}", words::age(model.now.since(*since))))
        }
        LinkState::Connecting { attempt, last: None } if *attempt <= 1 => {
            (Symbol::Busy, Tone::Busy, "Connecting".to_owned())
        }
        LinkState::Connecting { attempt, .. } => {
            (Symbol::Busy, Tone::Busy, format!("Reconnecting, attempt {attempt}"))
        }
        LinkState::Waiting { attempt, next: at, .. } => {
            (Symbol::Bad, Tone::Bad, format!("Reconnecting, attempt {attempt} in {}", next(*at)))
        }
        LinkState::Incompatible { skew, .. } => {
            use task_orchestrator_shared::admin::Skew;
            let which = match skew {
                Skew::UpgradeClient => "upgrade the console",
                Skew::UpgradeServer => "upgrade the server",
            };
            (Symbol::Warn, Tone::Warn, format!("Incompatible: {which}"))
        }
        LinkState::Denied { next: at, .. } => {
            (Symbol::Locked, Tone::Bad, format!("Denied, tried again in {}", next(*at)))
        }
    }
}

/// What the server that is looked at is called.
pub(super) fn name(model: &Model) -> &str {
    if model.target.name.is_empty() { "?" } else { &model.target.name }
}

fn header(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let (symbol, tone, link) = link(model);
    let sign = canvas.look().symbols.of(symbol);
    let mut parts = vec![(tone, format!("{sign} {link}")), (Tone::Title, name(model).to_owned())];
    if let Some((view, freshness)) = model.view() {
        // What was so is not told as what is.
        let (tone, was) = if freshness.is_live() { (Tone::Plain, "") } else { (Tone::Dim, "was ") };
        parts.push((tone, format!("{was}gen {}", view.server.generation)));
        parts.push((tone, format!("{was}{}", view.server.phase)));
        if view.server.safe_mode.is_some() {
            parts.push((Tone::Bad, "SAFE MODE".to_owned()));
        }
        if view.server.held_by_operator {
            parts.push((Tone::Warn, "MAINTENANCE".to_owned()));
        }
    }
    if let Some(role) = model.role() {
        parts.push((Tone::Plain, role.to_string()));
    }
    if model.settings.read_only {
        parts.push((Tone::Plain, "read-only".to_owned()));
    }
    if model.frozen.is_some() {
        parts.push((Tone::Warn, "FROZEN".to_owned()));
    }
    facts::parts(canvas, area, &parts);
}

/// The names of the screens: whole, short, or that of this one only, as there is room.
fn screens(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let whole = |screen: Screen| screen.title();
    let short = |screen: Screen| screen.short();
    let only = |screen: Screen| if screen == model.screen { screen.title() } else { "" };
    let names: [&dyn Fn(Screen) -> &'static str; 3] = [&whole, &short, &only];
    let fits = |name: &&&dyn Fn(Screen) -> &'static str| {
        let cells: usize = Screen::ALL.into_iter().map(|screen| tab(screen, name(screen)).len()).sum();
        cells <= usize::from(area.width)
    };
    let name = names.iter().find(fits).copied().unwrap_or(&only);
    let mut at = area;
    for screen in Screen::ALL {
        let tone = if screen == model.screen { Tone::Chosen } else { Tone::Plain };
        let before = at;
        at = canvas.put(at, &tab(screen, name(screen)), tone);
        canvas.hit(Rect { width: before.width - at.width, ..before }, Hit::Screen(screen));
    }
}

fn tab(screen: Screen, name: &str) -> String {
    let number = Screen::ALL.iter().position(|other| *other == screen).map_or(0, |at| at + 1);
    if name.is_empty() { format!(" {number}") } else { format!(" {number} {name} ") }
}
