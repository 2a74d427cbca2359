//! What the store promises, each promise once. Nothing here waits for time to pass.

mod background;
mod checkpoints;
mod exactly_once;
mod failures;
mod files;
mod migration;
mod paging;
mod takeover;
mod trees;
mod walks;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::link::{ClientId, OperationId};
use crate::tasks::command::{PlanTask, QueryTasks, UpdateTask};
use crate::tasks::outcome::{TaskPlanned, TaskUpdated, TasksFound};
use crate::tasks::{
    BUILT_IN_ROLES, Call, Complexity, Description, TaskId, Title, plan_task, query_tasks, update_task,
};

/// A store of its own in a directory of its own.
struct Home {
    directory: TempDir,
    store: Store,
    client: ClientId,
    sequence: AtomicU64,
}

impl Home {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut StoreOptions)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut options = options(&directory);
        change(&mut options);
        let store = Store::open(&options).unwrap();
        store.activate(TakeOver::Alone).await.unwrap();
        Self { directory, store, client: ClientId::random(), sequence: AtomicU64::new(0) }
    }

    fn next(&self) -> OperationId {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        OperationId { client: self.client, sequence, floor: 0 }
    }

    async fn plan(&self, title: &str) -> TaskPlanned {
        let execution = Execution::new(self.next(), "plan", title.as_bytes());
        self.store.execute(execution, planning(title)).await.unwrap()
    }

    async fn query(&self, query: QueryTasks) -> TasksFound {
        self.store.read(move |tx| query_tasks(tx, &query)).await.unwrap()
    }

    async fn titles(&self) -> Vec<String> {
        let found = self.query(QueryTasks { limit: 1000, ..QueryTasks::default() }).await;
        found.tasks.into_iter().map(|found| found.task.title.to_string()).collect()
    }
}

fn options(directory: &TempDir) -> StoreOptions {
    let mut options =
        StoreOptions::new(directory.path().join("state/tasks.db"), directory.path().join("state/artifacts"));
    options.synchronous = Synchronous::Off;
    options
}

/// A plan without steps.
fn plan_of(title: &str) -> PlanTask {
    PlanTask {
        task_id: None,
        title: Title::new(title).unwrap(),
        description: Description::new("").unwrap(),
        subtasks: Vec::new(),
        parent_task_id: None,
        task_type: None,
        complexity_level: Complexity::Moderate,
        specialist_type: None,
        dependencies: Vec::new(),
        estimated_effort: None,
        context: None,
        due_date: None,
        session_id: None,
    }
}

fn planning(
    title: &str,
) -> impl FnOnce(&mut WriteTx<'_>) -> Result<TaskPlanned, TaskError> + Send + 'static + use<> {
    let command = plan_of(title);
    move |tx| {
        plan_task(
            tx,
            &mut Call { now: Timestamp::now(), ids: &mut RandomIds, roles: &BUILT_IN_ROLES },
            command,
        )
    }
}

fn updating(
    command: UpdateTask,
) -> impl FnOnce(&mut WriteTx<'_>) -> Result<TaskUpdated, TaskError> + Send + 'static {
    move |tx| {
        update_task(
            tx,
            &mut Call { now: Timestamp::now(), ids: &mut RandomIds, roles: &BUILT_IN_ROLES },
            command,
        )
    }
}
