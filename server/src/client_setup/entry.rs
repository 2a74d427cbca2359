//! What an entry says: the program and its arguments.

use std::path::{Path, PathBuf};

use super::SetupError;

/// How a client launches the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program, as an absolute path: clients search other paths than shells do.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
}

impl Launch {
    /// `program stdio`, with the workspace named if there is one to name.
    ///
    /// # Errors
    /// A path that is not valid UTF-8.
    pub fn new(program: &Path, workspace: Option<&Path>) -> Result<Self, SetupError> {
        let text = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| SetupError::NotText(PathBuf::from(path)))
        };
        let mut args = vec!["stdio".to_owned()];
        if let Some(workspace) = workspace {
            args.extend(["--workspace".to_owned(), text(workspace)?]);
        }
        Ok(Self { command: text(program)?, args })
    }
}

/// A name that every client accepts.
///
/// # Errors
/// [`SetupError::Name`] otherwise.
pub fn check_name(name: &str) -> Result<(), SetupError> {
    let accepted = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if (1..=64).contains(&name.len()) && name.chars().all(accepted) {
        Ok(())
    } else {
        Err(SetupError::Name(name.to_owned()))
    }
}
