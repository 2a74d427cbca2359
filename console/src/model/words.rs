//! Figures in words: short, and the same everywhere.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Bytes with a unit of 1024.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {name}") }
}

/// Milliseconds, or seconds and minutes where there are many.
pub fn millis(millis: f64) -> String {
    match millis {
        millis if !millis.is_finite() || millis < 0.0 => "?".to_owned(),
        millis if millis < 10.0 => format!("{millis:.1} ms"),
        millis if millis < 1000.0 => format!("{millis:.0} ms"),
        millis if millis < 60_000.0 => format!("{:.1} s", millis / 1000.0),
        millis => format!("{} min {} s", (millis / 60_000.0).floor(), (millis / 1000.0 % 60.0).floor()),
    }
}

/// How long ago, in one unit: so that it changes seldom.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A moment: the time of day for one of the last day, with the date for others.
pub fn time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let there = at.to_zoned(zone.clone());
    let age = now.as_second() - at.as_second();
    let format = if (-3600..86_400).contains(&age) { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" };
    there.strftime(format).to_string()
}

/// A count with its noun.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Longest text that is copied, in bytes: terminals take no more by OSC 52 reliably.
pub const MAX_COPIED: usize = 74_000;

/// A text as it may be shown. Whoever wrote it steers no terminal: control characters
/// become blanks, and marks that turn round or hide what stands beside them are left out.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(|letter| is_break(letter) || is_mark(letter)) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().filter(|letter| !is_mark(*letter));
    shown.map(|letter| if is_break(letter) { ' ' } else { letter }).collect::<String>().into()
}

/// Characters that end a line or steer a terminal.
pub fn is_break(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Characters without a width that change how others are read: the direction of writing,
/// tags that nobody sees, and what would join two letters into one sign: terminals differ
/// in whether they do, and so in how many cells it takes.
pub const fn is_mark(letter: char) -> bool {
    matches!(letter,
        '\u{61c}' | '\u{200b}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text cut off at so many bytes, between two characters.
pub fn at_most(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_gives_no_orders() {
        let turned = "pay\u{202e}lla\u{202c} \u{2066}x\u{2069}\u{200f}\u{2028}\u{2029}\u{9b}31m\x1b\r\n\t";
        assert_eq!(clean(turned), "paylla x   31m    ");
        // Letters that are put together stay so, but those that not every terminal puts together.
        let whole = "漢字 e\u{301} Ünï";
        assert_eq!(clean(whole), whole);
        assert_eq!(clean("👩\u{200d}💻 ❤\u{fe0f}"), "👩💻 ❤");
    }
}
