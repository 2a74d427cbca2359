//! What a person types into a search, as an FTS5 expression. Whatever the
//! text, the expression is valid: no character of it is ever syntax.

use rusqlite::{Connection, params};

use super::transaction::{Text, TextChange};
use crate::tasks::repository::Stored;

/// Most words that one search looks for; the rest is ignored.
const MAX_WORDS: usize = 32;

/// A search text as an expression: all words must occur; a last word that ends
/// in `*` is a beginning. `None` when there is no word in it.
pub(super) fn expression(text: &str) -> Option<String> {
    let beginning = text.trim_end().ends_with('*');
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(MAX_WORDS).collect();
    if words.is_empty() {
        return None;
    }
    // Only letters and digits are left, so the quotes cannot be closed from within.
    let mut expression = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" AND ");
    if beginning {
        expression.push('*');
    }
    Some(expression)
}

/// Brings the index up to date with the tasks.
pub(super) fn apply(connection: &Connection, changes: &[TextChange]) -> Stored<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO task_text (rowid, title, description, summary) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM task_text WHERE rowid = ?1")?;
    let mut put =
        |seq: i64, text: &Text| insert.execute(params![seq, text.title, text.description, text.summary]);
    for change in changes {
        match change {
            TextChange::Added(seq, text) => {
                put(*seq, text)?;
            }
            TextChange::Changed(seq, text) => {
                delete.execute([seq])?;
                put(*seq, text)?;
            }
            TextChange::Removed(seq) => {
                delete.execute([seq])?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn words_are_anded_and_only_a_final_star_means_a_beginning() {
        assert_eq!(expression("fix login").unwrap(), r#""fix" AND "login""#);
        assert_eq!(expression("  re-use* ").unwrap(), r#""re" AND "use"*"#);
        assert_eq!(expression("a*b").unwrap(), r#""a" AND "b""#);
        assert_eq!(expression("NEAR(x)").unwrap(), r#""NEAR" AND "x""#);
        assert_eq!(expression(" \"'*^:()-+ "), None);
        assert_eq!(expression(""), None);
    }
}
