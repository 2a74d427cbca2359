//! The steps of restarts that have to be undone when the restart is not
//! completed: what a front left half way is known to the next one.

use jiff::Timestamp;
use rusqlite::params;
use task_orchestrator_shared::restart::RestartId;

use super::db::{Db, clipped};
use super::error::LedgerError;

/// Steps that are kept of all restarts together.
const KEPT: i64 = 10_000;
/// Characters of a step's name and of its detail that are kept.
const MAX_NAME: usize = 255;
const MAX_DETAIL: usize = 4096;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It may have had an effect.
    Started,
    /// It has had its effect.
    Done,
    /// Its effect is undone.
    Compensated,
    /// It has had no effect.
    Failed,
}

impl StepState {
    const ALL: [Self; 4] = [Self::Started, Self::Done, Self::Compensated, Self::Failed];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Compensated => "compensated",
            Self::Failed => "failed",
        }
    }
}

/// One step of a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SagaStep {
    /// Which.
    pub step: String,
    /// How far it is.
    pub state: StepState,
    /// What it takes to undo it.
    pub detail: String,
}

/// A restart with effects that are neither confirmed nor undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saga {
    /// Which.
    pub restart_id: RestartId,
    /// All its steps, in the order in which they began.
    pub steps: Vec<SagaStep>,
}

impl Db {
    /// How far a step is.
    pub(super) fn saga_step(
        &mut self,
        id: &RestartId,
        step: &str,
        state: StepState,
        detail: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let step = SagaStep { step: step.to_owned(), state, detail: detail.to_owned() };
        self.saga(id, std::slice::from_ref(&step), now)
    }

    /// How far several steps are, with one commit.
    pub(super) fn saga(
        &mut self,
        id: &RestartId,
        steps: &[SagaStep],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let tx = self.write()?;
        for SagaStep { step, state, detail } in steps {
            tx.prepare_cached(
                "INSERT INTO saga_steps (restart, step, state, detail, at) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (restart, step) DO UPDATE SET state = excluded.state, detail = excluded.detail, \
                 at = excluded.at",
            )?
            .execute(params![
                id.0,
                clipped(step, MAX_NAME),
                state.as_str(),
                clipped(detail, MAX_DETAIL),
                now.to_string()
            ])?;
        }
        tx.prepare_cached("DELETE FROM saga_steps WHERE seq <= (SELECT max(seq) FROM saga_steps) - ?1")?
            .execute([KEPT])?;
        Ok(tx.commit()?)
    }

    /// Restarts that have not been completed and have steps that may have had an
    /// effect which is not undone, oldest first.
    pub(super) fn unfinished_sagas(&self) -> Result<Vec<Saga>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT restart, step, state, saga_steps.detail FROM saga_steps WHERE restart IN ( \
             SELECT steps.restart FROM saga_steps AS steps LEFT JOIN restarts ON restarts.id = steps.restart \
             WHERE steps.state IN ('started', 'done') AND restarts.outcome IS NOT 'complete') ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        let mut sagas: Vec<Saga> = Vec::new();
        while let Some(row) = rows.next()? {
            let id = RestartId(row.get(0)?);
            let word: String = row.get(2)?;
            let state = StepState::ALL.into_iter().find(|state| state.as_str() == word);
            // A word of another program: what is not known to be undone may have to be.
            let state = state.unwrap_or(StepState::Started);
            let step = SagaStep { step: row.get(1)?, state, detail: row.get(3)? };
            match sagas.iter_mut().find(|saga| saga.restart_id == id) {
                Some(saga) => saga.steps.push(step),
                None => sagas.push(Saga { restart_id: id, steps: vec![step] }),
            }
        }
        Ok(sagas)
    }
}
