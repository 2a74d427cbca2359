//! What sequences mean: keys with a name, and the mouse.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::Input;
use crate::key::Press;

/// `ESC O` and this.
pub(super) fn single(last: u8, out: &mut Vec<Input>) {
    if let Some(code) = letter(last) {
        push(out, code, KeyModifiers::NONE, KeyEventKind::Press);
    }
}

/// `ESC [`, these, and the last byte.
pub(super) fn control(begun: &[u8], last: u8, out: &mut Vec<Input>) {
    if let Some(mouse) = begun.strip_prefix(b"<") {
        out.extend(of_mouse(mouse, last));
        return;
    }
    if begun == b"[" {
        let number = last.wrapping_sub(b'A');
        if number < 5 {
            push(out, KeyCode::F(number + 1), KeyModifiers::NONE, KeyEventKind::Press);
        }
        return;
    }
    // Anything but numbers begins an answer to a question that the console did not ask.
    let Some(numbers) = numbers(begun) else { return };
    let first = numbers.first().map_or(1, |number| number.0);
    let (modifiers, event) = numbers.get(1).copied().unwrap_or((1, 1));
    let code = match last {
        b'~' => numbered(first),
        b'u' => coded(first),
        // Where the cursor is looks like f3, but for the row.
        _ if first == 1 => letter(last),
        _ => None,
    };
    let Some(code) = code else { return };
    let kind = match event {
        2 => KeyEventKind::Repeat,
        3 => KeyEventKind::Release,
        _ => KeyEventKind::Press,
    };
    push(out, code, held(modifiers), kind);
}

/// Numbers between semicolons, each with the one behind its colon; what is left out is 1.
fn numbers(text: &[u8]) -> Option<Vec<(u32, u32)>> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() {
        return Some(Vec::new());
    }
    let number = |text: &str| if text.is_empty() { Some(1) } else { text.parse::<u32>().ok() };
    let each = text.split(';').map(|part| {
        let mut halves = part.split(':');
        Some((number(halves.next().unwrap_or_default())?, number(halves.next().unwrap_or_default())?))
    });
    each.collect()
}

fn held(modifiers: u32) -> KeyModifiers {
    let bits = modifiers.saturating_sub(1);
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)] {
        if bits & bit != 0 {
            held |= modifier;
        }
    }
    held
}

const fn letter(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'Z' => KeyCode::BackTab,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number - 10).ok()?),
        17..=21 => KeyCode::F(u8::try_from(number - 11).ok()?),
        23 | 24 => KeyCode::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// A key by its letter's number, as terminals say it that tell all keys apart.
fn coded(number: u32) -> Option<KeyCode> {
    Some(match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        _ => KeyCode::Char(char::from_u32(number).filter(|letter| !letter.is_control())?),
    })
}

fn of_mouse(report: &[u8], last: u8) -> Option<Input> {
    let numbers = numbers(report)?;
    let mut numbers = numbers.iter().map(|(number, _)| *number);
    let (button, column, row) = (numbers.next()?, numbers.next()?, numbers.next()?);
    // With shift, alt or control held (4, 8, 16) it is the same button.
    match (button & !0b1_1100, last) {
        (64, b'M') => Some(Input::Wheel { down: false }),
        (65, b'M') => Some(Input::Wheel { down: true }),
        (0, b'M') => Some(Input::Click {
            column: u16::try_from(column.checked_sub(1)?).ok()?,
            row: u16::try_from(row.checked_sub(1)?).ok()?,
        }),
        _ => None,
    }
}

fn push(out: &mut Vec<Input>, code: KeyCode, modifiers: KeyModifiers, kind: KeyEventKind) {
    out.extend(Press::of(KeyEvent::new_with_kind(code, modifiers, kind)).map(Input::Key));
}
