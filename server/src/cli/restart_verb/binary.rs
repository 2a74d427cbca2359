//! The program that is named on the command line: where it is and whether it can
//! be one at all. The server proves it; this only catches slips of the hand.

use std::path::{self, Path, PathBuf};

use rustix::fs::{Access, access};
use thiserror::Error;

/// Why a program cannot be run.
#[derive(Debug, Error)]
pub(super) enum BinaryError {
    /// Nothing is there.
    #[error("there is no program at {0}: build it first, or correct the path given with --binary")]
    Missing(PathBuf),
    /// It is a directory or something else.
    #[error("{0} is no file: give the program itself with --binary")]
    NoFile(PathBuf),
    /// It may not be executed.
    #[error("{0} may not be executed: `chmod +x` it, or correct the path given with --binary")]
    NotExecutable(PathBuf),
    /// The protocol has no way to say it.
    #[error("{0} is not valid UTF-8: move the program to another path")]
    NotText(PathBuf),
    /// It cannot be made absolute.
    #[error("{0} cannot be used: {1}")]
    Path(PathBuf, std::io::Error),
}

/// The program as the server is to be told, which has another current directory.
pub(super) fn resolve(given: &Path, current: &Path) -> Result<String, BinaryError> {
    // Links stay: whoever deploys by moving one wants the next restart to follow it.
    let whole =
        path::absolute(current.join(given)).map_err(|error| BinaryError::Path(given.to_owned(), error))?;
    let found = std::fs::metadata(&whole).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => BinaryError::Missing(whole.clone()),
        _ => BinaryError::Path(whole.clone(), error),
    })?;
    if !found.is_file() {
        return Err(BinaryError::NoFile(whole));
    }
    if access(&whole, Access::EXEC_OK).is_err() {
        return Err(BinaryError::NotExecutable(whole));
    }
    whole.into_os_string().into_string().map_err(|path| BinaryError::NotText(path.into()))
}
