//! What the front wants done with the state: snapshots and backups. Runs beside
//! the requests, on threads that may block and stand back; it never touches a client.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use task_orchestrator_shared::error_code::ErrorCode;

use super::shared::Shared;
use crate::link::{Done, OrderFailure, SnapshotBulk, SnapshotHeader};
use crate::state::{self, Compared, Mismatch, StateError};
use crate::store::StoreOptions;
use crate::store::export::Export;

/// Writes the bulk of a snapshot into a new file, with the suspended calls.
///
/// # Errors
///
/// What could not be read or written; there is no file then.
pub async fn snapshot(
    shared: &Shared,
    file: PathBuf,
    header: SnapshotHeader,
    suspended: Vec<Value>,
) -> Result<Done, OrderFailure> {
    beside(shared, move |options| {
        let mut export = Export::open(options).map_err(|error| failure(error.into()))?;
        state::write_bulk(&file, &header, Timestamp::now(), &suspended, &mut export)
            .map(Done::Snapshot)
            .map_err(failure)
    })
    .await
}

/// Reads a snapshot's bulk and compares it with the database.
///
/// # Errors
///
/// What is wrong with it, or where the two do not agree.
pub async fn verify(shared: &Shared, file: PathBuf, bulk: SnapshotBulk) -> Result<Done, OrderFailure> {
    beside(shared, move |options| {
        state::verify_bulk(&file, &bulk).map_err(failure)?;
        match state::compare(&file, options) {
            Ok(Compared::Tasks(tasks)) => tracing::debug!(tasks, "the snapshot agrees with the database"),
            Ok(Compared::FileOnly) => {
                tracing::info!("the database is to be migrated: the snapshot's tasks were not compared");
            }
            Err(Mismatch::State(error)) => return Err(failure(error)),
            Err(mismatch) => {
                return Err(fail(
                    ErrorCode::StateSerializationFailed,
                    format!("the snapshot is not to be trusted: {mismatch}"),
                ));
            }
        }
        Ok(Done::Verified)
    })
    .await
}

/// Copies the database into a backup.
///
/// # Errors
///
/// What could not be read or written, or that the copy is not intact.
pub async fn backup(shared: &Shared, directory: PathBuf) -> Result<Done, OrderFailure> {
    beside(shared, move |options| {
        state::back_up(options, &directory, Timestamp::now()).map(Done::Backup).map_err(|error| {
            fail(ErrorCode::DatabaseFailed, format!("the database cannot be backed up: {error}"))
        })
    })
    .await
}

async fn beside(
    shared: &Shared,
    work: impl FnOnce(&StoreOptions) -> Result<Done, OrderFailure> + Send + 'static,
) -> Result<Done, OrderFailure> {
    let options = shared.store.opened_with();
    match crate::process::aside(move || work(&options)).await {
        Some(result) => result,
        None => Err(fail(ErrorCode::Internal, "the order stopped by a defect of the server".into())),
    }
}

/// A failure of a snapshot, or of the database below it.
fn failure(error: StateError) -> OrderFailure {
    if error.is_of_database() {
        fail(ErrorCode::DatabaseFailed, error.to_string())
    } else {
        fail(ErrorCode::StateSerializationFailed, format!("the snapshot in the state directory: {error}"))
    }
}

fn fail(error_code: ErrorCode, error: String) -> OrderFailure {
    OrderFailure { error_code, error }
}
