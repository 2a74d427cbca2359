//! What all admin connections share: how to ask, what to tell of the server, and
//! how many may be told of what happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use task_orchestrator_shared::admin::{Context, Request, Welcome, WhoAmI};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::asked::{Answered, Asked, Caller};
use super::logs::LogSource;
use super::streams::{MAX_FOLLOWERS, MAX_SUBSCRIBERS};

/// What a caller is told of the server in the first answer.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Drawn at the start of the front.
    pub(crate) boot: String,
    /// The project directory.
    pub(crate) workspace: String,
    /// Times that a worker has been activated, as the hub keeps it up to date.
    pub(crate) generation: Arc<AtomicU64>,
}

/// Carries a request out; `None` when the server takes no more.
type Execute = Box<dyn Fn(Asked) -> BoxFuture<'static, Option<Answered>> + Send + Sync>;

/// What all connections share.
pub(super) struct Shared {
    execute: Execute,
    facts: Facts,
    capabilities: Vec<String>,
    /// The log, where there is one.
    pub(super) logs: Option<Arc<dyn LogSource>>,
    /// Places for who is told of changes.
    pub(super) subscribers: Arc<Semaphore>,
    /// Places for who is told of lines of the log.
    pub(super) followers: Arc<Semaphore>,
    /// Cancelled when the server ends.
    pub(super) ended: CancellationToken,
}

impl Shared {
    /// With these.
    pub(super) fn new<E, F>(
        facts: Facts,
        logs: Option<Arc<dyn LogSource>>,
        execute: E,
        ended: CancellationToken,
    ) -> Arc<Self>
    where
        E: Fn(Asked) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Answered>> + Send + 'static,
    {
        let mut capabilities: Vec<String> = Vec::new();
        for request in Request::samples() {
            if !capabilities.iter().any(|known| known == request.method()) {
                capabilities.push(request.method().to_owned());
            }
        }
        Arc::new(Self {
            execute: Box::new(move |asked| execute(asked).boxed()),
            facts,
            capabilities,
            logs,
            subscribers: Arc::new(Semaphore::new(MAX_SUBSCRIBERS)),
            followers: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
            ended,
        })
    }

    /// Has a request carried out.
    pub(super) fn execute(&self, asked: Asked) -> BoxFuture<'static, Option<Answered>> {
        (self.execute)(asked)
    }

    /// Has a request carried out that needs no context and tells nothing meanwhile.
    pub(super) fn ask(&self, request: Request, caller: &Arc<Caller>) -> BoxFuture<'static, Option<Answered>> {
        let (events, _) = mpsc::channel(1);
        self.execute(Asked { request, context: Context::default(), caller: Arc::clone(caller), events })
    }

    /// What the server says of itself to this caller, who speaks its newest version.
    pub(super) fn welcome(&self, you: WhoAmI) -> Welcome {
        Welcome {
            protocol: task_orchestrator_shared::admin::PROTOCOL.newest,
            skew: None,
            capabilities: self.capabilities.clone(),
            you,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            boot: self.facts.boot.clone(),
            workspace: self.facts.workspace.clone(),
            generation: self.facts.generation.load(Ordering::Relaxed),
        }
    }
}
