//! What is wrong with a role file, and where. Must never hold more of the
//! file than the name of what was found.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One mistake in the workspace's roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleProblem {
    /// The file's name inside the role directory.
    pub file: String,
    /// The line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The column, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What is wrong and what is expected instead.
    pub message: String,
}

impl RoleProblem {
    /// A mistake of a file as a whole.
    pub(super) fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: None, message: message.into() }
    }

    /// A mistake at the place the parser names.
    pub(super) fn of_yaml(file: &str, error: &serde_saphyr::Error) -> Self {
        let place = error.location();
        Self {
            file: file.to_owned(),
            line: place.map(|at| at.line()),
            column: place.map(|at| at.column()),
            message: error.to_string().chars().take(500).collect(),
        }
    }
}

impl fmt::Display for RoleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.message)
    }
}
