//! A filter, ready to be used on many lines. It comes from a client: what it costs
//! has a limit before it is used.

use regex::{Regex, RegexBuilder};
use task_orchestrator_shared::admin::log::{LogFilter, LogLevel, LogLine};

use super::{FollowError, MAX_PATTERN_BYTES, MAX_SESSION_BYTES};

/// Most memory that a pattern may take once it is compiled, in bytes. Matching is
/// linear in the line whatever the pattern is.
const MAX_COMPILED: usize = 1024 * 1024;

/// Fields in which a mere number is a session. In any other it counts something.
const SESSION_FIELDS: [&str; 2] = ["session", "client"];

/// What is taken.
#[derive(Debug)]
pub(super) struct Wanted {
    level: Option<LogLevel>,
    session: Option<String>,
    grep: Option<Regex>,
}

impl Wanted {
    /// Makes the filter ready.
    ///
    /// # Errors
    /// A pattern or an id that cannot be used.
    pub(super) fn new(filter: &LogFilter) -> Result<Self, FollowError> {
        let session = filter.session.as_deref().map(str::trim).filter(|session| !session.is_empty());
        if let Some(session) = session.filter(|session| session.len() > MAX_SESSION_BYTES) {
            return Err(FollowError::Session(session.len()));
        }
        let grep = filter.grep.as_deref().map(compiled).transpose()?;
        Ok(Self { level: filter.level, session: session.map(str::to_owned), grep })
    }

    /// Whether this line is wanted. A pattern is looked for in what the line says and
    /// in the name of the part of the program that says it.
    pub(super) fn takes(&self, line: &LogLine) -> bool {
        self.level.is_none_or(|least| line.level.is_some_and(|level| level >= least))
            && self.session.as_deref().is_none_or(|id| is_about(&line.text, id))
            && self.grep.as_ref().is_none_or(|grep| grep.is_match(&line.text) || grep.is_match(&line.target))
    }
}

fn compiled(pattern: &str) -> Result<Regex, FollowError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        let length = pattern.len();
        return Err(FollowError::Pattern(format!("{length} bytes; at most {MAX_PATTERN_BYTES}")));
    }
    // The compiler says where only in a drawing of several lines; the parser, in a number.
    let found = match regex_syntax::parse(pattern) {
        Ok(_) => None,
        Err(regex_syntax::Error::Parse(error)) => Some((error.span().start.offset, error.kind().to_string())),
        Err(regex_syntax::Error::Translate(error)) => {
            Some((error.span().start.offset, error.kind().to_string()))
        }
        Err(error) => return Err(FollowError::Pattern(error.to_string())),
    };
    if let Some((offset, problem)) = found {
        let character = pattern.get(..offset).map_or(offset, |before| before.chars().count()) + 1;
        return Err(FollowError::Pattern(format!("{problem}, at character {character}")));
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
        .map_err(|_| FollowError::Pattern("it stands for too much; write it shorter".to_owned()))
}

/// Whether this id stands as the value of a field, alone or at the head of an
/// operation's (`operation=<client>:1:2`).
fn is_about(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(start, found)| {
        let (Some(before), Some(after)) = (text.get(..start), text.get(start + found.len()..)) else {
            return false;
        };
        let before = before.strip_suffix('"').unwrap_or(before);
        let ends = !after.starts_with(|next: char| next.is_alphanumeric() || "_-.".contains(next));
        ends && before.strip_suffix('=').is_some_and(|field| names_a_session(field, id))
    })
}

fn names_a_session(before: &str, id: &str) -> bool {
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    let field = before.rsplit(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next();
    !is_number || field.is_some_and(|field| SESSION_FIELDS.contains(&field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_the_whole_value_of_a_field() {
        let uuid = "0199-aa";
        let table = [
            ("client attached session=7 client=0199-aa pid=9", "7", true),
            ("client attached session=7 client=0199-aa pid=9", uuid, true),
            ("session=\"7\"", "7", true),
            ("link{session=7}: gone", "7", true),
            ("session=77", "7", false),
            ("session=17", "7", false),
            ("rows=7 session=8", "7", false),
            ("last_session=7", "7", false),
            ("session 7 is gone", "7", false),
            ("tool{operation=0199-aa:1:2}: done", uuid, true),
            ("client=0199-aab", uuid, false),
            ("client=0199-aa-b", uuid, false),
        ];
        for (text, id, expected) in table {
            assert_eq!(is_about(text, id), expected, "{text} / {id}");
        }
    }

    #[test]
    fn a_bad_pattern_is_told_with_its_place_and_a_costly_one_is_refused() {
        let problem = |pattern: &str| compiled(pattern).unwrap_err().to_string();
        assert!(problem("äb(c").ends_with("unclosed group, at character 3"), "{}", problem("äb(c"));
        assert!(problem(&"x".repeat(MAX_PATTERN_BYTES + 1)).contains("1001 bytes; at most 1000"));
        assert!(problem(r"(?:\pL{200}){200}").contains("too much"));
        assert!(compiled(&"x".repeat(MAX_PATTERN_BYTES)).is_ok());
        assert!(compiled(r"(?i)restart \d+").unwrap().is_match("Restart 12"));
    }
}
