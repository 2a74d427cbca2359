//! Very many tasks at once, past the tools and the processes: through the store.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use task_orchestrator::link::{ClientId, OperationId, TakeOver};
use task_orchestrator::store::{Execution, Mode, RandomIds, Store, StoreOptions, Synchronous};
use task_orchestrator::tasks::command::{PlanTask, PlannedSubtask};
use task_orchestrator::tasks::{BUILT_IN_ROLES, Call, Complexity, Description, Title, plan_task};

use crate::Workspace;

/// A word in the description of one task in a hundred.
pub const RARE_WORD: &str = "marmalade";

/// Tasks of one plan, the plan's own included: the most that a plan may have.
const OF_A_PLAN: usize = 1000;

/// Fills the workspace's database. Nothing may run there.
///
/// # Errors
///
/// When the store refuses.
pub fn tasks(workspace: &Workspace, count: usize) -> Result<()> {
    ensure!(count.is_multiple_of(OF_A_PLAN), "{count} tasks make no whole plans");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut options = StoreOptions::new(workspace.database(), workspace.state("artifacts"));
        // Seeding need not survive a power failure; what is measured afterwards is durable.
        options.synchronous = Synchronous::Off;
        let store = Store::open(&options)?;
        store.activate(TakeOver::Alone).await?;
        let client = ClientId::random();
        for number in 0..count / OF_A_PLAN {
            let plan = plan(number)?;
            let sequence = u64::try_from(number)?;
            let operation = OperationId { client, sequence, floor: sequence };
            let execution = Execution { mode: Mode::NoLog, ..Execution::new(operation, "seed", b"") };
            let work = move |tx: &mut task_orchestrator::store::WriteTx<'_>| {
                let (now, ids, roles) = (Timestamp::now(), &mut RandomIds, &BUILT_IN_ROLES);
                plan_task(tx, &mut Call { now, ids, roles }, plan)
            };
            store.execute(execution, work).await.context("a plan of the seed")?;
        }
        store.close().await;
        Ok(())
    })
}

fn plan(number: usize) -> Result<PlanTask> {
    let subtasks = (1..OF_A_PLAN).map(|step| subtask(number, step)).collect::<Result<_>>()?;
    Ok(PlanTask {
        task_id: None,
        title: Title::new(format!("plan {number}"))?,
        description: description(number, 0)?,
        subtasks,
        parent_task_id: None,
        task_type: None,
        complexity_level: Complexity::default(),
        specialist_type: None,
        dependencies: Vec::new(),
        estimated_effort: None,
        context: None,
        due_date: None,
        session_id: None,
    })
}

fn subtask(number: usize, step: usize) -> Result<PlannedSubtask> {
    Ok(PlannedSubtask {
        task_id: None,
        title: Title::new(format!("step {step} of plan {number}"))?,
        description: description(number, step)?,
        specialist_type: None,
        task_type: None,
        complexity: None,
        dependencies: Vec::new(),
        estimated_effort: None,
    })
}

fn description(number: usize, step: usize) -> Result<Description> {
    let rare = if step.is_multiple_of(100) { RARE_WORD } else { "ordinary" };
    Ok(Description::new(format!("The {rare} work of step {step} in plan {number}, as so often before."))?)
}
