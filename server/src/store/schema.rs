//! Making and opening database files. A new file appears under its name only
//! when it is whole; an existing one is opened as it is or refused.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::error::StoreError;
use super::options::{StoreOptions, Synchronous};
use super::{busy, migrate};

/// The schema that this program reads and writes.
pub const SCHEMA_VERSION: u32 = 3;

/// The oldest schema whose builds can use a database of [`SCHEMA_VERSION`].
pub(super) const COMPATIBLE_FROM: u32 = 1;

/// The schema of a database, and what an activation would do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaState {
    /// As the database says.
    pub found: u32,
    /// Whether the activation moves it to [`SCHEMA_VERSION`].
    pub migration_due: bool,
    /// Whether the builds of the found schema can go on after that.
    pub reversible: bool,
}

impl SchemaState {
    pub(super) const fn of(found: u32) -> Self {
        Self { found, migration_due: found < SCHEMA_VERSION, reversible: COMPATIBLE_FROM <= found }
    }
}

/// Marks the file as one of ours ("TskO").
const APPLICATION_ID: i32 = 0x5473_6b4f;
/// Pages in the write-ahead log after which it is copied back into the database.
const CHECKPOINT_PAGES: u32 = 2000;
/// Prepared statements kept by each connection.
const STATEMENTS: usize = 256;

/// Makes the database where there is none.
pub(super) fn ensure_database(options: &StoreOptions) -> Result<(), StoreError> {
    if options.database.exists() {
        return Ok(());
    }
    let directory = parent(&options.database);
    ensure_directory(directory)?;
    let at = |what| file_error(what, &options.database);
    let fresh = tempfile::Builder::new()
        .prefix(".new-")
        .suffix(".db")
        .tempfile_in(directory)
        .map_err(at("cannot create"))?;
    build(fresh.path())?;
    if options.synchronous != Synchronous::Off {
        fresh.as_file().sync_all().map_err(at("cannot write"))?;
    }
    match fresh.persist_noclobber(&options.database) {
        Ok(_) => {}
        // Another process has made it meanwhile, whole.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(at("cannot create")(error.error)),
    }
    if options.synchronous != Synchronous::Off {
        sync_directory(directory)?;
    }
    Ok(())
}

/// Writes the schema into an empty file. Nothing here is synced: the file has no name yet.
fn build(path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
    connection.execute_batch(&format!(
        "BEGIN; {} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;",
        include_str!("schema.sql")
    ))?;
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    connection.close().map_err(|(_, error)| StoreError::from(error))
}

/// The connection for writing.
pub(super) fn open_writer(options: &StoreOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&options.database, flags)?;
    set_up(&mut connection)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; \
         PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;",
        synchronous(options.synchronous)
    ))?;
    Ok(connection)
}

/// A connection for reading.
pub(super) fn open_reader(options: &StoreOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&options.database, flags)?;
    set_up(&mut connection)?;
    connection.execute_batch("PRAGMA cache_size = -8192;")?;
    Ok(connection)
}

fn set_up(connection: &mut Connection) -> Result<(), StoreError> {
    busy::install(connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise SQLite plans a prepared statement anew whenever a bound value
    // changes, which takes longer than most of our statements run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA foreign_keys = ON;")?;
    Ok(())
}

/// The schema of the database; an error when this program cannot serve from it.
/// An older one is migrated at the activation. A newer one says itself whether
/// this program may go on with it.
pub(super) fn check_version(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    if pragma("application_id")? != APPLICATION_ID {
        return Err(StoreError::NotOurs(path.to_owned()));
    }
    let found = found_version(connection)?;
    let (path, known) = (path.to_owned(), SCHEMA_VERSION);
    if found < migrate::OLDEST {
        return Err(StoreError::SchemaTooOld { path, found, known });
    }
    if found > SCHEMA_VERSION && compatible_from(connection)? > SCHEMA_VERSION {
        return Err(StoreError::SchemaTooNew { path, found, known });
    }
    Ok(found)
}

/// The schema of the database as it says itself.
pub(super) fn found_version(connection: &Connection) -> rusqlite::Result<u32> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

/// Which builds a newer database still takes; none where it does not say.
fn compatible_from(connection: &Connection) -> rusqlite::Result<u32> {
    let sql = "SELECT value FROM meta WHERE key = 'compatible_from'";
    let oldest: Option<u32> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(oldest.unwrap_or(u32::MAX))
}

/// How SQLite calls it.
pub(super) const fn synchronous(value: Synchronous) -> &'static str {
    match value {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
        Synchronous::Off => "OFF",
    }
}

/// Makes a directory for us alone, and those above it.
pub(super) fn ensure_directory(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(file_error("cannot create", path))
}

/// Makes what was renamed or created in a directory survive a power failure.
pub(super) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(file_error("cannot write", path))
}

/// Bytes of a file, 0 where there is none.
pub(super) fn file_bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The write-ahead log of a database.
pub(super) fn wal_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// An error about a file.
pub(super) fn file_error(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> StoreError + Copy {
    move |source| StoreError::File { what, path: path.to_owned(), source }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
