//! Names and texts that have been checked. A value of one of these types is
//! within its bounds; nothing a client sent gets further without becoming one.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::error::TaskError;

/// Longest id, in bytes.
pub const MAX_ID: usize = 64;
/// Longest title, in characters.
pub const MAX_TITLE: usize = 255;
/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 10_000;
/// Longest note, reason or summary, in characters.
pub const MAX_SUMMARY: usize = 10_000;
/// Largest account of the work done, in bytes.
pub const MAX_DETAILED_WORK: usize = 1024 * 1024;

macro_rules! checked_text {
    ($(#[$meta:meta])* $name:ident, $field:literal, $check:ident, $schema:tt) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text.
            ///
            /// # Errors
            ///
            /// [`TaskError::Invalid`] naming the field and the bound.
            pub fn new(text: impl Into<String>) -> Result<Self, TaskError> {
                $check($field, text.into()).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = TaskError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TaskError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_text! {
    /// Names a task.
    TaskId, "task_id", identifier, { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }
}
checked_text! {
    /// Names a session.
    SessionId, "session_id", identifier, { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }
}
checked_text! {
    /// Names an artifact.
    ArtifactId, "artifact_id", identifier, { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }
}
checked_text! {
    /// Names a specialist role. Whether the role exists is [`KnownRoles`](super::KnownRoles)' business.
    Specialist, "specialist_type", identifier, { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }
}
checked_text! {
    /// A task's or session's title: one line to recognise it by, trimmed and not empty.
    Title, "title", title, { "type": "string", "minLength": 1, "maxLength": 255 }
}
checked_text! {
    /// What a task is about; may be empty.
    Description, "description", description, { "type": "string", "maxLength": 10000 }
}
checked_text! {
    /// What came of a task, or why something was done to it.
    Summary, "summary", description, { "type": "string", "maxLength": 10000 }
}
checked_text! {
    /// How much work a task is thought to be, in the client's words.
    Effort, "estimated_effort", effort, { "type": "string", "maxLength": 255 }
}

impl Specialist {
    /// The role of a task for which nobody named one.
    pub fn generic() -> Self {
        Self("generic".to_owned())
    }
}

fn identifier(field: &'static str, text: String) -> Result<String, TaskError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if text.is_empty() || text.len() > MAX_ID || !text.bytes().all(allowed) {
        return Err(TaskError::invalid(field, "an id is 1 to 64 letters, digits, '_' or '-'"));
    }
    Ok(text)
}

fn title(field: &'static str, text: String) -> Result<String, TaskError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(TaskError::invalid(field, "must not be empty"));
    }
    if trimmed.contains('\0') {
        return Err(TaskError::invalid(field, "must not contain a zero character"));
    }
    bounded(field, trimmed.to_owned(), MAX_TITLE)
}

fn description(field: &'static str, text: String) -> Result<String, TaskError> {
    bounded(field, text, MAX_DESCRIPTION)
}

fn effort(field: &'static str, text: String) -> Result<String, TaskError> {
    bounded(field, text, MAX_TITLE)
}

fn bounded(field: &'static str, text: String, limit: usize) -> Result<String, TaskError> {
    // A text has at most as many characters as bytes: count only when it matters.
    if text.len() > limit {
        let count = text.chars().count();
        if count > limit {
            return Err(TaskError::invalid(field, format!("has {count} characters, the limit is {limit}")));
        }
    }
    Ok(text)
}

/// Checks the account of the work done, which may be larger than any other text.
///
/// # Errors
///
/// [`TaskError::Invalid`] above [`MAX_DETAILED_WORK`].
pub fn check_detailed_work(text: &str) -> Result<(), TaskError> {
    if text.len() > MAX_DETAILED_WORK {
        return Err(TaskError::invalid(
            "detailed_work",
            format!(
                "has {} bytes, the limit is {MAX_DETAILED_WORK}; put it into a file and name it in file_paths",
                text.len()
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_can_never_be_a_path_or_a_pattern() {
        for bad in ["", "../x", "a/b", "a b", "ü", "a.b", "%", "a\0", "\n", &"x".repeat(65)] {
            assert!(TaskId::new(bad).is_err(), "{bad:?}");
            assert!(serde_json::from_value::<TaskId>(bad.into()).is_err(), "{bad:?}");
        }
        for good in ["a", "A-Z_09", &"x".repeat(64)] {
            assert_eq!(TaskId::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn bounds_count_characters_and_titles_are_trimmed() {
        assert_eq!(Title::new("  ab \n").unwrap().as_str(), "ab");
        assert!(Title::new(" \t").is_err());
        assert!(Title::new("ä".repeat(255)).is_ok());
        assert!(Title::new("ä".repeat(256)).is_err());
        assert!(Description::new("語".repeat(10_000)).is_ok());
        assert!(Description::new("x".repeat(10_001)).is_err());
        assert!(check_detailed_work(&"x".repeat(MAX_DETAILED_WORK)).is_ok());
        assert!(check_detailed_work(&"x".repeat(MAX_DETAILED_WORK + 1)).is_err());
    }
}
