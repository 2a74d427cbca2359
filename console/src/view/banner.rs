//! What needs somebody, above every screen: in a sentence, with the key that helps. The
//! most urgent comes first.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::report::Alert;

use super::layout::Layout;
use super::{clock, upgrade};
use crate::action::ActionId;
use crate::heard::LostKind;
use crate::model::link_state::LinkState;
use crate::model::{Model, Now, words};
use crate::msg::Hit;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Canvas;

/// Something that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its sign.
    pub(crate) symbol: Symbol,
    /// How urgent it is.
    pub(crate) tone: Tone,
    /// In a sentence.
    pub(crate) text: String,
    /// What helps.
    pub(crate) help: Option<ActionId>,
}

impl Call {
    fn bad(text: String, help: Option<ActionId>) -> Self {
        Self { symbol: Symbol::Bad, tone: Tone::Bad, text, help }
    }

    fn warn(text: String, help: Option<ActionId>) -> Self {
        Self { symbol: Symbol::Warn, tone: Tone::Warn, text, help }
    }
}

/// Draws as many as there is room for, and returns what is left for the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) -> Rect {
    let calls = calls(model);
    let most = match layout {
        Layout::Full => 3,
        Layout::Usual => 2,
        Layout::Small | Layout::Line => 1,
    };
    let mut rest = area;
    for (number, call) in calls.iter().enumerate().take(most) {
        let [row, below] = canvas.split_top(rest, 1);
        rest = below;
        let left_out = if number + 1 == most { calls.len().saturating_sub(most) } else { 0 };
        line(model, canvas, row, call, left_out);
    }
    rest
}

fn line(model: &Model, canvas: &mut Canvas<'_>, area: Rect, call: &Call, left_out: usize) {
    let mut area = area;
    if left_out > 0 {
        area = canvas.put_right(area, &format!(" +{left_out}"), call.tone);
    }
    if let Some(action) = call.help.map(ActionId::action).filter(|action| model.barred(action).is_none())
        && let Some(key) = model.settings.keymap.hint(action.id)
        && area.width >= 40
    {
        let whole = area;
        area = canvas.put_right(area, &format!(" {}", action.label), Tone::Plain);
        area = canvas.put_right(area, &format!("  {key}"), Tone::Key);
        let [_, place] = canvas.split_left(whole, area.width);
        canvas.hit(place, Hit::Action(action.id));
    }
    let sign = canvas.look().symbols.of(call.symbol);
    canvas.put(area, &format!("{sign} {}", call.text), call.tone);
}

/// Everything that needs somebody, the most urgent first.
pub(crate) fn calls(model: &Model) -> Vec<Call> {
    // Without anything to show, the body of the screen tells how the link is.
    // What is frozen hides nothing of what is urgent now.
    let Some(seen) = &model.seen else { return Vec::new() };
    let mut calls: Vec<Call> = link(model).into_iter().collect();
    if model.is_live() {
        calls.extend(server(&seen.view));
        calls.extend(alerts(model, &seen.view));
    }
    if let Some(frozen) = &model.frozen {
        let at = words::time(frozen.at.wall, model.now.wall, &model.settings.zone);
        calls.push(Call::warn(format!("Frozen: what is shown was so at {at}"), Some(ActionId::Freeze)));
    }
    calls
}

/// What is old is named as such, with its time.
fn link(model: &Model) -> Option<Call> {
    let at = |at: Now| words::time(at.wall, model.now.wall, &model.settings.zone);
    let was = model
        .seen
        .as_ref()
        .map_or_else(String::new, |seen| format!("what is shown was so at {}", at(seen.at)));
    Some(match &model.link {
        LinkState::Live(_) if model.is_live() => return None,
        LinkState::Live(_) => Call::warn(format!("Connected, its state is on its way: {was}"), None),
        LinkState::Stale { since, .. } => {
            Call::warn(format!("The server is silent since {}: {was}", at(*since)), Some(ActionId::Refresh))
        }
        LinkState::Connecting { last: Some(lost), .. } | LinkState::Waiting { lost, .. } => {
            let help = match lost.kind {
                LostKind::NoServer if !model.is_starting => ActionId::StartServer,
                LostKind::NoServer | LostKind::Broken => ActionId::Refresh,
            };
            Call::bad(format!("No connection: {}; {was}", lost.why), Some(help))
        }
        LinkState::Connecting { last: None, .. } => Call::warn(format!("Connecting: {was}"), None),
        LinkState::Incompatible { welcome, skew } => Call::warn(upgrade(welcome, *skew), None),
        LinkState::Denied { why, .. } => {
            Call::bad(format!("The server refuses this console: {why}; {was}"), Some(ActionId::Refresh))
        }
    })
}

fn server(view: &View) -> impl Iterator<Item = Call> {
    let server = &view.server;
    let helps = if server.can_roll_back { ActionId::Rollback } else { ActionId::Restart };
    let safe_mode = server
        .safe_mode
        .as_ref()
        .map(|why| Call::bad(format!("SAFE MODE, only reading and administration work: {why}"), Some(helps)));
    let refusal = server
        .refusal
        .as_ref()
        .filter(|_| server.safe_mode.is_none())
        .map(|why| Call::bad(format!("Requests are refused: {why}"), Some(ActionId::Prepare)));
    let audit = server
        .audit_failure
        .as_ref()
        .map(|why| Call::bad(format!("The audit cannot be written: {why}"), Some(ActionId::Audit)));
    let held = server.held_by_operator.then(|| {
        Call::warn("MAINTENANCE: an operator holds new requests back".to_owned(), Some(ActionId::Maintenance))
    });
    [safe_mode, refusal, audit, held].into_iter().flatten()
}

fn alerts<'a>(model: &'a Model, view: &'a View) -> impl Iterator<Item = Call> + 'a {
    let alerts = view.health.iter().flat_map(|health| &health.alerts);
    // Told above already, with why.
    let told = view.server.safe_mode.is_some();
    alerts.filter(move |alert| !(told && alert.kind == "safe_mode")).map(|alert| self::alert(model, alert))
}

fn alert(model: &Model, alert: &Alert) -> Call {
    let times = match alert.times {
        0 | 1 => String::new(),
        times => format!(", {times} times"),
    };
    let help = match alert.kind.as_str() {
        "restarts_fail" => ActionId::Restarts,
        "snapshot_broken" => ActionId::State,
        "safe_mode" => ActionId::Rollback,
        _ => ActionId::Health,
    };
    let text = format!("ALERT since {}{times}: {}", clock(model, &alert.raised_at), alert.detail);
    Call::bad(text, Some(help))
}

#[cfg(test)]
mod tests;
