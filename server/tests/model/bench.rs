//! The real thing under test: one store for all sequences, a session for each.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use task_orchestrator::link::{ClientId, OperationId, TakeOver};
use task_orchestrator::store::{
    ExecuteError, Execution, RandomIds, Store, StoreOptions, Synchronous, WriteTx,
};
use task_orchestrator::tasks::command::{GetStatus, InitializeSession, QueryTasks, SynthesizeResults};
use task_orchestrator::tasks::{self, BUILT_IN_ROLES, Call, SessionId, Status, TaskError};

use crate::reference::Entry;

/// The store as the model would write it down.
pub(crate) struct Seen {
    pub(crate) tasks: BTreeMap<String, Entry>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// Of one plan: finished and wanted subtasks, and the percentage.
    pub(crate) progress: Option<(String, u64, u64, f64)>,
}

fn look(tx: &WriteTx<'_>, session: &SessionId) -> Result<Seen, TaskError> {
    let query = QueryTasks { session_id: Some(session.clone()), limit: 1000, ..QueryTasks::default() };
    let found = tasks::query_tasks(tx, &query)?;
    assert_eq!((found.total_count as usize, found.total_count_is_exact), (found.tasks.len(), true));
    let status = GetStatus { include_completed: true, session_id: Some(session.clone()) };
    let counts = tasks::get_status(tx, &status)?.counts;
    let plan = found.tasks.iter().find_map(|found| found.task.parent_task_id.clone());
    let synthesis = plan
        .map(|id| tasks::synthesize_results(tx, &SynthesizeResults { parent_task_id: id }))
        .transpose()?;
    let progress = synthesis.map(|made| {
        let is = made.metrics.progress;
        (made.parent_task_id.into(), is.completed_subtasks, is.total_subtasks, is.progress_percentage)
    });
    let tasks = found.tasks.into_iter().rev().zip(1..).map(|(found, born)| {
        let task = found.task;
        let entry = Entry {
            status: task.status.as_str(),
            parent: task.parent_task_id.map(String::from),
            needs: task.dependencies.into_iter().map(String::from).collect(),
            done: task.completed_at.is_some(),
            born,
        };
        (task.task_id.into(), entry)
    });
    Ok(Seen {
        tasks: tasks.collect(),
        counts: Status::ALL.iter().map(|status| (status.as_str(), counts.get(*status))).collect(),
        progress,
    })
}

pub(crate) struct Bench {
    runtime: tokio::runtime::Runtime,
    store: Store,
    client: ClientId,
    sequence: AtomicU64,
    _directory: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut options = StoreOptions::new(directory.path().join("t.db"), directory.path().join("a"));
        options.synchronous = Synchronous::Off;
        let store = Store::open(&options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.activate(TakeOver::Alone)).unwrap();
        Self {
            runtime,
            store,
            client: ClientId::random(),
            sequence: AtomicU64::new(0),
            _directory: directory,
        }
    }

    fn next(&self) -> Execution {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        Execution::new(OperationId { client: self.client, sequence, floor: sequence }, "model", b"")
    }

    /// Carries out one operation; gives what the store holds after it, or nothing when it was refused.
    pub(crate) fn carry_out(
        &self,
        session: &SessionId,
        work: impl FnOnce(&mut WriteTx<'_>, &mut Call<'_>) -> Result<(), TaskError> + Send + 'static,
    ) -> Option<Seen> {
        let (send, receive) = std::sync::mpsc::channel();
        let session = session.clone();
        let done = self.store.execute(self.next(), move |tx| {
            let mut call = Call { now: jiff::Timestamp::now(), ids: &mut RandomIds, roles: &BUILT_IN_ROLES };
            work(tx, &mut call)?;
            send.send(look(tx, &session)?).unwrap();
            Ok(())
        });
        match self.runtime.block_on(done) {
            Ok(()) => Some(receive.recv().unwrap()),
            Err(ExecuteError::Refused(_)) => None,
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(crate) fn open_session(&self) -> SessionId {
        let opened = self.store.execute(self.next(), |tx| {
            let mut call = Call { now: jiff::Timestamp::now(), ids: &mut RandomIds, roles: &BUILT_IN_ROLES };
            let command = InitializeSession { name: None, working_directory: ".".into(), session_id: None };
            tasks::initialize_session(tx, &mut call, command)
        });
        self.runtime.block_on(opened).unwrap().session_id
    }
}
