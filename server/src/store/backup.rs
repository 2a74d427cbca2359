//! Whole copies of the database, made while it is written to and verified
//! before they have a name. Never copies a live file without its log.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::error::StoreError;
use super::options::StoreOptions;
use super::schema::{self, SCHEMA_VERSION, file_error};

/// Marks the file as one of ours ("TskO").
pub(super) const APPLICATION_ID: i32 = 0x5473_6b4f;
/// Most findings of SQLite's check that are repeated in an error.
const FINDINGS: u32 = 5;

/// How long a lock of somebody else is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// What a copy says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Its schema.
    pub schema_version: u32,
    /// How many workers had taken over.
    pub epoch: u64,
    /// All its tasks.
    pub tasks: u64,
    /// Bytes of the file.
    pub size_bytes: u64,
}

/// Copies the database, as it is at one moment, into a new file that needs no
/// log beside it; verifies and syncs that. The file is removed when anything fails.
///
/// # Errors
///
/// When the database cannot be read, the copy not written, or it is not intact.
pub fn copy(options: &StoreOptions, to: &Path) -> Result<Verified, StoreError> {
    let at = |what| file_error(what, to);
    let file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(at("cannot create"))?;
    let copied = fill(options, to)
        .and_then(|()| verify(to))
        .and_then(|verified| file.sync_all().map(|()| verified).map_err(at("cannot sync")));
    if copied.is_err() {
        remove_with_logs(to);
    }
    copied
}

fn fill(options: &StoreOptions, to: &Path) -> Result<(), StoreError> {
    let source = schema::open_reader(options)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags)?;
    // Synced by its own descriptor when it is whole.
    target.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
    {
        let backup = Backup::new(&source, &mut target)?;
        // All in one step: it is one moment, and nobody who writes can make it begin again.
        match backup.step(-1)? {
            StepResult::Done => {}
            _ => return Err(StoreError::Unavailable("the database is locked by another process".into())),
        }
    }
    // The copy says that it has a log; one file alone has none.
    target.execute_batch("PRAGMA journal_mode = DELETE;")?;
    target.close().map_err(|(_, error)| StoreError::from(error))
}

/// Looks whether a database is ours, of a schema that we can read or migrate, and
/// intact in every page, all of it as of one moment: others may write meanwhile.
///
/// # Errors
///
/// What is wrong with it.
pub fn verify(path: &Path) -> Result<Verified, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // The first read fixes the moment, which ends with the connection.
    connection.execute_batch("BEGIN DEFERRED")?;
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("application_id")? != i64::from(APPLICATION_ID) {
        return Err(StoreError::NotOurs(path.to_owned()));
    }
    let found = u32::try_from(pragma("user_version")?).unwrap_or(u32::MAX);
    if found > SCHEMA_VERSION {
        return Err(StoreError::SchemaTooNew { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    intact(&connection)?;
    let epoch: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
        .optional()?;
    let tasks: i64 = connection.query_row("SELECT count(*) FROM tasks", [], |row| row.get(0))?;
    Ok(Verified {
        schema_version: found,
        epoch: epoch.unwrap_or(0).cast_unsigned(),
        tasks: tasks.cast_unsigned(),
        size_bytes: schema::file_bytes(path),
    })
}

fn intact(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS})"))?;
    let findings: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    if findings.len() == 1 && findings.iter().any(|finding| finding == "ok") {
        return Ok(());
    }
    Err(StoreError::Failed(format!("the file is damaged: {}", findings.join("; "))))
}

/// Makes a copy ready to be served from: it writes ahead again, and counts its
/// workers on from `epoch`, so that no generation comes twice.
///
/// # Errors
///
/// When it cannot be written.
pub fn make_servable(path: &Path, epoch: u64) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ('epoch', ?1) \
         ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        [epoch.cast_signed()],
    )?;
    connection.close().map_err(|(_, error)| StoreError::from(error))?;
    let at = |what| file_error(what, path);
    File::open(path).and_then(|file| file.sync_all()).map_err(at("cannot sync"))
}

/// Copies a database's log back into it and removes the log, so that the file
/// is all there is. Nobody may be using it.
///
/// # Errors
///
/// When it cannot be written or somebody uses it.
pub fn settle(path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY)?;
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy != 0 {
        return Err(StoreError::Unavailable("the database is in use by another process".into()));
    }
    // The last connection takes the log away with it.
    connection.close().map_err(|(_, error)| StoreError::from(error))?;
    if schema::file_bytes(&schema::wal_path(path)) != 0 {
        return Err(StoreError::Unavailable("the database's log is in use by another process".into()));
    }
    Ok(())
}

/// Removes a database file with what SQLite keeps beside it; what is not there is no failure.
pub fn remove_with_logs(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
}
