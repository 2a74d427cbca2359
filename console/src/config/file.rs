//! The file with the place of everything in it, and every mistake of the form in one go.
//! It knows no key.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};

/// Largest file that is read. A real one has a few kilobytes.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

/// A value in the file, with the names that lead to it.
pub(super) struct Value<'a> {
    /// `theme`, or `keys`, `mine`, `restart`.
    pub(super) path: Vec<&'a str>,
    /// Where its name stands.
    pub(super) place: Place,
    /// It.
    pub(super) raw: &'a DeValue<'a>,
}

/// The file as far as it could be read.
pub(super) struct Parsed<'a> {
    pub(super) values: Vec<Value<'a>>,
    pub(super) problems: Vec<Problem>,
}

/// The parser goes on after a mistake, so one run shows them all.
pub(super) fn tables(text: &str) -> (Spanned<DeTable<'_>>, Vec<toml::de::Error>) {
    DeTable::parse_recoverable(text)
}

pub(super) fn read<'a>(
    path: &Path,
    text: &str,
    table: &'a DeTable<'a>,
    errors: &[toml::de::Error],
) -> Parsed<'a> {
    let problems: Vec<Problem> = errors
        .iter()
        .map(|error| Problem {
            place: place(path, text, error.span().unwrap_or_default()),
            message: error.message().replace('\n', "; "),
            help: None,
        })
        .collect();
    let mut values = Vec::new();
    collect(path, text, table, &mut Vec::new(), &mut values);
    // What the parser made of a line that it could not read is no second mistake.
    values.retain(|value| !problems.iter().any(|problem| problem.place.line == value.place.line));
    values.sort_by(|one, other| one.place.cmp(&other.place));
    Parsed { values, problems }
}

/// Every value below a table, and a table without any, which may have a name that is wrong.
fn collect<'a>(
    path: &Path,
    text: &str,
    table: &'a DeTable<'a>,
    names: &mut Vec<&'a str>,
    values: &mut Vec<Value<'a>>,
) {
    for (name, value) in table {
        names.push(name.get_ref());
        match value.get_ref() {
            DeValue::Table(below) if !below.is_empty() => collect(path, text, below, names, values),
            raw => values.push(Value { path: names.clone(), place: place(path, text, name.span()), raw }),
        }
        names.pop();
    }
}

fn place(path: &Path, text: &str, span: Range<usize>) -> Place {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Place { path: path.to_owned(), line, column }
}
