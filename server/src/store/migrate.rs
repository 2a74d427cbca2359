//! From an older schema to the present one: a list of steps, each of which only
//! adds, so that the build before can go on with the result. Must never begin or
//! commit a transaction: the caller's holds the steps and the new version together.

use rusqlite::Connection;

/// The change from one schema version to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// The version that it leads to; it begins at the one before.
    pub(super) to: u32,
    /// What it adds.
    pub(super) sql: &'static str,
}

/// All steps in their order. The last leads to the present schema.
pub(super) const STEPS: &[Step] = &[
    Step { to: 2, sql: include_str!("migrate/to_2.sql") },
    Step { to: 3, sql: include_str!("migrate/to_3.sql") },
];

/// The oldest schema that the steps begin at.
pub(super) const OLDEST: u32 = 1;

/// Applies what leads on from this version, within the caller's transaction.
///
/// # Errors
///
/// Whatever a step fails with; the caller rolls everything back then.
pub(super) fn apply(connection: &Connection, from: u32, steps: &[Step]) -> rusqlite::Result<()> {
    for step in steps.iter().filter(|step| step.to > from) {
        connection.execute_batch(step.sql)?;
        connection.pragma_update(None, "user_version", step.to)?;
    }
    Ok(())
}
