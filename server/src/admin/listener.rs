//! Takes admin connections and gives each a task. Never reads from one itself.

use std::sync::Arc;

use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::asked::{Answered, Asked};
use super::connection::Connection;
use crate::private_socket;

/// Connections served at once; more wait to be accepted. Who waits for a restart keeps
/// one all the time, and must not keep others from calling it off.
const MAX_CONNECTIONS: usize = 512;

/// Serves the socket until the token is cancelled. `execute` is what a request
/// is given to; it returns `None` once the server takes no more. Its future is
/// dropped when the caller hangs up before it is done.
pub(crate) async fn serve<E, F>(listener: UnixListener, execute: E, ended: CancellationToken)
where
    E: Fn(Asked) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Option<Answered>> + Send,
{
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = ended.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let execute = execute.clone();
                connections.spawn(async move {
                    match Connection::open(stream) {
                        Ok(connection) => connection.converse(&execute).await,
                        Err(error) => tracing::debug!(%error, "cannot tell who an admin caller is"),
                    }
                    drop(place);
                });
            }
            Err(error) => private_socket::pause_after(&error).await,
        }
    }
}
