//! What comes from the terminal, byte by byte, as keys, pasted text and the mouse.
//! Reads nothing itself. A sequence that means nothing to the console, such as a late
//! answer to somebody else's question, is passed over whole and never taken for text.
//!
//! Bounded: a sequence is at most [`MAX_SEQUENCE`] bytes long and is passed over
//! beyond that; of pasted text at most [`MAX_PASTE`] bytes are kept.

mod sequence;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::key::Press;
use crate::msg::MAX_PASTE;

/// Longest sequence that can mean something, in bytes.
pub const MAX_SEQUENCE: usize = 64;

/// How long the rest of a sequence may take; after that an escape is the escape key.
/// The way to a terminal may cut a sequence in two.
const REST_WITHIN: Duration = Duration::from_millis(25);

/// How long a paste may pause; after that its end is taken as lost.
const PASTE_WITHIN: Duration = Duration::from_secs(1);

const PASTE_END: &[u8] = b"\x1b[201~";

/// Something that came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Press),
    /// Pasted text.
    Paste(String),
    /// A button of the mouse was pressed there.
    Click {
        /// From the left, from zero.
        column: u16,
        /// From the top, from zero.
        row: u16,
    },
    /// The wheel was turned.
    Wheel {
        /// Downwards, or upwards.
        down: bool,
    },
}

#[derive(Debug, Default)]
enum State {
    /// Between two of them.
    #[default]
    Ground,
    /// Bytes of a letter, of which so many are to come.
    Letter(Vec<u8>, usize),
    /// After an escape.
    Escape,
    /// After `ESC [`: what came of the sequence.
    Control(Vec<u8>),
    /// After `ESC O`.
    Single,
    /// After `ESC` and this: a text that a terminator ends, so many bytes of it.
    Text(u8, usize),
    /// The same, after an escape that may be the beginning of its terminator.
    TextEscape,
    /// Pasted text, and how much of its end came.
    Paste(Vec<u8>, usize),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Decoder(State);

impl Decoder {
    /// Takes in what came.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        for byte in bytes {
            let state = std::mem::take(&mut self.0);
            self.0 = next(state, *byte, out);
        }
    }

    /// How long the rest of what has begun is waited for; nothing where nothing has begun.
    pub fn patience(&self) -> Option<Duration> {
        match self.0 {
            State::Ground => None,
            State::Paste(..) => Some(PASTE_WITHIN),
            _ => Some(REST_WITHIN),
        }
    }

    /// The rest did not come: what has begun is what it is without it.
    pub fn give_up(&mut self, out: &mut Vec<Input>) {
        match std::mem::take(&mut self.0) {
            State::Escape => key(out, KeyCode::Esc, KeyModifiers::NONE),
            State::Control(begun) if begun.is_empty() => alt(out, b'['),
            State::Single => alt(out, b'O'),
            State::Text(kind, 0) => alt(out, kind),
            State::Paste(text, _) => pasted(out, &text),
            State::Ground | State::Letter(..) | State::Control(_) | State::Text(..) | State::TextEscape => {}
        }
    }
}

fn next(state: State, byte: u8, out: &mut Vec<Input>) -> State {
    match state {
        State::Ground => ground(byte, KeyModifiers::NONE, out),
        State::Letter(begun, left) => letter(begun, left, byte, out),
        State::Escape => escape(byte, out),
        State::Control(begun) => control(begun, byte, out),
        State::Single => {
            sequence::single(byte, out);
            State::Ground
        }
        State::Text(kind, length) => match byte {
            0x07 => State::Ground,
            0x1b => State::TextEscape,
            _ => State::Text(kind, length.saturating_add(1)),
        },
        // `ESC \` ends it; anything else after an escape is something new.
        State::TextEscape if byte == b'\\' => State::Ground,
        State::TextEscape => escape(byte, out),
        State::Paste(text, matched) => paste(text, matched, byte, out),
    }
}

