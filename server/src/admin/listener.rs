//! Takes admin connections, says who may speak, and passes requests on.

use std::io;

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use task_orchestrator_shared::admin::{MAX_LINE_BYTES, Reply, Request};
use task_orchestrator_shared::restart::RestartEvent;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::codec::{Framed, LinesCodec};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::wire::{Answer, Call, DENIED, INVALID_REQUEST, PARSE_ERROR, UNAVAILABLE};
use crate::private_socket;

/// Events of a restart that wait for a caller who reads slowly; more are dropped,
/// for each says all there is to say at its time.
const EVENTS: usize = 256;

/// An administrator's request.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What is wanted.
    pub(crate) request: Request,
    /// Who wants it, as the kernel says.
    #[expect(dead_code, reason = "for the history, with the restart engine")]
    pub(crate) uid: u32,
    /// Where to tell what happens until the answer.
    #[expect(dead_code, reason = "sent to by the restart engine")]
    pub(crate) events: mpsc::Sender<RestartEvent>,
}

/// Connections served at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 64;

/// Serves the socket until the token is cancelled. `execute` is what a request
/// is given to; it returns `None` once the server takes no more.
pub(crate) async fn serve<E, F>(listener: UnixListener, execute: E, ended: CancellationToken)
where
    E: Fn(Asked) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Option<Reply>> + Send,
{
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let Ok(place) = std::sync::Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = ended.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let execute = execute.clone();
                connections.spawn(async move {
                    if let Err(error) = converse(stream, execute).await {
                        tracing::debug!(%error, "an admin connection failed");
                    }
                    drop(place);
                });
            }
            Err(error) => private_socket::pause_after(&error).await,
        }
    }
}

async fn converse<E, F>(stream: UnixStream, execute: E) -> io::Result<()>
where
    E: Fn(Asked) -> F,
    F: Future<Output = Option<Reply>>,
{
    let peer = stream.peer_cred()?;
    let own = rustix::process::geteuid().as_raw();
    let allowed = peer.uid() == own || peer.uid() == 0;
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_LINE_BYTES));
    while let Some(line) = lines.next().await {
        let answer = match line {
            Err(error) => Answer::failure(Value::Null, PARSE_ERROR, error.to_string()),
            Ok(_) if !allowed => {
                tracing::warn!(uid = peer.uid(), "refused an admin request of another user");
                Answer::failure(
                    Value::Null,
                    DENIED,
                    format!("user {} may not administer this server", peer.uid()),
                )
            }
            Ok(line) => answer(&line, peer.uid(), &execute).await,
        };
        let fatal = answer.error.as_ref().is_some_and(|error| error.code == PARSE_ERROR);
        let text = serde_json::to_string(&answer).map_err(io::Error::other)?;
        lines.send(text).await.map_err(io::Error::other)?;
        if fatal {
            return Ok(());
        }
    }
    Ok(())
}

async fn answer<E, F>(line: &str, uid: u32, execute: &E) -> Answer
where
    E: Fn(Asked) -> F,
    F: Future<Output = Option<Reply>>,
{
    let value: Value = match serde_json::from_str(line) {
        Ok(value) => value,
        Err(error) => return Answer::failure(Value::Null, PARSE_ERROR, error.to_string()),
    };
    let id = value.get("id").cloned().unwrap_or_default();
    let call: Call = match serde_json::from_value(value) {
        Ok(call) => call,
        Err(error) => return Answer::failure(id, INVALID_REQUEST, error.to_string()),
    };
    if call.jsonrpc != "2.0" {
        return Answer::failure(id, INVALID_REQUEST, "\"jsonrpc\" must be \"2.0\"");
    }
    let (events, _told) = mpsc::channel(EVENTS);
    match execute(Asked { request: call.request, uid, events }).await {
        Some(reply) => Answer::reply(call.id, reply),
        None => Answer::failure(id, UNAVAILABLE, "the server is ending"),
    }
}
