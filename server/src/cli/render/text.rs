//! Figures and texts as people read them.

use std::io::{self, Write};

use crate::cli::screen::Paint;

/// Columns of the names before the values.
const NAMES: usize = 12;

/// One value with its name. Without a name it goes on from the line before.
pub(in crate::cli) fn row(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{name:<NAMES$}{value}")
}

/// Columns of the values, where there are several on a line.
const VALUES: usize = 76;

/// Several values with one name, on as many lines as they need.
pub(in crate::cli) fn rows_of<'a>(
    out: &mut dyn Write,
    name: &str,
    values: impl Iterator<Item = &'a str>,
) -> io::Result<()> {
    let (mut name, mut line) = (name, String::new());
    for value in values {
        if !line.is_empty() && line.chars().count() + value.chars().count() + 2 > VALUES {
            row(out, std::mem::take(&mut name), &format!("{line},"))?;
            line.clear();
        }
        line.push_str(if line.is_empty() { "" } else { ", " });
        line.push_str(value);
    }
    if line.is_empty() { Ok(()) } else { row(out, name, &line) }
}

/// Rows of cells in columns, the last one as wide as it likes. The first row is
/// painted as their titles.
pub(in crate::cli) fn table(out: &mut dyn Write, paint: Paint, rows: &[Vec<String>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        let line = line.trim_end();
        writeln!(out, "{}", if number == 0 { paint.title(line) } else { line.to_owned() })?;
    }
    Ok(())
}

/// A text of somebody else, without what would steer the terminal.
pub(in crate::cli) fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\t' { ' ' } else { letter }).collect()
}

/// The beginning of a text, with a mark where it was cut.
pub(in crate::cli) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(3)).chain("...".chars()).collect()
}

/// A number of things.
pub(in crate::cli) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A long time.
pub(in crate::cli) fn seconds(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}

/// A short time.
pub(in crate::cli) fn milliseconds(milliseconds: f64) -> String {
    match milliseconds {
        short if short < 10.0 => format!("{short:.2} ms"),
        short if short < 1000.0 => format!("{short:.0} ms"),
        longer if longer < 60_000.0 => format!("{:.1} s", longer / 1000.0),
        long => seconds((long / 1000.0) as u64),
    }
}

/// A size.
pub(in crate::cli) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut shown = (bytes as f64, "B");
    for unit in UNITS {
        if shown.0 < 1024.0 {
            break;
        }
        shown = (shown.0 / 1024.0, unit);
    }
    if bytes < 1024 { format!("{bytes} B") } else { format!("{:.1} {}", shown.0, shown.1) }
}
