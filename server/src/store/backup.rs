//! A copy of the database as of one moment, made while it is in use. It appears
//! under its name only when it is whole and on the disk.

use std::path::Path;

use super::error::StoreError;
use super::options::StoreOptions;
use super::schema;

/// Copies the database into the directory. Returns the copy's name there.
///
/// # Errors
///
/// When the database cannot be read or the copy not be written; nothing stays of it.
pub fn create(options: &StoreOptions, directory: &Path, generation: u64) -> Result<String, StoreError> {
    schema::ensure_directory(directory)?;
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
    let name = format!("backup_database_{time}_{generation}.db");
    let target = directory.join(&name);
    let at = |what| schema::file_error(what, &target);
    let copy = tempfile::Builder::new()
        .prefix(".backup-")
        .suffix(".db")
        .tempfile_in(directory)
        .map_err(at("cannot create"))?;
    let path = copy.path().to_str().ok_or_else(|| StoreError::NotOurs(target.clone()))?;
    schema::open_reader(options)?.execute("VACUUM INTO ?1", [path])?;
    copy.as_file().sync_all().map_err(at("cannot write"))?;
    copy.persist_noclobber(&target).map_err(|error| at("cannot create")(error.error))?;
    schema::sync_directory(directory)?;
    Ok(name)
}
