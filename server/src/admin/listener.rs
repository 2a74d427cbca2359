//! Takes admin connections and gives each a task. Never reads from one itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::places::{Place, Places};
use super::shared::Shared;
use crate::private_socket;

/// Connections served at once. With more, whoever has not said anything for longest
/// makes room; when all have, newcomers wait.
pub(super) const MAX_CONNECTIONS: usize = 1024;

/// How long answers may take to be read once the server ends. Whoever reads at all
/// is much faster, and a stopped reader must not keep the next server waiting.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Serves the socket until the server ends, and for [`LAST_WORDS`] those who read
/// their answers then.
pub(super) async fn listen(listener: UnixListener, shared: Arc<Shared>, max_connections: usize) {
    let places = Places::new(max_connections);
    let connections = TaskTracker::new();
    let ended = shared.ended.clone();
    tokio::select! {
        () = ended.cancelled() => {}
        () = accept(listener, &shared, &places, &connections) => {}
    }
    connections.close();
    let _ = tokio::time::timeout(LAST_WORDS, connections.wait()).await;
}

async fn accept(
    listener: UnixListener,
    shared: &Arc<Shared>,
    places: &Arc<Places>,
    connections: &TaskTracker,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let since = Instant::now();
                let Some(place) = places.take().await else { return };
                connections.spawn(converse(stream, place, Arc::clone(shared), since));
            }
            Err(error) => private_socket::pause_after(&error).await,
        }
    }
}

async fn converse(stream: UnixStream, place: Place, shared: Arc<Shared>, since: Instant) {
    let ended = match Connection::open(stream, place, shared, since).await {
        Ok(connection) => connection.converse().await,
        Err(error) => return tracing::debug!(%error, "cannot tell who an admin caller is"),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an admin connection ended");
    }
}