/// A byte that begins something.
fn ground(byte: u8, modifiers: KeyModifiers, out: &mut Vec<Input>) -> State {
    let ctrl = modifiers | KeyModifiers::CONTROL;
    match byte {
        0x1b => return State::Escape,
        b'\r' => key(out, KeyCode::Enter, modifiers),
        b'\t' => key(out, KeyCode::Tab, modifiers),
        0x08 | 0x7f => key(out, KeyCode::Backspace, modifiers),
        0x00 => key(out, KeyCode::Char(' '), ctrl),
        0x01..=0x1a => key(out, KeyCode::Char(char::from(byte + 0x60)), ctrl),
        0x1c..=0x1f => key(out, KeyCode::Char(char::from(byte + 0x40)), ctrl),
        0x20..=0x7e => key(out, KeyCode::Char(char::from(byte)), modifiers),
        0xc0..=0xdf => return State::Letter(vec![byte], 1),
        0xe0..=0xef => return State::Letter(vec![byte], 2),
        0xf0..=0xf7 => return State::Letter(vec![byte], 3),
        0x80..=0xff => {}
    }
    State::Ground
}

fn letter(mut begun: Vec<u8>, left: usize, byte: u8, out: &mut Vec<Input>) -> State {
    if !(0x80..0xc0).contains(&byte) {
        // The letter was cut off; this begins the next one.
        return ground(byte, KeyModifiers::NONE, out);
    }
    begun.push(byte);
    if left > 1 {
        return State::Letter(begun, left - 1);
    }
    if let Some(letter) = std::str::from_utf8(&begun).ok().and_then(|text| text.chars().next()) {
        key(out, KeyCode::Char(letter), KeyModifiers::NONE);
    }
    State::Ground
}

fn escape(byte: u8, out: &mut Vec<Input>) -> State {
    match byte {
        b'[' => State::Control(Vec::new()),
        b'O' => State::Single,
        b']' | b'P' | b'_' | b'^' | b'X' => State::Text(byte, 0),
        0x1b => {
            key(out, KeyCode::Esc, KeyModifiers::NONE);
            State::Escape
        }
        _ => ground(byte, KeyModifiers::ALT, out),
    }
}

fn control(mut begun: Vec<u8>, byte: u8, out: &mut Vec<Input>) -> State {
    match byte {
        0x1b => State::Escape,
        // The console of Linux says `ESC [ [ A` for f1.
        b'[' if begun.is_empty() => {
            begun.push(byte);
            State::Control(begun)
        }
        0x40..=0x7e if begun == b"200" && byte == b'~' => State::Paste(Vec::new(), 0),
        0x40..=0x7e => {
            if begun.len() < MAX_SEQUENCE {
                sequence::control(&begun, byte, out);
            }
            State::Ground
        }
        _ => {
            if begun.len() < MAX_SEQUENCE {
                begun.push(byte);
            }
            State::Control(begun)
        }
    }
}

fn paste(mut text: Vec<u8>, matched: usize, byte: u8, out: &mut Vec<Input>) -> State {
    if PASTE_END.get(matched) == Some(&byte) {
        if matched + 1 == PASTE_END.len() {
            pasted(out, &text);
            return State::Ground;
        }
        return State::Paste(text, matched + 1);
    }
    // No end after all: what looked like one is text. Only its first byte is an escape.
    let begins_anew = byte == 0x1b;
    let looked_like_it = PASTE_END.get(..matched).unwrap_or_default();
    let rest = if begins_anew { &[][..] } else { std::slice::from_ref(&byte) };
    for byte in looked_like_it.iter().chain(rest) {
        if text.len() < MAX_PASTE {
            text.push(*byte);
        }
    }
    State::Paste(text, usize::from(begins_anew))
}

fn pasted(out: &mut Vec<Input>, text: &[u8]) {
    out.push(Input::Paste(String::from_utf8_lossy(text).into_owned()));
}

/// A key, by the names that it has everywhere.
fn key(out: &mut Vec<Input>, code: KeyCode, modifiers: KeyModifiers) {
    out.extend(Press::of(KeyEvent::new(code, modifiers)).map(Input::Key));
}

fn alt(out: &mut Vec<Input>, byte: u8) {
    key(out, KeyCode::Char(char::from(byte)), KeyModifiers::ALT);
}

#[cfg(test)]
mod tests;
