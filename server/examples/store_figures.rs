//! Prints what the store costs on this machine. Not a test: it judges nothing.

use std::time::Instant;

use task_orchestrator::link::{ClientId, OperationId};
use task_orchestrator::store::{Execution, RandomIds, Store, StoreOptions};
use task_orchestrator::tasks::command::{PlanTask, PlannedSubtask, QueryTasks};
use task_orchestrator::tasks::{self, BUILT_IN_ROLES, Call, Complexity, Description, Status, Title};

fn plan(steps: usize) -> anyhow::Result<PlanTask> {
    let step = |number| -> anyhow::Result<PlannedSubtask> {
        Ok(PlannedSubtask {
            task_id: None,
            title: Title::new(format!("step {number}"))?,
            description: Description::new("one of many words to be found again")?,
            specialist_type: None,
            task_type: None,
            complexity: None,
            dependencies: Vec::new(),
            estimated_effort: None,
        })
    };
    Ok(PlanTask {
        task_id: None,
        title: Title::new("a plan")?,
        description: Description::new("with words")?,
        subtasks: (0..steps).map(step).collect::<Result<_, _>>()?,
        parent_task_id: None,
        task_type: None,
        complexity_level: Complexity::Moderate,
        specialist_type: None,
        dependencies: Vec::new(),
        estimated_effort: None,
        context: None,
        due_date: None,
        session_id: None,
    })
}

async fn record(store: &Store, client: ClientId, sequence: u64, steps: usize) -> anyhow::Result<()> {
    let command = plan(steps)?;
    let operation = OperationId { client, sequence, floor: sequence };
    let work = move |tx: &mut task_orchestrator::store::WriteTx<'_>| {
        let mut call = Call { now: jiff::Timestamp::now(), ids: &mut RandomIds, roles: &BUILT_IN_ROLES };
        tasks::plan_task(tx, &mut call, command)
    };
    store.execute(Execution::new(operation, "plan", b""), work).await?;
    Ok(())
}

fn print(what: &str, began: Instant, times: u32) {
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stdout(),
        "{what}: {:.3} ms each",
        began.elapsed().as_secs_f64() * 1e3 / f64::from(times)
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let rows: u32 = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let directory = tempfile::tempdir_in(".")?;
    let options = StoreOptions::new(directory.path().join("t.db"), directory.path().join("a"));
    let began = Instant::now();
    drop(Store::open(&options)?);
    print("open, new", began, 1);
    let began = Instant::now();
    let store = Store::open(&options)?;
    print("open, existing", began, 1);
    let began = Instant::now();
    store.activate(1).await?;
    print("activate", began, 1);
    let client = ClientId::random();
    let began = Instant::now();
    for sequence in 1..=50 {
        record(&store, client, sequence, 50).await?;
    }
    print("plan of 50", began, 50);
    let began = Instant::now();
    for sequence in 51..=250 {
        record(&store, client, sequence, 0).await?;
    }
    print("one client", began, 200);
    let began = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..64 {
        let store = store.clone();
        clients.push(tokio::spawn(async move {
            let client = ClientId::random();
            for sequence in 1..=100 {
                record(&store, client, sequence, 0).await?;
            }
            anyhow::Ok(())
        }));
    }
    for client in clients {
        client.await??;
    }
    print("64 clients", began, 6400);
    // The bulk by SQL alone, with the word index as the writer keeps it.
    rusqlite::Connection::open(&options.database)?.execute_batch(&format!(
        "PRAGMA synchronous = OFF; BEGIN; \
         INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, updated_at) \
         SELECT 'bulk' || value, 'bulk ' || value, 'common words', \
         CASE value % 10 WHEN 0 THEN 'active' ELSE 'pending' END, 'standard', 'generic', 'moderate', \
         9000000000000000000, 0 FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n \
         WHERE value < {rows}) SELECT value FROM n); \
         INSERT INTO task_text (rowid, title, description, summary) \
         SELECT seq, title, description, '' FROM tasks WHERE id LIKE 'bulk%'; COMMIT;"
    ))?;
    let all = QueryTasks::default();
    let active = QueryTasks { status: vec![Status::Active, Status::Blocked], ..QueryTasks::default() };
    let words = QueryTasks { search_text: Some("common words".into()), ..QueryTasks::default() };
    for (what, query) in [("page of all", all), ("page by status", active), ("page by words", words)] {
        let began = Instant::now();
        for _ in 0..20 {
            let query = query.clone();
            store.read(move |tx| tasks::query_tasks(tx, &query)).await?;
        }
        print(what, began, 20);
    }
    Ok(())
}
