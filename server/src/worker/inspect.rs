//! The database as the worker measures it when the front asks. Every figure is
//! measured at the question; what was not measured is said.

use std::time::Instant;

use task_orchestrator_shared::error_code::ErrorCode;

use super::shared::Shared;
use crate::link::{Inspection, OrderFailure};
use crate::store::{ExecuteError, Figures};
use crate::tasks::{Repository as _, StatusCounts};

/// Above this many bytes the check of the whole file would take seconds.
const CHECKED_BYTES: u64 = 256 * 1024 * 1024;

/// Measures.
///
/// # Errors
///
/// When the database does not answer.
pub(super) async fn inspect(shared: &Shared) -> Result<Inspection, OrderFailure> {
    let (figures, counts, latency) = figures(shared).await.map_err(failed)?;
    let problems = if figures.database_bytes > CHECKED_BYTES {
        Vec::new()
    } else {
        shared.store.quick_check().await.map_err(|error| failed(error.into()))?
    };
    let intact = problems.is_empty();
    let mut inspection = Inspection {
        schema_version: figures.schema_version,
        intact,
        problems,
        size_bytes: figures.database_bytes,
        wal_bytes: figures.wal_bytes,
        transactions_pending: figures.pending,
        connections_open: figures.connections,
        latency_micros: latency,
        active_tasks: counts.active,
        open_tasks: counts.open(),
        suspendable: shared.jobs.running(),
    };
    if figures.database_bytes > CHECKED_BYTES {
        let size = CHECKED_BYTES >> 20;
        inspection.problems.push(format!("not checked: the file is larger than {size} MiB"));
    }
    Ok(inspection)
}

async fn figures(shared: &Shared) -> Result<(Figures, StatusCounts, u64), ExecuteError> {
    let figures = shared.store.figures().await?;
    let began = Instant::now();
    let counts = shared.store.read_short(|tx| Ok(tx.counts(None)?))?;
    let latency = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok((figures, counts, latency))
}

fn failed(error: ExecuteError) -> OrderFailure {
    OrderFailure { error_code: ErrorCode::DatabaseFailed, error: error.to_string() }
}
