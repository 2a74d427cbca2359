//! Reading `config.toml`: every value with its place, and every mistake of the
//! form in one go. It knows no key.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Origin, Problem};
use super::setting::Raw;

/// Largest file that is read. A real one has a few kilobytes.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A value in the file.
pub(super) struct Value<'a> {
    /// `section.name`, or a name alone at the top.
    pub(super) path: String,
    pub(super) raw: Raw<'a>,
    pub(super) origin: Origin,
}

/// The file as far as it could be read.
#[derive(Default)]
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
    table: &'a DeTable<'_>,
    errors: &[toml::de::Error],
) -> Parsed<'a> {
    let mut parsed = Parsed::default();
    for error in errors {
        let origin = place(path, text, error.span().unwrap_or_default());
        let message = error.message().replace('\n', "; ");
        parsed.problems.push(Problem { origin, message, help: None });
    }
    for (section, content) in table {
        match content.get_ref() {
            DeValue::Table(keys) => {
                for (name, value) in keys {
                    let path_of_key = format!("{}.{}", section.get_ref(), name.get_ref());
                    let origin = place(path, text, name.span());
                    parsed.values.push(Value { path: path_of_key, raw: raw(value.get_ref()), origin });
                }
                if keys.is_empty() {
                    parsed.check_empty_section(section.get_ref(), place(path, text, section.span()));
                }
            }
            other => {
                let origin = place(path, text, section.span());
                parsed.values.push(Value { path: section.get_ref().to_string(), raw: raw(other), origin });
            }
        }
    }
    parsed.values.sort_by_key(|value| position(&value.origin));
    parsed.drop_echoes();
    parsed
}

impl Parsed<'_> {
    /// A section without keys has nothing that could be unknown but its name.
    fn check_empty_section(&mut self, section: &str, origin: Origin) {
        let known = || super::table::SECTIONS.iter().map(|(name, _)| *name);
        if !known().any(|name| name == section) {
            let help = super::problem::suggestion(section, known());
            self.problems.push(Problem { origin, message: format!("unknown section {section}"), help });
        }
    }

    /// What the parser made of a line that it could not read is no second mistake.
    fn drop_echoes(&mut self) {
        let broken: Vec<_> = self.problems.iter().map(|problem| position(&problem.origin).0).collect();
        self.values.retain(|value| !broken.contains(&position(&value.origin).0));
    }
}

fn raw<'a>(value: &'a DeValue<'_>) -> Raw<'a> {
    match value {
        DeValue::String(text) => Raw::Text(text),
        DeValue::Boolean(flag) => Raw::Boolean(*flag),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("a number beyond 64 bits"), Raw::Integer),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        DeValue::Float(_) => Raw::Other("a number with a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date or time"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}

fn place(path: &Path, text: &str, span: Range<usize>) -> Origin {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Origin::File { path: path.to_owned(), line, column }
}

fn position(origin: &Origin) -> (usize, usize) {
    match origin {
        Origin::File { line, column, .. } => (*line, *column),
        Origin::Default | Origin::Variable(_) | Origin::Flag(_) => (0, 0),
    }
}
