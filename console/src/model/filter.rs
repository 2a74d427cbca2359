//! What a list shows: words, `column:words`, `column:>5` and `<` for figures, and `!`
//! before what is not wanted; words with spaces or colons stand in quotes.

mod read;
mod term;

use super::rows::Column;
use super::value::Value;
use term::Term;

/// Longest text of a filter, in characters; what is more is not taken.
pub const MAX_FILTER: usize = 200;

/// What a list shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// As it was typed.
    pub text: String,
    terms: Vec<Term>,
}

impl Filter {
    /// Reads one. Columns are checked against these.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str, columns: &[&str]) -> Result<Self, String> {
        Ok(Self { text: text.to_owned(), terms: read::terms(text, columns)? })
    }

    /// Whether everything is shown.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a row is shown: every term holds of the column that it names, or of any.
    pub fn matches<'a>(
        &self,
        column: impl Fn(&str) -> Option<Value<'a>>,
        all: impl Fn() -> Vec<Value<'a>>,
    ) -> bool {
        self.terms.iter().all(|term| {
            let holds = match &term.column {
                Some(id) => column(id).is_some_and(|value| term.test.holds(&value)),
                None => all().iter().any(|value| term.test.holds(value)),
            };
            holds == term.wanted
        })
    }

    /// The same for a row of a table, whose values are taken only where they are needed.
    pub fn matches_row<'a>(&self, columns: &[Column], value: impl Fn(usize) -> Value<'a>) -> bool {
        self.terms.iter().all(|term| {
            let mut looked_at = columns.iter().enumerate().filter(|(_, column)| match &term.column {
                Some(id) => column.id == id,
                None => true,
            });
            looked_at.any(|(at, _)| term.test.holds(&value(at))) == term.wanted
        })
    }

    /// The words, in small letters, that it looks for in these columns or in any.
    pub fn words<'a>(&'a self, columns: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let meant = |term: &&Term| {
            let column = term.column.as_ref();
            term.wanted && column.is_none_or(|column| columns.contains(&column.as_str()))
        };
        self.terms.iter().filter(meant).filter_map(|term| term.test.words())
    }
}

#[cfg(test)]
mod tests;
