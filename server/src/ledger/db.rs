//! The ledger's database: making, opening and checking it. What is kept in it
//! is in the files beside this one. It must never be touched by two threads.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::error::LedgerError;
use crate::config;
use crate::workspace::open_private_append;

/// The schema that this program reads and writes.
const SCHEMA_VERSION: u32 = 2;
/// What version 2 has and version 1 has not.
const HTTP_SESSIONS: &str = include_str!("http_sessions.sql");
/// Marks the file as a ledger ("TskL").
const APPLICATION_ID: i32 = 0x5473_6b4c;
/// Name of the file.
const FILE: &str = "ledger.db";
/// How long a former front that still ends is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a ledger is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its files are.
    pub directory: PathBuf,
    /// Restarts that are kept.
    pub history: u32,
    /// Dead letters that are kept.
    pub dead_letters: u32,
    /// Bytes of dead letters that are kept.
    pub dead_letter_bytes: u64,
    /// Bytes after which the file of exported dead letters is rotated.
    pub export_bytes: u64,
    /// Whether restarts without an end are closed: the front that ran them is dead.
    pub close_unfinished: bool,
}

impl Options {
    /// The usual ledger of a workspace.
    pub fn new(directory: impl Into<PathBuf>, state: &config::State) -> Self {
        Self {
            directory: directory.into(),
            history: state.history,
            dead_letters: state.dead_letters,
            dead_letter_bytes: 64 << 20,
            export_bytes: 16 << 20,
            close_unfinished: true,
        }
    }

    /// The database.
    pub(super) fn file(&self) -> PathBuf {
        self.directory.join(FILE)
    }
}

/// The database of a ledger.
#[derive(Debug)]
pub struct Db {
    pub(super) connection: Connection,
    pub(super) options: Options,
}

impl Db {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]; the file is as it was.
    pub fn open(options: Options) -> Result<Self, LedgerError> {
        let file = options.file();
        if !file.exists() {
            // SQLite would make it readable for others; what is empty is a new database to it.
            open_private_append(&file).map_err(LedgerError::file("create", &file))?;
        }
        let connection = Connection::open(&file)?;
        Self::set_up(connection, options)
    }

    /// One that ends with this process.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn in_memory(options: Options) -> Result<Self, LedgerError> {
        Self::set_up(Connection::open_in_memory()?, options)
    }

    fn set_up(connection: Connection, options: Options) -> Result<Self, LedgerError> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // What turns out to be damaged must not be changed by closing it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let (application, version) = (pragma("application_id")?, pragma("user_version")?);
        let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let is_new = (application, version, tables) == (0, 0, 0);
        let found = u32::try_from(version).unwrap_or(u32::MAX);
        if !is_new && application != APPLICATION_ID {
            return Err(LedgerError::NotOurs);
        }
        if found > SCHEMA_VERSION {
            return Err(LedgerError::TooNew { found, known: SCHEMA_VERSION });
        }
        // A discarded letter is gone: secure_delete overwrites it.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16777216;",
        )?;
        if is_new {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {} {HTTP_SESSIONS} PRAGMA application_id = {APPLICATION_ID}; \
                 PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;",
                include_str!("schema.sql")
            ))?;
        }
        check(&connection)?;
        if !is_new && found < 2 {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {HTTP_SESSIONS} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            ))?;
        }
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(Self { connection, options })
    }

    /// Where the files are.
    pub(super) fn directory(&self) -> &Path {
        &self.options.directory
    }
}

fn check(connection: &Connection) -> Result<(), LedgerError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(LedgerError::Damaged(verdict)) }
}

/// The text, cut to so many characters: what comes from elsewhere has a bound here.
pub(super) fn clipped(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
