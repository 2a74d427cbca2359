//! Opening a ledger whatever has become of its file: a damaged one is set aside,
//! and where none can be kept, one in memory serves. Must never delete history.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::db::{Db, Options};
use super::error::LedgerError;

/// In what condition a ledger was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// As it was left.
    Sound,
    /// The former one was damaged and has been set aside; this one is new.
    Renewed {
        /// Where the former one is.
        broken: PathBuf,
        /// What was wrong with it.
        cause: String,
    },
    /// Nothing can be kept: it ends with this process.
    Volatile {
        /// Why.
        cause: String,
    },
}

impl Condition {
    /// What an operator must be told, where there is something.
    pub fn issue(&self) -> Option<String> {
        match self {
            Self::Sound => None,
            Self::Renewed { broken, cause } => Some(format!(
                "the history of restarts was damaged ({cause}) and has been begun anew; the former one is {}",
                broken.display()
            )),
            Self::Volatile { cause } => Some(format!(
                "RESTART_001: the history of restarts cannot be kept ({cause}): what is recorded now ends \
                 with this process"
            )),
        }
    }
}

/// Opens it in the best condition that can be had.
///
/// # Errors
///
/// Not even one in memory could be made.
pub(super) fn open(options: &Options) -> Result<(Db, Condition), LedgerError> {
    let cause = match Db::open(options.clone()) {
        Ok(db) => return Ok((db, Condition::Sound)),
        Err(error) if error.is_damage() => match renew(options, &error) {
            Ok(renewed) => return Ok(renewed),
            Err(again) => format!("{error}; then: {again}"),
        },
        Err(error) => error.to_string(),
    };
    tracing::error!(cause, "the ledger is kept in memory only");
    Ok((Db::in_memory(options.clone())?, Condition::Volatile { cause }))
}

fn renew(options: &Options, error: &LedgerError) -> Result<(Db, Condition), LedgerError> {
    let file = options.file();
    let broken = beside(&file, ".broken");
    set_aside(&file, &broken).map_err(LedgerError::file("set aside", &file))?;
    tracing::error!(%error, broken = %broken.display(), "the ledger was damaged and is begun anew");
    let condition = Condition::Renewed { broken, cause: error.to_string() };
    Ok((Db::open(options.clone())?, condition))
}

/// The log of the damaged file goes with it: the new one must not take it for its own.
fn set_aside(file: &Path, broken: &Path) -> io::Result<()> {
    let there = |result: io::Result<()>| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    there(fs::rename(beside(file, "-wal"), beside(broken, "-wal")))?;
    there(fs::remove_file(beside(file, "-shm")))?;
    fs::rename(file, broken)?;
    file.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
