//! Rows from a statement that is prepared once for each connection.

use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use crate::tasks::repository::Stored;

/// A limit as SQL takes it.
pub(super) fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The row that there is at most one of.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Stored<Option<T>> {
    Ok(connection.prepare_cached(sql)?.query_row(parameters, row).optional()?)
}

/// Every row.
pub(super) fn many<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Stored<Vec<T>> {
    Ok(connection.prepare_cached(sql)?.query_map(parameters, row)?.collect::<rusqlite::Result<_>>()?)
}
