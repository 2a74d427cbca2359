//! The file of dead letters that had to make room: one JSON object a line, on
//! the disk when `append` returns. One former file is kept.

use std::fs;
use std::io::Write;
use std::path::Path;

use task_orchestrator_shared::report::DeadLetter;

use super::error::LedgerError;
use crate::workspace::open_private_append;

const CURRENT: &str = "dead_letters.jsonl";
const FORMER: &str = "dead_letters.1.jsonl";

/// Appends a letter, after putting a file aside that would become larger than this.
pub(super) fn append(directory: &Path, most: u64, letter: &DeadLetter) -> Result<(), LedgerError> {
    let path = directory.join(CURRENT);
    let mut line = serde_json::to_vec(letter)?;
    line.push(b'\n');
    let size = fs::metadata(&path).map_or(0, |found| found.len());
    if size > 0 && size.saturating_add(line.len() as u64) > most {
        fs::rename(&path, directory.join(FORMER)).map_err(LedgerError::file("rotate", &path))?;
    }
    let is_new = !path.exists();
    let mut file = open_private_append(&path).map_err(LedgerError::file("open", &path))?;
    let begin = file.metadata().map_err(LedgerError::file("look at", &path))?.len();
    let written = file.write_all(&line).and_then(|()| file.sync_data());
    if let Err(error) = written {
        // Half a line would spoil the next one. If this fails too, a reader has a line to skip.
        drop(file.set_len(begin));
        return Err(LedgerError::file("write", &path)(error));
    }
    if is_new {
        let sync = || fs::File::open(directory)?.sync_all();
        sync().map_err(LedgerError::file("write", directory))?;
    }
    Ok(())
}
