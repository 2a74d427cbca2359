//! The admin channel's own thread: whatever its callers do, it takes no time from
//! the thread that serves the clients.

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::asked::{Answered, Asked};
use super::listener::{MAX_CONNECTIONS, listen};
use super::logs::LogSource;
use super::shared::{Facts, Shared};

/// Threads for what can block: the user database, the files of the log. More wait.
const MAX_BLOCKING: usize = 8;

/// The thread. When this is dropped, the admin channel ends by itself.
#[derive(Debug)]
pub(crate) struct Admin {
    ended: CancellationToken,
    thread: JoinHandle<()>,
    gone: tokio::sync::oneshot::Receiver<()>,
}

/// Serves the socket on a thread of its own until the token is cancelled.
/// `execute` is what a request is given to; it returns `None` once the server takes
/// no more. Its future is dropped when the caller hangs up before it is done.
/// Without `logs`, nobody can follow the log.
///
/// # Errors
///
/// The system refuses the thread, or what it waits with.
pub(crate) fn spawn<E, F>(
    listener: UnixListener,
    facts: Facts,
    logs: Option<Arc<dyn LogSource>>,
    execute: E,
    ended: CancellationToken,
) -> io::Result<Admin>
where
    E: Fn(Asked) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Answered>> + Send + 'static,
{
    let listener = listener.into_std()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(MAX_BLOCKING)
        .thread_name("admin-blocking")
        .build()?;
    let listener = {
        let _inside = runtime.enter();
        UnixListener::from_std(listener)?
    };
    // Ends with this handle too, and leaves the given token to others.
    let ended = ended.child_token();
    let shared = Shared::new(facts, logs, execute, ended.clone());
    let (going, gone) = tokio::sync::oneshot::channel();
    let thread = Builder::new().name("admin".to_owned()).spawn(move || {
        runtime.block_on(listen(listener, shared, MAX_CONNECTIONS));
        // Who hangs in the user database is not waited for.
        runtime.shutdown_background();
        drop(going);
    })?;
    Ok(Admin { ended, thread, gone })
}

impl Admin {
    /// Ends the channel and waits until it has, for at most so long. Callers who
    /// read their last answers get them.
    pub(crate) async fn stop(self, at_most: Duration) {
        self.ended.cancel();
        if tokio::time::timeout(at_most, self.gone).await.is_err() {
            tracing::warn!("the admin channel does not end in time and is left behind");
        } else if self.thread.join().is_err() {
            tracing::error!("the thread of the admin channel has panicked");
        }
    }
}

/// The same without a thread of its own.
#[cfg(test)]
pub(crate) async fn serve<E, F>(listener: UnixListener, facts: Facts, execute: E, ended: CancellationToken)
where
    E: Fn(Asked) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Answered>> + Send + 'static,
{
    listen(listener, Shared::new(facts, None, execute, ended), MAX_CONNECTIONS).await;
}
