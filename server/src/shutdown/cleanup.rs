//! One registered clean-up. A failure, a panic or a late one is a result here,
//! never the end of the others.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinHandle;

type Work = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

enum Task {
    Future(Box<dyn FnOnce() -> Work + Send>),
    Blocking(Box<dyn FnOnce() -> Result<(), String> + Send>),
}

/// A clean-up that has not run yet.
pub(super) struct Cleanup {
    name: String,
    task: Task,
}

impl Cleanup {
    pub(super) fn future<F, T, E>(name: String, task: F) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        let start = move || -> Work {
            let work = task();
            Box::pin(async move { work.await.map_err(|error| error.to_string()) })
        };
        Self { name, task: Task::Future(Box::new(start)) }
    }

    pub(super) fn blocking<F, E>(name: String, task: F) -> Self
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: fmt::Display,
    {
        let start = move || task().map_err(|error| error.to_string());
        Self { name, task: Task::Blocking(Box::new(start)) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs it on a task of its own, so that its panic stays there.
    pub(super) async fn run(self, limit: Duration) -> Result<(), String> {
        let handle = match self.task {
            Task::Future(start) => tokio::spawn(async move { start().await }),
            Task::Blocking(start) => tokio::task::spawn_blocking(start),
        };
        let mut running = AbortOnDrop(handle);
        match tokio::time::timeout(limit, &mut running.0).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => Err(panicked.to_string()),
            Err(_) => Err(format!("not finished after {limit:?}")),
        }
    }
}

impl fmt::Debug for Cleanup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Cleanup").field(&self.name).finish()
    }
}

/// A dropped join handle would let the task run on beside its successors.
struct AbortOnDrop(JoinHandle<Result<(), String>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
