//! Reads a filter as it is typed.

use std::cmp::Ordering;

use super::term::{Figure, Term, Test};

/// A word of a filter: its letters, and where the quotes began.
struct Word {
    text: String,
    /// The length of what stands before the first quote; absent where there is none.
    quoted_from: Option<usize>,
}

impl Word {
    /// What stands before the quotes: only there `!`, `:`, `<` and `>` mean something.
    fn open(&self) -> &str {
        self.quoted_from.and_then(|end| self.text.get(..end)).unwrap_or(&self.text)
    }
}

/// The terms of a filter.
///
/// # Errors
///
/// What is wrong with it, in a sentence.
pub(super) fn terms(text: &str, columns: &[&str]) -> Result<Vec<Term>, String> {
    let mut words = words(text);
    // The last one may be only begun: until it asks for something it hides nothing.
    words.pop_if(|word| !text.ends_with(char::is_whitespace) && is_begun(word, columns));
    words.iter().map(|word| term(word, columns)).collect()
}

/// Whether it is `!`, `column:` or `column:>` with nothing behind it yet.
fn is_begun(word: &Word, columns: &[&str]) -> bool {
    let open = word.text.strip_prefix('!').unwrap_or(&word.text);
    let column = open.trim_end_matches(['<', '>', '=']).strip_suffix(':');
    word.quoted_from.is_none()
        && (open.is_empty()
            || column.is_some_and(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name))))
}

/// Divides at white space that is not in quotes. The last quote may be missing: that is
/// how it is while one types.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut word, mut is_quoted) = (Word { text: String::new(), quoted_from: None }, false);
    for letter in text.chars() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                word.quoted_from.get_or_insert(word.text.len());
            }
            letter if letter.is_whitespace() && !is_quoted => {
                words.push(std::mem::replace(&mut word, Word { text: String::new(), quoted_from: None }));
            }
            letter => word.text.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.text.is_empty() || word.quoted_from.is_some());
    words
}

fn term(word: &Word, columns: &[&str]) -> Result<Term, String> {
    let wanted = !word.open().starts_with('!');
    let skipped = usize::from(!wanted);
    let open = word.open().get(skipped..).unwrap_or_default();
    let rest = word.text.get(skipped..).unwrap_or_default();
    let Some((name, open_behind)) = open.split_once(':') else {
        return Ok(Term { column: None, wanted, test: Test::Words(some(rest)?) });
    };
    let Some(column) = column_of(name, columns) else {
        let all = columns.join(", ");
        return Err(format!("there is no column {name}: {all}; in \"quotes\" a colon is only a colon"));
    };
    let behind = rest.get(name.len() + 1..).unwrap_or_default();
    let test =
        if open_behind.starts_with(['<', '>']) { comparison(behind)? } else { Test::Words(some(behind)?) };
    Ok(Term { column: Some(column.to_owned()), wanted, test })
}

/// The column of this name, or the only one with this in its name: headings have less room.
fn column_of<'a>(name: &str, columns: &[&'a str]) -> Option<&'a str> {
    let whole = columns.iter().find(|column| column.eq_ignore_ascii_case(name));
    let small = name.to_ascii_lowercase();
    let mut like = columns.iter().filter(|column| !small.is_empty() && column.contains(&small));
    let only = like.next().filter(|_| like.next().is_none());
    whole.or(only).copied()
}

/// Words to look for, in small letters.
fn some(words: &str) -> Result<String, String> {
    if words.is_empty() {
        return Err("something has to stand behind `!` and `:`, or between quotes".to_owned());
    }
    Ok(words.to_lowercase())
}

/// `>5`, `>=10ms`, `<2MiB`, `>2026-11-21`.
fn comparison(text: &str) -> Result<Test, String> {
    let wanted = if text.starts_with('>') { Ordering::Greater } else { Ordering::Less };
    let rest = text.get(1..).unwrap_or_default();
    let (or_same, rest) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
    if let Some(figure) = figure(rest) {
        return Ok(Test::Figure(wanted, or_same, figure));
    }
    if is_moment(rest) {
        // In capital letters, as times are written.
        return Ok(Test::Moment(wanted, or_same, rest.to_uppercase()));
    }
    Err(format!("behind < and > stands a figure, such as 5, 10ms, 2s, 2MiB, 50% or 2026-11-21: not `{rest}`"))
}

fn is_moment(text: &str) -> bool {
    let mut letters = text.chars();
    letters.by_ref().take(4).filter(char::is_ascii_digit).count() == 4
        && letters.next() == Some('-')
        && text.chars().all(|letter| letter.is_ascii_digit() || "-:TtZz".contains(letter))
}

/// A figure with its unit.
fn figure(text: &str) -> Option<Figure> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let number: f64 = number.parse().ok()?;
    Some(match unit.trim().to_lowercase().as_str() {
        "" => Figure::Plain(number),
        "ms" => Figure::Millis(number),
        "s" => Figure::Millis(number * 1e3),
        "min" | "m" => Figure::Millis(number * 60e3),
        "h" => Figure::Millis(number * 3600e3),
        "d" => Figure::Millis(number * 86_400e3),
        "b" => Figure::Bytes(number),
        "kib" | "kb" | "k" => Figure::Bytes(number * 1024.0),
        "mib" | "mb" => Figure::Bytes(number * 1024.0 * 1024.0),
        "gib" | "gb" | "g" => Figure::Bytes(number * 1024.0 * 1024.0 * 1024.0),
        "%" => Figure::Part(number / 100.0),
        _ => return None,
    })
}
