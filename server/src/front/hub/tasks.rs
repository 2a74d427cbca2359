//! The work, for administrators: the worker reads it, and its answer is understood
//! beside the hub, which never looks into it.

use std::time::Duration;

use task_orchestrator_shared::admin::tasks::TaskTree;
use task_orchestrator_shared::admin::{Refusal, Reply};
use task_orchestrator_shared::error_code::ErrorCode;

use crate::front::ask::ReplyTo;
use crate::front::event::Event;
use crate::link::{Done, Order, READS_TASKS};

use super::Hub;
use super::effects::Outcome;

/// How long the worker may take to read the work; it takes some milliseconds.
const READING_TIME: Duration = Duration::from_secs(10);

impl Hub {
    /// Has the worker that serves read the work.
    pub(super) fn tasks(&mut self, to: ReplyTo) {
        let Some(worker) = self.asked_worker() else { return self.answer(to, Reply::Refused(nobody())) };
        match self.workers.get(worker).map(|known| (known.speaks, &known.version)) {
            // It has not said a word yet.
            None | Some((0, _)) => return self.answer(to, Reply::Refused(nobody())),
            Some((READS_TASKS.., _)) => {}
            Some((_, version)) => {
                let refusal = too_old(version);
                return self.answer(to, Reply::Refused(refusal));
            }
        }
        let outcome = self.ask_worker(worker, Order::ReadTasks);
        let events = self.jobs.events().clone();
        tokio::spawn(async move {
            let reply = match told(outcome).await {
                Ok(tree) => Reply::Tasks(tree),
                Err(refusal) => Reply::Refused(refusal),
            };
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }
}

async fn told(outcome: Outcome) -> Result<Box<TaskTree>, Refusal> {
    let again = "ask again; `task-orchestrator health` says how the worker is";
    let failed = |code, error: String, hint: &str| Refusal { error_code: code, error, hint: hint.to_owned() };
    let unavailable = |error: &str| failed(ErrorCode::WorkerUnavailable, error.to_owned(), again);
    let done = match tokio::time::timeout(READING_TIME, outcome).await {
        Ok(Ok(done)) => done.map_err(|failure| failed(failure.error_code, failure.error, again))?,
        Ok(Err(_)) => return Err(unavailable("the worker has ended before it had read the work")),
        Err(_) => {
            let error = format!("the worker has not read the work within {} s", READING_TIME.as_secs());
            return Err(unavailable(&error));
        }
    };
    let Done::Tasks(unread) = done else {
        return Err(unavailable("the worker's answer is none to the question for the work"));
    };
    serde_json::from_str(unread.0.get()).map_err(|error| {
        let hint = "worker and front are of builds that do not fit: `task-orchestrator restart`";
        failed(ErrorCode::Internal, format!("the worker's answer cannot be read: {error}"), hint)
    })
}

fn nobody() -> Refusal {
    Refusal {
        error_code: ErrorCode::WorkerUnavailable,
        error: "no worker serves at present, and only a worker reads the work".to_owned(),
        hint: "ask again once one serves: `task-orchestrator wait --for ready`".to_owned(),
    }
}

fn too_old(version: &str) -> Refusal {
    Refusal {
        error_code: ErrorCode::NotReady,
        error: format!(
            "the worker that serves is of an older build ({version}), which cannot be asked for the work"
        ),
        hint: "`task-orchestrator restart` with the present build puts in one that can".to_owned(),
    }
}
