//! A question before something dangerous: what it would mean in numbers, what can be
//! chosen, the word to type, Cancel. Whatever is left out for want of room, these are
//! not: why it cannot be confirmed yet, and both buttons.

mod fields;
mod meaning;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::popup;
use crate::action::Danger;
use crate::model::Model;
use crate::model::dialog::{Dialog, Facts, Focus, NotYet};
use crate::msg::Hit;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::view::layout::Layout;
use crate::widgets::Canvas;

/// Widest box, in cells: longer lines are hard to read.
const WIDTH: u16 = 76;

/// Rows of what it would mean that are kept for it where not everything fits.
const LEAST_MEANING: usize = 3;

/// How a dialog is divided, in rows.
struct Plan {
    meaning: u16,
    fields: u16,
    is_airy: bool,
}

/// Divides so many rows: fields give way before what it would mean, and blanks first.
fn plan(meaning: usize, fields: usize, room: u16) -> Plan {
    // The last two are the state and the buttons.
    let room = usize::from(room.saturating_sub(2));
    let is_airy = meaning + fields + 3 <= room;
    let kept = meaning.min(LEAST_MEANING).min(room);
    let fields = fields.min(room - kept);
    let meaning = meaning.min(room - fields);
    let cells = |rows| u16::try_from(rows).unwrap_or(u16::MAX);
    Plan { meaning: cells(meaning), fields: cells(fields), is_airy }
}

/// The first line of what it would mean that can be at the top, on a terminal of this size.
pub fn last_top(dialog: &Dialog, size: (u16, u16)) -> usize {
    let area = room(Rect::new(0, 0, size.0, size.1));
    let width = WIDTH.min(area.width).saturating_sub(4);
    let meaning = meaning::rows(dialog, width).len();
    let plan = plan(meaning, fields::count(dialog, width), area.height.saturating_sub(2));
    meaning.saturating_sub(usize::from(plan.meaning))
}

/// Header and foot stay in sight, but where there is little room.
fn room(area: Rect) -> Rect {
    let edge = if Layout::of(area) >= Layout::Small { 0 } else { 1.min(area.height / 2) };
    Rect { y: area.y.saturating_add(edge), height: area.height - 2 * edge, ..area }
}

pub(super) fn draw(model: &Model, dialog: &Dialog, canvas: &mut Canvas<'_>, area: Rect) {
    let area = room(area);
    let width = WIDTH.min(area.width);
    let meaning = meaning::rows(dialog, width.saturating_sub(4));
    let fields = fields::count(dialog, width.saturating_sub(4));
    let plan = plan(meaning.len(), fields, area.height.saturating_sub(2));
    let airs = if plan.is_airy { 2 + u16::from(plan.fields > 0) } else { 0 };
    let height = plan.meaning + plan.fields + airs + 4;
    let place = popup::middle(area, width, height);
    let title = dialog.ask.title(&model.target.name);
    let inner = if dialog.must_type() {
        popup::open_dangerous(canvas, place, &title)
    } else {
        popup::open(canvas, place, &title, Tone::Warn)
    };
    let [top, rest] = canvas.split_top(inner, plan.meaning);
    meaning::draw(canvas, top, &meaning, dialog.top);
    let [_, rest] = canvas.split_top(rest, u16::from(plan.is_airy && plan.fields > 0));
    let [middle, rest] = canvas.split_top(rest, plan.fields);
    fields::draw(dialog, canvas, middle);
    let [rest, last] = canvas.split_bottom(rest, 1);
    let not_yet = dialog.not_yet(model.world().as_ref(), model.now);
    let [rest, _] = canvas.split_bottom(rest, u16::from(plan.is_airy));
    let [_, line] = canvas.split_bottom(rest, 1);
    state(dialog, not_yet.as_ref(), canvas, line);
    buttons(dialog, not_yet.as_ref(), canvas, last);
}

/// Why it cannot be confirmed, or that it can.
fn state(dialog: &Dialog, not_yet: Option<&NotYet>, canvas: &mut Canvas<'_>, line: Rect) {
    let symbols = canvas.look().symbols;
    let (symbol, tone, text) = match (not_yet, &dialog.facts) {
        (Some(NotYet::Void(why)), _) => (Symbol::Locked, Tone::Bad, format!("void: {why}")),
        (Some(NotYet::Facts), Facts::Asked(..)) => {
            (Symbol::Busy, Tone::Busy, "asking the server what it would mean".to_owned())
        }
        (Some(NotYet::Facts), _) => {
            (Symbol::Locked, Tone::Bad, "the server says that it cannot be done".to_owned())
        }
        (Some(NotYet::Arming), _) => (Symbol::ToCome, Tone::Busy, "arming: read it first".to_owned()),
        (Some(not_yet), _) => {
            // Before anybody has tried, what is missing is no mistake.
            let tone = if dialog.refused.is_some() { Tone::Bad } else { Tone::Plain };
            let symbol = if dialog.refused.is_some() { Symbol::Bad } else { Symbol::ToCome };
            (symbol, tone, not_yet.to_string())
        }
        (None, _) => (Symbol::Done, Tone::Good, "armed".to_owned()),
    };
    canvas.put(line, &format!("{} {text}", symbols.of(symbol)), tone);
}

/// Cancel to the left, what does it to the right.
fn buttons(dialog: &Dialog, not_yet: Option<&NotYet>, canvas: &mut Canvas<'_>, line: Rect) {
    let symbols = canvas.look().symbols;
    let chosen = symbols.of(Symbol::Chosen);
    let sign = |focus| if dialog.focus == focus { chosen } else { " " };
    let tone = |focus, tone| if dialog.focus == focus { Tone::Chosen } else { tone };
    let cancel = format!("{}[ Cancel ]", sign(Focus::Cancel));
    let at = canvas.put(line, &cancel, tone(Focus::Cancel, Tone::Plain));
    canvas.hit(Rect { width: line.width - at.width, ..line }, Hit::Cancel);
    let lock = not_yet.map_or(String::new(), |_| format!("{} ", symbols.of(Symbol::Locked)));
    let does = format!("{}[ {lock}{} ]", sign(Focus::Confirm), dialog.ask.verb());
    let plain = match (not_yet, dialog.must_type(), dialog.ask.action().action().danger) {
        (Some(_), _, _) => Tone::Dim,
        (None, true, _) | (None, _, Danger::Typed) => Tone::Bad,
        (None, false, _) => Tone::Key,
    };
    let width = u16::try_from(does.width()).unwrap_or(u16::MAX).min(at.width);
    let [_, place] = canvas.split_left(at, at.width - width);
    canvas.put(place, &does, tone(Focus::Confirm, plain));
    canvas.hit(place, Hit::Confirm);
}
