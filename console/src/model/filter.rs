//! What a list shows: words, `column:words`, and `!` before what is not wanted.

use super::value::Value;

/// Longest text of a filter, in characters; what is more is not taken.
pub const MAX_FILTER: usize = 200;

/// What a list shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// As it was typed.
    pub text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    column: Option<String>,
    words: String,
    wanted: bool,
}

impl Filter {
    /// Reads one. Columns are checked against these.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str, columns: &[&str]) -> Result<Self, String> {
        let mut terms = Vec::new();
        for word in text.split_whitespace() {
            let (wanted, word) = word.strip_prefix('!').map_or((true, word), |word| (false, word));
            let (column, words) = match word.split_once(':') {
                Some((column, words)) if columns.contains(&column) => (Some(column.to_owned()), words),
                Some((column, _)) => {
                    return Err(format!("there is no column {column}: {}", columns.join(", ")));
                }
                None => (None, word),
            };
            if words.is_empty() {
                return Err("something has to stand behind it".to_owned());
            }
            terms.push(Term { column, words: words.to_lowercase(), wanted });
        }
        Ok(Self { text: text.to_owned(), terms })
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
                Some(id) => {
                    column(id).is_some_and(|value| value.plain().to_lowercase().contains(&term.words))
                }
                None => all().iter().any(|value| value.plain().to_lowercase().contains(&term.words)),
            };
            holds == term.wanted
        })
    }
}
